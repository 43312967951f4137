"""The tiers of isolation behind one interface: what differs is the command that makes the jail.

| tier | files | processes | network |
|---|---|---|---|
| `bwrap`, `unshare` | a read-only root with the named folders alone | own namespace, all dead at the end | none |
| `none` | everything that the user may read and change | all dead at the end | the user's |

In every tier the supervisor sets limits and a filter of system calls. In `none` that filter only keeps mistakes within
the program's own processes; it isolates nothing. A tier counts as available only when a tiny jail has run and was tight
(`selftest`).
"""

import contextlib
import functools
import os
import platform
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .jail import Jail
from .limits import Limits

TIERS = ("bwrap", "unshare", "none")
UNPRIVILEGED = 65534  # nobody
OURS = {"bwrap": 1, "unshare": 2}  # processes of the user namespace: the supervisor, and unshare itself
COUNTS_BY_NAMESPACE = (5, 14)  # the kernel that counts processes by user namespace
ROOM_FOR_OTHERS = 500  # processes that the user may start beside a program while it runs, where they count as its own
DEVICES = ("/dev/null", "/dev/random", "/dev/urandom")  # not /dev/zero: mapped, it is memory that the watch misses
LINKS = {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}  # of /dev, to places below /proc/self/fd
LIBRARIES = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/local/lib", "/usr/local/lib64")
ROOT_LIBRARIES = ("/lib", "/lib32", "/lib64", "/libx32")
LOADER = ("/etc/ld.so.cache", "/etc/alternatives")


@dataclass(frozen=True)
class Sandbox:
    """A tier together with the supervisor's executable."""

    tier: str
    supervisor: Path

    def open(
        self,
        command: Sequence[str],
        limits: Limits,
        *,
        program: bool,
        read: Sequence[Path] = (),
        write: Sequence[Path] = (),
        folder: Path = Path("/"),
        environment: Mapping[str, str] | None = None,
    ) -> Jail:
        """A jail in which `command` can be run again and again.

        `read` and `write` are visible inside under their own paths, besides the shared libraries. With `program` its
        stack may grow up to the limit of memory, and all its output counts; without, it is a compiler.
        """
        if limits.processes is not None:
            limits = replace(limits, processes=limits.processes + self._processes_counted_as_well())
        inner = [*limits.arguments(), f"folder={folder}", *(["program"] if program else [])]
        places = [Path(path) for path in (*LIBRARIES, *ROOT_LIBRARIES, *LOADER) if Path(path).exists()]
        prefix = self._prefix([*places, *read], write)
        return Jail([*prefix, *inner, "--", *command], limits, dict(environment or {}), unprivileged_user())

    def _processes_counted_as_well(self) -> int:
        """How many there may be beside the program's: ours in its namespace, or all others of the user."""
        kernel = tuple(int(part) for part in re.findall(r"\d+", platform.release())[:2])
        if self.tier == "none" or kernel < COUNTS_BY_NAMESPACE:
            return tasks_of_user(int(time.monotonic())) + ROOM_FOR_OTHERS
        return OURS[self.tier]

    def _prefix(self, read: Sequence[Path], write: Sequence[Path]) -> list[str]:
        if self.tier == "none":
            return [str(self.supervisor)]
        return self._bwrap(read, write) if self.tier == "bwrap" else self._unshare(read, write)

    def _bwrap(self, read: Sequence[Path], write: Sequence[Path]) -> list[str]:
        line = [_tool("bwrap"), "--unshare-all", "--unshare-user", "--disable-userns", "--as-pid-1"]
        line += ["--die-with-parent", "--new-session", "--cap-drop", "ALL", "--proc", "/proc", "--dir", "/dev"]
        for device in DEVICES:
            line += ["--dev-bind", device, device]
        for name, below in LINKS.items():
            line += ["--symlink", f"/proc/self/fd{below}", f"/dev/{name}"]
        for path in read:
            line += _link(path) or ["--ro-bind", str(path), str(path)]
        for path in write:
            line += ["--bind", str(path), str(path)]
        line += ["--ro-bind", str(self.supervisor), "/supervisor", "--remount-ro", "/", "--remount-ro", "/proc"]
        return [*line, "--chdir", "/", "--", "/supervisor", "first"]

    def _unshare(self, read: Sequence[Path], write: Sequence[Path]) -> list[str]:
        line = [_tool("unshare"), "--user", "--map-root-user", "--mount", "--net", "--ipc", "--uts", "--cgroup"]
        line += ["--pid", "--fork", "--kill-child", "--", str(self.supervisor), "first", "root"]
        return [*line, *(f"read={path}" for path in (*DEVICES, *read)), *(f"write={path}" for path in write)]


def unprivileged_user() -> int | None:
    """The user id that jails are started under when we are root; None keeps our own."""
    return UNPRIVILEGED if os.geteuid() == 0 else None


@functools.lru_cache(maxsize=1)
def tasks_of_user(_second: int) -> int:
    """Threads of all processes that the jails' user has, counted once a second: it takes some milliseconds."""
    user = os.getuid() if unprivileged_user() is None else UNPRIVILEGED
    total = 0
    for path in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            status = path.read_text("ascii", "replace")
            owner, threads = re.search(r"^Uid:\t(\d+)", status, re.M), re.search(r"^Threads:\t(\d+)", status, re.M)
            total += int(threads[1]) if owner and threads and int(owner[1]) == user else 0
    return total


def hand_over(path: Path) -> None:
    """Gives a file or folder to the user of the jails."""
    user = unprivileged_user()
    if user is not None:
        os.chown(path, user, user)


def _link(path: Path) -> list[str]:
    return ["--symlink", str(path.readlink()), str(path)] if path.is_symlink() else []


def _tool(name: str) -> str:
    return shutil.which(name) or name
