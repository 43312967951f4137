"""Evaluating many programs: order, cache, time-outs, and a score that cannot rise because something got lost."""

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fairseq_cft.evaluation import InfraError, Judgement, Report, Settings, TestCase, UsageError, Verdict, evaluate
from fairseq_cft.evaluation.cache import content_key
from fairseq_cft.evaluation.compare import exact
from fairseq_cft.evaluation.evaluator import Work, judge_all
from fairseq_cft.evaluation.judge import Judge, require_canary, verdict_of
from fairseq_cft.evaluation.languages.cpp import Cpp
from fairseq_cft.evaluation.languages.language import Rejected
from fairseq_cft.evaluation.sandbox.jail import Outcome
from fairseq_cft.evaluation.sandbox.limits import Limits
from fairseq_cft.evaluation.sandbox.tiers import Sandbox
from fairseq_cft.evaluation.settings import known_toolchain

DOUBLE = "int main ( ) { int n ; cin >> n ; cout << n * 2 ; }"
BROKEN = "int main ( ) { int n cin >> n ; }"
CASES = [TestCase(b"4\n", b"8"), TestCase(b"5\n", b"10")]
SETTINGS = Settings(allow_unsafe=True, time_limit=1)
RAN = Outcome(0, None, 0.01, 0.01, 1 << 20, 0, b"", b"")


def verdicts(report: Report) -> list[str]:
    return [str(judgement.verdict) for judgement in report.judgements]


def test_order_counts_and_rates() -> None:
    wrong = DOUBLE.replace("* 2", "+ 4")
    programs = [wrong, None, DOUBLE, BROKEN, "", DOUBLE]
    report = evaluate(programs, [CASES] * 5 + [[]], SETTINGS)
    expected = ["wrong_output", "missing", "correct", "compile_error", "compile_error", "no_testcases"]
    assert verdicts(report) == expected
    assert report.counts["correct"] == 1 and sum(report.counts.values()) == 6
    assert report.correct_rate == 1 / 6
    assert report.compile_rate == 3 / 6
    assert (report.judgements[0].case, report.judgements[0].passed, report.judgements[0].total) == (2, 1, 2)
    assert "error" in report.judgements[3].detail


def test_all_cases_are_counted() -> None:
    square = DOUBLE.replace("* 2", "* n")
    cases = [TestCase(b"4\n", b"8"), TestCase(b"2\n", b"4"), TestCase(b"0\n", b"0")]
    (judgement,) = evaluate([square], [cases], dataclasses.replace(SETTINGS, all_cases=True)).judgements
    assert (judgement.verdict, judgement.case, judgement.passed) == (Verdict.WRONG_OUTPUT, 1, 2)
    (judgement,) = evaluate([square], [cases], SETTINGS).judgements
    assert (judgement.verdict, judgement.case, judgement.passed) == (Verdict.WRONG_OUTPUT, 1, 0)


def test_without_test_cases_programs_are_compiled() -> None:
    report = evaluate([DOUBLE, BROKEN, None], None, SETTINGS)
    assert verdicts(report) == ["no_testcases", "compile_error", "missing"]
    assert report.compile_rate == 1 / 3
    assert report.correct_rate == 0


def test_nothing_to_evaluate_and_lengths_that_differ() -> None:
    nothing = evaluate([], [], SETTINGS)
    assert nothing.correct_rate == 0 and "n = 0" in nothing.as_text()
    with pytest.raises(UsageError, match="1 programs, 2 lists of cases"):
        evaluate([DOUBLE], [CASES, CASES], SETTINGS)


def test_each_distinct_program_once(tmp_path: Path) -> None:
    report = evaluate([DOUBLE, DOUBLE, BROKEN], [CASES] * 3, SETTINGS, cache=tmp_path)
    assert report.judged == 2
    again = evaluate([BROKEN, DOUBLE], [CASES] * 2, SETTINGS, cache=tmp_path)
    assert again.judged == 0
    assert again.judgements == [report.judgements[2], report.judgements[0]]
    assert evaluate([DOUBLE], [CASES[:1]], SETTINGS, cache=tmp_path).judged == 1, "other cases, other verdict"
    longer = dataclasses.replace(SETTINGS, time_limit=1.5)
    assert evaluate([DOUBLE], [CASES], longer, cache=tmp_path).judged == 1


def test_content_key_tells_parts_apart() -> None:
    keys = {
        content_key("settings", "ab", [TestCase(b"c", b"d")]),
        content_key("settings", "a", [TestCase(b"bc", b"d")]),
        content_key("settings", "ab", [TestCase(b"cd", b"")]),
        content_key("settings", "ab", [TestCase(b"", b"cd")]),
        content_key("settingsa", "b", [TestCase(b"c", b"d")]),
        content_key("settings", "ab", [TestCase(b"c", b"d"), TestCase(b"", b"")]),
    }
    assert len(keys) == 6


