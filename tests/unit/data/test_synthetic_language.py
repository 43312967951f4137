"""The synthetic language: programs and pseudocode as text and back, and what a program prints."""

import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from cpp_programs import SHARED_DATA
from synthetic_parser import NotInLanguageError, parse

from fairseq_cft.data.synthetic import (
    PRESETS,
    Choices,
    Program,
    UndefinedBehaviourError,
    is_pseudocode_of,
    plain_spelling,
    random_inputs,
    random_program,
    run,
    to_code,
    to_pseudocode,
)
from fairseq_cft.data.synthetic.statements import (
    Add,
    And,
    Assign,
    Extremum,
    Init,
    Prepend,
    Print,
    Read,
    Statement,
    Subtract,
    Swap,
)
from fairseq_cft.formats.line_format import decode_line


def random_programs(count: int, preset: str = "paper") -> list[Program]:
    choices = Choices(np.random.default_rng(7))
    return [random_program(PRESETS[preset], choices) for _ in range(count)]


def published(split: str) -> list[tuple[str, ...]]:
    """Pseudocode, program, inputs, output of each published example."""
    folder = SHARED_DATA / "synthetic"
    if not folder.is_dir():
        pytest.skip(f"no {folder}; name the folder of the shared data by CFT_SHARED_DATA")
    columns = [(folder / f"{split}.{end}").read_text().split("\n")[:-1] for end in ("src", "tgt", "inp", "out")]
    return list(zip(*columns, strict=True))


def first(options: tuple[str, ...]) -> str:
    return options[0]


def last(options: tuple[str, ...]) -> str:
    return options[-1]


FRESH = (Init("var_2", 1, split=True), Init("var_3", 2))
# statement, C++ line, pseudocode in the first seen phrasing, in the last unseen one
SPELLINGS: list[tuple[Statement, str, str, str]] = [
    (Init("var_0", 5), "int var_0 = 5 ;", "set var_0 to 5", "set var_0 to 5"),
    (Init("var_0", True, split=True), "bool var_0 ; var_0 = true ;", "set var_0 to true", "set var_0 to true"),
    (
        Read("var_1", "string"),
        "string var_1 ; $ cin >> var_1 ;",
        "instantiate var_1;  $ read var_1 from stdin",
        "instantiate var_1;  $ var_1 from stdin",
    ),
    (Assign("var_0", "str_1"), 'var_0 = "str_1" ;', 'set var_0 to "str_1"', 'set var_0 to "str_1"'),
    (Add("var_0", 7), "var_0 = var_0 + 7 ;", "set var_0 to 7 plus var_0", "set var_0 to 7 plus the value of var_0"),
    (
        Add("var_0", 7, short=True),
        "var_0 += 7 ;",
        "set var_0 to 7 plus var_0",
        "set var_0 to 7 plus the value of var_0",
    ),
    (Add("var_0", "str_2"), 'var_0 = var_0 + "str_2" ;', 'add "str_2" to the end of var_0', 'add "str_2" to var_0 end'),
    (
        Subtract("var_3", 78),
        "var_3 = var_3 - 78 ;",
        "set var_3 to 78 minus var_3",
        "set var_3 to 78 minus the value of var_3",
    ),
    (
        Prepend("var_0", "str_2"),
        'var_0 = "str_2" + var_0 ;',
        'add "str_2" to the beginning of var_0',
        'add "str_2" to var_0 beginning',
    ),
    (And("var_0", False), "var_0 = var_0 && false ;", *["set var_0 to the and with false"] * 2),
    (
        Extremum("var_0", "min", "var_1"),
        "var_0 = min ( var_0 , var_1 ) ;",
        *["set var_0 to min applied to var_0 and var_1"] * 2,
    ),
    (
        Swap("var_1", "bool", "var_1", "var_2"),
        "if ( var_1 ) { bool temp = var_1 ; var_1 = var_2 ; var_2 = temp ; }",
        "if var_1 is true, set var_1 to the value of var_2 and var_2 to the value of var_1",
        "if var_1 true, swap var_1 and var_2",
    ),
    (
        Swap("var_1", "int", "var_2", "var_3", FRESH),
        "if ( var_1 ) { ~ int var_2 ; var_2 = 1 ; ~ int var_3 = 2 ;"
        " int temp = var_2 ; var_2 = var_3 ; var_3 = temp ; }",
        "if var_1 is true, TAB set var_2 to 1; TAB set var_3 to 2;"
        " set var_2 to the value of var_3 and var_3 to the value of var_2",
        "if var_1 true, TAB set var_2 to 1; TAB set var_3 to 2; swap var_2 and var_3",
    ),
    (Print("var_0"), "cout << var_0 ;", "print var_0", "stdout var_0"),
]


