"""What a denoiser does to programs: shares that compile before and after, and that come back exactly, by kind of error.

Each program is judged twice, corrupted and as it is. Writes denoising_report.json, .md and .png.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from check_denoiser import load_denoiser
from plots import pyplot, save

from fairseq_cft.errors import UserError
from fairseq_cft.evaluation import Settings, evaluate
from fairseq_cft.evaluation.statistics import rate_interval
from fairseq_cft.files import read_lines, write_together
from fairseq_cft.noise import Noise, item_rng, make_noise, noise_options
from fairseq_cft.noise.cpp import CppNoise
from fairseq_cft.user_files import HELP as USER_FILE_HELP
from fairseq_cft.user_files import read_user_files

INTERVAL_SEED = 1
LONG = 1000  # characters: the published limit of training programs; what is longer, the denoiser has not learned
FIGURES = {"compiles_before": "compile before", "compiles_after": "compile after", "restored": "restored exactly"}
CLEAN_FIGURES = ("compiles_clean", "compiles_kept")
COLORS = {"compiles_before": "#bcb8b1", "compiles_after": "#33658a", "restored": "#f26419"}


@dataclass(frozen=True)
class Example:
    """A program, its corruption, what kind of error that is, and what the denoiser made of either; None: too long."""

    clean: str
    corrupted: str
    kind: str
    repaired: str | None
    kept: str | None


def corrupt(noise: Noise, name: str, program: str, rng: np.random.Generator) -> tuple[str, str]:
    """A corruption and its kind: the method of the noise `cpp`, 'several' of them, or else the noise's name."""
    if not isinstance(noise, CppNoise):
        return noise(program, rng), name
    found = noise.corrupt(program, rng)
    return found.line, found.methods[0] if len(found.methods) == 1 else "several"


def make_examples(path: Path, programs: Sequence[str], options: argparse.Namespace) -> tuple[list[Example], str]:
    """Corrupt and denoise; programs that the noise finds nothing to do in are left out. Also names the noise."""
    model, task = load_denoiser(path, {"subword_model": options.subword_model} if options.subword_model else {})
    name = str(options.noise or task.cfg.noise)
    read_user_files(options.user_file or task.cfg.user_file)
    try:
        errors = {"errors": (1, options.errors)} if "errors" in noise_options(name) else {}
        noise = make_noise(name, clean_share=0.0, **errors)
    except ValueError as error:
        raise UserError(f"--noise {name}: {error}") from error
    drawn = [corrupt(noise, name, program, item_rng(options.seed, 0, i)) for i, program in enumerate(programs)]
    used = [(clean, broken, kind) for clean, (broken, kind) in zip(programs, drawn, strict=True) if clean != broken]
    outputs = task.denoise_lines(model, [broken for _, broken, _ in used] + [clean for clean, _, _ in used])
    halves = outputs[: len(used)], outputs[len(used) :]
    return [Example(*each, *two) for each, *two in zip(used, *halves, strict=True)], name


def judge(examples: Sequence[Example], jobs: int | None) -> tuple[list[dict[str, Any]], str]:
    """One row of truths an example, and the signature of the compiler that decided them."""
    texts = [(each.clean, each.corrupted, each.repaired, each.kept) for each in examples]
    report = evaluate([text for row in texts for text in row], settings=Settings(jobs=jobs))
    compiled = np.array([judgement.compiled for judgement in report.judgements]).reshape(-1, 4)
    rows = [
        {
            "kind": each.kind,
            "long": len(each.clean) > LONG,
            "compiles_clean": clean,
            "compiles_before": before,
            "compiles_after": after,
            "compiles_kept": kept,
            "restored": each.repaired == each.clean,
            "kept": each.kept == each.clean,
        }
        for each, (clean, before, after, kept) in zip(examples, compiled.tolist(), strict=True)
    ]
    return rows, report.signature


def rate(rows: Sequence[dict[str, Any]], name: str) -> list[float]:
    """Share of rows for which `name` is true, with its 95 % interval."""
    interval = rate_interval(sum(row[name] for row in rows), len(rows), seed=INTERVAL_SEED)
    return [interval.value, interval.low, interval.high]


