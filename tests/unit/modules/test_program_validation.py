"""Programs at validation: which are run, on which worker, and how often each is judged."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fairseq.distributed import ModuleProxyWrapper
from support import build, fake_task
from torch import nn

from fairseq_cft.errors import UserError
from fairseq_cft.evaluation import InfraError, Judgement, Report, Settings, TestCase, Verdict
from fairseq_cft.evaluation import settings as settings_module
from fairseq_cft.evaluation.sandbox.selftest import NoSandboxError
from fairseq_cft.modules import program_validation
from fairseq_cft.modules.program_validation import ProgramEvaluation, program_evaluation
from fairseq_cft.tasks.pseudocode_to_code import unwrapped

# 12 pairs in 5 batches, as fairseq makes them: ordered by length, not by pair
BATCHES = ([3, 7, 1], [0, 2], [11, 4, 5], [6], [8, 9, 10])
CASES = [(TestCase(b"", str(pair).encode()),) for pair in range(12)]


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Replaces the evaluator: `right` is correct, `broken` does not compile; returns the list of what was judged."""
    seen: list[str] = []

    def evaluate(lines: Sequence[str], cases: Sequence[Any], settings: Settings, jobs: int | None) -> Report:
        seen.extend(f"{case[0].expected.decode()} {line}" for line, case in zip(lines, cases, strict=True))
        words = {"right": Verdict.CORRECT, "broken": Verdict.COMPILE_ERROR}
        found = [Judgement(words.get(line, Verdict.WRONG_OUTPUT)) for line in lines]
        return Report([""] * len(lines), found, "")

    monkeypatch.setattr(program_validation, "evaluate", evaluate)
    return seen


def one_pass(
    programs: ProgramEvaluation, write: Any, workers: int = 1, worker: int = 0, most_steps: int | None = None
) -> list[dict[str, int]]:
    """The counts of each step; a worker that runs out of batches gets the first one again, as fairseq's dummy."""
    programs.plan(BATCHES, workers, worker, most_steps)
    steps = -(-len(BATCHES) // workers)
    mine = list(BATCHES[worker::workers])
    counts = []
    for batch in [*mine, *[BATCHES[0]] * (steps - len(mine))][: None if most_steps is None else most_steps + 1]:
        for row in programs.rows(batch):
            programs.add(batch[row], write(batch[row]))
        counts.append(programs.counts(batch, ("", "base_")))
    return counts


def write(pair: int) -> dict[str, str]:
    """Composed: pairs 0 to 5 right, the others wrong. Base: even pairs broken, odd ones right."""
    return {"": "right" if pair < 6 else "wrong", "base_": "right" if pair % 2 else "broken"}


def total(counts: list[dict[str, int]]) -> dict[str, int]:
    return {key: sum(step[key] for step in counts) for key in counts[0]}


ALL = {"_programs": 12, "_correct": 6, "_compile": 12, "_base_correct": 6, "_base_compile": 6}


def test_counts_come_at_the_last_batch(judged: list[str]) -> None:
    *before, last = one_pass(ProgramEvaluation(CASES, Settings(), 12), write)
    assert last == ALL
    assert all(step == dict.fromkeys(ALL, 0) for step in before)


@pytest.mark.parametrize("workers", [2, 3, 4, 7])
def test_workers_share_the_sample(judged: list[str], workers: int) -> None:
    """Their counts add up to one worker's; in fairseq all have the same keys in every step, and dummy batches are 0."""
    for size in (5, 12):
        alone = total(one_pass(ProgramEvaluation(CASES, Settings(), size), write))
        each = [ProgramEvaluation(CASES, Settings(), size) for _ in range(workers)]
        for _ in range(2):  # nothing of a dummy batch is left over for the next pass
            steps = [counts for k, it in enumerate(each) for counts in one_pass(it, write, workers, k)]
            assert total(steps) == alone
            assert all(step.keys() == ALL.keys() for step in steps)


def test_a_dummy_batch_is_not_decoded() -> None:
    programs = ProgramEvaluation(CASES, Settings(), 12)
    programs.plan(BATCHES, 2, 1, None)
    assert (programs.rows(BATCHES[0]), programs.rows(BATCHES[1])) == ([], [0, 1])


def test_a_model_is_known_inside_the_wrappers_of_several_workers() -> None:
    """Else a composed model would be taken for a plain one, and its workers' base predictors would go unjudged."""
    model = build("transformer_cft_tiny", fake_task())
    wrapped = ModuleProxyWrapper(Wrapper(model))
    assert unwrapped(wrapped) is model
    assert unwrapped(model) is model


class Wrapper(nn.Module):
    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module


def test_the_sample_is_fixed_and_grows_with_n(judged: list[str]) -> None:
    samples = []
    for size in (4, 4, 8, 100):
        programs = ProgramEvaluation(CASES, Settings(), size)
        judged.clear()
        assert total(one_pass(programs, lambda pair: {"": "x"}))["_programs"] == min(size, 12)
        samples.append(set(judged))
    assert samples[0] == samples[1] < samples[2] < samples[3]
    assert len(samples[3]) == 12, "each with the cases of its own pair"


def test_the_sample_is_drawn_from_what_max_valid_steps_leaves(judged: list[str]) -> None:
    counts = one_pass(ProgramEvaluation(CASES, Settings(), 12), lambda pair: {"": "x", "base_": "x"}, most_steps=1)
    assert len(counts) == 2 and counts[-1]["_programs"] == 5  # fairseq takes one batch more than it is told


def test_what_was_judged_in_the_last_pass_is_not_judged_again(judged: list[str]) -> None:
    programs = ProgramEvaluation(CASES, Settings(), 12)
    first = one_pass(programs, lambda pair: {"": "right", "base_": "right"})
    assert sorted(judged) == sorted(f"{pair} right" for pair in range(12)), "both stages wrote the same"
    judged.clear()
    assert one_pass(programs, lambda pair: {"": "right", "base_": "wrong" if pair == 4 else "right"})[-1] == {
        **first[-1],
        "_base_correct": 11,
    }
    assert judged == ["4 wrong"]


def test_a_failing_evaluator_stops_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise InfraError("the disk is full")

    monkeypatch.setattr(program_validation, "evaluate", fail)
    with pytest.raises(UserError, match="there is no score: the disk is full"):
        one_pass(ProgramEvaluation(CASES, Settings(), 12), write)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "f.inp").write_text("1\n2\n3\n")
    (tmp_path / "f.out").write_text("1\n2\n3\n")
    (tmp_path / "f.id").write_text("1A-1-7\n1A-2-7\n2B-3-8\n")
    (tmp_path / "cases/1A").mkdir(parents=True)
    (tmp_path / "cases/1A/1A_testcases.txt").write_text("1\n###ENDINPUT###\n2\n###ENDOUTPUT###\n")
    (tmp_path / "none").mkdir()
    return tmp_path


