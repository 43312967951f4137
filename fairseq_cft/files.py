"""Text files, read and written so that a user's mistake ends in one clear sentence and nothing is left half-written."""

import codecs
import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, TextIO

from .errors import UserError, cannot


def without_mark(data: bytes) -> bytes:
    """The content of a text file without the byte order mark that some editors put in front."""
    return data.removeprefix(codecs.BOM_UTF8)


def read_lines(path: Path | str) -> list[str]:
    """The file's lines without their newlines; only a newline byte ends a line. Bytes that are no UTF-8 are refused."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UserError(cannot("read", path, error)) from error
    return decode_lines(data, str(path))


def decode_lines(data: bytes, name: str) -> list[str]:
    """The same for the content of a file or a stream; `name` is for errors."""
    try:
        lines = without_mark(data).decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{name}, line {number}: byte 0x{error.object[error.start]:02x} is not UTF-8; convert the file to UTF-8"
        ) from error
    if not lines[-1]:
        lines.pop()
    return lines


def read_parallel(*paths: Path | str) -> list[list[str]]:
    """The lines of files that belong together line by line; files of unequal length are refused."""
    columns = [read_lines(path) for path in paths]
    for path, lines in zip(paths[1:], columns[1:], strict=True):
        if len(lines) != len(columns[0]):
            raise UserError(
                f"{paths[0]} has {len(columns[0])} lines but {path} has {len(lines)}; "
                "line k of one must belong to line k of the other"
            )
    return columns


@contextlib.contextmanager
def write_together(*paths: Path | str, binary: bool = False, durable: bool = True) -> Iterator[list[IO[Any]]]:
    """Open files for writing that appear under their names together, when the block ends well, or not at all.

    Text is written as UTF-8 with newline bytes as they are; `binary` files take bytes. What is `durable` outlives a
    power cut, which takes some 10 ms.
    """
    targets = [Path(path) for path in paths]
    if len({target.absolute() for target in targets}) < len(targets):
        raise UserError(f"output files must differ: {', '.join(map(str, targets))}")
    temporary: list[Path] = []
    streams: list[IO[Any]] = []
    try:
        for target in targets:
            if target.is_dir():
                raise UserError(f"cannot write {target}: it is a directory; give a file name")
            if target.parent.is_file():
                raise UserError(f"cannot write {target}: {target.parent} is a file, not a directory; give another path")
            target.parent.mkdir(parents=True, exist_ok=True)
            path = target.with_name(f".{target.name}.{os.getpid()}-{threading.get_ident()}.tmp")
            temporary.append(path)
            streams.append(path.open("wb") if binary else path.open("w", encoding="utf-8", newline="\n"))
        yield streams
        for stream in streams:
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
            stream.close()
        for path, target in zip(temporary, targets, strict=True):
            path.replace(target)
    except OSError as error:
        raise UserError(cannot("write", error.filename or targets[0], error)) from error
    finally:
        for stream in streams:
            with contextlib.suppress(OSError):  # a full disk may refuse what is still buffered
                stream.close()
        for path in temporary:
            path.unlink(missing_ok=True)


def say(text: str, stream: TextIO | None) -> bool:
    """Prints a text; False where it cannot be written. A reader who has gone (a closed pipe) is no failure."""
    if stream is None:  # closed by the caller
        return True
    try:
        encoding = stream.encoding or "utf-8"
        print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream)
        stream.flush()
    except OSError as error:
        silence(stream)
        return isinstance(error, BrokenPipeError)
    return True


def silence(stream: TextIO) -> None:
    """Sends what is left of a stream that cannot be written nowhere: else Python tries once more when it ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
