"""The documentation against the repository: links, anchors, files, pictures, commands and their options."""

import argparse
import ast
import importlib
import itertools
import os
import pydoc
import re
import runpy
import subprocess
import sys
from functools import cache
from types import SimpleNamespace
from typing import Any

import pages
import pytest
from commands import ROOT
from fairseq import options as fairseq_options

from fairseq_cft import register

register()  # whichever tests came before

MOST_BYTES = 500_000
FOLDERS = "docs|fairseq_cft|preprocess|scripts|tests"
FOREIGN_FLAGS = {"--help", "--no-deps"}  # everybody's, pip's
FAIRSEQ = {
    "fairseq-train": fairseq_options.get_training_parser,
    "fairseq-generate": fairseq_options.get_generation_parser,
    "fairseq-interactive": fairseq_options.get_interactive_generation_parser,
    "fairseq-preprocess": fairseq_options.get_preprocessing_parser,
}
PAGES = pages.pages()
COMMANDS = [command for page in PAGES for command in pages.commands(page)]


@cache
def document() -> SimpleNamespace:
    """scripts/document_options.py as a module."""
    return SimpleNamespace(**runpy.run_path(str(ROOT / "scripts/document_options.py")))


@cache
def programs() -> dict[str, argparse.ArgumentParser]:
    return dict(document().programs())


def flags_of(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    found = dict(parser._option_string_actions)
    for sub in document().subcommands(parser).values():
        found |= sub._option_string_actions
    return found


def of(*names: str) -> list[Any]:
    chosen = [command for command in COMMANDS if command.words[0] in names]
    return [pytest.param(command, id=str(command)[:60]) for command in chosen]


# Pages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_anchors_lead_somewhere(page):
    for target in pages.links(page.read_text(encoding="utf-8")):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in pages.anchors(file.read_text(encoding="utf-8")), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page):
    text = page.read_text(encoding="utf-8")
    code = "\n".join(pages.code_blocks(text) + pages.inline_code(text))
    named = set(re.findall(rf"(?<![\w/.-])((?:{FOLDERS})/[\w./-]*\w\.(?:py|sh|md|cpp|h|ya?ml|json|txt|png))\b", code))
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_functions_that_are_named_exist(page):
    """Ours as ``name()`` or ``Class.name()``, others' with their module: ``fairseq.trainer.Trainer.train_step()``."""
    for code in pages.inline_code(page.read_text(encoding="utf-8")):
        if name := re.fullmatch(r"([A-Za-z_][\w.]*)\(\)", code):
            known = name[1] in defined_names() or ("." in name[1] and pydoc.locate(name[1]) is not None)
            assert known, f"{page.name}: {code}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_is_python_and_its_imports_exist(page):
    for language, body in pages.FENCE.findall(page.read_text(encoding="utf-8")):
        if language != "python":
            continue
        for node in ast.walk(ast.parse(body)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("fairseq"):
                module = importlib.import_module(node.module)
                assert [name.name for name in node.names if not hasattr(module, name.name)] == [], page.name


@cache
def defined_names() -> set[str]:
    """Functions, classes and methods (also as ``Class.method``) of our Python files, functions of our shell scripts."""
    found: set[str] = set()
    for folder in FOLDERS.split("|"):
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                    methods = [each.name for each in getattr(node, "body", []) if isinstance(each, ast.FunctionDef)]
                    found |= {node.name, *methods, *(f"{node.name}.{method}" for method in methods)}
    for file in (ROOT / "scripts").glob("*.sh"):
        found |= set(re.findall(r"^(\w+)\(\) \{", file.read_text(encoding="utf-8"), re.MULTILINE))
    return found


def test_every_page_stands_in_the_index():
    index = set(pages.links((ROOT / "docs/README.md").read_text(encoding="utf-8")))
    assert {page.name for page in PAGES if page.parent == ROOT / "docs"} - {"README.md"} <= index


def test_pictures_are_small_and_shown():
    shown = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in re.findall(r"(?:\]\(|src(?:set)?=\")([^)\s\"]+\.(?:png|svg))", page.read_text(encoding="utf-8"))
    }
    pictures = {path.resolve() for path in (ROOT / "docs/img").iterdir()}
    assert pictures == {path for path in shown if path.is_relative_to(ROOT / "docs/img")}
    assert [path.name for path in pictures if path.stat().st_size > MOST_BYTES] == []