def summarise(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Counts and rates over all rows, those whose corruption does not compile, and each kind of error."""
    broken = [row for row in rows if not row["compiles_before"]]
    kinds = sorted({row["kind"] for row in rows})
    lengths = {f"at most {LONG} characters": False, f"over {LONG} characters": True}
    groups = {"all": list(rows), "all that no longer compile": broken}
    groups |= {name: [row for row in rows if row["long"] == long] for name, long in lengths.items()}
    groups |= {kind: [row for row in rows if row["kind"] == kind] for kind in kinds if len(kinds) > 1}
    return {
        "programs": len(rows),
        "corrupted": {
            name: {"n": len(group), **{figure: rate(group, figure) for figure in FIGURES}}
            for name, group in groups.items()
            if group
        },
        "clean": {
            name: {"n": len(group), **{figure: rate(group, figure) for figure in ("kept", *CLEAN_FIGURES)}}
            for name, group in groups.items()
            if group and name in ("all", *lengths)
        },
    }


def percent(value: Sequence[float]) -> str:
    return f"{value[0]:.1%} ({value[1]:.1%} to {value[2]:.1%})"


def markdown(report: dict[str, Any]) -> str:
    lines = [
        f"# Denoiser on {report['programs']} programs of {report['source']}",
        "",
        f"Noise `{report['noise']}`. {report['too_long']} programs exceed the denoiser's positions: counted as failed.",
        "",
        "| corrupted by | n | compile before | compile after | restored exactly |",
        "|---|---|---|---|---|",
    ]
    for name, group in report["corrupted"].items():
        lines.append(f"| {name} | {group['n']} | " + " | ".join(percent(group[figure]) for figure in FIGURES) + " |")
    lines += [
        "",
        "| clean programs | n | come back as they are | compile before | compile after |",
        "|---|---|---|---|---|",
    ]
    for name, group in report["clean"].items():
        cells = " | ".join(percent(group[figure]) for figure in ("kept", *CLEAN_FIGURES))
        lines.append(f"| {name} | {group['n']} | {cells} |")
    lines += [
        "",
        f"95 % intervals. Compiler: `{report['signature']}`",
    ]
    return "\n".join(lines) + "\n"


def draw(report: dict[str, Any], file: Path) -> None:
    """Bars by kind of error, with intervals."""
    groups = report["corrupted"]
    figure, axes = pyplot().subplots(figsize=(3 + 1.3 * len(groups), 4.6), layout="constrained")
    for place, (name, label) in enumerate(FIGURES.items()):
        values = 100 * np.array([group[name] for group in groups.values()])  # (groups, 3)
        errors = np.abs(values[:, 1:].T - values[:, 0])
        where = np.arange(len(groups)) + 0.27 * (place - 1)
        axes.bar(where, values[:, 0], 0.25, yerr=errors, capsize=3, color=COLORS[name], label=label)
    axes.set_xticks(range(len(groups)), [f"{name}\nn = {group['n']}" for name, group in groups.items()])
    axes.set_ylabel("% of corrupted programs")
    axes.set_title(f"{report['source']}: clean programs kept {report['clean']['all']['kept'][0]:.1%}")
    axes.set_ylim(0, 125)
    axes.set_yticks(range(0, 101, 20))
    axes.legend(loc="upper center", ncols=3)
    save(figure, file)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--denoiser", type=Path, required=True, metavar="FILE.pt", help="checkpoint of code_denoising")
    parser.add_argument("--programs", type=Path, required=True, metavar="F.tgt", help="program lines it never saw")
    parser.add_argument("--output-dir", type=Path, required=True, metavar="DIR")
    parser.add_argument("--limit", type=int, default=500, help="programs, drawn at random (default: %(default)s)")
    parser.add_argument("--noise", help="kind of corruption (default: the one it was trained on)")
    parser.add_argument("--user-file", metavar="FILE.py", help=f"{USER_FILE_HELP} (default: that of its training)")
    parser.add_argument("--errors", type=int, default=1, metavar="N", help="most errors a program (default: 1)")
    parser.add_argument("--subword-model", metavar="FILE.model", help="if it moved since training")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, help="compilers at once (default: one a core)")
    options = parser.parse_args()
    programs = read_lines(options.programs)
    chosen = np.random.default_rng(options.seed).permutation(len(programs))[: options.limit]
    programs = [programs[i] for i in sorted(chosen)]
    examples, noise = make_examples(options.denoiser, programs, options)
    if not examples:
        raise UserError(f"the noise {noise} changes nothing in {options.programs}; give programs that it can break")
    rows, signature = judge(examples, options.jobs)
    report = {
        "source": options.programs.name,
        "noise": noise,
        "seed": options.seed,
        "too_long": sum(each.repaired is None or each.kept is None for each in examples),
        "signature": signature,
        **summarise(rows),
    }
    text = markdown(report)
    files = [options.output_dir / f"denoising_report.{ending}" for ending in ("json", "md")]
    with write_together(*files) as (as_json, as_text):
        as_json.write(json.dumps({**report, "rows": rows}) + "\n")
        as_text.write(text)
    draw(report, options.output_dir / "denoising_report.png")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
