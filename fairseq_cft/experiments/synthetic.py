"""Experiments on the synthetic language: the quickstart and the benchmark."""

from dataclasses import replace
from pathlib import Path

from . import judging, plan, text_data
from .plan import Experiment, Split
from .recipe import Recipe, Words
from .scales import QUICKSTART, QUICKSTART_DATA, SYNTHETIC, SYNTHETIC_DATA
from .stages import PACKAGE, Stage, cft, single
from .text_data import TextData

DATA_SEED = 1
HELDOUT = 500
NOISE = ("--noise", "synthetic", "--clean-share", "0.4")
SPLITS = ("test", "ood")
MIN_CLEAN_KEPT = 0.98


def data_of(recipe: Recipe, out: Path, references: bool = False) -> TextData:
    return TextData(out / "data", out, SPLITS, recipe.vocabulary, HELDOUT, references)


def make_data(data: TextData, options: Words) -> Stage:
    """Programs and pseudocode, in and out of distribution."""
    command = cft("synthetic", "--seed", DATA_SEED, "--out", data.raw, *options)
    reads = (PACKAGE / "data/synthetic",)
    title = "programs and pseudocode, in and out of distribution"
    return single("data", title, command, reads=reads, writes=[data.raw])


def experiment(
    out: Path, recipe: Recipe, dataset: str, *, seeds: int = 1, references: int = 0, allow_unsafe: bool = False
) -> Experiment:
    data = data_of(recipe, out, references > 0)
    cases = ("--eval-inputs", str(data.raw / "valid.inp"), "--eval-expected", str(data.raw / "valid.out"))
    splits = [
        Split(name, subset, ("--inputs", f"{data.raw / name}.inp", "--expected", f"{data.raw / name}.out"))
        for name, subset in zip(SPLITS, ("test", "test1"), strict=True)
    ]
    chosen = text_data.select(recipe, cases, allow_unsafe=allow_unsafe)
    made = text_data.experiment(data, recipe, dataset, splits, NOISE, chosen)
    return replace(made, seeds=seeds, allow_unsafe=allow_unsafe)


def prepare(x: Experiment, options: Words, min_clean_kept: float) -> list[Stage]:
    """From nothing to a denoiser that is fit to be composed."""
    data = data_of(x.recipe, x.out, "--references" in options)
    return [
        make_data(data, options),
        *text_data.stages(data),
        plan.train_denoiser(x, data.subword_model),
        plan.check_denoiser(x, min_clean_kept, x.out / "denoiser.json"),
    ]


def quickstart(out: Path, *, seeds: int, allow_unsafe: bool) -> list[Stage]:
    """Three ways to train on 300 pairs, each with and without the denoiser at test time."""
    x = experiment(out, QUICKSTART, "synthetic-tiny", seeds=seeds, allow_unsafe=allow_unsafe)
    return compare(x, ["direct", "pretrained", "composed"], QUICKSTART_DATA, MIN_CLEAN_KEPT)


def benchmark(
    out: Path, scale: str, systems: list[str], *, seeds: int, references: int, min_clean_kept: float, allow_unsafe: bool
) -> list[Stage]:
    """The systems at one scale."""
    name = f"synthetic-{scale}"
    x = experiment(out, SYNTHETIC[scale], name, seeds=seeds, references=references, allow_unsafe=allow_unsafe)
    spellings = ("--references", str(references)) if references else ()
    return compare(x, systems, (*SYNTHETIC_DATA[scale], *spellings), min_clean_kept)


def compare(x: Experiment, systems: list[str], options: Words, min_clean_kept: float) -> list[Stage]:
    """One data set, made by the options, one denoiser, and a gate where the recipe has one."""
    return [
        *prepare(x, options, min_clean_kept),
        *plan.train_systems(x, systems),
        *judging.compare(x, systems, data_of(x.recipe, x.out).subword_model),
    ]
