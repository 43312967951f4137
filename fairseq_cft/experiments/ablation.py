"""What each choice in composed fine-tuning is worth: one thing changes at a time, beside the benchmark's own models."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import UsageError
from . import judging, plan, synthetic
from .judging import Method
from .plan import Experiment, preprocess
from .recipe import Words
from .scales import SYNTHETIC, SYNTHETIC_DATA
from .stages import PACKAGE, Chain, Stage, Task, cft, run, single

OTHER_NOISE = "random_delete"
PAIRS = {"tiny": (75, 150, 300), "cpu": (75, 150, 300), "paper": (250, 500, 1000)}  # the last: all there are


@dataclass(frozen=True)
class Variant:
    """A composed model, or with ``plain`` the fine-tuned model that one starts from.

    Attributes:
        options: of composed fine-tuning, after those of its schedule.
        start: the fine-tuned model.
        noise: of its denoiser, where it is another.
        pairs: how many it is trained on, where not all.
    """

    name: str
    options: Words = ()
    start: str = "pretrained"
    noise: str = ""
    pairs: int = 0
    plain: bool = False


@dataclass(frozen=True)
class Axis:
    """What changes, and for each of its values the composed model and the one that it started from."""

    title: str
    points: tuple[tuple[str, str, str], ...]

    def words(self) -> Words:
        return ("--axis", self.title, *(f"{value}={name}/{start}" for value, name, start in self.points))


def variants(scale: str) -> dict[str, Variant]:
    """All models besides those of the benchmark."""
    found = [Variant(f"weight-{value}", ("--ce-weight", value)) for value in ("0", "0.5")]
    for count in ("1", "2", "4"):
        found.append(
            Variant(f"samples-{count}", ("--gradient-estimator", "self_critical", "--num-samples", count))
        )  # fmt: skip
    found += [Variant(f"estimator-{name}", ("--gradient-estimator", name)) for name in ("reinforce", "gumbel")]
    starts = [Variant(f"pretrained-noise-{OTHER_NOISE}", noise=OTHER_NOISE, plain=True)]
    starts += [Variant(f"pretrained-labels-{count}", pairs=count, plain=True) for count in PAIRS[scale][:-1]]
    for start in starts:
        name = start.name.removeprefix("pretrained-")
        found += [start, replace(start, name=name, start=start.name, plain=False)]
    return {each.name: each for each in found}


def axes(scale: str) -> dict[str, Axis]:
    """By the name that --only gives."""
    *fewer, all_pairs = PAIRS[scale]
    composed = ("composed", "pretrained")
    noise = f"noise-{OTHER_NOISE}"
    return {
        "weight": Axis(
            "weight of the base predictor's loss",
            (("0", "weight-0", "pretrained"), ("0.5", "weight-0.5", "pretrained"), ("1", *composed)),
        ),
        "samples": Axis(
            "samples (self_critical)", tuple((count, f"samples-{count}", "pretrained") for count in ("1", "2", "4"))
        ),
        "estimator": Axis(
            "estimator (2 samples)",
            (
                ("reinforce", "estimator-reinforce", "pretrained"),
                ("self_critical", "samples-2", "pretrained"),
                ("rloo", *composed),
                ("gumbel", "estimator-gumbel", "pretrained"),
            ),
        ),
        "noise": Axis(
            "the denoiser's noise", (("synthetic", *composed), (OTHER_NOISE, noise, f"pretrained-{noise}"))
        ),
        "labels": Axis(
            "labeled pairs",
            (
                *((str(count), f"labels-{count}", f"pretrained-labels-{count}") for count in fewer),
                (str(all_pairs), *composed),
            ),
        ),
    }  # fmt: skip


def chosen_axes(scale: str, only: str) -> list[Axis]:
    known = axes(scale)
    for name in only.split(","):
        if name not in known:
            raise UsageError(f"there is no ablation {name}; --only knows {', '.join(known)}")
    return [known[name] for name in only.split(",")]


def stages(x: Experiment, scale: str, chosen: Sequence[Axis], min_clean_kept: float) -> Iterator[Stage]:
    """Data, denoiser and the two systems as the benchmark trains them, then the variants."""
    folder, known = x.out / "ablation", variants(scale)
    named = dict.fromkeys(name for axis in chosen for _, *names in axis.points for name in names)
    needed = [known[name] for name in known if name in named]
    noisy, few = any(each.noise for each in needed), sorted({each.pairs for each in needed} - {0})
    yield from synthetic.prepare(x, SYNTHETIC_DATA[scale], min_clean_kept)
    yield from plan.train_systems(x, ["pretrained", "composed"])
    if noisy:
        yield from other_denoiser(x, folder)
    if few:
        yield fewer_pairs(x, folder, few)
    for each in needed:
        chains = tuple((train(x, each, seed),) for seed in range(1, x.seeds + 1))
        yield Stage(each.name, each.name, chains)
    yield from judge(x, scale, chosen, ["pretrained", "composed", *(each.name for each in needed)])


def other(x: Experiment) -> Experiment:
    """With the denoiser of another noise."""
    return replace(
        x, denoiser=x.best(f"denoiser-noise-{OTHER_NOISE}"), noise=("--noise", OTHER_NOISE, *synthetic.NOISE[2:])
    )


def other_denoiser(x: Experiment, folder: Path) -> list[Stage]:
    """No bound for the check: what a bad one does is the question."""
    data = synthetic.data_of(x.recipe, x.out)
    name = f"denoiser-noise-{OTHER_NOISE}"
    trained = plan.train_denoiser(other(x), data.subword_model, name)
    check = plan.check_denoiser(other(x), 0, folder / f"denoiser-{OTHER_NOISE}.json", "other_check")
    return [trained, check]


def fewer_pairs(x: Experiment, folder: Path, counts: Sequence[int]) -> Stage:
    """The first pairs; validation and dictionary stay."""
    chains: list[Chain] = []
    for count in counts:
        here = folder / f"labels-{count}"
        sides = [
            run("head", "-n", count, x.text / f"bpe.train.{side}", output=here / f"train.{side}")
            for side in ("src", "tgt")
        ]
        pairs = preprocess(x.dictionary, here / "pairs", train=here / "train", valid=x.text / "bpe.valid")
        reads = (x.text / "bpe.valid.*",)
        chains.append((Task(f"labels-{count}.pairs", (*sides, pairs), reads=reads, writes=(here / "pairs",)),))
    return Stage("fewer_pairs", "fewer pairs", tuple(chains))


def train(x: Experiment, variant: Variant, seed: int) -> Task:
    """One variant of one seed."""
    here = other(x) if variant.noise else x
    data = x.out / "ablation" / f"labels-{variant.pairs}" / "pairs" if variant.pairs else x.pairs
    if variant.plain:
        options = (*plan.plain(here, str(here.denoiser)), *x.recipe.schedules["pretrained"][0])
    else:
        before = str(x.best(f"{variant.start}.{seed}"))
        options = (*plan.composed(here, before), *x.recipe.schedules["composed"][0], *variant.options)
    return plan.train_pairs(here, f"{variant.name}.{seed}", data, seed, x.select, not variant.plain, options)


def judge(x: Experiment, scale: str, chosen: Sequence[Axis], names: Sequence[str]) -> Iterator[Stage]:
    """Outputs, verdicts, table and picture."""
    folder = x.out / "ablation"
    seeds = range(1, x.seeds + 1)
    methods = [Method(name, seed, x.best(f"{name}.{seed}")) for name in names for seed in seeds]
    yield judging.generate(x, methods, folder / "evaluations", "ablation_")
    yield judging.evaluate(x, methods, folder / "evaluations", "ablation_")
    noises = {"synthetic": x.out / "denoiser.json"}
    if f"noise-{OTHER_NOISE}" in names:
        noises[OTHER_NOISE] = folder / f"denoiser-{OTHER_NOISE}.json"
    results = folder / "results.json"
    evaluations = judging.evaluations(x, methods, folder / "evaluations")
    commands = (
        cft("collect", *evaluations, "--dataset", f"ablation-{scale}", "--output", results),
        cft(
            "report-ablation", results, "--output-dir", folder, "--denoisers",
            *(f"{name}={path}" for name, path in noises.items()), *(word for axis in chosen for word in axis.words()),
        ),
    )  # fmt: skip
    reads = (PACKAGE / "report", PACKAGE / "systems.py")
    writes = (results, folder / "report.md", folder / "report.png")
    yield single("ablation_report", "table and picture", *commands, reads=reads, writes=writes)


def experiment(out: Path, scale: str, *, seeds: int, allow_unsafe: bool) -> Experiment:
    return synthetic.experiment(out, SYNTHETIC[scale], f"synthetic-{scale}", seeds=seeds, allow_unsafe=allow_unsafe)
