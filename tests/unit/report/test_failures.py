"""Kinds of failure, and what denoising made right and wrong; browser/test_list_in_chromium.py has the page."""

import re

import pytest
from browser_runs import CRASH, GOLD, PAIRS, REFUSED, RIGHT, SYSTEMS, WRONG, entry, write_run
from script_runs import command

from fairseq_cft.report.browser import read_results
from fairseq_cft.report.browser.text import kind
from fairseq_cft.report.failures import changes, markdown

CPP = "lang:cpp|decode:lossless"
TRACEBACK = (
    "Traceback (most recent call last):\n  File \"main.py\", line 1\n    x = (\nSyntaxError: '(' was never closed\n"
)
GCC = (
    "In file included from /usr/include/c++/12/string:40:\n../main.cpp: In function ‘int main()’:\n"
    "../main.cpp:9:15: error: no match for ‘operator&&’ (operand types are ‘std::string’ {aka ‘std::string’}"
    " and ‘bool’)\n    9 | a && b\n../main.cpp:12:1: error: ‘x’ was not declared in this scope; did you mean ‘y’?\n"
)


@pytest.mark.parametrize(
    ("found", "signature", "words"),
    [
        (RIGHT, CPP, None),
        (REFUSED, CPP, "compile error: … was not declared in this scope"),
        (entry("compile_error", GCC), CPP, "compile error: no match for … (operand types are … and …)"),
        (entry("compile_error", "../main.cpp:3:1: error: ‘a’ was not declared; did you mean ‘b’?"), CPP,
         "compile error: … was not declared"),
        (entry("compile_error", "/x/y.h:3:10: fatal error: z.h: No such file"), CPP,
         "compile error: z.h: No such file"),
        (entry("compile_error", TRACEBACK), "python|interpreter:3", "compile error: SyntaxError: '(' was never closed"),
        (entry("compile_error", "../main.cpp:3:1: error: expected ‘;’ before ‘int’"), CPP,
         "compile error: expected ‘;’ before …"),
        (entry("wrong_output", "';' is before 'x' and 'y'"), "checker:own", "wrong output: ';' is before … and …"),
        (entry("compile_error"), CPP, "compile error"),
        (WRONG, CPP, "wrong output"),
        (entry("wrong_output"), CPP, "wrong output: nothing was printed"),
        (entry("wrong_output", "no column 'a'\nmore"), "checker:sql", "wrong output: no column …"),
        (CRASH, CPP, "runtime error: SIGSEGV"),
        (entry("time_limit", "over 2 s"), CPP, "time limit"),
        (entry("missing"), CPP, "missing"),
    ],
)  # fmt: skip
def test_kinds(found, signature, words):
    assert kind(found, signature) == words


@pytest.fixture
def folder(tmp_path):
    """Of four examples the denoiser repairs 0 and spoils 1; with seed 2, where the base predictor is right, 1 and 2."""
    for name, (outputs, verdicts) in SYSTEMS.items():
        write_run(tmp_path / "evaluations", f"{name}.1.test", PAIRS, outputs, verdicts)
        if name == "composed:base":
            outputs, verdicts = GOLD, [RIGHT] * 4
        write_run(tmp_path / "evaluations", f"{name}.2.test", PAIRS, outputs, verdicts)
    write_run(tmp_path / "evaluations", "composed.1.ood", PAIRS[:2], ["x", "x"], [REFUSED, REFUSED])
    return tmp_path


def test_changes_are_paired_by_seed_and_split(folder):
    found = [(each.after.method, each.after.seed, each.index, each.helped) for each in changes(read_results(folder))]
    assert found == [("composed", *change) for change in ((1, 0, True), (1, 1, False), (2, 1, False), (2, 2, False))]


def cells(text: str, split: str) -> dict[str, list[str]]:
    part = text.split(f"## {split} ")[1].split("\n## ")[0]
    return {name: row.split(" | ") for name, row in re.findall(r"^\| `?([^|`]+)`? \| (.*) \|$", part, re.MULTILINE)}


def test_tables(folder):
    """Systems in the order pretrained, composed:base, composed; both seeds together."""
    done = command("failures", "--results", folder)
    assert done.returncode == 0, done.stderr
    rows = cells(done.stdout, "test")
    assert rows["kind of failure"] == ["`pretrained`", "`composed:base`", "`composed`"]
    assert rows["compile error: … was not declared in this scope"] == ["2", "1", "2"]
    assert rows["wrong output"] == ["2", "1", "0"]
    assert (rows["missing"], rows["runtime error: SIGSEGV"]) == (["2", "0", "0"], ["0", "0", "2"])
    assert (rows["all failures"], rows["outputs"]) == (["6", "2", "4"], ["8", "8", "8"])
    assert rows["composed"] == ["1", "3"]
    assert (
        "## test (in distribution), 2 seeds\n" in done.stdout
        and "## ood (out of distribution), 1 seed\n" in done.stdout
    )
    assert cells(done.stdout, "ood")["kind of failure"] == ["`composed`"]


def test_an_example_of_a_repair_that_helped_and_of_one_that_harmed(folder):
    helped, harmed = markdown(read_results(folder)).split("A repair that ")[1:]
    assert helped.startswith("helped: `composed`, seed 1, example 0 (wrong output)")
    assert "    print n ;" in helped and "    string n ;" in helped.replace("      string", "    string")
    # the shortest of the outputs, which is "y"
    assert harmed.startswith("harmed: `composed`, seed 2, example 2 (compile error: … was not declared in this scope)")
    assert "after:\n\n    y\n" in harmed


def test_rare_kinds_share_a_row(folder):
    rows = cells(markdown(read_results(folder), most=1), "test")
    assert rows["others, 3 kinds"] == ["4", "1", "2"] and rows["all failures"] == ["6", "2", "4"]
