"""Checkers and languages of user files, through the command line and the settings."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairseq_cft import __main__ as cli
from fairseq_cft.errors import InfraError
from fairseq_cft.evaluation import Settings, TestCase, UsageError, evaluate

pytestmark = pytest.mark.usefixtures("forget_user_files")

HEAD = "import json\nimport numpy as np\nfrom pathlib import Path\nfrom fairseq_cft.user import *\n\n"
RECORD = """
@register_checker("record")
def record(output, case):
    try:
        found = json.loads(output)
    except (ValueError, RecursionError) as error:
        return Verdict.COMPILE_ERROR, f"no JSON: {error}"
    return found == json.loads(case.expected)
"""
FUNCTION = """
@register_checker("function", language="python")
def function(output, case, run):
    done = run(f"{output}\\nprint(f({case.input}))")
    if done.verdict is not None:
        return done.verdict, done.detail
    return done.stdout.strip() == case.expected
"""
AWK = """
@register_language("awk")
class Awk:
    signature = "awk"
    canary = 'BEGIN { printf "ok" }'

    def prepare(self, source, folder, sandbox):
        text = folder / "main.awk"
        text.write_text(source)
        text.chmod(0o644)
        read = [Path("/usr/bin"), Path("/bin"), text]
        command = ["/usr/bin/mawk", "-f", str(text)]
        with sandbox.open([*command, "/dev/null"], COMPILER_LIMITS, program=True, read=read) as jail:
            outcome = jail.run(b"")
        if outcome.exit_code == 2:
            return Rejected(Verdict.COMPILE_ERROR, outcome.stderr.decode("utf-8", "replace"))
        return Prepared(command, read)
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Writes the files and evaluates: outputs, inputs and expected lines, the user file and more options."""
    monkeypatch.chdir(tmp_path)

    def evaluated(outputs: list[str], inputs: list[str], expected: list[str], body: str, *more: str) -> int:
        for name, lines in (("out.txt", outputs), ("f.src", inputs), ("f.tgt", expected)):
            Path(name).write_text("".join(f"{line}\n" for line in lines))
        Path("mine.py").write_text(HEAD + body)
        arguments = ["--programs", "out.txt", "--inputs", "f.src", "--expected", "f.tgt", "--user-file", "mine.py"]
        common = ["--quiet", "--allow-unsafe", "--jobs", "2", "--json", "out.json"]
        return cli.run("evaluate", [*arguments, *common, *more])

    return evaluated


def found() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path("out.json").read_text())
    return content


def verdicts() -> list[str]:
    return [entry["verdict"] for entry in found()["verdicts"]]


def test_a_checker_decides_in_place_of_a_compiler(run, capsys: pytest.CaptureFixture[str]) -> None:
    outputs = ['{"a": 1, "b": [2]}', '{"b":[2],"a":1}', '{"a": 1', '{"a": 1}', "[" * 100_000]
    gold = ['{"a": 1, "b": [2]}'] * 5
    assert run(outputs, ["x"] * 5, gold, RECORD, "--checker", "record", "--gold", "f.tgt") == 0
    assert verdicts() == ["correct", "correct", "compile_error", "wrong_output", "compile_error"]
    assert found()["verdicts"][2]["detail"].startswith("no JSON: ") and found()["compile_rate"] == 0.6
    assert found()["gold"]["correct_rate"] == 1
    assert found()["signature"].startswith("checker:record|code:") and "decode:plain" in found()["signature"]
    assert "compare" not in found()["signature"] and "sandbox" not in found()["signature"]
    assert "valid      60.00%" in capsys.readouterr().out


def test_inputs_may_be_left_out_and_are_lines_as_they_stand(run) -> None:
    body = "@register_checker('c')\ndef c(output, case):\n    return output == repr(case)\n"
    shown = ["Case(input=' a\\tb ', expected='x')"]
    assert run(shown, [" a\tb "], ["x"], body, "--checker", "c", "--gold", "out.txt") == 0
    assert verdicts() == ["correct"] and found()["gold"]["correct_rate"] == 1
    arguments = ["--programs", "out.txt", "--expected", "f.tgt", "--user-file", "mine.py", "--checker", "c", "--quiet"]
    Path("out.txt").write_text("Case(input='', expected='x')\n")
    assert cli.run("evaluate", [*arguments, "--json", "out.json"]) == 0
    assert verdicts() == ["correct"]


@pytest.mark.parametrize("written", ["abc", "abc\r", "abc ", " abc"])
@pytest.mark.parametrize("expected", ["abc", "abc\r", "abc "])
def test_line_ends_and_blanks_at_the_ends_decide_nothing(run, written: str, expected: str) -> None:
    """On either side, wherever an output comes from: fairseq drops them of what a model writes."""
    body = "@register_checker('c')\ndef c(output, case):\n    return output == case.expected and case.input == 'x'\n"
    Path("sources").mkdir()
    Path("sources/0.txt").write_text(f"{written}\n")
    Path("h.log").write_text(f"H-0\t-0.1\t{written}\n")
    assert run([written], ["x\r"], [expected], body, "--checker", "c", "--gold", "f.tgt") == 0
    assert verdicts() == ["correct"] and found()["gold"]["correct_rate"] == 1
    shared = ["--expected", "f.tgt", "--inputs", "f.src", "--user-file", "mine.py", "--checker", "c", "--quiet"]
    for source in (["--outputs", "h.log"], ["--programs", "sources"]):
        assert cli.run("evaluate", [*source, *shared, "--json", "out.json"]) == 0
        assert verdicts() == ["correct"]


def test_a_program_that_a_checker_runs_may_write_as_much_as_is_expected(run) -> None:
    body = """
