"""The systems that experiments train and reports compare, in one table, and the splits they are compared on.

To add a system, add an entry to SYSTEMS: benchmarks train it where ``--systems`` names it, reports name and compare it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .errors import UserError

RANDOM, DENOISER = "random", "denoiser"  # what a system may start from besides another system


@dataclass(frozen=True)
class Phase:
    """One training of a system; each starts from the best checkpoint of the one before.

    Attributes:
        schedule: its name in the recipe of a scale: learning rate, number of updates and so on.
        suffix: what its model is called besides the system's name; none for the last phase.
        options: more options of fairseq-train.
        data: ``pairs``, or ``backtranslated``: with machine-made pseudocode for the unlabeled programs too.
    """

    schedule: str
    suffix: str = ""
    options: tuple[str, ...] = ()
    data: str = "pairs"


@dataclass(frozen=True)
class System:
    """One way to train.

    Attributes:
        title: a few words, for the line of its stage.
        meaning: a phrase for reports.
        starts_from: ``random``, ``denoiser`` or a system.
        phases: its trainings.
        composed: trained through the frozen denoiser.
        compared_with: methods (a system, perhaps with one of SUFFIXES) that a report sets it against; ``composed``
            is set against whatever was trained without composing, every composed system against what it starts from and
            that trained for longer, alone and with the denoiser behind it.
        backwards: from code to pseudocode: one model for all seeds, which labels programs and is not tested.
    """

    title: str
    meaning: str
    starts_from: str
    phases: tuple[Phase, ...]
    composed: bool = False
    compared_with: tuple[str, ...] = ()
    backwards: bool = False


SYSTEMS = {
    "direct": System("pairs only", "trained on the pairs alone", RANDOM, (Phase("direct"),)),
    "direct_longer": System(
        "as long as composed",
        "the directly trained model, trained for as many more updates as the composed one",
        "direct",
        (Phase("longer"),),
        compared_with=("direct",),
    ),
    "pretrained": System(
        "standard fine-tuning", "standard fine-tuning: starts from the denoiser", DENOISER, (Phase("pretrained"),)
    ),
    "pretrained_longer": System(
        "as long as composed",
        "the fine-tuned model, fine-tuned for as many more updates as the composed one",
        "pretrained",
        (Phase("longer"),),
    ),
    "bart_style": System(
        "encoder first, then all",
        "fine-tuned from the denoiser: the encoder first, then everything",
        DENOISER,
        (Phase("encoder", "_encoder", ("--freeze-decoder",)), Phase("pretrained")),
        compared_with=("pretrained",),
    ),
    "composed": System(
        "from pretrained",
        "composed fine-tuning of the fine-tuned model: trained through the frozen denoiser",
        "pretrained",
        (Phase("composed"),),
        composed=True,
    ),
    "composed_denoiser_init": System(
        "from the denoiser",
        "composed fine-tuning that starts from the bare denoiser",
        DENOISER,
        (Phase("from_scratch"),),
        composed=True,
        compared_with=("pretrained",),
    ),
    "composed_direct_init": System(
        "from direct",
        "composed fine-tuning of the directly trained model",
        "direct",
        (Phase("composed"),),
        composed=True,
    ),
    "composed_no_init": System(
        "from nothing",
        "composed fine-tuning from random weights",
        RANDOM,
        (Phase("from_scratch"),),
        composed=True,
        compared_with=("direct",),
    ),
    "to_pseudocode": System(
        "from code to pseudocode",
        "writes the machine-made pseudocode of backtranslation",
        DENOISER,
        (Phase("pretrained"),),
        backwards=True,
    ),
    "backtranslation": System(
        "with machine-made pseudocode",
        "trained on pairs and on programs with machine-made pseudocode",
        DENOISER,
        (Phase("backtranslation", "_all", data="backtranslated"), Phase("pretrained")),
    ),
    "backtranslation_longer": System(
        "as long as composed",
        "the back-translation model, trained on pairs for as many more updates as the composed one",
        "backtranslation",
        (Phase("longer"),),
        compared_with=("backtranslation",),
    ),
    "backtranslation_composed": System(
        "from backtranslation",
        "composed fine-tuning of the back-translation model",
        "backtranslation",
        (Phase("composed"),),
        composed=True,
    ),
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


def split_method(method: str) -> tuple[str, str]:
    """A method's system and the suffix that says what is done with it, '' or one of SUFFIXES."""
    suffix = next((suffix for suffix in SUFFIXES if method.endswith(suffix)), "")
    return method.removesuffix(suffix), suffix


def place(method: str) -> tuple[int, str, bool, str]:
    """Sort key: systems in the order of SYSTEMS; each base predictor before its system, what is added after it."""
    name, suffix = split_method(method)
    known = [*SYSTEMS].index(name) if name in SYSTEMS else len(SYSTEMS)
    return known, name, suffix != ":base", suffix


def meaning(method: str) -> str:
    """What a method is, '' for an unknown one."""
    name, suffix = split_method(method)
    return SYSTEMS[name].meaning + SUFFIXES.get(suffix, "") if name in SYSTEMS else ""


def comparisons() -> list[tuple[str, str]]:
    """Which methods a report sets against which; those that were not run are left out there."""
    pairs = [(name, other) for name, system in SYSTEMS.items() for other in system.compared_with]
    for name, system in SYSTEMS.items():
        if system.composed:
            pairs += [(f"{name}+gate", name)]
            if system.starts_from in SYSTEMS:
                same_start = (system.starts_from, f"{system.starts_from}_longer")
                pairs += [(name, f"{rival}{suffix}") for rival in same_start for suffix in ("", "+denoise")]
                pairs += [(f"{name}:base", system.starts_from)]
        elif not system.backwards:
            pairs += [(f"{name}+denoise", name), (f"{name}+gate", name), (f"{name}+gate", f"{name}+denoise")]
    return pairs


def without_denoiser(method: str) -> str | None:
    """The method whose outputs are this one's before the denoiser has seen them; None for one without a denoiser."""
    name, suffix = split_method(method)
    if suffix == ":base":
        return None
    return name if suffix else f"{name}:base"


def read_name(path: Path) -> tuple[str, int, str]:
    """Method, seed and split of a file METHOD.SEED.SPLIT.json or .log; raises UserError for another name."""
    parts = path.stem.rsplit(".", 2)
    if len(parts) != 3 or not parts[1].isdecimal():
        raise UserError(f"{path} is not named METHOD.SEED.SPLIT{path.suffix}: rename it, or move it away")
    return parts[0], int(parts[1]), parts[2]
