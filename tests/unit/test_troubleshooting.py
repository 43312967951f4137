"""docs/troubleshooting.md against the source: each message that we show to users has its row there, and the reverse."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from commands import ROOT

PAGE = ROOT / "docs/troubleshooting.md"
ROOTS = {"UserError", "InfraError", "SystemExit"}
VARIES = "…"  # what a message puts in: a path, a number
FOLDERS = ("fairseq_cft", "preprocess", "scripts")
SHELL_MESSAGE = re.compile(r'\b(?:wrong|fail) "((?:[^"\\]|\\.)*)"|\becho "((?:[^"\\]|\\.)*)" >&2')
LEAST_STATIC = 6  # characters of its own that a message must have, to be more than another one passed on


def messages() -> list[tuple[str, str]]:
    """Where each message stands, and its text with ``…`` for what it puts in."""
    files = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
    trees = {file: ast.parse(file.read_text(encoding="utf-8")) for file in files}
    shown = error_classes(trees.values())
    found = [
        (f"{file.relative_to(ROOT)}:{line}", text) for file, tree in trees.items() for line, text in raised(tree, shown)
    ]
    for file in sorted(ROOT.glob("scripts/*.sh")):
        text = re.sub(r"\\\n\s*", " ", file.read_text(encoding="utf-8"))
        said = ("".join(parts) for parts in SHELL_MESSAGE.findall(text))
        found += [(file.name, re.sub(r"\$(?:\{[^}]*\}|\w+|@|\*)", VARIES, each)) for each in said]
    return [(place, text) for place, text in found if len(text.replace(VARIES, "").strip()) >= LEAST_STATIC]


def error_classes(trees: Iterator[ast.Module]) -> set[str]:
    """The errors that end in a sentence for the user, with all their subclasses."""
    bases = {
        node.name: {ast.unparse(base).split(".")[-1] for base in node.bases}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    shown = set(ROOTS)
    while more := {name for name, above in bases.items() if above & shown} - shown:
        shown |= more
    return shown


def raised(tree: ast.Module, shown: set[str]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = ast.unparse(node.func)
        if name.split(".")[-1] in shown or name in ("parser.error", "root.error"):
            yield node.lineno, " ".join(text_of(node.args[0]).split())


def text_of(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(value) for value in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return text_of(node.left) + text_of(node.right)
    return VARIES


def rows() -> list[str]:
    """The pieces of messages that the page's tables explain."""
    ours = PAGE.read_text(encoding="utf-8").split("## fairseq's own traps")[0]
    cells = re.findall(r"^\| (`.+?`) \|", ours, re.MULTILINE)
    return [piece for cell in cells for piece in re.findall(r"`([^`]+)`", cell)]


def explains(piece: str, message: str) -> bool:
    """A piece of the message, or all of it where the row begins with ``…``: that would fit too many."""
    return piece == message if piece.startswith(VARIES) else piece in message


@pytest.mark.parametrize(("place", "message"), messages(), ids=lambda value: value[:60])
def test_every_message_is_explained(place, message):
    assert any(explains(piece, message) for piece in rows()), (
        f"{place}: no row of docs/troubleshooting.md is in: {message}"
    )


def test_every_row_explains_a_message():
    texts = [text for _, text in messages()]
    assert [piece for piece in rows() if not any(explains(piece, text) for text in texts)] == []
    assert len(texts) > 100 and len(rows()) > 60
