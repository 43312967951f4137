"""One JSON line for each judged example, appended as it is known, so that a killed evaluation can go on."""

import fcntl
import json
import time
from pathlib import Path

from ..errors import UsageError
from .judge import Judgement

LOCK_SECONDS, LOCK_TRIES = 1.0, 20


class ResultLines:
    """A file of JSON lines with the content key of each example; a context manager that holds a lock on the file.

    With `resume`, `known` has the judgements of earlier lines by their key: a line counts only for the same program,
    cases and settings. Raises UsageError for a file that holds results without `resume`, and for one that another
    evaluation writes to.
    """

    def __init__(self, path: Path, resume: bool) -> None:
        self.known: dict[str, Judgement] = {}
        self._written: set[tuple[str, str]] = set()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+", encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise UsageError(f"cannot write the results {path}: {error.strerror}") from error
        if not self._locked():
            self._file.close()
            raise UsageError(f"{path} is in use by another evaluation: name another file")
        self._file.seek(0)
        content = self._file.read()
        if content and not resume:
            self._file.close()
            raise UsageError(f"{path} holds results already: add --resume to go on, or name another file")
        self._load(content)
        if content and not content.endswith("\n"):
            self._file.write("\n")  # the end of a line that was cut short by a kill

    def _locked(self) -> bool:
        """Tries for a moment: a jail that a killed evaluation was just starting may still hold the lock."""
        for _ in range(LOCK_TRIES):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except OSError:
                time.sleep(LOCK_SECONDS / LOCK_TRIES)
        return False

    def _load(self, content: str) -> None:
        for line in content.split("\n"):
            try:
                record = json.loads(line)
                self.known[record["key"]] = Judgement.from_json(record)
                self._written.add((record["id"], record["key"]))
            except (ValueError, KeyError, TypeError):
                continue  # cut short by a kill: that example is judged again

    def append(self, name: str, key: str, judgement: Judgement) -> None:
        """Adds the line of one example unless it is there."""
        if (name, key) not in self._written:
            self._written.add((name, key))
            self._file.write(json.dumps({"id": name, "key": key, **judgement.as_json()}) + "\n")
            self._file.flush()

    def __enter__(self) -> "ResultLines":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
