"""The source files of folders, archives and names."""

import io
import os
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from fairseq_cft.data.code.sources import LARGEST, find_sources
from fairseq_cft.errors import UserError


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def found(inputs: list[Path], scratch: Path) -> tuple[list[str], Counter[str]]:
    left_out: Counter[str] = Counter()
    return [path.read_text() for path in find_sources(inputs, scratch, left_out)], left_out


def test_folders_give_their_sources_sorted(tmp_path: Path, scratch: Path) -> None:
    folder = tmp_path / "d"
    (folder / "sub").mkdir(parents=True)
    for name in ("b.cpp", "a.CC", "sub/c.C", "x.py", "y.txt"):
        (folder / name).write_text(name)
    (folder / "loop").symlink_to(folder)
    (folder / "gone.cpp").symlink_to(tmp_path / "nothing")
    os.mkfifo(folder / "pipe.cpp")
    assert found([folder, folder / "y.txt"], scratch) == (["a.CC", "b.cpp", "sub/c.C", "y.txt"], Counter())


def test_archives_are_unpacked_under_names_of_our_own(tmp_path: Path, scratch: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as packed:
        packed.writestr("../../evil.cpp", "evil")
        packed.writestr("dir/", "")
        packed.writestr("a.cpp", "a")
        packed.writestr("big.cpp", " " * (LARGEST + 1))
        packed.writestr("a.txt", "no")
    with tarfile.open(tmp_path / "t.tar.gz", "w:gz") as tar:
        for name in ("d/2.cpp", "d/1.cpp"):
            member = tarfile.TarInfo(name)
            member.size = 1
            tar.addfile(member, io.BytesIO(name[2].encode()))
        link = tarfile.TarInfo("link.cpp")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    before = {path for path in tmp_path.rglob("*") if scratch not in path.parents}
    assert found([tmp_path / "z.zip", tmp_path / "t.tar.gz"], scratch) == (
        ["evil", "a", "1", "2"],
        Counter({"larger than 256 KiB": 1}),
    )
    assert before == {path for path in tmp_path.rglob("*") if scratch not in path.parents}


def test_a_damaged_archive_gives_what_it_can(tmp_path: Path, scratch: Path) -> None:
    with tarfile.open(tmp_path / "t.tar.gz", "w:gz") as tar:
        for number in range(2):
            content = os.urandom(50_000).hex().encode()
            member = tarfile.TarInfo(f"{number}.cpp")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    data = (tmp_path / "t.tar.gz").read_bytes()
    (tmp_path / "t.tar.gz").write_bytes(data[: len(data) * 3 // 4])
    texts, left_out = found([tmp_path / "t.tar.gz"], scratch)
    assert (len(texts), left_out) == (1, Counter({"the rest of a damaged archive": 1}))
    (tmp_path / "t.tar.gz").write_bytes(data[:100])
    assert found([tmp_path / "t.tar.gz"], scratch) == ([], Counter({"the rest of a damaged archive": 1}))


def test_mistakes(tmp_path: Path, scratch: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*gone: no such file or directory"):
        found([tmp_path / "gone"], scratch)
    with pytest.raises(UserError, match=r"no C\+\+ source files in .*; they are told by .*\.cpp"):
        found([scratch], scratch)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="neither a file nor a folder"):
        found([tmp_path / "pipe"], scratch)
