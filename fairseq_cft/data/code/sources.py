"""The C++ source files of folders, archives and names."""

import lzma
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from ...errors import UserError, cannot

SUFFIXES = frozenset({".cpp", ".cc", ".cxx", ".c++", ".cp"})
LARGEST = 256 * 1024  # bytes; a program of a thousand characters is nowhere near it
TOO_LARGE = f"larger than {LARGEST // 1024} KiB"
NOT_READ = "that cannot be read"


def find_sources(inputs: Sequence[Path], scratch: Path, left_out: Counter[str]) -> list[Path]:
    """The source files in the order of ``inputs``, those of a folder or an archive sorted by name.

    A file that is named is taken whatever its suffix. Archives (zip, tar) are unpacked into ``scratch``; what cannot be
    read is counted in ``left_out``. UserError where an input does not exist or nothing was found.
    """
    found: list[Path] = []
    for path in inputs:
        if path.is_dir():
            found += sorted(file for file in path.rglob("*") if _is_source(file) and file.is_file())
        elif path.exists() and not path.is_file():
            raise UserError(f"{path} is neither a file nor a folder")
        else:
            found += _unpacked(path, scratch, left_out) if _is_archive(path) else [path]
    if not found and not left_out:
        names = ", ".join(map(str, inputs))
        raise UserError(f"no C++ source files in {names}; they are told by {' '.join(sorted(SUFFIXES))}")
    return found


def _is_source(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES or path.suffix == ".C"


def _is_archive(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return zipfile.is_zipfile(stream) or tarfile.is_tarfile(path)
    except OSError as error:
        raise UserError(cannot("read", path, error)) from error
    except (EOFError, zlib.error, lzma.LZMAError):  # a compressed one that was cut off
        return True


def _unpacked(archive: Path, scratch: Path, left_out: Counter[str]) -> list[Path]:
    """The source files of an archive under names of our own: those inside may lead anywhere."""
    folder = scratch / str(sum(1 for _ in scratch.iterdir()))
    folder.mkdir()
    found: list[tuple[str, Path]] = []
    try:
        for name, size, stream in _members(archive):
            if size > LARGEST:
                left_out[TOO_LARGE] += 1
                continue
            path = folder / f"{len(found)}.cpp"
            path.write_bytes(stream.read(LARGEST + 1))  # an archive may lie about sizes
            found.append((name, path))
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
    ):
        left_out["the rest of a damaged archive"] += 1
    return [path for _, path in sorted(found)]


def _members(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            for member in opened.infolist():
                if _is_source(Path(member.filename)) and not member.is_dir():
                    with opened.open(member) as stream:
                        yield member.filename, member.file_size, stream
        return
    with tarfile.open(archive) as packed:
        for each in packed:
            if _is_source(Path(each.name)) and each.isfile():
                content = packed.extractfile(each)
                if content is not None:
                    yield each.name, each.size, content
