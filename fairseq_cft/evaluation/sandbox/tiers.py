"""The tiers of isolation behind one interface: what differs is the command that makes the jail.

| tier | files | processes | network |
|---|---|---|---|
| `bwrap`, `unshare` | a read-only root with the named folders alone | own namespace, all dead at the end | none |
| `none` | system calls that write are refused (not to compilers); reading is open | filter and limits | filter |

In every tier the supervisor sets limits and the filter of system calls. A tier counts as available only when a tiny
jail has run and was tight (`selftest`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .jail import Jail
from .limits import Limits

TIERS = ("bwrap", "unshare", "none")
UNPRIVILEGED = 65534  # nobody
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
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

        `read` and `write` are visible inside under their own paths, besides the shared libraries. With `program` the
        command may not open any file for writing, in any tier.
        """
        inner = [*limits.arguments(), f"folder={folder}", *(["program"] if program else [])]
        places = [Path(path) for path in (*LIBRARIES, *ROOT_LIBRARIES, *LOADER) if Path(path).exists()]
        prefix = self._prefix([*places, *read], write)
        if self.tier == "none":
            prefix = [str(self.supervisor)]
        return Jail([*prefix, *inner, "--", *command], limits, dict(environment or {}), unprivileged_user())

    def _prefix(self, read: Sequence[Path], write: Sequence[Path]) -> list[str]:
        return self._bwrap(read, write) if self.tier == "bwrap" else self._unshare(read, write)

    def _bwrap(self, read: Sequence[Path], write: Sequence[Path]) -> list[str]:
        line = [_tool("bwrap"), "--unshare-all", "--unshare-user", "--disable-userns", "--as-pid-1"]
        line += ["--die-with-parent", "--new-session", "--cap-drop", "ALL", "--proc", "/proc", "--dir", "/dev"]
        for device in DEVICES:
            line += ["--dev-bind", device, device]
        for aim, name in (("/proc/self/fd", "fd"), ("/proc/self/fd/0", "stdin"), ("/proc/self/fd/1", "stdout")):
            line += ["--symlink", aim, f"/dev/{name}"]
        for path in read:
            line += _link(path) or ["--ro-bind", str(path), str(path)]
        for path in write:
            line += ["--bind", str(path), str(path)]
        line += ["--ro-bind", str(self.supervisor), "/supervisor", "--remount-ro", "/", "--remount-ro", "/proc"]
        return [*line, "--chdir", "/", "--", "/supervisor", "first"]

    def _unshare(self, read: Sequence[Path], write: Sequence[Path]) -> list[str]:
        line = [_tool("unshare"), "--user", "--map-root-user", "--mount", "--net", "--ipc", "--uts", "--cgroup"]
        line += ["--pid", "--fork", "--kill-child", "--", str(self.supervisor), "first", "root"]
        line += [f"write={device}" for device in DEVICES]
        line += [f"read={path}" for path in read]
        return [*line, *(f"write={path}" for path in write)]


def unprivileged_user() -> int | None:
    """The user id that jails are started under when we are root; None keeps our own."""
    return UNPRIVILEGED if os.geteuid() == 0 else None


def hand_over(path: Path) -> None:
    """Gives a file or folder to the user of the jails."""
    user = unprivileged_user()
    if user is not None:
        os.chown(path, user, user)


def _link(path: Path) -> list[str]:
    return ["--symlink", str(path.readlink()), str(path)] if path.is_symlink() else []


def _tool(name: str) -> str:
    return shutil.which(name) or name
