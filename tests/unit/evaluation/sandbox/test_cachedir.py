"""The cache can be entered by the user of the jails, whatever the umask was, and else says so."""

import os
from pathlib import Path

import pytest

from fairseq_cft.errors import InfraError
from fairseq_cft.evaluation.sandbox.cachedir import built, cache_folder
from fairseq_cft.evaluation.sandbox.workfolder import work_folder

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs programs as somebody else")


@pytest.mark.parametrize("umask", [0o077, 0o027, 0o022])
def test_any_umask(open_folder: Path, monkeypatch: pytest.MonkeyPatch, umask: int) -> None:
    monkeypatch.setenv("FAIRSEQ_CFT_CACHE", str(open_folder / "new/cache"))
    before = os.umask(umask)
    try:
        folder = cache_folder()
        with built(folder / "thing") as temporary:
            (temporary / "file").write_text("text")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o005 for path in (folder.parent, folder, folder / "thing")}
    assert {name: mode & 0o001 for name, mode in modes.items()} == {"new": 1, "cache": 1, "thing": 1}
    assert (folder / "thing/file").stat().st_mode & 0o004
    assert [path.name for path in folder.iterdir()] == ["thing"]


@needs_root
def test_a_closed_folder_is_named_with_its_mode(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = open_folder / "closed"
    (closed / "cache").mkdir(parents=True)
    closed.chmod(0o700)
    monkeypatch.setenv("FAIRSEQ_CFT_CACHE", str(closed / "cache"))
    with pytest.raises(InfraError, match=r"cannot enter .*/closed \(drwx------\); run chmod o\+x .*FAIRSEQ_CFT_CACHE"):
        cache_folder()
    with pytest.raises(InfraError, match=r"closed \(drwx------\); .*TMPDIR"), work_folder("cft-", closed):
        pass
