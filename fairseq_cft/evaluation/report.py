"""What is known after an evaluation, as counts, rates, JSON and text."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..files import write_together
from .judge import Judgement
from .statistics import Interval, rate_interval
from .testcases import TestCase, excerpt
from .verdict import Verdict


@dataclass(frozen=True)
class Report:
    """Judgements of all examples, in input order, with the settings that they depend on.

    `seconds` is the wall clock of the whole evaluation, `judged` the number of distinct programs that were really run,
    `cases` the test cases of each example, where the first failed one is to be shown.
    """

    ids: Sequence[str]
    judgements: Sequence[Judgement]
    signature: str
    seconds: float = 0.0
    judged: int = 0
    more: dict[str, Any] = field(default_factory=dict)
    cases: Sequence[Sequence[TestCase]] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Every verdict's count, zeros included; they add up to the number of examples."""
        found = Counter(judgement.verdict for judgement in self.judgements)
        return {str(verdict): found[verdict] for verdict in Verdict}

    @property
    def correct_rate(self) -> float:
        """Correct programs over all examples, missing ones included; 0 without examples."""
        return self._rate(sum(judgement.verdict is Verdict.CORRECT for judgement in self.judgements))

    @property
    def compile_rate(self) -> float:
        """Programs that compile over all examples; 0 without examples."""
        return self._rate(sum(judgement.compiled for judgement in self.judgements))

    @property
    def missing(self) -> int:
        """Examples without an output."""
        return sum(judgement.verdict is Verdict.MISSING for judgement in self.judgements)

    def _rate(self, count: int) -> float:
        return count / len(self.judgements) if self.judgements else 0.0

    def interval(self) -> Interval:
        """95 % bootstrap interval of the correct rate; from 0 to 1 without examples."""
        if not self.judgements:
            return Interval(0.0, 0.0, 1.0)
        correct = self.counts[str(Verdict.CORRECT)]
        return rate_interval(correct, len(self.judgements))

    def by(self, groups: Sequence[str]) -> dict[str, dict[str, int]]:
        """Counts by group, one group for each example; sorted by name."""
        found: dict[str, dict[str, int]] = {}
        for group, judgement in zip(groups, self.judgements, strict=True):
            counts = found.setdefault(group, {"n": 0, "correct": 0, "compiled": 0})
            counts["n"] += 1
            counts["correct"] += judgement.verdict is Verdict.CORRECT
            counts["compiled"] += judgement.compiled
        return dict(sorted(found.items()))

    def as_json(self) -> dict[str, Any]:
        """The content of OUT.json; `verdicts` has one entry an example in input order."""
        interval = self.interval()
        return {
            "signature": self.signature,
            "n": len(self.judgements),
            "counts": self.counts,
            "correct_rate": self.correct_rate,
            "correct_interval": [interval.low, interval.high],
            "compile_rate": self.compile_rate,
            "seconds": round(self.seconds, 3),
            "judged": self.judged,
            **self.more,
            "verdicts": [
                {"id": name, **judgement.as_json(), **self._failed_case(index)}
                for index, (name, judgement) in enumerate(zip(self.ids, self.judgements, strict=True))
            ],
        }

    def _failed_case(self, index: int) -> dict[str, str]:
        """Excerpts of the first failed case; taken from the cases, so that cached judgements have them, too."""
        number = self.judgements[index].case
        if not number or not self.cases:
            return {}
        case = self.cases[index][number - 1]
        return {"input": excerpt(case.stdin), "expected": excerpt(case.expected)}

    def write(self, path: Path) -> None:
        """Writes OUT.json, whole or not at all; raises UserError where it cannot be written."""
        with write_together(path) as (file,):
            file.write(json.dumps(self.as_json(), indent=1) + "\n")

    def as_text(self) -> str:
        """A few lines for people."""
        interval, total = self.interval(), len(self.judgements)
        valid = "valid   " if self.signature.startswith("checker:") else "compiles"
        lines = [
            f"correct   {self.correct_rate:7.2%}  (95 % {interval.low:.2%} - {interval.high:.2%}, n = {total})",
            f"{valid}  {self.compile_rate:7.2%}",
        ]
        lines += [f"  {name:<20}{count:>7}" for name, count in self.counts.items() if count]
        if "gold" in self.more:
            gold = self.more["gold"]
            lines.append(f"ceiling   {gold['correct_rate']:7.2%}  (references; {gold['compile_rate']:.2%} compile)")
        if "nbest" in self.more:
            share = self._rate(self.more["nbest"]["correct_in_n"])
            lines.append(f"in {self.more['nbest']['n']:>3}    {share:7.2%}  (one of the best outputs is correct)")
        for name, group in self.more.get("by", {}).items():
            lines.append(f"  {name:<12}{group['correct'] / group['n']:8.2%}  (n = {group['n']})")
        rate = self.judged / self.seconds if self.seconds else 0.0
        lines.append(f"{self.judged} distinct programs run in {self.seconds:.1f} s ({rate:.1f} a second)")
        return "\n".join([*lines, self.signature])