@pytest.mark.parametrize(("statement", "code", "seen", "unseen"), SPELLINGS)
def test_a_statement_is_written_in_the_published_way_and_read_back(
    statement: Statement, code: str, seen: str, unseen: str
) -> None:
    program = Program((statement,))
    line = f"int main () {{ $ {code} $ return 0; }}"
    assert to_code(program) == line
    assert parse(line) == program
    assert to_pseudocode(program, first) == f" $ {seen};  $ "
    assert to_pseudocode(program, last, "unseen") == f" $ {unseen};  $ "


def test_code_is_read_back_for_random_programs() -> None:
    for program in random_programs(500):
        assert parse(to_code(program)) == program


def test_pseudocode_is_recognised_in_its_style_only() -> None:
    choices = Choices(np.random.default_rng(1))
    for program, other in zip(random_programs(200), random_programs(201)[1:], strict=True):
        seen = to_pseudocode(program, choices.one_of)
        unseen = to_pseudocode(program, choices.one_of, "unseen")
        assert is_pseudocode_of(seen, program) and not is_pseudocode_of(seen, program, "unseen")
        assert is_pseudocode_of(unseen, program, "unseen") and not is_pseudocode_of(unseen, program)
        assert not is_pseudocode_of(seen, other)
        assert not is_pseudocode_of(seen[1:], program) and not is_pseudocode_of(f"{seen}x", program)


@pytest.mark.parametrize("split", ["train", "val"])
def test_the_published_examples_are_in_the_language(split: str) -> None:
    for source, target, inputs, output in published(split):
        program = parse(target)
        assert to_code(program) == target
        assert is_pseudocode_of(source, program)
        assert run(program, inputs.split("\t") if inputs else []) == output


def test_choices_fall_as_often_as_in_the_published_programs() -> None:
    """Mean number of each kind of statement in a program; 1,500 published programs have a standard error near 0.02."""
    found = [parse(target) for split in ("train", "val") for _, target, _, _ in published(split)]
    theirs = Counter(_kind(statement) for program in found for statement in program.statements)
    made = random_programs(5000)
    ours = Counter(_kind(statement) for program in made for statement in program.statements)
    assert theirs.keys() == ours.keys()
    for kind, count in theirs.items():
        published_mean = count / len(found)
        error = (published_mean * (1 / len(found) + 1 / len(made))) ** 0.5  # of a count that is about Poisson
        assert abs(ours[kind] / len(made) - published_mean) < 4 * error, kind


def _kind(statement: Statement) -> tuple[object, ...]:
    spelling = getattr(statement, "short", getattr(statement, "split", None))
    value = type(getattr(statement, "value", None)).__name__
    return (type(statement).__name__, value, spelling, getattr(statement, "fresh", None) is not None)


