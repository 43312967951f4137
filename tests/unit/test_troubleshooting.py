"""docs/troubleshooting.md against the source: what a row of its tables explains is a message that somebody can meet."""

import ast
import re

from commands import ROOT

PAGE = ROOT / "docs/troubleshooting.md"
VARIES = "…"  # what a message puts in: a path, a number


def texts() -> list[str]:
    """Every string of the programs, with ``…`` for what it puts in; of shell scripts the lines."""
    found = []
    for file in (file for folder in ("fairseq_cft", "preprocess", "scripts") for file in (ROOT / folder).rglob("*.py")):
        strings = [each for each in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(each, ast.expr)]
        found += [" ".join(text_of(each).split()) for each in strings]
    for file in ROOT.glob("scripts/*.sh"):
        lines = re.sub(r"\\\n\s*", " ", file.read_text(encoding="utf-8"))
        found += re.sub(r"\$(?:\{[^}]*\}|\w+|@|\*)", VARIES, lines).splitlines()
    return found


def text_of(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(value) for value in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return text_of(node.left) + text_of(node.right)
    return VARIES


def test_every_row_explains_a_message():
    ours = PAGE.read_text(encoding="utf-8").split("## fairseq's own traps")[0]
    cells = re.findall(r"^\| (`.+?`) \|", ours, re.MULTILINE)
    pieces = [piece for cell in cells for piece in re.findall(r"`([^`]+)`", cell)]
    known = "\n".join(texts())
    assert [piece for piece in pieces if piece not in known] == [] and len(pieces) > 60
