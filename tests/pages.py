"""What the tests of the documentation read out of Markdown: headings, links, code and the commands in it."""

import re
import shlex
from pathlib import Path
from typing import NamedTuple

from commands import ROOT

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:(?<=\n\n)|^)(?:    .*\n)+", re.MULTILINE)
OPERATORS = {">", ">>", "<", "|", "||", "&&", "&", ";"}


class Command(NamedTuple):
    """A command of a code block: its words, and where it stands."""

    page: str
    words: list[str]

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def pages() -> list[Path]:
    """The pages for readers."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]


def prose(text: str) -> str:
    """The page without code: neither blocks nor what stands between backticks."""
    return re.sub(r"`[^`\n]*`", "", INDENTED.sub("\n", FENCE.sub("", text)))


def inline_code(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", INDENTED.sub("\n", FENCE.sub("", text)))


def code_blocks(text: str) -> list[str]:
    """Blocks that may hold commands: without a language or of the shell, and indented ones."""
    fenced = [body for language, body in FENCE.findall(text) if language in ("", "sh", "bash", "console")]
    return fenced + [re.sub(r"^    ", "", body, flags=re.MULTILINE) for body in INDENTED.findall(FENCE.sub("", text))]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    found = set()
    for heading in re.findall(r"^#+ +(.+?) *$", FENCE.sub("", text), re.MULTILINE):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        found.add(re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-"))
    return found


def links(text: str) -> list[str]:
    """Targets of links and pictures that lie in the repository."""
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", prose(text)) if "://" not in target]


def commands(page: Path, heading: str = "") -> list[Command]:
    """Every simple command of the page's code blocks: continued lines joined, comments and redirections left out.

    ``heading`` takes those between this heading and the next one.
    """
    text = page.read_text(encoding="utf-8")
    if heading:
        text = re.split(r"^##+ .+$", text.split(f"\n{heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    found = []
    for block in code_blocks(text):
        for line in block.replace("\\\n", " ").splitlines():
            found += [Command(page.name, words) for words in simple_commands(line) if words]
    return found


def simple_commands(line: str) -> list[list[str]]:
    """The commands of one line; ``[--x]`` counts as ``--x``, and ``a|b`` stays one word."""
    line = re.sub(r"(?<=\S)\|(?=\S)", "¦", re.sub(r"[\[\]](?![^\"']*[\"'])|^\$ ", " ", line))
    lexer = shlex.shlex(line, posix=True, punctuation_chars="<>|&;")
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # prose or output, not a command
        return []
    found: list[list[str]] = [[]]
    skip = False
    for word in words:
        if word in OPERATORS:
            skip = word[0] in "<>"
            if not skip:
                found.append([])
        elif not skip:
            found[-1].append(word)
        else:
            skip = False
    return [without_assignments(each) for each in found]


def without_assignments(words: list[str]) -> list[str]:
    """The command itself: without variables before it, and what ``torchrun`` starts instead of ``torchrun``."""
    while words and re.fullmatch(r"\w+=.*", words[0]):
        words = words[1:]
    if "torchrun" in words[:2]:
        for place, word in enumerate(words):
            if started := re.fullmatch(r"\$\(which ([\w-]+)\)", word):
                return [started[1], *words[place + 1 :]]
    return words
