"""Validation by compiling and running: what a model writes for a fixed sample of pairs is judged once a pass."""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UserError
from ..evaluation import InfraError, Settings, TestCase, Verdict, evaluate
from ..evaluation.examples import Examples, read_examples
from ..evaluation.sandbox.selftest import NoSandboxError
from ..evaluation.verdict import NOT_COMPILED

logger = logging.getLogger(__name__)

SAMPLE_SEED = 1  # not --seed: runs are compared on the same programs
FILES = ("ids", "testcases", "inputs", "expected")  # options, here with --eval- in front
NEEDING = (*FILES, "checker")  # options that switch nothing on without --eval-programs


def draw(batches: Iterable[Sequence[int]], size: int) -> list[int]:
    """A sample of the pairs in ``batches``, always the same; a larger one holds the smaller ones."""
    pairs = sorted(int(pair) for batch in batches for pair in batch)
    return [int(pair) for pair in np.random.default_rng(SAMPLE_SEED).permutation(pairs)[:size]]


class ProgramEvaluation:
    """Collects what a model writes for the sampled pairs of one worker and judges it at the worker's last batch.

    fairseq tells a task neither when validation ends nor which batches are a worker's, so both are read off the batches
    beforehand (``plan``). One evaluation a pass keeps all cores busy; a program that was written for the same pair in
    the pass before is not judged again.

    Args:
        cases: the test cases of each validation pair, in the data's order.
        size: pairs in the sample, of all workers together.
        jobs: programs judged at the same time, by default as many as there are cores for us.
    """

    def __init__(
        self, cases: Sequence[Sequence[TestCase]], settings: Settings, size: int, jobs: int | None = None
    ) -> None:
        self._cases = cases
        self._settings = settings
        self._size = size
        self._jobs = jobs
        self._sample: frozenset[int] = frozenset()
        self._last: int | None = None  # the first pair of this worker's last batch
        self._written: dict[int, Mapping[str, str]] = {}
        self._known: dict[tuple[int, str], Verdict] = {}

    def plan(self, batches: Sequence[Sequence[int]], workers: int, worker: int, most_steps: int | None) -> None:
        """Draws the sample from the pairs that validation reaches, and notes this worker's part of it.

        Args:
            batches: of all workers; worker k gets every ``workers``-th from the k-th on.
            most_steps: --max-valid-steps; fairseq takes one batch more.
        """
        most = None if most_steps is None else most_steps + 1
        parts = [batches[each::workers][:most] for each in range(workers)]
        mine = {int(pair) for batch in parts[worker] for pair in batch}
        self._sample = frozenset(draw([batch for part in parts for batch in part], self._size)) & mine
        self._last = int(parts[worker][-1][0]) if parts[worker] else None

    def rows(self, pairs: Sequence[int]) -> list[int]:
        """Which rows of a batch are in this worker's sample."""
        return [row for row, pair in enumerate(pairs) if pair in self._sample]

    def add(self, pair: int, lines: Mapping[str, str]) -> None:
        """Notes what a model wrote for one pair: stage -> program line."""
        self._written[pair] = lines

    def counts(self, pairs: Sequence[int], stages: Sequence[str]) -> dict[str, int]:
        """After each batch: zeros, and at this worker's last batch the counts of the whole pass.

        Every worker has the same keys in every step, for fairseq adds them up key by key.
        """
        counts = dict.fromkeys(("_programs", *(f"_{s}{name}" for s in stages for name in ("correct", "compile"))), 0)
        if self._last not in pairs:
            return counts
        counts["_programs"] = len(self._written)
        for (_, stage), verdict in self._verdicts().items():
            counts[f"_{stage}correct"] += verdict is Verdict.CORRECT
            counts[f"_{stage}compile"] += verdict not in NOT_COMPILED
        return counts

    def _verdicts(self) -> dict[tuple[int, str], Verdict]:
        """The verdict on each pair and stage."""
        lines = {(pair, stage): line for pair, by_stage in self._written.items() for stage, line in by_stage.items()}
        new = sorted({(pair, line) for (pair, _), line in lines.items()} - self._known.keys())
        try:
            cases = [self._cases[pair] for pair, _ in new]
            report = evaluate([line for _, line in new], cases, self._settings, jobs=self._jobs)
        except InfraError as error:
            raise UserError(f"--eval-programs: the evaluation failed, there is no score: {error}") from error
        judged = dict(zip(new, (judgement.verdict for judgement in report.judgements), strict=True))
        known = {**self._known, **judged}
        self._known = {(pair, line): known[pair, line] for (pair, _), line in lines.items()}
        return {(pair, stage): self._known[pair, line] for (pair, stage), line in lines.items()}


def program_evaluation(cfg: Any, pairs: int) -> ProgramEvaluation | None:
    """What the options ask for, None without --eval-programs; a mistake ends in a UserError before training starts."""
    given = [f"--eval-{name}" for name in NEEDING if getattr(cfg, f"eval_{name}")]
    if cfg.eval_programs < 0:
        raise UserError(f"--eval-programs is {cfg.eval_programs}; it must be 0 (off) or the number of programs")
    if cfg.eval_programs == 0:
        if given:
            raise UserError(f"{' and '.join(given)} without --eval-programs N, the number of programs to evaluate")
        return None
    if "," in cfg.valid_subset:
        raise UserError(
            f"--eval-programs evaluates one validation set: --valid-subset {cfg.valid_subset} names several"
        )
    try:
        examples = _examples(cfg, pairs)
        settings = Settings(
            language=cfg.eval_language,
            checker=cfg.eval_checker,
            user_file=cfg.user_file,
            decode=line_format(cfg),
            compare=str(cfg.eval_compare),
            allow_unsafe=cfg.eval_allow_unsafe,
        )
        logger.info("programs are evaluated with %s", settings.signature(settings.judge()))
    except NoSandboxError as error:
        raise UserError(f"--eval-programs: {error.reasons}: {error.advice('--eval-allow-unsafe')}") from error
    except (UserError, InfraError) as error:
        raise UserError(f"--eval-programs: {error}") from error
    workers = max(1, int(os.environ.get("LOCAL_WORLD_SIZE", 1)))  # that share this machine's cores
    jobs = max(1, len(os.sched_getaffinity(0)) // workers)
    return ProgramEvaluation(examples.cases, settings, cfg.eval_programs, jobs)


def line_format(cfg: Any) -> str:
    """In which format the outputs are read; a checker of one's own takes the text as it is."""
    decode = None if cfg.eval_checker else cfg.eval_decode
    return Settings(language=cfg.eval_language, checker=cfg.eval_checker, decode=decode).line_format


def _examples(cfg: Any, pairs: int) -> Examples:
    """The validation pairs with their test cases; raises UserError where these belong to other pairs."""
    ids, testcases, inputs, expected = (
        Path(path) if (path := getattr(cfg, f"eval_{name}")) else None for name in FILES
    )
    examples = read_examples(
        ids=ids,
        testcases=testcases,
        inputs=inputs,
        expected=expected,
        for_checker=bool(cfg.eval_checker),
        option="--eval-",
    )
    if len(examples.ids) != pairs:
        raise UserError(
            f"{ids or inputs or expected} has {len(examples.ids)} lines but the validation set {pairs} pairs; "
            "line k of one must belong to line k of the other"
        )
    if not any(examples.cases):
        raise UserError(f"{testcases} has no test cases for any of the ids in {ids}")
    if bare := examples.without_cases():
        logger.warning("without usable test cases, never correct: %s", ", ".join(bare))
    return examples
