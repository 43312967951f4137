"""The systems that benchmarks compare and the splits they are compared on: their names, order and meaning."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .errors import UserError

MEANING = {
    "direct": "trained on the pairs alone",
    "pretrained": "standard fine-tuning: starts from the denoiser",
    "pretrained_longer": "the fine-tuned model, fine-tuned for as many more updates as the composed one",
    "bart_style": "fine-tuned from the denoiser: the encoder first, then everything",
    "composed": "composed fine-tuning of the fine-tuned model: trained through the frozen denoiser",
    "composed_denoiser_init": "composed fine-tuning that starts from the bare denoiser",
    "composed_direct_init": "composed fine-tuning of the directly trained model",
    "composed_no_init": "composed fine-tuning from random weights",
    "backtranslation": "trained on pairs and on programs with machine-made pseudocode",
    "backtranslation_composed": "composed fine-tuning of the back-translation model",
}
SUFFIXES = {
    "+denoise": ", the denoiser behind it at test time",
    "+gate": ", denoised at test time only where a gate asks for it",
    ":base": ": its base predictor alone",
}
SPLITS = {
    "test": "in distribution",
    "ood": "out of distribution",
    "testw": "in distribution: new workers",
    "testp": "out of distribution: new problems",
}


def in_order(splits: Iterable[str]) -> list[str]:
    """Distinct splits, those of SPLITS first."""
    found = set(splits)
    return [split for split in SPLITS if split in found] + sorted(found - set(SPLITS))


def system(method: str) -> tuple[str, str]:
    """A method's system and the suffix that says what is done with it, '' or one of SUFFIXES."""
    suffix = next((suffix for suffix in SUFFIXES if method.endswith(suffix)), "")
    return method.removesuffix(suffix), suffix


def place(method: str) -> tuple[int, str, bool, str]:
    """Sort key: systems in the order of MEANING; each base predictor before its system, what is added after it."""
    name, suffix = system(method)
    known = [*MEANING].index(name) if name in MEANING else len(MEANING)
    return known, name, suffix != ":base", suffix


def meaning(method: str) -> str:
    """What a method is, '' for an unknown one."""
    name, suffix = system(method)
    return MEANING[name] + SUFFIXES.get(suffix, "") if name in MEANING else ""


def without_denoiser(method: str) -> str | None:
    """The method whose outputs are this one's before the denoiser has seen them; None for one without a denoiser."""
    name, suffix = system(method)
    if suffix == ":base":
        return None
    return name if suffix else f"{name}:base"


def read_name(path: Path) -> tuple[str, int, str]:
    """Method, seed and split of a file METHOD.SEED.SPLIT.json or .log; raises UserError for another name."""
    parts = path.stem.rsplit(".", 2)
    if len(parts) != 3 or not parts[1].isdecimal():
        raise UserError(f"{path} is not named METHOD.SEED.SPLIT{path.suffix}: rename it, or move it away")
    return parts[0], int(parts[1]), parts[2]
