"""Judges many programs in parallel, each distinct one once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from fairseq_cft.evaluation.cache import VerdictCache, content_key
from fairseq_cft.evaluation.decoding import find_decoder
from fairseq_cft.evaluation.errors import UsageError
from fairseq_cft.evaluation.judge import Judge, Judgement
from fairseq_cft.evaluation.report import Report
from fairseq_cft.evaluation.settings import Settings
from fairseq_cft.evaluation.testcases import TestCase
from fairseq_cft.evaluation.verdict import Verdict

TIMEOUTS = frozenset({Verdict.TIME_LIMIT, Verdict.COMPILE_TIME_LIMIT})

Work = tuple[str, Sequence[TestCase]]
Progress = Callable[[int, int], None]  # (done, all) distinct programs


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
    decode = find_decoder(settings.decode)
    keys: list[str | None] = []
    work: dict[str, Work] = {}
    for program, own in zip(programs, cases, strict=True):
        source = None if program is None else decode(program)
        keys.append(None if source is None else content_key(signature, source, own))
        if source is not None:
            work.setdefault(content_key(signature, source, own), (source, own))
    cache = VerdictCache(settings.cache) if settings.cache is not None else None
    known = {} if cache is None else {key: hit for key in work if (hit := cache.get(key)) is not None}
    judged = judge_all(judge, {key: work[key] for key in work if key not in known}, settings, cache, progress)
    results = {**known, **judged}
    judgements = [
        Judgement(Verdict.MISSING, total=len(own)) if key is None else results[key]
        for key, own in zip(keys, cases, strict=True)
    ]
    label = f"{signature}|decode:{settings.decode}"
    return Report(names, judgements, label, time.monotonic() - started, len(judged))


def judge_all(
    judge: Judge, work: Mapping[str, Work], settings: Settings, cache: VerdictCache | None, progress: Progress | None
) -> dict[str, Judgement]:
    """Judges all of `work` on several threads; time-outs are tried once more at the end, one at a time."""
    done: dict[str, Judgement] = {}
    late: list[str] = []

    def finish(key: str, judgement: Judgement) -> None:
        done[key] = judgement
        if cache is not None:
            cache.put(key, judgement)
        if progress is not None:
            progress(len(done), len(work))

    with ThreadPoolExecutor(settings.workers, thread_name_prefix="judge") as pool:
        waiting: dict[Future[Judgement], str] = {pool.submit(judge, *work[key]): key for key in work}
        try:
            while waiting:
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    key, judgement = waiting.pop(future), future.result()
                    if settings.retry and judgement.verdict in TIMEOUTS:
                        late.append(key)
                    else:
                        finish(key, judgement)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    for key in late:
        finish(key, judge(*work[key]))
    return done