def config(**options: Any) -> SimpleNamespace:
    files = ("eval_inputs", "eval_expected", "eval_ids", "eval_testcases", "user_file")
    names = (*files, "eval_checker", "eval_decode")
    defaults = {"eval_programs": 2, "eval_allow_unsafe": True, "valid_subset": "valid", "eval_language": "cpp"}
    return SimpleNamespace(**{**dict.fromkeys(names), **defaults, "eval_compare": "exact", **options})


SYNTHETIC = {"eval_inputs": "f.inp", "eval_expected": "f.out"}
SPOC = {"eval_ids": "f.id", "eval_testcases": "cases"}


@pytest.mark.parametrize("options", [SYNTHETIC, SPOC])
def test_right_options(files: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, str]) -> None:
    monkeypatch.chdir(files)
    assert program_evaluation(config(**options), 3) is not None
    assert program_evaluation(config(eval_programs=0), 3) is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "give either --eval-ids and --eval-testcases, or --eval-inputs and --eval-expected"),
        ({"eval_inputs": "f.inp"}, "give either --eval-ids"),
        ({**SYNTHETIC, "eval_ids": "f.id"}, "give either --eval-ids"),
        ({**SYNTHETIC, "eval_programs": 0}, "--eval-inputs and --eval-expected without --eval-programs N"),
        ({**SYNTHETIC, "eval_programs": -1}, "--eval-programs is -1"),
        ({**SYNTHETIC, "eval_expected": "absent"}, "cannot read absent"),
        ({**SYNTHETIC, "valid_subset": "valid,valid1"}, "--valid-subset valid,valid1 names several"),
        ({**SPOC, "eval_testcases": "absent"}, "the folder of test cases absent does not exist"),
        ({**SPOC, "eval_testcases": "none"}, "none has no test cases for any of the ids in f.id"),
    ],
)
def test_mistakes(files: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], words: str) -> None:
    monkeypatch.chdir(files)
    with pytest.raises(UserError) as caught:
        program_evaluation(config(**options), 3)
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(("options", "name"), [(SYNTHETIC, "f.inp"), (SPOC, "f.id")])
def test_another_number_of_pairs(
    files: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], name: str
) -> None:
    monkeypatch.chdir(files)
    with pytest.raises(UserError, match=f"{name} has 3 lines but the validation set 4 pairs"):
        program_evaluation(config(**options), 4)


def test_no_sandbox_is_said_in_the_options_of_training(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(wanted: str, allow_unsafe: bool) -> None:
        assert (wanted, allow_unsafe) == ("auto", False)
        raise NoSandboxError("no sandbox works here (bwrap: forbidden)")

    monkeypatch.chdir(files)
    monkeypatch.setattr(settings_module, "find_sandbox", refuse)
    with pytest.raises(UserError, match=r"^--eval-programs: no sandbox works here .* add --eval-allow-unsafe"):
        program_evaluation(config(**SYNTHETIC, eval_allow_unsafe=False), 3)


def test_workers_on_one_machine_share_its_cores(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files)
    monkeypatch.setattr(program_validation.os, "sched_getaffinity", lambda _: set(range(8)))
    for workers, jobs in ((1, 8), (3, 2), (9, 1)):
        monkeypatch.setenv("LOCAL_WORLD_SIZE", str(workers))
        programs = program_evaluation(config(**SYNTHETIC), 3)
        assert programs is not None and programs._jobs == jobs