# Commands ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", of(*FAIRSEQ))
def test_fairseq_understands_its_commands(command, capsys, monkeypatch):
    """Parsed by fairseq's own parser with the plugin's options, values and all; where it is abridged, names alone."""
    monkeypatch.chdir(ROOT)
    name, first, *given = command.words
    given = [word for word in given if word != "..."]
    assert {word for word in given if word.startswith("--")} <= fairseq_flags(), str(command)
    if first == "..." or (name == "fairseq-train" and "..." in command.words):
        return
    try:
        fairseq_options.parse_args_and_arch(FAIRSEQ[name](), [first, *given])
    except SystemExit:
        pytest.fail(f"{command}\n{capsys.readouterr().err[-300:]}")


def test_commands_that_look_like_ours_or_fairseqs_are():
    known = {*FAIRSEQ, *programs(), "fairseq-validate", "fairseq-hydra-train"}
    called = {program_of(command.words) for command in COMMANDS if command.words[0].startswith("fairseq-")}
    assert called <= known and "fairseq-cft evaluate" in called


def program_of(words: list[str]) -> str:
    """``fairseq-cft NAME`` for a command of ours under any of its names, else the program."""
    if words[:3] in (["python", "-m", "fairseq_cft"], ["python3", "-m", "fairseq_cft"]):
        words = ["fairseq-cft", *words[3:]]
    elif words[0] in ("python", "python3") and len(words) > 1:
        words = words[1:]
    if words[0] == "fairseq-cft" and len(words) > 1:
        return f"fairseq-cft {words[1]}"
    own_name = re.fullmatch(r"fairseq-cft-(\w+)|preprocess/(\w+)\.py", words[0])
    return f"fairseq-cft {own_name[1] or own_name[2]}" if own_name else words[0]


def test_our_programs_know_the_options_of_every_command():
    checked = 0
    for command in COMMANDS:
        if (parser := programs().get(program_of(command.words))) is None:
            continue
        checked += 1
        known = flags_of(parser)
        for flag, value in zip(command.words, [*command.words[1:], ""], strict=True):
            if flag.startswith("--"):
                assert flag in known, str(command)
                choices = known[flag].choices
                assert choices is None or set(value.split("¦")) <= set(choices), f"{command}: {flag} {value}"
    assert checked > 5


def test_scripts_name_the_options_of_every_command():
    scripts = {*document().scripts(), "examples/own_data/make_orders.py"}
    called = [command for command in COMMANDS if program_of(command.words) in scripts]
    assert called
    trains, usages = fairseq_flags(), {}
    for command in called:
        path = program_of(command.words)
        usage = usages.setdefault(path, document().usage_text(path))
        own, *passed_on = " ".join(command.words[1:]).split(" -- ")
        for flag in re.findall(r"(?<!\S)--[a-z][\w-]*", own):
            assert re.search(rf"{flag}(?![\w-])", usage), f"{command}: {flag}"
        assert set(re.findall(r"(?<!\S)--[a-z][\w-]*", " ".join(passed_on))) <= trains, str(command)


def test_make_knows_its_targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    called = {word for c in COMMANDS if c.words[0] == "make" for word in c.words[1:] if re.fullmatch(r"\w+", word)}
    assert called <= set(re.findall(r"^(\w+):", makefile, re.MULTILINE)) and "quickstart" in called


@cache
def fairseq_flags() -> set[str]:
    """Every option of fairseq's commands, with those of all parts that the plugin registers."""
    found: set[str] = set()
    for make in FAIRSEQ.values():
        found |= set(make()._option_string_actions)
    given = ["DATA", "--arch", "transformer", "--optimizer", "adam", "--lr-scheduler"]
    for scheduler in ("inverse_sqrt", "polynomial_decay"):
        parser = fairseq_options.get_training_parser()
        fairseq_options.parse_args_and_arch(parser, [*given, scheduler, "--criterion", "label_smoothed_cross_entropy"])
        found |= set(parser._option_string_actions)
    for _, _, rows in document().plugin_parts():
        found |= {flag for name, _, _ in rows for flag in re.findall(r"--[\w-]+", name)}
    return found


