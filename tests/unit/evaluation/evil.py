"""The hostile programs: fixtures of tests/evil_programs, and those that are too long to keep as files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fairseq_cft.evaluation.verdict import Verdict

FOLDER = Path(__file__).resolve().parents[2] / "evil_programs"
HEADS = re.compile(r"^// (expect|tier \w+): (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Evil:
    """A program with the verdicts it may get, by tier, and words that the detail must hold."""

    name: str
    source: str
    expectations: dict[str, str]

    def expected(self, tier: str) -> tuple[set[Verdict], str]:
        line = self.expectations.get(f"tier {tier}", self.expectations["expect"])
        words = line.split()
        verdicts = {Verdict(word) for word in words if word in set(Verdict)}
        return verdicts, " ".join(word for word in words if word not in set(Verdict))


def evil_programs() -> Iterator[Evil]:
    for path in sorted(FOLDER.glob("*.cpp")):
        text = path.read_text(encoding="utf-8")
        yield Evil(path.stem, text, dict(HEADS.findall(text)))
    rejected = "compile_error compile_time_limit"
    yield Evil("nothing_at_all", "", {"expect": "compile_error"})
    yield Evil(
        "two_million_statements", "int main() { int a = 0;\n" + "a += 1;\n" * 2_000_000 + "}", {"expect": rejected}
    )
    yield Evil("brackets", "int main() { return " + "(" * 200_000 + "1" + ")" * 200_000 + "; }", {"expect": rejected})
    yield Evil("long_diagnostic", f'#error "{"x" * 4_000_000}"\nint main() {{ }}', {"expect": "compile_error"})
    yield Evil("many_errors", "int main() {\n" + "undeclared += 1;\n" * 20_000 + "}", {"expect": rejected})
    yield Evil("nul_in_source", 'int main() { cout << "hello" << endl; }\0\0', {"expect": "correct compile_error"})
    latin = 'int main() { cout << "hello" << endl; } // caf\udce9'
    yield Evil("latin_1_in_source", latin, {"expect": "correct"})
