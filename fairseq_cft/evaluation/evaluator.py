"""Judges many programs in parallel, each distinct one once."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from .. import __version__
from ..errors import InfraError, UsageError
from ..formats.table import program_format
from .cache import VerdictCache, content_key
from .judge import Judgement
from .report import Report
from .results import ResultLines
from .sandbox.jail import JailDiedError, kill_running_jails
from .settings import AnyJudge, Settings
from .testcases import TestCase
from .user_checker import CheckerError, CheckerJudge
from .verdict import Verdict

TIMEOUTS = frozenset({Verdict.TIME_LIMIT, Verdict.COMPILE_TIME_LIMIT})

Progress = Callable[[int, int], None]  # (done, all) distinct programs
Finished = Callable[[str, Judgement], None]  # a content key and what became of it


@dataclass(frozen=True)
class Work:
    """One distinct program with its cases."""

    source: str
    cases: Sequence[TestCase]


def evaluate(
    programs: Sequence[str | None],
    testcases: Sequence[Sequence[TestCase]] | None = None,
    settings: Settings | None = None,
    *,
    ids: Sequence[str] | None = None,
    origin: str = "given",
    jobs: int | None = None,
    cache: Path | None = None,
    results: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Compiles and runs `programs`, one line or text each (`settings.decode`), None where there is no output.

    Args:
        testcases: the cases of each program, in the same order; without them programs are compiled only, and end as
            `no_testcases` where they do.
        ids: names of the examples, by default their numbers; `origin` names the set of test cases in the signature.
        jobs: programs judged at the same time, by default as many as there are cores for us.
        cache: a folder that keeps verdicts by content; `results`: a file that gets a JSON line for each example as soon
            as it is known, which `resume` goes on with.

    Raises UsageError for a wish that cannot be met and InfraError when the evaluator itself fails, so that no number
    comes out of a broken run.
    """
    settings = settings or Settings()
    workers = len(os.sched_getaffinity(0)) if jobs is None else jobs
    if workers < 1:
        raise UsageError(f"jobs is {workers}; it must be above 0")
    cases: Sequence[Sequence[TestCase]] = [()] * len(programs) if testcases is None else testcases
    names = [str(index) for index in range(len(programs))] if ids is None else ids
    if not len(programs) == len(cases) == len(names):
        raise UsageError(f"{len(programs)} programs, {len(cases)} lists of cases and {len(names)} ids do not match")
    started = time.monotonic()
    judge = settings.judge()
    signature = settings.signature(judge)
    keys, work = _distinct(programs, cases, program_format(settings.line_format).decode, signature)
    found = _Results(keys, names, len(work), progress)
    with found.kept(cache, results, resume):
        left = found.left(work)
        if left:
            judge.ready()
        judge_all(judge, left, found.add, workers, settings.retry)
    judgements = [
        Judgement(Verdict.MISSING, total=len(own)) if key is None else found.by_key[key]
        for key, own in zip(keys, cases, strict=True)
    ]
    signature += f"|decode:{settings.line_format}|set:{origin}|version:{__version__}"
    return Report(names, judgements, signature, time.monotonic() - started, len(left), cases=cases)


def _distinct(
    programs: Sequence[str | None], cases: Sequence[Sequence[TestCase]], decode: Callable[[str], str], signature: str
) -> tuple[list[str | None], dict[str, Work]]:
    """The content key of each example (None: missing), and the work that stands behind each key."""
    keys: list[str | None] = []
    work: dict[str, Work] = {}
    for program, own in zip(programs, cases, strict=True):
        if program is None:
            keys.append(None)
            continue
        source = decode(program)
        key = content_key(signature, source, own)
        keys.append(key)
        work.setdefault(key, Work(source, own))
    return keys, work


class _Results:
    """Judgements by content key, each written and shown as soon as it is known."""

    def __init__(self, keys: Sequence[str | None], names: Sequence[str], total: int, progress: Progress | None) -> None:
        self.by_key: dict[str, Judgement] = {}
        self._names: dict[str | None, list[str]] = {}
        for key, name in zip(keys, names, strict=True):
            self._names.setdefault(key, []).append(name)
        self._total, self._progress = total, progress
        self._cache: VerdictCache | None = None
        self._lines: ResultLines | None = None

    @contextlib.contextmanager
    def kept(self, cache: Path | None, results: Path | None, resume: bool) -> Iterator[None]:
        """Within the block what is added is kept in the folder `cache` and in the file of lines `results`."""
        with contextlib.ExitStack() as stack:
            self._cache = VerdictCache(cache) if cache is not None else None
            self._lines = stack.enter_context(ResultLines(results, resume)) if results is not None else None
            yield

    def left(self, work: Mapping[str, Work]) -> dict[str, Work]:
        """What of `work` is known neither by the lines nor by the cache; the rest is added."""
        for key in work:
            known = (self._lines.known.get(key) if self._lines else None) or (
                self._cache.get(key) if self._cache else None
            )
            if known is not None:
                self.add(key, known)
        return {key: each for key, each in work.items() if key not in self.by_key}

    def add(self, key: str, judgement: Judgement) -> None:
        self.by_key[key] = judgement
        if self._cache is not None:
            self._cache.put(key, judgement)
        if self._lines is not None:
            for name in self._names[key]:
                self._lines.append(name, key, judgement)
        if self._progress is not None:
            self._progress(len(self.by_key), self._total)


def judge_all(judge: AnyJudge, work: Mapping[str, Work], finish: Finished, workers: int, retry: bool) -> None:
    """Judges all of `work`, `workers` at a time; with `retry` time-outs are tried once more at the end, alone."""
    late: list[str] = []
    stopping = threading.Event()

    def judged(key: str, judgement: Judgement) -> None:
        if retry and judgement.verdict in TIMEOUTS:
            late.append(key)
        else:
            finish(key, judgement)

    if isinstance(judge, CheckerJudge) and judge.run is None:  # Python alone, which Ctrl-C ends on this thread only
        for key in work:
            judged(key, _judge(judge, work[key], stopping))
    else:
        _judge_on_threads(judge, work, workers, judged, stopping)
    for key in late:
        finish(key, _judge(judge, work[key], stopping))


def _judge_on_threads(
    judge: AnyJudge, work: Mapping[str, Work], workers: int, judged: Finished, stopping: threading.Event
) -> None:
    with ThreadPoolExecutor(workers, thread_name_prefix="judge") as pool:
        waiting: dict[Future[Judgement], str] = {pool.submit(_judge, judge, work[key], stopping): key for key in work}
        try:
            while waiting:
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    judged(waiting.pop(future), future.result())
        except BaseException:
            stopping.set()
            pool.shutdown(wait=False, cancel_futures=True)
            while not all(future.done() for future in waiting):  # nobody waits for the last programs' limits
                kill_running_jails()
                time.sleep(0.02)
            raise


def _judge(judge: AnyJudge, work: Work, stopping: threading.Event) -> Judgement:
    """Tries once more after a failure: a machine short of memory kills jails as well.

    A program whose jail dies twice has brought it about where a program that is right still passes.
    """
    try:
        return judge(work.source, work.cases)
    except InfraError as error:
        if stopping.is_set() or isinstance(error, CheckerError):
            raise
    try:
        return judge(work.source, work.cases)
    except JailDiedError as error:
        if stopping.is_set():
            raise
        judge.ready(again=True)
        verdict = Verdict.COMPILE_ERROR if error.preparing else Verdict.RUNTIME_ERROR
        return Judgement(verdict, "its jail died, twice", total=len(work.cases))