@register_checker("c", language="python")
def c(output, case, run):
    done = run(output)
    return done.verdict or done.stdout == case.expected
"""
    assert run(["print('x' * 3_000_000, end='')"], [""], ["x" * 3_000_000], body, "--checker", "c") == 0
    assert verdicts() == ["correct"]


@pytest.mark.parametrize(
    ("returned", "verdict", "detail"),
    [
        ("True", "correct", ""),
        ("np.bool_(False)", "wrong_output", ""),
        ("Verdict.TIME_LIMIT", "time_limit", ""),
        ("'runtime_error', 'it broke'", "runtime_error", "it broke"),
        ("False, 'no'", "wrong_output", "no"),
    ],
)
def test_answers(run, returned: str, verdict: str, detail: str) -> None:
    body = f"@register_checker('c')\ndef c(o, case):\n    return {returned}\n"
    assert run(["x"], ["x"], ["x"], body, "--checker", "c") == 0
    assert (found()["verdicts"][0]["verdict"], found()["verdicts"][0]["detail"]) == (verdict, detail)


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        ("None", "checker 'c' of mine.py answered None (on 'x'); an answer is True, False or one of correct, "),
        ("'fine'", "answered 'fine'"),
        ("'missing'", "answered 'missing'"),
        ("1", "answered 1 "),
        ("np.ones(3)", "answered array([1., 1., 1.])"),
        ("True, 3", "answered (True, 3)"),
        ("1 // 0", "checker 'c' failed in mine.py, line 8: ZeroDivisionError: integer division or modulo"),
        ("exit()", "checker 'c' failed in mine.py, line 8: SystemExit"),
        ("json.loads(o)", "checker 'c' failed in mine.py, line 8: JSONDecodeError: Expecting value"),
    ],
)
def test_a_broken_checker_gives_no_score(run, capsys: pytest.CaptureFixture[str], returned: str, words: str) -> None:
    body = f"@register_checker('c')\ndef c(o, case):\n    return {returned}\n"
    assert run(["x"], ["x"], ["x"], body, "--checker", "c") == 1
    said = capsys.readouterr().err
    assert words in said and "there is no score" in said and said.count("\n") == 1
    assert not Path("out.json").exists()


def test_a_checker_that_fails_is_not_asked_again(run) -> None:
    body = "@register_checker('c')\ndef c(o, case):\n    open('asked', 'a').write('x')\n"
    assert run(["x"], ["x"], ["x"], body, "--checker", "c") == 1
    assert Path("asked").read_text() == "x"


def test_a_time_limit_that_a_checker_finds_is_tried_once_more(run) -> None:
    body = """
asked = []

@register_checker("c")
def c(output, case):
    asked.append(output)
    return "time_limit" if len(asked) == 1 else asked == ["x", "y", "x"]