def test_options_named_in_prose_exist():
    known = fairseq_flags() | FOREIGN_FLAGS | {"--arch", "--criterion", "--task", "--optimizer", "--lr-scheduler"}
    for parser in programs().values():
        known |= set(flags_of(parser))
    for path in document().scripts():
        known |= set(re.findall(r"--[\w-]+", document().usage_text(path)))
    unknown = {
        f"{page.name}: {flag}"
        for page in PAGES
        for code in pages.inline_code(page.read_text(encoding="utf-8"))
        for flag in re.findall(r"(?<![\w-])--[a-z][\w-]*\w", code)
        if flag not in known
    }
    assert unknown == set()


# Pages that are written by programs ------------------------------------------------------------------------------


def test_the_page_of_options_is_what_the_program_writes(tmp_path):
    """In a process of its own: tests of this one may have registered noises and models of theirs."""
    command = [sys.executable, str(ROOT / "scripts/document_options.py"), "--output", str(tmp_path / "options.md")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, env=environment)
    assert done.returncode == 0, done.stderr
    written = (ROOT / "docs/options.md").read_text(encoding="utf-8")
    assert written == (tmp_path / "options.md").read_text(encoding="utf-8"), "run: python scripts/document_options.py"


def test_the_page_of_options_has_what_help_shows(monkeypatch):
    """An oracle beside the program that writes the page: argparse's own text."""
    page = (ROOT / "docs/options.md").read_text(encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["fairseq-cft-evaluate"])
    shown = set(re.findall(r"--[a-z][\w-]+", programs()["fairseq-cft evaluate"].format_help())) - FOREIGN_FLAGS
    part = page.split("### fairseq-cft evaluate")[1].split("\n### ")[0]
    assert len(shown) > 20 and shown <= set(re.findall(r"`(--[a-z][\w-]+)", part))


def test_the_page_of_options_has_every_option_in_the_source():
    """An oracle that runs nothing: fields of option dataclasses and arguments of models, as they stand in the files."""
    part = (ROOT / "docs/options.md").read_text(encoding="utf-8").split("## Commands")[0]
    written = {
        flag
        for folder in ("criterions", "models", "tasks")
        for file in (ROOT / "fairseq_cft" / folder).glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for flag in written_options(node)
    }
    assert len(written) > 30 and written <= set(re.findall(r"`(--[a-z][\w-]+)", part))


def written_options(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "parser.add_argument":
        return [str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)]
    if not isinstance(node, ast.ClassDef) or not any(ast.unparse(each) == "dataclass" for each in node.decorator_list):
        return []
    if not any(ast.unparse(base) in ("FairseqDataclass", "TranslationConfig") for base in node.bases):
        return []
    fields = [each for each in node.body if isinstance(each, ast.AnnAssign) and each.value is not None]
    own = [ast.unparse(each.target) for each in fields if not ast.unparse(each.value).startswith("II(")]
    return [f"--{name.replace('_', '-')}" for name in own if name != "data"]


def test_the_page_of_the_architecture_names_every_room_in_the_order_of_the_contract():
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    first_cells = re.findall(r"^\| (`[^|]+`) \|", page.split("## Rooms")[1].split("\n## ")[0], re.MULTILINE)
    rows = [re.findall(r"`(\w+)(?:/|\.py)`", cell) for cell in first_cells]
    named = [name for row in rows for name in row]
    found = [
        path for path in (ROOT / "fairseq_cft").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    ]
    assert sorted(named) == sorted({path.stem for path in found} - {"__init__"})
    contract = re.search(r"^layers = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL)
    layers = [re.findall(r"\w+", line) for line in contract[1].splitlines()]
    height = {name: -number for number, layer in enumerate(layers) for name in layer}
    for above, below in itertools.pairwise(rows):
        assert min(height[name] for name in above) >= max(height[name] for name in below), (above, below)


def test_the_page_of_the_architecture_names_every_workaround():
    page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    (apply_all,) = re.findall(
        r"def apply_all\(.*?\n\n", (ROOT / "fairseq_cft/_compat.py").read_text(encoding="utf-8"), re.DOTALL
    )
    applied = re.findall(r"^    (\w+)\(", apply_all, re.MULTILINE)
    assert len(applied) > 4 and [name for name in applied if f"`{name}()`" not in page] == []
