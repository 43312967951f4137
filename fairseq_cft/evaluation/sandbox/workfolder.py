"""Folders for work that is under way, removed also when the process that made them is killed."""

import contextlib
import os
import secrets
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ...errors import InfraError

# Reads to the end of its input, which is the end of its parent. A line says that there is nothing left to do. What a
# dying jail still writes may keep the first rm from succeeding.
REMOVE = 'read -r _ || for try in 1 2 3 4 5 6 7 8 9; do rm -rf -- "$0" && break; sleep 0.2; done'


@contextlib.contextmanager
def work_folder(prefix: str, within: Path | None = None) -> Iterator[Path]:
    """A folder that all may enter and none may list, in `within` or where temporary files go ($TMPDIR).

    It is there until the block ends or this process does, whatever it dies of. Raises InfraError where it cannot be
    made, or not be entered by the user of the jails.
    """
    parent = Path(tempfile.gettempdir()) if within is None else within
    folder = parent / f"{prefix}{secrets.token_hex(8)}"
    remover = subprocess.Popen(
        ["/bin/sh", "-c", REMOVE, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,  # Ctrl-C and a closed terminal are for its parent
    )
    try:
        try:
            folder.mkdir()
            folder.chmod(0o711)  # whatever the umask
            require_enterable(parent, "set TMPDIR to a folder that others may enter")
        except OSError as error:
            raise InfraError(f"cannot make a folder for work in {parent}: {error.strerror}; set TMPDIR") from error
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            remover.communicate(b"done\n")


def require_enterable(folder: Path, advice: str) -> None:
    """As root: raises InfraError where the user of the jails, who is somebody else, cannot enter a folder."""
    if os.geteuid() != 0:
        return
    for path in (folder, *folder.parents):
        mode = path.stat().st_mode
        if not mode & stat.S_IXOTH:
            raise InfraError(
                f"the user that programs run as cannot enter {path} ({stat.filemode(mode)}); "
                f"run chmod o+x {path}, or {advice}"
            )
