"""Where the evaluator keeps what it builds once: its supervisor and the precompiled header."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...errors import InfraError
from .workfolder import require_enterable, work_folder

SHARED = Path("/var/cache/fairseq-cft")  # of root, whose own home the unprivileged user cannot enter


def cache_folder() -> Path:
    """The folder of this user: $FAIRSEQ_CFT_CACHE, else ~/.cache/fairseq-cft ($XDG_CACHE_HOME), as root /var/cache."""
    given = os.environ.get("FAIRSEQ_CFT_CACHE")
    if given:
        folder = Path(given).resolve()
    elif os.geteuid() == 0:
        folder = SHARED
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fairseq-cft"
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in made:
            path.chmod(path.stat().st_mode | 0o711)  # whatever the umask: the user of the jails must enter it
        owner = folder.stat()
    except OSError as error:
        raise InfraError(f"cannot make the cache {folder} ({error}); set FAIRSEQ_CFT_CACHE to another") from error
    require_enterable(folder, "set FAIRSEQ_CFT_CACHE to a folder that others may enter")
    if owner.st_uid not in (0, os.geteuid()) or owner.st_mode & stat.S_IWOTH:
        raise InfraError(f"the cache {folder} can be changed by other users; set FAIRSEQ_CFT_CACHE to a folder you own")
    return folder


@contextmanager
def built(target: Path) -> Iterator[Path]:
    """A temporary folder that becomes `target` at the end, unless another process was faster."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with work_folder(".building-", target.parent) as folder:
        temporary = folder / "result"
        temporary.mkdir()
        yield temporary
        for path in (temporary, *temporary.rglob("*")):  # whatever the umask: the user of the jails must read it
            path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
        try:
            temporary.rename(target)
        except OSError:
            if not target.is_dir():
                raise
