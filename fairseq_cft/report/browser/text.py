"""Programs and compiler messages as people read them."""

import functools
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...evaluation.languages.toolchain import prologue_of
from ...evaluation.verdict import Verdict
from ...formats.layout import indented
from ...formats.table import program_format

_PLACE = re.compile(r"^(?P<file>[^\s:]+):(?P<line>\d+):(?:\d+:)? (?P<kind>[a-z ]*error|warning|note): (?P<text>.*)$")
_QUOTED_LINE = re.compile(r"^ *(\d+)?( \| .*)$")
_CONTEXT = ("In file included from ", "                 from ", "compilation terminated")
_PROGRAM = "main.cpp"
_ERROR = re.compile(r"^\S+:\d+(?::\d+)?: (?:[a-z]+ )*error: (.+)$", re.MULTILINE)  # of g++
_QUOTED = re.compile(r"‘[^’]*’|“[^”]*”|'[^']*'|\"[^\"]*\"|`[^`']*[`']")
_ADVICE = re.compile(r" \{aka …\}|[;.,]? [Dd]id you mean .*\?$")
_LONGEST = 120


@functools.lru_cache(maxsize=1 << 16)  # many systems write the same
def program_text(line: str, decode: str = "lossless", language: str = "cpp") -> str:
    """A program as the evaluator read it (`decode` names its line format), indented where it is C++ without indents."""
    source = program_format(decode).decode(line).rstrip("\n")
    return indented(source) if language == "cpp" else source


def program_reader(signature: str) -> Callable[[str], str]:
    """A function from program line to text, by what the signature says about line format and language."""
    settings = dict(part.partition(":")[::2] for part in signature.split("|"))
    decode, language = settings.get("decode", "lossless"), settings.get("lang", "")
    return functools.partial(program_text, decode=decode, language=language)


def compiler_message(detail: str, source: str = "") -> str:
    """The errors of g++ without its notes, with lines counted as in the program; anything else as it is.

    g++ sees two lines more than most programs (`source`) have, and may list a hundred candidates for a wrong operator.
    """
    kept: list[str] = []
    keeping, shift = False, 0
    for line in detail.split("\n"):
        place, quoted = _PLACE.match(line), _QUOTED_LINE.match(line)
        if place:
            keeping = place["kind"] != "note"
            own = place["file"].endswith(_PROGRAM)
            shift = prologue_of(source).count("\n") if own else 0
            if keeping:
                number = int(place["line"]) - shift
                where = f"line {number}" if own else f"{Path(place['file']).name}:{number}"
                kept.append(f"{where}: {place['kind']}: {place['text']}")
        elif not quoted and (line.startswith(_CONTEXT) or line.endswith(":")):
            keeping = False
        elif keeping:
            number_shown = str(int(quoted[1]) - shift) if quoted and quoted[1] else ""
            kept.append(f"{number_shown:>5}{quoted[2]}" if quoted else line)
    return "\n".join(kept).rstrip() or detail


def _without_names(quoted: re.Match[str]) -> str:
    """`…` for what was quoted; signs such as ‘;’ stay, for they say what is wrong."""
    return "…" if re.search(r"\w", quoted[0]) else quoted[0]


def kind(entry: Mapping[str, Any], signature: str) -> str | None:
    """What is wrong with an output, in words that outputs of one kind share; None for a correct one.

    Args:
        entry: verdict and detail, as an evaluation holds them.
        signature: of the evaluation; what a checker of a user file says of a wrong output counts as a message too.
    """
    verdict, detail = Verdict(entry["verdict"]), str(entry.get("detail") or "").strip()
    if verdict is Verdict.CORRECT:
        return None
    name = str(verdict).replace("_", " ")
    if verdict is Verdict.WRONG_OUTPUT and not signature.startswith("checker:"):
        return name if detail else f"{name}: nothing was printed"
    if verdict not in (Verdict.COMPILE_ERROR, Verdict.RUNTIME_ERROR, Verdict.WRONG_OUTPUT) or not detail:
        return name
    error = _ERROR.search(detail)
    # Python's tracebacks say last what happened, as g++ says it first
    said = error[1] if error else detail.split("\n")[0 if signature.startswith("checker:") else -1]
    return f"{name}: {_ADVICE.sub('', _QUOTED.sub(_without_names, said))[:_LONGEST]}"
