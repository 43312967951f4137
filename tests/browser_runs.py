"""Results folders for the tests of the browser: logs as fairseq-generate writes them, with evaluations."""

import json
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fairseq_cft.evaluation.verdict import Verdict

SIGNATURE = "lang:cpp|std:gnu++11|decode:lossless|set:given"
COMPILER_SAYS = (
    "../main.cpp: In function ‘int main()’:\n"
    "../main.cpp:4:1: error: ‘x’ was not declared in this scope\n"
    "    4 | x = 1 ;\n"
    "      | ^\n"
)


def entry(verdict: str, detail: str = "", **more: Any) -> dict[str, Any]:
    """One verdict of an evaluation; `more` as in the JSON: case, total, input, expected."""
    return {"verdict": verdict, "detail": detail, "case": 0, "passed": 0, "total": 1, **more}


WRONG = entry("wrong_output", "7", case=1, input="3\n", expected="6")
REFUSED = entry("compile_error", COMPILER_SAYS)
RIGHT = entry("correct")

HOSTILE = "</script><script>document.title='owned'</script><img␣src=x␣onerror=\"document.title='owned'\">"
PAIRS = [
    ("read n ; $ print n ;", "int main ( ) { $ ~ int n ; cin >> n ; $ ~ cout << n ; $ }"),
    ("read m ; $ print twice m ;", "int main ( ) { $ ~ int m ; cin >> m ; $ ~ cout << 2 * m ; $ }"),
    ("print a word ;", 'int main ( ) { $ ~ cout << "a␣word" ; $ }'),
    ("stop ; <b>bold</b>", "int main ( ) { $ ~ return 0 ; $ }"),
]
GOLD = [gold for _, gold in PAIRS]
TYPED = GOLD[0].replace("int n", "string n")
CRASH = entry("runtime_error", "SIGSEGV", case=2, total=3, input="5\n", expected="10")
BLANK = {**WRONG, "detail": "6\n"}
# the denoiser repairs example 0, spoils 1, leaves 2 wrong but changed, and leaves 3 as it is
SYSTEMS: dict[str, tuple[list[str | None], list[dict[str, Any]]]] = {
    "pretrained": ([TYPED, GOLD[1], None, HOSTILE], [BLANK, RIGHT, entry("missing"), REFUSED]),
    "composed:base": ([TYPED, GOLD[1], "x", GOLD[3]], [WRONG, RIGHT, REFUSED, RIGHT]),
    "composed": ([GOLD[0], GOLD[1].replace("2", "3"), "y", GOLD[3]], [RIGHT, CRASH, REFUSED, RIGHT]),
}


def write_run(
    folder: Path,
    name: str,
    pairs: Sequence[tuple[str, str]],
    outputs: Sequence[str | None],
    verdicts: Sequence[Mapping[str, Any]],
    ids: Sequence[str] | None = None,
    signature: str = SIGNATURE,
) -> None:
    """`folder`/NAME.log and .json; `pairs` are pseudocode and gold, None is an output that is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    blocks = [
        f"S-{index}\t{source}\nT-{index}\t{gold}\n" + ("" if output is None else f"H-{index}\t-0.1\t{output}\n")
        for index, ((source, gold), output) in enumerate(zip(pairs, outputs, strict=True))
    ]
    blocks.reverse()  # fairseq writes them by length, in no order of ours
    (folder / f"{name}.log").write_bytes("".join(blocks).encode("utf-8", "surrogateescape"))
    names = ids or [str(index) for index in range(len(pairs))]
    counts = Counter(each["verdict"] for each in verdicts)
    content = {
        "signature": signature,
        "counts": {str(verdict): counts[verdict] for verdict in Verdict},
        "verdicts": [{"id": each, **found} for each, found in zip(names, verdicts, strict=True)],
    }
    (folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")


def program(generator: random.Random, lines: int) -> tuple[str, str]:
    """Pseudocode and a program of as many lines, made up."""
    names = [f"var_{number}" for number in range(6)]
    said, code = [], []
    for _ in range(lines):
        left, right = generator.choices(names, k=2)
        number = generator.randrange(1000)
        said.append(f"set {left} to {right} plus {number};")
        code.append(f"~ {left} = {right} + {number} ;")
    return " $ ".join(said), " $ ".join(["int main ( ) {", *code, "}"])


def garbled(generator: random.Random, line: str) -> str:
    """The program with three of its words changed."""
    words = line.split(" ")
    for place in generator.sample(range(5, len(words)), 3):
        words[place] = generator.choice(["var_1", "+", "7", words[place]])
    return " ".join(words)


def write_many(folder: Path, systems: Sequence[str], examples: int, lines: int = 12) -> None:
    """A results folder of any size, the same at each call: half of what each system writes is right."""
    generator = random.Random(1)
    pairs = [program(generator, generator.randrange(4, 2 * lines - 3)) for _ in range(examples)]
    for system in systems:
        outputs, verdicts = [], []
        for _, gold in pairs:
            found = generator.choice([RIGHT, RIGHT, WRONG, REFUSED])
            outputs.append(gold if found is RIGHT else garbled(generator, gold))
            verdicts.append(found)
        write_run(folder / "evaluations", f"{system}.1.test", pairs, outputs, verdicts)
