"""fairseq-cft-translate: files, pipes, a terminal, and mistakes."""

import io
import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest
from commands import ROOT

from fairseq_cft import load_model
from fairseq_cft.__main__ import INTERRUPTED, main
from fairseq_cft.commands import translate as cli

pytestmark = pytest.mark.xdist_group("exported")  # one worker trains the models
TEXTS = ["a b c", "", "h", "d h g"]


@pytest.fixture
def run(exported, capsys, monkeypatch):
    def run(*arguments, given=None, model=exported.composed):
        if given is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        capsys.readouterr()
        try:
            status = main(["translate", "--model", str(model), *map(str, arguments)])
        except SystemExit as stop:  # argparse
            status = stop.code
        return status, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def expected(exported):
    return load_model(exported.composed).translate(TEXTS, trace=True)


def test_a_file_and_a_pipe_give_one_program_a_line(run, expected, tmp_path):
    (tmp_path / "in").write_bytes("\r\n".join(TEXTS).encode())
    lines = "".join(f"{each.output}\n" for each in expected)
    assert run(tmp_path / "in", "--output-format", "line") == (0, lines, "")
    assert run("--output-format", "line", given="\n".join([*TEXTS, ""]).encode()) == (0, lines, "")
    assert run(given=b"") == (0, "", "")


def test_programs_as_text_are_set_apart_by_a_blank_line(run, expected, tmp_path):
    (tmp_path / "in").write_text("\n\na b c\n\n\nh\n")
    assert run("--format", "text", tmp_path / "in")[1] == f"{expected[0].output}\n\n{expected[2].output}\n"


def test_a_trace_shows_both_stages(run, expected, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    status, out, _ = run("--trace", given=b"d h g\nh\n")
    base, output = expected[3].base, expected[3].output
    assert (status, expected[3].changed, expected[2].changed) == (0, True, False)
    assert out.startswith("// 1: changed by the denoiser; log-probability ")
    assert (
        f"nats (base predictor), {expected[3].output_score:.2f} (denoiser)\n- {base}\n+ {output}\n\n// 2: unch" in out
    )
    assert out.endswith(f"(denoiser)\n{expected[2].output}\n") and "\x1b" not in out
    assert "\x1b[1;7;31m" in run("--trace", "--color", "always", given=b"d h g\n")[1]


def test_a_denoiser_reads_programs(run, exported):
    output = load_model(exported.denoiser).denoise("d c b")
    assert run(model=exported.denoiser, given=b"d c b\n") == (0, f"{output}\n", "")
    traced = run("--trace", model=exported.denoiser, given=b"d c b\nb c d\n")[1]
    assert re.fullmatch(
        rf"// 1: changed by the denoiser; log-probability -\d\.\d\d nats\n- d c b\n\+ {output}\n\n"
        r"// 2: unchanged by the denoiser; log-probability -\d\.\d\d nats\nb c d\n",
        traced,
    )


@pytest.mark.parametrize(
    ("arguments", "given", "status", "message"),
    [
        (["gone.src"], None, 1, "cannot read gone.src: no such file or directory; check the path"),
        (["--model", "gone"], b"", 1, "--model gone is no exported model; make one with fairseq-cft export RUN OUT"),
        ([], b"a\nb \xff", 1, "standard input, line 2: byte 0xff is not UTF-8; convert the file to UTF-8"),
        (
            [],
            b"a\n" + b"a " * 200,
            1,
            "pseudocode 2 is 201 tokens long and the model takes 64; shorten it, or split it",
        ),
        (["--device", "nowhere"], b"a", 1, "--device nowhere cannot be used: "),
        (["--beam", "0"], b"a", 2, "--beam is 0; it must be 1 (greedy) or more"),
    ],
)
def test_mistakes_are_told_in_a_sentence(run, arguments, given, status, message):
    found, out, err = run(*arguments, given=given)
    assert (found, out) == (status, "")
    *usage, last = err.splitlines()
    assert message in last and bool(usage) == (status == 2)


def test_unknown_text_is_named_on_standard_error(run):
    status, out, err = run(given="a b\na é\n".encode())
    assert status == 0 and len(out.split("\n\n")) == 2
    assert err.startswith("fairseq-cft translate: note: pseudocode 2 holds 'é', which the model never saw")
    assert err.count("\n") == 1


def test_ctrl_c_forgets_the_program_under_way_and_ctrl_d_ends_it(monkeypatch):
    typed = iter(["a", KeyboardInterrupt, "b", "  c", "", "", "d", EOFError])

    def ask(prompt):
        line = next(typed)
        if isinstance(line, str):
            return line
        raise line

    monkeypatch.setattr(cli, "_ask", ask)
    assert list(cli._asked(as_text=True)) == ["b\n  c", "d"]


ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}


def translating(model) -> list[str]:
    return [sys.executable, "-m", "fairseq_cft", "translate", "--model", str(model), "--device", "cpu"]


class Session:
    """The command on a terminal of its own, driven as a person would."""

    def __init__(self, model, *arguments):
        self.ours, theirs = pty.openpty()
        environment = {**ENVIRONMENT, "TERM": "xterm", "PYTHONWARNINGS": "ignore"}
        command = [*translating(model), *arguments]
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
        os.close(theirs)
        self.seen = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.ours)

    def until(self, text: str) -> str:
        """What appears up to ``text``."""
        stop = time.monotonic() + 100
        while text not in self.seen:
            assert select.select([self.ours], [], [], stop - time.monotonic())[0], self.seen
            try:
                self.seen += os.read(self.ours, 10_000).decode()
            except OSError:  # the other side closed
                assert text in self.seen, self.seen
        before, _, self.seen = self.seen.partition(text)
        return before

    def type(self, text: bytes) -> None:
        os.write(self.ours, text)


def test_a_terminal_asks_until_ctrl_d(exported, expected):
    with Session(exported.composed, "--trace", "--format", "text") as session:
        session.until("pseudocode, a blank line ends it; Ctrl-D ends")
        session.until(">>> ")
        session.type(b"d h g\n")
        session.until("... ")
        session.type(b"\n")
        answer = session.until(">>> ")
        shown = plain(answer)
        assert f"- {expected[3].base}" in shown and f"+ {expected[3].output}" in shown and "\x1b[" in answer
        session.type(b"a " * 100 + b"\n\n")
        assert "the pseudocode is 101 tokens long" in session.until(">>> ")  # and goes on
        session.type(b"h\n\n")
        assert "unchanged" in session.until(">>> ")
        session.type(b"\x04")
        assert session.process.wait(30) == 0


def test_a_prompt_ends_by_a_polite_kill(exported):
    with Session(exported.composed) as session:
        session.until(">>> ")
        session.process.terminate()
        session.type(b"\n")  # wakes it where the signal came just before it waited
        session.until("error: interrupted")
        assert session.process.wait(30) == INTERRUPTED


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text)


def test_help_and_mistakes_need_no_torch():
    code = (
        "import sys; from fairseq_cft.__main__ import main; main(['translate', '--model', 'gone']); "
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 0 and "no exported model" in done.stderr, done.stderr


def test_a_reader_who_leaves_is_no_mistake(exported):
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(translating(exported.composed), **streams, env=ENVIRONMENT) as process:
        process.stdout.close()
        process.stdin.write(b"a b c\n" * 3)
        process.stdin.close()
        err = process.stderr.read().decode()
    assert "Traceback" not in err and "Exception ignored" not in err, err
