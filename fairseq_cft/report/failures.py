"""How outputs fail, by kind and counted, and what denoising did to them: an example of a repair and one of a harm."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..evaluation.verdict import Verdict
from ..formats.pseudocode import pseudocode_text
from ..systems import SPLITS, in_order, without_denoiser
from .browser.results import Run
from .browser.text import kind, program_reader

MOST = 10


@dataclass(frozen=True)
class Change:
    """An example that is right only with the denoiser (`helped`), or only without."""

    before: Run
    after: Run
    index: int

    @property
    def helped(self) -> bool:
        return bool(self.after.verdicts[self.index]["verdict"] == Verdict.CORRECT)


def changes(runs: Sequence[Run]) -> list[Change]:
    """What the denoiser made right and what it made wrong, run by run where its outputs are also there without it."""
    by_name = {(run.method, run.seed, run.split): run for run in runs}
    found = []
    for run in runs:
        before = by_name.get((without_denoiser(run.method) or "", run.seed, run.split))
        if before is not None:
            pairs = zip(before.verdicts, run.verdicts, strict=True)
            right = [[each["verdict"] == Verdict.CORRECT for each in pair] for pair in pairs]
            found += [Change(before, run, index) for index, (one, other) in enumerate(right) if one != other]
    return found


def markdown(runs: Sequence[Run], most: int = MOST) -> str:
    """Tables by split, of all seeds together, and an example each of a repair that helped and of one that harmed."""
    lines = ["# Failures"]
    methods = list(dict.fromkeys(run.method for run in runs))
    changed = changes(runs)
    for split in in_order(run.split for run in runs):
        here = [run for run in runs if run.split == split]
        seeds = len({run.seed for run in here})
        lines += ["", f"## {split} ({SPLITS.get(split, split)}), {seeds} seed{'s' * (seeds > 1)}", ""]
        lines += kinds_table(here, [name for name in methods if any(run.method == name for run in here)], most)
        mine = [change for change in changed if change.after.split == split]
        if any(run.method == without_denoiser(name) for run in here for name in methods):
            lines += ["", *changes_table(mine, here)]
        for helped in (True, False):
            lines += example([change for change in mine if change.helped == helped])
    return "\n".join(lines) + "\n"


def kinds_table(runs: Sequence[Run], methods: Sequence[str], most: int) -> list[str]:
    """Kinds by systems; the most frequent of all systems together first, the others in one row."""
    counts: dict[str, Counter[str]] = {method: Counter() for method in methods}
    totals: Counter[str] = Counter()
    for run in runs:
        found = [kind(entry, run.signature) for entry in run.verdicts]
        totals[run.method] += len(found)
        counts[run.method].update(each for each in found if each is not None)
    together: Counter[str] = sum(counts.values(), Counter())
    shown = [each for each, _ in together.most_common(most)]
    rows = [(f"`{each}`", [counts[method][each] for method in methods]) for each in shown]
    rest = [counts[method].total() - sum(counts[method][each] for each in shown) for method in methods]
    if any(rest):
        rows.append((f"others, {len(together) - len(shown)} kinds", rest))
    rows.append(("all failures", [counts[method].total() for method in methods]))
    rows.append(("outputs", [totals[method] for method in methods]))
    lines = ["| kind of failure | " + " | ".join(f"`{method}`" for method in methods) + " |"]
    lines.append("|---" + "|---:" * len(methods) + "|")
    return lines + [f"| {name} | " + " | ".join(map(str, cells)) + " |" for name, cells in rows]


def changes_table(changed: Sequence[Change], runs: Sequence[Run]) -> list[str]:
    """How many outputs each denoiser made right, and how many wrong."""
    lines = ["| denoised | made right | made wrong |", "|---|---:|---:|"]
    names = {run.method for run in runs}
    for method in dict.fromkeys(run.method for run in runs):
        if without_denoiser(method) in names:
            helped = Counter(change.helped for change in changed if change.after.method == method)
            lines.append(f"| `{method}` | {helped[True]} | {helped[False]} |")
    return lines


def example(changed: Sequence[Change]) -> list[str]:
    """The shortest of the changes, of `composed` where it has any."""
    composed = [change for change in changed if change.after.method == "composed"] or changed
    if not composed:
        return []
    one = min(composed, key=lambda change: len(change.after.outputs[change.index] or ""))
    did, wrong = ("helped", one.before) if one.helped else ("harmed", one.after)
    failure = kind(wrong.verdicts[one.index], wrong.signature)
    name = one.after.verdicts[one.index].get("id", one.index)
    lines = ["", f"A repair that {did}: `{one.after.method}`, seed {one.after.seed}, example {name} ({failure})"]
    show = program_reader(one.after.signature)
    texts = {
        "source": pseudocode_text(one.after.sources[one.index] or ""),
        "before": show(one.before.outputs[one.index] or ""),
        "after": show(one.after.outputs[one.index] or ""),
    }
    for title, text in texts.items():
        lines += ["", f"{title}:", "", *(f"    {line}" for line in text.split("\n"))]
    return lines
