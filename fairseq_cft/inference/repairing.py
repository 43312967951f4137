"""Programs corrupted, repaired by a denoiser, and compiled: what `fairseq-cft report-denoising` tells of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..evaluation import evaluate
from ..noise import Noise, item_rng
from ..noise.cpp import CppNoise
from ..report.repairs import LONG
from ..tasks.code_denoising import CodeDenoisingTask


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


def make_examples(
    model: Any, task: CodeDenoisingTask, programs: Sequence[str], noise: Noise, name: str, seed: int
) -> list[Example]:
    """Corrupt and denoise; programs that the noise called `name` finds nothing to do in are left out."""
    drawn = [corrupt(noise, name, program, item_rng(seed, 0, i)) for i, program in enumerate(programs)]
    used = [(clean, broken, kind) for clean, (broken, kind) in zip(programs, drawn, strict=True) if clean != broken]
    outputs = task.denoise_lines(model, [broken for _, broken, _ in used] + [clean for clean, _, _ in used])
    halves = outputs[: len(used)], outputs[len(used) :]
    return [Example(*each, *two) for each, *two in zip(used, *halves, strict=True)]


def judge(examples: Sequence[Example], jobs: int | None) -> tuple[list[dict[str, Any]], str]:
    """One row of truths an example, and the signature of the compiler that decided them."""
    texts = [(each.clean, each.corrupted, each.repaired, each.kept) for each in examples]
    report = evaluate([text for row in texts for text in row], jobs=jobs)
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
