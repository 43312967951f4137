"""From systems, recipe and seeds to stages: trainings, outputs, verdicts, the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..systems import DENOISER, RANDOM, SYSTEMS
from .recipe import ALWAYS, Recipe, Words
from .stages import PACKAGE, Chain, Command, Stage, Task, cft, run, single

BEST = "checkpoint_best.pt"
USER_DIR = ("--user-dir", str(PACKAGE))


@dataclass(frozen=True)
class Split:
    """Pairs that systems are tested on: fairseq's name for them, and what judges the outputs."""

    name: str
    subset: str
    cases: Words
    reads: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """What the trainings of all systems share.

    Attributes:
        dataset: its name in results.json.
        pairs programs: folders of binarised data; ``whole``: pairs without the segments of programs that ``pairs`` has
            besides, for trainings that start from a trained system, their own first phase too.
        denoiser: checkpoint; ``start``: another of the same shape, which systems that start from a denoiser start from.
        text: folder with the data as subwords, ``bpe.train.src`` and so on.
        unlabeled: programs without pseudocode, as subwords; ``dictionary`` is the one of all data.
        noise: options of code_denoising.
        select: options of pseudocode_to_code that choose a system's best checkpoint; ``back``: of a model from code to
            pseudocode.
        task: options of pseudocode_to_code besides; ``references``: where it trains a composed model.
        splits: of ``tests``, a folder of binarised pairs.
        generate: options of fairseq-generate.
        more: the user's own options of every training; they stand last and win.
    """

    out: Path
    dataset: str
    recipe: Recipe
    pairs: Path
    programs: Path
    denoiser: Path
    text: Path
    unlabeled: Path
    dictionary: Path
    noise: Words
    select: Words
    back: Words
    splits: tuple[Split, ...]
    tests: Path
    select_reads: tuple[Path, ...] = ()
    task: Words = ()
    generate: Words = ("--batch-size", "100")
    seeds: int = 1
    more: Words = ()
    allow_unsafe: bool = False
    denoiser_seed: int = 1
    always: Words = ALWAYS
    whole: Path | None = None
    start: Path | None = None
    references: Words = ()

    @property
    def models(self) -> Path:
        return self.out / "models"

    def best(self, name: str) -> Path:
        """The best checkpoint of a training."""
        return self.models / name / BEST


def training(x: Experiment, name: str, data: Path, *options: object, reads: Sequence[Path] = ()) -> Task:
    """fairseq-train with what all trainings share; resumed after a kill."""
    folder = x.models / name
    command = run(
        "fairseq-train", data, *USER_DIR, *x.always, "--no-epoch-checkpoints", "--save-dir", folder, *options, *x.more
    )
    read = (*(data / pattern for pattern in ("train.*", "valid.*", "dict.*")), *reads)
    return Task(name, (command,), reads=read, training=folder)


def chosen_systems(names: str) -> list[str]:
    """Comma-separated systems in the order of the table, in which each stands after the one it starts from."""
    given = names.split(",")
    for name in given:
        if name not in SYSTEMS or SYSTEMS[name].backwards:
            known = ", ".join(each for each, system in SYSTEMS.items() if not system.backwards)
            raise UsageError(f"there is no system {name}; --systems knows {known}")
        before = SYSTEMS[name].starts_from
        if before in SYSTEMS and before not in given:
            raise UsageError(f"{name} starts from {before}; add it to --systems")
    return [name for name in SYSTEMS if name in given]


# Trainings ---------------------------------------------------------------------------------------------------------


def train_systems(x: Experiment, systems: Sequence[str]) -> list[Stage]:
    """A stage for each system, of a chain for each seed; before back-translation, the pseudocode that it needs."""
    stages = []
    for name in systems:
        if any(phase.data == "backtranslated" for phase in SYSTEMS[name].phases):
            stages += label_programs(x)
        chains = tuple(train_system(x, name, seed) for seed in range(1, x.seeds + 1))
        stages.append(Stage(name, f"{name}: {SYSTEMS[name].title}", chains))
    return stages


def train_system(x: Experiment, name: str, seed: int) -> Chain:
    """The trainings of one system and seed, one after the other."""
    system = SYSTEMS[name]
    ending = "" if system.backwards else f".{seed}"
    before = start(x, system.starts_from, seed)
    tasks: list[Task] = []
    for phase in system.phases:
        schedules = x.recipe.schedules[phase.schedule]
        for number, schedule in enumerate(schedules, start=1):
            last = number == len(schedules)
            called = f"{name}{phase.suffix}{ending}" + ("" if last else f".phase{number}")
            later = number > 1 or system.starts_from in SYSTEMS
            pairs = x.whole if x.whole and later else x.pairs
            data = pairs if phase.data == "pairs" else x.out / phase.data / "data-bin"
            options = (*phase.options, *(composed(x, before) if system.composed else plain(x, before)), *schedule)
            select = x.back if system.backwards else x.select
            tasks.append(train_pairs(x, called, data, seed, select, system.composed, options))
            before = str(x.best(called))
    return tuple(tasks)


