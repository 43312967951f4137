"""Equal spellings: other lines of C++ that do the same."""

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from synthetic_parser import parse

from fairseq_cft.data.synthetic import (
    PRESETS,
    Choices,
    Program,
    count_spellings,
    draw_spellings,
    plain_spelling,
    random_inputs,
    random_program,
    run,
    to_code,
)
from fairseq_cft.data.synthetic.statements import Add, Init, Print, Subtract, Swap

RNG = np.random.default_rng
EVERY_KIND = Program(
    (
        Init("var_0", 5),
        Init("var_1", True, split=True),
        Add("var_0", 3, short=True),
        Subtract("var_0", 1),
        Swap("var_1", "int", "var_2", "var_3", (Init("var_2", 1), Init("var_3", 2, split=True))),
        Print("var_0"),
    )
)


def test_all_spellings_of_a_small_program() -> None:
    found = draw_spellings(Program((Init("v", 5), Print("v"))), 10, RNG(1))
    assert [to_code(program)[15:-16] for program in found] == [
        " int v = 5 ; $ cout << v",
        " int v ; v = 5 ; $ cout << v",
    ]
    assert count_spellings(EVERY_KIND) == 2**6 == len(draw_spellings(EVERY_KIND, 100, RNG(1)))


def test_spellings_do_the_same_when_read_back_and_run() -> None:
    choices = Choices(RNG(4))
    for index in range(200):
        program = random_program(PRESETS["paper"], choices)
        inputs = random_inputs(program, PRESETS["paper"], choices)
        found = draw_spellings(program, 8, RNG(index))
        lines = [to_code(each) for each in found]
        assert found[0] == program
        assert len(set(lines)) == len(lines) == min(8, count_spellings(program))
        assert {run(parse(line), inputs) for line in lines} == {run(program, inputs)}
        assert {plain_spelling(parse(line)) for line in lines} == {plain_spelling(program)}


def test_the_compiler_agrees(tmp_path: Path) -> None:
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("no g++")
    lines = [to_code(program) for program in draw_spellings(EVERY_KIND, 100, RNG(1))]
    functions = [
        re.sub(r"^int main", f"int f{number}", line).replace("$", "\n").replace("~", " ")
        for number, line in enumerate(lines)
    ]
    calls = "".join(f"f{number}(); cout << '\\n';" for number in range(len(lines)))
    source = "#include <iostream>\nusing namespace std;\n" + "\n".join(functions) + f"\nint main() {{ {calls} }}\n"
    (tmp_path / "all.cpp").write_text(source)
    subprocess.run([compiler, "-w", str(tmp_path / "all.cpp"), "-o", str(tmp_path / "all")], check=True)
    printed = subprocess.run([str(tmp_path / "all")], check=True, capture_output=True, text=True).stdout
    assert printed.split("\n")[:-1] == [run(EVERY_KIND, [])] * 64


def test_some_of_many_are_drawn_by_the_generator() -> None:
    assert draw_spellings(EVERY_KIND, 5, RNG(1)) == draw_spellings(EVERY_KIND, 5, RNG(1))
    assert draw_spellings(EVERY_KIND, 5, RNG(1)) != draw_spellings(EVERY_KIND, 5, RNG(2))
    assert draw_spellings(EVERY_KIND, 1, RNG(1)) == [EVERY_KIND]