def test_a_broken_cache_entry_is_judged_again(tmp_path: Path) -> None:
    evaluate([DOUBLE], [CASES], SETTINGS, cache=tmp_path)
    (entry,) = tmp_path.rglob("*.json")
    entry.write_text('{"verdict": "cor')
    assert evaluate([DOUBLE], [CASES], SETTINGS, cache=tmp_path).judged == 1
    assert json.loads(entry.read_text())["verdict"] == "correct"


def test_a_cache_that_cannot_be_written_is_no_wrong_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(InfraError, match=r"cannot write .*json: no space left on device; free some space"):
        evaluate([DOUBLE], [CASES], SETTINGS, cache=tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_others_cannot_write_where_a_program_is_judged() -> None:
    class Looking(Cpp):
        def prepare(self, source: str, folder: Path, sandbox: Sandbox) -> Rejected:
            return Rejected(Verdict.COMPILE_ERROR, oct(folder.stat().st_mode & 0o777))

    judge = SETTINGS.judge()
    assert dataclasses.replace(judge, language=Looking(known_toolchain()))("", CASES).detail == "0o711"


class Scripted(Judge):
    """A judge whose verdicts are given beforehand, one list for each source."""

    def __init__(self, script: dict[str, list[Verdict | Exception]]) -> None:
        object.__setattr__(self, "script", script)

    def __call__(self, source: str, cases: Sequence[TestCase]) -> Judgement:
        outcome = self.script[source].pop(0)  # type: ignore[attr-defined]
        if isinstance(outcome, Exception):
            raise outcome
        return Judgement(outcome)


def run_scripted(script: dict[str, list[Verdict | Exception]], retry: bool = True) -> dict[str, Verdict]:
    found: dict[str, Verdict] = {}
    work = {source: Work(source, ()) for source in script}
    judge_all(Scripted(script), work, lambda key, judgement: found.__setitem__(key, judgement.verdict), 2, retry)
    return found


def test_time_outs_are_tried_once_more() -> None:
    script: dict[str, list[Verdict | Exception]] = {
        "slow": [Verdict.TIME_LIMIT, Verdict.TIME_LIMIT],
        "unlucky": [Verdict.COMPILE_TIME_LIMIT, Verdict.CORRECT],
        "wrong": [Verdict.WRONG_OUTPUT, Verdict.CORRECT],
    }
    found = run_scripted(script)
    assert found == {"slow": Verdict.TIME_LIMIT, "unlucky": Verdict.CORRECT, "wrong": Verdict.WRONG_OUTPUT}


def test_no_second_try_when_told() -> None:
    found = run_scripted({"a": [Verdict.TIME_LIMIT]}, retry=False)
    assert found == {"a": Verdict.TIME_LIMIT}


def test_a_jail_killed_from_outside_gets_one_more_try() -> None:
    assert run_scripted({"a": [InfraError("killed"), Verdict.CORRECT]}) == {"a": Verdict.CORRECT}
    with pytest.raises(InfraError, match="again"):
        run_scripted({"a": [InfraError("killed"), InfraError("again")], "b": [Verdict.CORRECT]})


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, Verdict.CORRECT),
        ({"stdout": b"x"}, Verdict.WRONG_OUTPUT),
        ({"exit_code": 1}, Verdict.RUNTIME_ERROR),
        ({"exit_code": None, "signal": 11}, Verdict.RUNTIME_ERROR),
        ({"exit_code": 1, "peak_bytes": 250 << 20}, Verdict.MEMORY_LIMIT),
        ({"peak_bytes": 250 << 20}, Verdict.CORRECT),
        ({"exit_code": None, "signal": 9, "stopped": 1}, Verdict.TIME_LIMIT),
        ({"exit_code": None, "signal": 9, "stopped": 2}, Verdict.MEMORY_LIMIT),
        ({"exit_code": None, "signal": 24}, Verdict.RUNTIME_ERROR),  # SIGXCPU and SIGXFSZ: anybody can send them
        ({"exit_code": None, "signal": 24, "cpu_seconds": 1.01}, Verdict.TIME_LIMIT),
        ({"exit_code": None, "signal": 25}, Verdict.RUNTIME_ERROR),
        ({"exit_code": None, "signal": 25, "stdout": b"x" * (1 + (1 << 20))}, Verdict.OUTPUT_LIMIT),
        ({"cpu_seconds": 1.01}, Verdict.TIME_LIMIT),
        ({"exit_code": None, "signal": 9, "stopped": 1, "stdout": b"x" * (1 << 20)}, Verdict.TIME_LIMIT),
        ({"exit_code": None, "signal": 9, "stopped": 1, "stdout": b"x" * ((1 << 20) + 1)}, Verdict.OUTPUT_LIMIT),
    ],
)
def test_verdict_of_one_run(changes: dict[str, object], verdict: Verdict) -> None:
    outcome = dataclasses.replace(RAN, **changes)  # type: ignore[arg-type]
    assert verdict_of(outcome, TestCase(b"", b""), Limits.for_programs(1.0, 256), exact)[0] is verdict


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"standard": "gnu++99"}, "try another --std"),
        ({"language": "cobol"}, "there is no language 'cobol'; choose from cpp, python"),
        ({"compare": "eyes"}, "no such comparison"),
        ({"time_limit": 0}, "time_limit is 0"),
        ({"decode": "theirs"}, "no such line format"),
    ],
)
def test_wishes_that_cannot_be_met(wish: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        evaluate([DOUBLE], [CASES], dataclasses.replace(SETTINGS, **wish))  # type: ignore[arg-type]


MANY = "int main ( ) {{ for ( long i = 0 ; i < {} ; i ++ ) putchar ( 'x' ) ; }}"


def test_the_output_limit_is_beyond_what_is_expected() -> None:
    """1 MiB more than the longest expected output: exactly so much is not over it."""
    expected, most = 3_000_000, 4_048_576
    cases = [TestCase(b"", b"x" * expected), TestCase(b"", b"x")]
    programs = [MANY.format(count) for count in (expected, most, most + 1, 1 << 20)]
    report = evaluate(programs, [cases[:1]] * 3 + [cases[1:]], SETTINGS)
    assert verdicts(report) == ["correct", "wrong_output", "output_limit", "wrong_output"]


@pytest.mark.parametrize(
    "limits", [{"time_limit": math.inf}, {"time_limit": math.nan}, {"wall_limit": math.inf}, {"wall_limit": -1.0},
               {"memory_limit": 1 << 40}, {"time_limit": 1e300}, {"memory_limit": 0}],
)  # fmt: skip
def test_limits_out_of_range(limits: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"_limit is .*; it must be above 0 and at most \d+ (s|MiB)$"):
        Settings(**limits)


@pytest.mark.parametrize("limits", [{"memory_limit": 1}, {"time_limit": 0.0001}])
@pytest.mark.parametrize("language", ["cpp", "python"])
def test_limits_under_which_nothing_runs_are_named(limits: dict[str, Any], language: str) -> None:
    with pytest.raises(UsageError, match=r"^under these limits .* MiB\) a program that only prints a word ends as "):
        evaluate([DOUBLE], [CASES], Settings(language=language, allow_unsafe=True, **limits))


def test_nothing_is_put_in_front_of_a_complete_program() -> None:
    """`int count` is ambiguous under `using namespace std`; what is not complete gets the two lines after all."""
    complete = [
        "#include <iostream>\nint count = 0;\nint main() { std::cout << ++count; }",
        ' #  include <cstdio>\nint main() { std::printf("1"); }',
        "#include <cstdio>\nint main() { cout << 1; }",
        "#define N 1\nint main() { cout << N; } // #include",
    ]
    settings = dataclasses.replace(SETTINGS, decode="plain")
    found = verdicts(evaluate(complete, [[TestCase(b"", b"1")]] * 4, settings))
    assert found == ["correct", "correct", "correct", "correct"]


def test_no_jobs() -> None:
    with pytest.raises(UsageError, match="jobs is 0; it must be above 0"):
        evaluate([DOUBLE], [CASES], SETTINGS, jobs=0)


@pytest.mark.parametrize("canary", ["int main() { return 1; }", "int main() {"])
def test_when_nothing_works_there_is_no_score(canary: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Cpp, "canary", canary)
    require_canary.cache_clear()
    with pytest.raises(InfraError, match="a program that is right was judged"):
        evaluate([DOUBLE], [CASES], SETTINGS)


def test_no_compiler_is_no_wrong_program(monkeypatch: pytest.MonkeyPatch) -> None:
    known_toolchain.cache_clear()
    monkeypatch.setattr("fairseq_cft.evaluation.languages.toolchain.shutil.which", lambda name: None)
    with pytest.raises(InfraError, match="not installed"):
        evaluate([DOUBLE], [CASES], SETTINGS)


def test_signature_names_what_matters() -> None:
    report = evaluate([DOUBLE], [CASES], SETTINGS)
    for part in (
        "lang:cpp|compiler:g++-",
        "std:gnu++11",
        "opt:0",
        "cpu:1s",
        "wall:3s",
        "mem:1024M",
        "sandbox:",
        "decode:lossless",
    ):
        assert part in report.signature
    other = evaluate([DOUBLE], [CASES], dataclasses.replace(SETTINGS, standard="gnu++17"))
    assert other.signature == report.signature.replace("gnu++11", "gnu++17")
