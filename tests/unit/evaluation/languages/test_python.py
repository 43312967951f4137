"""The second language: Python, byte-compiled and run in the jail."""

import dataclasses

import pytest

from fairseq_cft.evaluation import Settings, TestCase, evaluate
from fairseq_cft.evaluation.sandbox.tiers import Sandbox

CASES = [TestCase(b"4\n", b"8\n")]
PROGRAMS = {
    "print(int(input()) * 2)": "correct",
    "print(int(input()) * 3)": "wrong_output",
    "print(int(input()) *": "compile_error",
    "print(undefined)": "runtime_error",
    "import sys\nsys.exit(3)": "runtime_error",
    "while True: pass": "time_limit",
    "while True: print('x' * 1000)": "output_limit runtime_error",
    "open('/usr/lib/cft-evil-was-here', 'w')": "runtime_error",
    "import socket\nsocket.socket()": "runtime_error",
    "import asyncio\nasync def main(): print(8)\nasyncio.run(main())": "correct",
    "from multiprocessing import *\na, b = Pipe()\nProcess(None, b.send, args=[8]).start()\nprint(a.recv())": "correct",
    "import threading\nt = threading.Thread(target=print, args=(8,))\nt.start(); t.join()": "correct",
    "import sys\nsys.stdout = open('/dev/stdout', 'w')\nprint(8)": "correct",
    "import mmap\nmmap.mmap(-1, 100)": "runtime_error",
    "import os\nos.fork()\nos.kill(-1, 9)": "runtime_error wrong_output",
    "x = [b'x' * (1 << 24) for _ in range(10 ** 6)]": "memory_limit runtime_error",
    "import os\nprint(8 if {*os.environ} <= {'PWD', 'LC_CTYPE', 'PYTHONHASHSEED', 'PYTHONSAFEPATH'} else 0)": "correct",
    "print('caf\udce9')": "compile_error",
    "": "wrong_output",
    "9" * 5000 + "\n": "compile_error",
}


def test_python_programs(sandbox: Sandbox) -> None:
    limits = {"time_limit": 1, "memory_limit": 256, "retry": False}
    settings = Settings(language="python", sandbox=sandbox.tier, allow_unsafe=True, **limits)
    report = evaluate(list(PROGRAMS), [CASES] * len(PROGRAMS), settings)
    wrong = {
        source[:60]: (judgement.verdict.value, judgement.detail)
        for (source, expected), judgement in zip(PROGRAMS.items(), report.judgements, strict=True)
        if judgement.verdict.value not in expected.split()
    }
    assert wrong == {}
    assert "lang:python|interpreter:3." in report.signature


def test_strings_are_hashed_alike_in_every_run(sandbox: Sandbox) -> None:
    """So that a program that prints a set has one verdict."""
    settings = Settings(language="python", sandbox=sandbox.tier, allow_unsafe=True)
    program = "print(list({str(number) for number in range(40)}), end='')"
    seen = {evaluate([program], [CASES], settings).judgements[0].detail for _ in range(3)}
    assert len(seen) == 1


def test_an_import_of_the_working_folder_is_not_there() -> None:
    settings = Settings(language="python", allow_unsafe=True)
    (judgement,) = evaluate(["import fairseq_cft"], [CASES], dataclasses.replace(settings, retry=False)).judgements
    assert judgement.verdict.value == "runtime_error"


@pytest.mark.parametrize("text", ["print(8)", "# caf\u00e9\nprint(8)"])
def test_text_is_utf8(text: str) -> None:
    (judgement,) = evaluate([text], [CASES], Settings(language="python", allow_unsafe=True)).judgements
    assert judgement.verdict.value == "correct"