def start(x: Experiment, starts_from: str, seed: int) -> str:
    """A checkpoint, or ``random``."""
    if starts_from in SYSTEMS:
        return str(x.best(f"{starts_from}.{seed}"))
    return str(x.start or x.denoiser) if starts_from == DENOISER else starts_from


def plain(x: Experiment, before: str) -> Words:
    """Options of a model without a denoiser behind it."""
    return (*(() if before == RANDOM else ("--finetune-from-model", before)), *x.recipe.criterion)


def composed(x: Experiment, before: str) -> Words:
    """Options of a model that is trained through the frozen denoiser."""
    base = DENOISER if before == str(x.denoiser) else before
    return (
        *("--denoiser-path", str(x.denoiser), "--base-predictor-path", base),
        *("--criterion", "composed_finetuning", *x.recipe.estimator, *x.references),
    )


def train_pairs(
    x: Experiment, name: str, data: Path, seed: int, select: Words, is_composed: bool, options: Words
) -> Task:
    """A training from pseudocode to code, or back."""
    recipe = x.recipe
    architecture = f"{'composed_transformer' if is_composed else 'transformer_cft'}_{recipe.architecture}"
    return training(
        x, name, data, "--seed", seed, "--task", "pseudocode_to_code", *x.task, *select, "--arch", architecture,
        *recipe.shape, *recipe.batch, *recipe.regularize, *options, reads=x.select_reads,
    )  # fmt: skip


def label_programs(x: Experiment) -> list[Stage]:
    """One model from code to pseudocode for all seeds, and what it makes of the programs that have none."""
    made, model = x.out / "backtranslated", "to_pseudocode"
    outputs, source, target = made / "log", made / "train.src", made / "train.tgt"
    paired = x.text / ("bpe.pairs" if x.whole else "bpe.train")
    interactive = run(
        "fairseq-interactive", x.pairs, *USER_DIR, "--task", "pseudocode_to_code", "--source-lang", "tgt",
        "--target-lang", "src", "--path", x.best(model), "--input", x.unlabeled, "--buffer-size", "2000",
        "--batch-size", "200", "--beam", "1", output=outputs,
    )  # fmt: skip
    # H-<number of the line> TAB score TAB pieces, in the order of the lines
    pieces = run("sed", "-n", r"s/^H-[0-9]*\t[^\t]*\t//p", outputs, output=made / "labels")
    commands = (
        interactive,
        pieces,
        run("cat", f"{paired}.src", made / "labels", output=source),
        run("cat", f"{paired}.tgt", x.unlabeled, output=target),
        preprocess(x.dictionary, made / "data-bin", train=made / "train", valid=x.text / "bpe.valid"),
    )
    reads = (x.text / "bpe.valid.*",)
    label = single("label", "pseudocode for the unlabeled programs", *commands, reads=reads, writes=[made / "data-bin"])
    return [Stage(model, SYSTEMS[model].title, (train_system(x, model, x.denoiser_seed),)), label]


def preprocess(dictionary: Path, folder: Path, *more: object, **prefixes: object) -> Command:
    """fairseq-preprocess of pairs; one dictionary for both sides, `more` options."""
    given = [word for name, prefix in prefixes.items() for word in (f"--{name}pref", prefix)]
    both = ("--srcdict", dictionary, "--tgtdict", dictionary)
    return run(
        "fairseq-preprocess", "--source-lang", "src", "--target-lang", "tgt", *both, *given, *more, "--destdir", folder
    )


def train_denoiser(x: Experiment, subword_model: Path, name: str = "denoiser") -> Stage:
    """On programs that are corrupted afresh in every epoch."""
    recipe = x.recipe
    (schedule,) = recipe.schedules["denoiser"]
    task = training(
        x, name, x.programs, "--seed", x.denoiser_seed, "--task", "code_denoising", *x.noise, "--eval-denoising",
        "--subword-model", subword_model, "--arch", f"transformer_cft_{recipe.architecture}", *recipe.batch,
        "--criterion", "cross_entropy", *schedule,
    )  # fmt: skip
    return Stage(name, "denoiser: undo corruptions of unlabeled programs", ((task,),))


def check_denoiser(x: Experiment, min_clean_kept: float, json: Path, name: str = "check") -> Stage:
    """Is it fit to be composed?"""
    kept = ("--min-clean-kept", min_clean_kept, "--json", json)
    command = cft("check-denoiser", "--denoiser", x.denoiser, *kept)
    reads = [x.programs / "valid.*"]
    return single(name, "denoiser leaves clean programs alone?", command, reads=reads, writes=[json])


def train_gate(x: Experiment, subword_model: Path) -> Stage:
    """One for all systems, on the denoiser's encoder."""
    (schedule,) = x.recipe.schedules["gate"]
    task = training(
        x, "gate", x.programs, "--task", "code_denoising", *x.noise, "--subword-model", subword_model, "--seed",
        x.denoiser_seed, "--clean-share", "0.5", *x.recipe.batch, "--arch", "denoiser_gate", "--denoiser-path",
        x.denoiser, "--criterion", "denoiser_gate", *schedule,
    )  # fmt: skip
    return Stage("gate", "which outputs need denoising?", ((task,),))