"""
    assert run(["x", "y"], ["x"] * 2, ["x"] * 2, body, "--checker", "c") == 0
    assert verdicts() == ["correct", "wrong_output"]


def test_the_keyboard_stops_a_checker_that_hangs(run, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def start(_: str, arguments: list[str]) -> int:
        command = [sys.executable, "-m", "fairseq_cft", "evaluate", *arguments]
        started.append(subprocess.Popen(command, stderr=subprocess.PIPE))
        return 0

    monkeypatch.setattr(cli, "run", start)
    body = "@register_checker('c')\ndef c(o, case):\n    open('asked', 'w')\n    while True:\n        pass\n"
    run(["x"] * 3, ["x"] * 3, ["x"] * 3, body, "--checker", "c")
    (process,) = started
    try:
        end = time.monotonic() + 60
        while not Path("asked").exists():
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130 and b"interrupted" in said and b"Traceback" not in said


def test_programs_that_a_checker_runs_are_in_the_sandbox(run) -> None:
    programs = {
        "def f(x): return 2 * x": "correct",
        "def f(x): return x": "wrong_output",
        "def f(x: return x": "compile_error",
        "def f(x): return 1 // 0": "runtime_error",
        "f = lambda x: exec('while True: pass')": "time_limit",
        "f = lambda x: open('mine.py', 'w')": "runtime_error",
    }
    limits = ("--time-limit", "0.5", "--wall-limit", "30", "--no-retry")  # a loaded machine starts Python slowly
    assert run([*programs], ["21"] * 6, ["42"] * 6, FUNCTION, "--checker", "function", *limits) == 0
    assert verdicts() == [*programs.values()]
    assert "lang:python" in found()["signature"] and "cpu:0.5s" in found()["signature"]


def test_a_changed_checker_does_not_take_cached_verdicts(run) -> None:
    body = "@register_checker('c')\ndef c(output, case):\n    return {}\n"
    for returned, verdict in ((True, "correct"), (False, "wrong_output"), (True, "correct")):
        assert run(["x"], ["x"], ["x"], body.format(returned), "--checker", "c", "--cache", "cache") == 0
        assert verdicts() == [verdict]
    assert found()["judged"] == 0


@pytest.mark.skipif(not Path("/usr/bin/mawk").exists(), reason="needs mawk")
def test_a_language_of_a_user_file(run) -> None:
    outputs = ["{ print 2 * $1 }", "{ print $1 }", "{ print ("]
    assert run(outputs, ["3"] * 3, ["6"] * 3, AWK, "--language", "awk", "--compare", "tokens") == 0
    assert verdicts() == ["correct", "wrong_output", "compile_error"]
    assert found()["signature"].startswith("lang:awk|code:")


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        ("return source[1000]", "language 'l' failed in mine.py, line 11: IndexError: string index out of range"),
        ("exit()", "language 'l' failed in mine.py, line 11: SystemExit"),
        ("return None", "language 'l' of mine.py prepared None; prepare returns a Prepared or a Rejected"),
    ],
)
def test_a_broken_language_gives_no_score(run, capsys: pytest.CaptureFixture[str], prepare: str, words: str) -> None:
    body = f"""@register_language("l")
class Broken:
    signature = "l"
    canary = "x"
    def prepare(self, source, folder, sandbox):
        {prepare}
"""
    assert run(["x"], ["x"], ["x"], body, "--language", "l") == 1
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--checker", "x"], "there is no checker 'x'; choose from record (read mine.py)"),
        (["--language", "x"], "there is no language 'x'; choose from cpp, python, l (read mine.py)"),
        (["--checker", "record", "--compat", "published"], "--compat published compiles C++: it knows neither"),
        (["--language", "l"], "language 'l' failed in mine.py, line 17: SystemExit"),
        (["--checker", "record", "--ids", "f.src"], "--checker needs --expected, one line an output"),
        (["--checker", "record", "--user-file", "gone.py"], "cannot read gone.py: no such file or directory"),
        (["--checker", "record", "--inputs", "two"], "two has 2 lines but f.tgt has 1"),
    ],
)
def test_mistakes_of_the_command_line(run, capsys: pytest.CaptureFixture[str], more: list[str], words: str) -> None:
    Path("two").write_text("1\n2\n")
    body = RECORD + "\n@register_language('l')\ndef l():\n    exit()\n"
    assert run(["{}"], ["x"], ["{}"], body, *more) == 2
    assert words in capsys.readouterr().err


def test_settings_name_a_checker_in_python(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(HEAD + RECORD)
    settings = Settings(checker="record", user_file=tmp_path / "mine.py")
    report = evaluate(['{"a":1}', None, "{"], [[TestCase(b"", b'{"a": 1}')]] * 3, settings)
    assert report.counts["correct"] == report.counts["missing"] == report.counts["compile_error"] == 1
    with pytest.raises(UsageError, match="there is no checker 'x'"):
        evaluate(["x"], settings=Settings(checker="x"))
    (tmp_path / "mine.py").write_text(HEAD + "@register_checker('record')\ndef f(o, c):\n    return 'x'\n")
    with pytest.raises(InfraError, match="answered 'x'"):
        evaluate(["x"], [[TestCase(b"", b"")]], settings)
