"""`fairseq-cft`: how commands are found and listed, and how whatever happens in one ends."""

import argparse
import ast
import os
import signal
import subprocess
import sys
import warnings
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest
from commands import ROOT

import fairseq_cft
from fairseq_cft import __main__ as program
from fairseq_cft.errors import UsageError, UserError

NAMES = program.command_names()


def cft(*arguments: object, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fairseq_cft", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **{"cwd": ROOT, **options})


@pytest.mark.parametrize("name", NAMES)
def test_a_command_is_a_module_with_a_parser_and_a_main(name, capsys):
    module = import_module(f"fairseq_cft.commands.{name.replace('-', '_')}")
    parser = module.parser()
    assert isinstance(parser, argparse.ArgumentParser) and parser.prog == f"fairseq-cft {name}"
    with pytest.raises(SystemExit) as status:
        module.main(["--help"])
    assert status.value.code == 0 and capsys.readouterr().out.startswith(f"usage: fairseq-cft {name}")
    assert all(action.help for action in parser._actions)
    assert parser.description and len(module.__doc__.split("\n")[0]) < 120


def test_help_lists_every_command_and_imports_none():
    code = "from fairseq_cft.__main__ import main; import sys; main(['--help'])\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}assert not [n for n in sys.modules if n.startswith('fairseq_cft.commands')]"],
        capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for name in NAMES:
        text = (ROOT / f"fairseq_cft/commands/{name.replace('-', '_')}.py").read_text()
        assert f"  {name:{max(map(len, NAMES))}} {ast.get_docstring(ast.parse(text)).splitlines()[0]}\n" in done.stdout
    assert {"evaluate", "translate", "export", "compose", "check-denoiser", "corrupt", "report"} <= set(NAMES)


def test_without_a_command_the_module_prints_the_folder_and_the_script_the_list(capsys, monkeypatch):
    assert Path(cft().stdout.strip()) == Path(fairseq_cft.__file__).parent
    monkeypatch.setattr(sys, "argv", ["fairseq-cft"])
    assert program.main() == 0 and "  evaluate " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("evalute", "there is no command 'evalute'; did you mean evaluate"),
        ("check_denoiser", "there is no command 'check_denoiser'; did you mean check-denoiser"),
        ("zzz", "there is no command 'zzz'; fairseq-cft --help lists them all"),
        ("../evil", "there is no command '../evil'; fairseq-cft --help lists them all"),
    ],
)
def test_an_unknown_command_is_a_sentence(name, sentence, capsys):
    assert program.main([name]) == 2
    assert capsys.readouterr().err.startswith(f"fairseq-cft: error: {sentence}")


def _raise(error: BaseException):
    raise error


def _kill(number: int):
    os.kill(os.getpid(), number)


ENDS = {
    "done": (lambda: None, 0, ""),
    "status": (lambda: 1, 1, ""),
    "mistake": (lambda: _raise(UserError("this is wrong; do that")), 1, "error: this is wrong; do that\n"),
    "use": (lambda: _raise(UsageError("this cannot be")), 2, "error: this cannot be\n"),
    "worker": (
        lambda: _raise(UserError("Caught UserError in DataLoader worker process 0.\nTrace\nx.UserError: do that")),
        1,
        "error: do that\n",
    ),
    "Ctrl-C": (lambda: _kill(signal.SIGINT), 130, "error: interrupted\n"),
    "kill": (lambda: _kill(signal.SIGTERM), 130, "error: interrupted\n"),
    "no fairseq": (
        lambda: import_module("fairseq"),
        1,
        "error: fairseq is not installed, and this needs it: pip install 'fairseq_cft[fairseq]' (ve-fairseq 0.12.3 on "
        "Python 3.11 and 3.12, fairseq 0.12.2 on Python 3.10)\n",
    ),
    "no torch": (
        lambda: import_module("torch.nn"),
        1,
        "error: torch is not installed, and this needs it: pip install torch\n",
    ),
    "disk": (
        lambda: _raise(OSError(28, os.strerror(28), "x.json")),
        1,
        "error: cannot read or write x.json: no space left on device; free some space and run it again\n",
    ),
    "warning": (lambda: warnings.warn("of torch's", stacklevel=1), 0, ""),
}


@pytest.mark.parametrize("case", ENDS)
def test_whatever_happens_ends_in_a_sentence_and_a_status(case, monkeypatch, capsys):
    happens, status, message = ENDS[case]
    for package in ("fairseq", "torch", "torch.nn"):
        if case.startswith("no "):
            monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(program, "import_module", lambda name: SimpleNamespace(main=lambda arguments: happens()))
    before = signal.getsignal(signal.SIGTERM)
    assert program.run("report", []) == status
    assert signal.getsignal(signal.SIGTERM) is before
    err = capsys.readouterr().err
    assert err == (f"fairseq-cft report: {message}" if message else "")


def test_a_module_of_ours_that_is_missing_is_a_bug_with_a_traceback(monkeypatch):
    missing = ModuleNotFoundError("No module named", name="fairseq_cft.nothing")
    monkeypatch.setattr(program, "import_module", lambda name: _raise(missing))
    with pytest.raises(ModuleNotFoundError):
        program.run("report", [])


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path):
    (tmp_path / "p.tgt").write_text("int main() { $ return 0 ; $ }\n")
    command = f"'{sys.executable}' -m fairseq_cft spoc --program '{tmp_path}/p.tgt' --line 1"
    piped = ["bash", "-c", f"{command} | true; exit ${{PIPESTATUS[0]}}"]
    done = subprocess.run(piped, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) in ((1, "", ""), (0, "", ""))
    full = subprocess.run(["bash", "-c", f"{command} > /dev/full"], capture_output=True, text=True, cwd=ROOT)
    assert full.returncode == 1 and full.stderr.startswith("fairseq-cft spoc: error: cannot read or write ")
    assert "no space left on device" in full.stderr and "Traceback" not in full.stderr + done.stderr