def test_plain_spelling_is_one_for_all_spellings() -> None:
    short = Program((Init("a", 1, split=True), Add("a", 2, short=True), Swap("g", "int", "var_2", "var_3", FRESH)))
    plain_fresh = (Init("var_2", 1), Init("var_3", 2))
    plain = Program((Init("a", 1), Add("a", 2), Swap("g", "int", "var_2", "var_3", plain_fresh)))
    assert plain_spelling(short) == plain == plain_spelling(plain)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "int main () { $ return 0; }",
        "int main () { $ cout << var_0 ; $ cout <<",
        "int main () { $ x $ return 0; }",
        "int main () { $ int var_0 = true ; $ return 0; }",
        "int main () { $ int var_0 ; var_1 = 3 ; $ return 0; }",
        "int main () { $ int var_0 = x ; $ return 0; }",
        "int main () { $ int var_0 = 007 ; $ return 0; }",
        "int main () { $ cout << var_0 ;  $ return 0; }",
    ],
)
def test_other_lines_are_refused(line: str) -> None:
    with pytest.raises(NotInLanguageError):
        parse(line)


def test_the_interpreter_prints_what_the_compiled_programs_print(tmp_path: Path) -> None:
    """All programs in one executable, each in a namespace of its own, run one after another."""
    choices = Choices(np.random.default_rng(5))
    programs = random_programs(150) + random_programs(50, "tiny")
    inputs = [random_inputs(program, PRESETS["paper"], choices) for program in programs]
    parts = ["#include <algorithm>\n#include <iostream>\n#include <string>\nusing namespace std;\n"]
    parts += [f"namespace p{k} {{ {decode_line(to_code(program))} }}\n" for k, program in enumerate(programs)]
    calls = " ".join(f"p{k}::main(); cout << endl;" for k in range(len(programs)))
    source = tmp_path / "all.cpp"
    source.write_text("".join([*parts, f"int main() {{ {calls} }}\n"]))
    subprocess.run(["g++", "-O0", "-w", source, "-o", tmp_path / "all"], check=True)
    typed = "\n".join(value for values in inputs for value in values)
    done = subprocess.run([tmp_path / "all"], input=typed, text=True, capture_output=True, check=True)
    expected = [run(program, values) for program, values in zip(programs, inputs, strict=True)]
    assert done.stdout.split("\n")[:-1] == expected


@pytest.mark.parametrize(
    ("statements", "inputs", "reason"),
    [
        ((Print("a"),), [], "not declared"),
        ((Init("a", 1), Init("a", 2)), [], "declared twice"),
        ((Init("a", 1), Add("a", "s")), [], "is int, not string"),
        ((Init("a", True), Subtract("a", True)), [], "Subtract on bool"),
        ((Init("a", 1), Init("b", True), Extremum("a", "max", "b")), [], "max of int and bool"),
        ((Init("a", 2**31 - 1), Add("a", 1)), [], "is no int"),
        ((Init("g", 1), Init("a", 1), Swap("g", "int", "g", "a")), [], "guard g is int"),
        ((Init("g", True), Init("a", 1), Swap("g", "int", "g", "a")), [], "swap of bool and int"),
        ((Read("a", "int"),), [], "input ends"),
        ((Read("a", "int"),), ["x"], "is not a number"),
        ((Read("a", "bool"),), ["2"], "neither 0 nor 1"),
        ((Read("a", "string"),), ["two words"], "is not one word"),
    ],
)
def test_what_has_no_defined_result_is_refused(
    statements: tuple[Statement, ...], inputs: list[str], reason: str
) -> None:
    with pytest.raises(UndefinedBehaviourError, match=reason):
        run(Program(statements), inputs)


def test_swaps_follow_the_guard_and_leave_outer_variables_alone() -> None:
    start: tuple[Statement, ...] = (Init("g", True), Init("a", 1), Init("b", 2))
    end = (Print("a"), Print("b"))
    swap = Swap("g", "int", "a", "b")
    assert run(Program((*start, swap, *end)), []) == "21"
    assert run(Program((*start, Assign("g", False), swap, *end)), []) == "12"
    shadowing = Swap("g", "int", "a", "b", (Init("a", 8), Init("b", 9)))
    assert run(Program((*start, shadowing, *end)), []) == "12"
