"""Makes the page: everything it shows as plain data, and one file of HTML that holds data, style and program."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from importlib import resources
from typing import Any

from ...errors import UserError
from ...evaluation.verdict import Verdict
from ...formats.pseudocode import pseudocode_text
from ...systems import SPLITS, in_order, meaning, without_denoiser
from .results import UNKNOWN, Run
from .text import compiler_message, kind, program_reader

VERDICTS = list(Verdict)
NOTHING = -1  # stands for the index of a text that there is not
SCRIPTS = ("diff.js", "model.js", "elements.js", "totals.js", "failures.js", "list.js", "example.js", "main.js")


class Texts:
    """Distinct texts; each is kept once and named by its index, as many systems write the same."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._index: dict[str, int] = {}

    def add(self, text: str | None) -> int:
        """The index of a text, NOTHING for None."""
        if text is None:
            return NOTHING
        if text not in self._index:
            self._index[text] = len(self.all)
            self.all.append(text)
        return self._index[text]


def page_data(runs: Sequence[Run], dataset: str) -> dict[str, Any]:
    """What the page's program reads, as JSON values; `model.js` says what it makes of it.

    runs: as `read_results` gives them. One group holds the examples of one seed and split, and for each system (in the
    order of `systems`) its run there or None: a letter a verdict (a is the first of `verdicts`), and indices into
    `texts` for outputs and details, into `kinds` for kinds of failure. `failed` has [case, cases, input, expected] by
    example.
    """
    if not runs:
        raise UserError("there are no evaluations to show")
    methods = list(dict.fromkeys(run.method for run in runs))
    texts, kinds = Texts(), Texts()
    groups: dict[tuple[str, int], dict[str, Any]] = {}
    for run in runs:
        if (run.split, run.seed) not in groups:
            groups[run.split, run.seed] = {
                "split": run.split,
                "seed": run.seed,
                "ids": [str(entry.get("id", index)) for index, entry in enumerate(run.verdicts)],
                "sources": [NOTHING] * len(run.verdicts),
                "references": [NOTHING] * len(run.verdicts),
                "runs": [None] * len(methods),
            }
        group = groups[run.split, run.seed]
        _add_pairs(run, group, texts)
        group["runs"][methods.index(run.method)] = _run_data(run, texts, kinds)
    order = in_order(run.split for run in runs)
    return {
        "dataset": dataset,
        "systems": [
            {"name": name, "meaning": meaning(name), "before": _index(methods, without_denoiser(name))}
            for name in methods
        ],
        "verdicts": [str(verdict) for verdict in VERDICTS],
        "splits": {split: SPLITS.get(split, "") for split in order},
        "signatures": sorted({run.signature for run in runs}),
        "groups": sorted(groups.values(), key=lambda group: (order.index(group["split"]), group["seed"])),
        "texts": texts.all,
        "kinds": kinds.all,
    }


def _index(methods: Sequence[str], name: str | None) -> int | None:
    return methods.index(name) if name in methods else None


def _add_pairs(run: Run, group: dict[str, Any], texts: Texts) -> None:
    """Pseudocode and gold, from the first log that has them, better one without UNKNOWN."""
    show = program_reader(run.signature)
    for name, lines, shown in (("sources", run.sources, pseudocode_text), ("references", run.references, show)):
        for index, line in enumerate(lines):
            known = group[name][index]
            if line is None or (known != NOTHING and (UNKNOWN in line or UNKNOWN not in texts.all[known])):
                continue
            group[name][index] = texts.add(shown(line))


def _run_data(run: Run, texts: Texts, kinds: Texts) -> dict[str, Any]:
    show = program_reader(run.signature)
    letters, details, failed = [], [], {}
    for index, entry in enumerate(run.verdicts):
        verdict = Verdict(entry["verdict"])
        letters.append(chr(ord("a") + VERDICTS.index(verdict)))
        detail = entry.get("detail") or None
        if detail and verdict is Verdict.COMPILE_ERROR:
            detail = compiler_message(detail, show(run.outputs[index] or ""))
        details.append(texts.add(detail))
        if entry.get("case"):
            shown = [texts.add(entry.get(name)) for name in ("input", "expected")]
            failed[index] = [entry["case"], entry.get("total", 0), *shown]
    return {
        "verdicts": "".join(letters),
        "outputs": [texts.add(None if line is None else show(line)) for line in run.outputs],
        "details": details,
        "kinds": [kinds.add(kind(entry, run.signature)) for entry in run.verdicts],
        "failed": failed,
    }


def render(data: dict[str, Any]) -> str:
    """The whole page. Nothing of it is loaded from elsewhere, and its policy forbids the browser to.

    What cannot be written as UTF-8 (bytes of a log that were none, what a checker said) is a replacement character.
    """
    files = resources.files("fairseq_cft.report.browser") / "page"
    style = "\n" + (files / "page.css").read_text(encoding="utf-8")
    program = "\n".join((files / name).read_text(encoding="utf-8") for name in SCRIPTS)
    script = f'\n"use strict";\n(() => {{\n{program}}})();\n'
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_digest(style)}'",
            f"script-src '{_digest(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    parts = {
        "title": html.escape(f"{data['dataset']}: outputs"),
        "policy": html.escape(policy, quote=False),
        "style": style,
        "script": script,
        "data": script_json(data),
    }
    template = (files / "page.html").read_text(encoding="utf-8")
    page = re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], template)  # one pass: data may hold braces
    return re.sub("[\ud800-\udfff]", "\ufffd", page)


def script_json(data: Any) -> str:
    """JSON that cannot end the script element it stands in, nor open a comment there, whatever its texts are."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()
