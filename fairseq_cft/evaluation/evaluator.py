"""Judges many programs in parallel, each distinct one once."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from ..errors import UsageError
from ..formats.table import program_format
from .cache import VerdictCache, content_key
from .errors import InfraError
from .judge import Judgement
from .report import Report
from .results import ResultLines
from .sandbox.jail import kill_running_jails
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
    progress: Progress | None = None,
) -> Report:
    """Compiles and runs `programs`, one line or text each (`settings.decode`), None where there is no hypothesis.

    testcases: the cases of each program, in the same order; without them programs are compiled only, and end as
    `no_testcases` where they do. Raises UsageError for a wish that cannot be met and InfraError when the evaluator
    itself fails, so that no number comes out of a broken run.
    """
    settings = settings or Settings()
    cases: Sequence[Sequence[TestCase]] = [()] * len(programs) if testcases is None else testcases
    names = [str(index) for index in range(len(programs))] if ids is None else ids
    if not len(programs) == len(cases) == len(names):
        raise UsageError(f"{len(programs)} programs, {len(cases)} lists of cases and {len(names)} ids do not match")
    started = time.monotonic()
    judge = settings.judge()
    signature = settings.signature(judge)
    keys, work = _distinct(programs, cases, program_format(settings.decode).decode, signature)
    results, judged = _results(judge, keys, names, work, settings, progress)
    judgements = [
        Judgement(Verdict.MISSING, total=len(own)) if key is None else results[key]
        for key, own in zip(keys, cases, strict=True)
    ]
    seconds = time.monotonic() - started
    return Report(names, judgements, f"{signature}|{settings.origin()}", seconds, judged, cases=cases)


def _distinct(
    programs: Sequence[str | None],
    cases: Sequence[Sequence[TestCase]],
    decode: Callable[[str], str],
    signature: str,
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


def _results(
    judge: AnyJudge,
    keys: Sequence[str | None],
    names: Sequence[str],
    work: Mapping[str, Work],
    settings: Settings,
    progress: Progress | None,
) -> tuple[dict[str, Judgement], int]:
    """Judgements by key, taken from the result lines and the cache as far as they go; and how many were made now."""
    examples: dict[str, list[str]] = {}
    for key, name in zip(keys, names, strict=True):
        examples.setdefault(key or "", []).append(name)
    with contextlib.ExitStack() as stack:
        lines = stack.enter_context(ResultLines(settings.results, settings.resume)) if settings.results else None
        cache = VerdictCache(settings.cache) if settings.cache is not None else None
        results: dict[str, Judgement] = {}

        def finish(key: str, judgement: Judgement) -> None:
            results[key] = judgement
            if cache is not None:
                cache.put(key, judgement)
            if lines is not None:
                for name in examples[key]:
                    lines.append(name, key, judgement)
            if progress is not None:
                progress(len(results), len(work))

        for key in work:
            known = (lines.known.get(key) if lines else None) or (cache.get(key) if cache else None)
            if known is not None:
                finish(key, known)
        left = {key: work[key] for key in work if key not in results}
        if left:
            judge.ready()
        judge_all(judge, left, settings, finish)
    return results, len(left)


def judge_all(judge: AnyJudge, work: Mapping[str, Work], settings: Settings, finish: Finished) -> None:
    """Judges all of `work`; time-outs are tried once more at the end, one at a time."""
    late: list[str] = []
    stopping = threading.Event()

    def judged(key: str, judgement: Judgement) -> None:
        if settings.retry and judgement.verdict in TIMEOUTS:
            late.append(key)
        else:
            finish(key, judgement)

    if isinstance(judge, CheckerJudge) and judge.run is None:  # Python alone, which Ctrl-C ends on this thread only
        for key in work:
            judged(key, _judge(judge, work[key], stopping))
    else:
        _judge_on_threads(judge, work, settings.workers, judged, stopping)
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
    """A jail may be killed from outside, by a machine short of memory: one more try before the whole run fails."""
    try:
        return judge(work.source, work.cases)
    except InfraError as error:
        if stopping.is_set() or isinstance(error, CheckerError):
            raise
        return judge(work.source, work.cases)
