"""Verdicts by content: a program that another system wrote already is not judged again."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from ..errors import InfraError, UsageError, UserError
from ..files import write_together
from .judge import Judgement
from .testcases import TestCase


def content_key(signature: str, source: str, cases: Sequence[TestCase]) -> str:
    """A key for everything that the verdict depends on: the settings, the program and the cases with their order."""
    digest = hashlib.sha256()
    parts = [signature.encode(), source.encode("utf-8", "surrogateescape")]
    parts += [part for case in cases for part in (case.stdin, case.expected)]
    for part in parts:
        digest.update(b"%d:" % len(part) + part)
    return digest.hexdigest()


class VerdictCache:
    """A folder of small JSON files; several evaluations may share it at the same time."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"cannot make the folder of --cache, {folder}: {error.strerror}") from error
        self._folder = folder

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key[2:]}.json"

    def get(self, key: str) -> Judgement | None:
        """None where there is no entry, or one that cannot be read."""
        try:
            return Judgement.from_json(json.loads(self._path(key).read_bytes()))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, key: str, judgement: Judgement) -> None:
        """Written to a temporary name, then renamed: a reader never sees half an entry."""
        try:
            with write_together(self._path(key), durable=False) as (file,):  # lost in a power cut, it is judged again
                file.write(json.dumps(judgement.as_json()) + "\n")
        except UserError as error:
            raise InfraError(str(error)) from error
