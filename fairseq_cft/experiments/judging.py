"""Outputs of trained systems, verdicts on them, and the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..systems import SYSTEMS
from .plan import USER_DIR, Experiment, Split, train_gate
from .recipe import Words
from .stages import PACKAGE, Chain, Stage, Task, cft, run, single

MIN_CEILING = 0.98  # share of references that must be judged right; SPoC's programs in the published format fall below


@dataclass(frozen=True)
class Method:
    """A system as it is used: the checkpoint that generates, and options of fairseq-generate."""

    name: str
    seed: int
    checkpoint: Path
    options: Words = ()
    made: Task | None = None


def methods_of(x: Experiment, name: str, seed: int, *, gate: bool) -> list[Method]:
    """A system alone, with the denoiser behind it, or where a gate asks for it; a composed one without it as well."""
    model = x.best(f"{name}.{seed}")
    alone = Method(name, seed, model)
    if SYSTEMS[name].composed:
        base = Method(f"{name}:base", seed, model, ("--model-overrides", "{'output_stage': 'base'}"))
        found = [alone, base]
    else:
        found = [alone, with_denoiser(x, name, seed, "denoise")]
    if gate:
        found.append(with_denoiser(x, name, seed, "gate", "--gate", x.best("gate")))
    return found


def with_denoiser(x: Experiment, name: str, seed: int, suffix: str, *options: object) -> Method:
    """A trained system and the denoiser in one checkpoint, without any training."""
    called = f"{name}+{suffix}"
    file = x.models / f"{called}.{seed}.pt"
    command = cft(
        "compose", "--base-predictor", x.best(f"{name}.{seed}"), "--denoiser", x.denoiser, *options, "--output", file
    )
    return Method(called, seed, file, made=Task(f"compose.{called}.{seed}", (command,), writes=(file,)))


def evaluations(x: Experiment, methods: Sequence[Method], folder: Path) -> list[Path]:
    """Where the verdicts on every method and split stand."""
    return [folder / f"{each.name}.{each.seed}.{split.name}.json" for each in methods for split in x.splits]


def generate(x: Experiment, methods: Sequence[Method], folder: Path, of: str = "") -> Stage:
    """Greedy outputs of every method for every split; ``of`` sets apart what has the same names elsewhere in OUT."""
    chains: list[Chain] = []
    for method in methods:
        made = () if method.made is None else (method.made,)
        chains.append((*made, *(generate_split(x, method, split, folder, of) for split in x.splits)))
    return Stage(f"{of}generate", "outputs on test and ood programs", tuple(chains), only=folder)


def generate_split(x: Experiment, method: Method, split: Split, folder: Path, of: str) -> Task:
    name = f"{method.name}.{method.seed}.{split.name}"
    command = run(
        "fairseq-generate", x.tests, *USER_DIR, "--path", method.checkpoint, "--task", "pseudocode_to_code",
        "--gen-subset", split.subset, "--beam", "1", *x.generate, "--num-workers", "0", "--remove-bpe",
        "sentencepiece", *method.options, output=folder / f"{name}.log",
    )  # fmt: skip
    return Task(f"{of}generate.{name}", (command,), reads=(x.tests / f"{split.subset}.*", x.tests / "dict.*"))


def evaluate(x: Experiment, methods: Sequence[Method], folder: Path, of: str = "") -> Stage:
    """Verdicts on every output; the evaluator itself keeps all cores busy."""
    chains = []
    for method in methods:
        for split in x.splits:
            name = f"{method.name}.{method.seed}.{split.name}"
            unsafe = ("--allow-unsafe",) if x.allow_unsafe else ()
            command = cft(
                "evaluate", "--hypotheses", folder / f"{name}.log", *split.cases, "--cache", x.out / "cache", *unsafe,
                "--quiet", "--json", folder / f"{name}.json",
            )  # fmt: skip
            reads = (*split.reads, PACKAGE / "evaluation", PACKAGE / "formats")
            writes = (folder / f"{name}.json",)
            chains.append((Task(f"{of}evaluate.{name}", (command,), reads=reads, writes=writes),))
    return Stage(f"{of}evaluate", "compile and run every output", tuple(chains), parallel=False)


def ceiling(x: Experiment, references: Mapping[str, Path]) -> Stage:
    """Judges the references of the test sets (split -> file) as outputs will be: what fails them measures nothing."""
    unsafe = ("--allow-unsafe",) if x.allow_unsafe else ()
    chains = []
    for split in x.splits:
        output = x.out / f"ceiling.{split.name}.json"
        command = cft(
            "evaluate", "--programs", references[split.name], *split.cases, "--cache", x.out / "cache", *unsafe,
            "--quiet", "--min-correct", MIN_CEILING, "--json", output,
        )  # fmt: skip
        reads = (*split.reads, PACKAGE / "evaluation", PACKAGE / "formats")
        chains.append((Task(f"ceiling.{split.name}", (command,), reads=reads, writes=(output,)),))
    return Stage("ceiling", "references are judged right?", tuple(chains), parallel=False)


def report(x: Experiment, systems: Sequence[str], methods: Sequence[Method]) -> Stage:
    """results.json, table, picture."""
    judged = evaluations(x, methods, x.out / "evaluations")
    results = x.out / "results.json"
    curves = [f"{name}={x.models}/{name}.1/train.log" for name in systems]
    commands = (
        cft("collect", *judged, "--dataset", x.dataset, "--output", results),
        cft("report", results, "--output-dir", x.out, "--curves", *curves),
    )
    reads = (PACKAGE / "report", PACKAGE / "systems.py", x.out / "denoiser.json", x.out / "destroyed.json")
    writes = (results, x.out / "report.md", x.out / "report.png")
    return single("report", "table and picture", *commands, reads=reads, writes=writes)


def measure_destroyed(x: Experiment, systems: Sequence[str]) -> Stage:
    """Can models that were fine-tuned from the denoiser still denoise?"""
    output = x.out / "destroyed.json"
    finetuned = [name for name in ("pretrained", "bart_style") if name in systems]
    models = [
        f"{name}.{seed}={x.best(f'{name}.{seed}')}" for name in finetuned for seed in range(1, x.seeds + 1)
    ]  # fmt: skip
    command = cft(
        "measure-destroyed", "--denoiser", x.denoiser, "--data", x.programs, "--models", *models, "--output", output
    )
    reads = [x.programs / "valid.*"]
    # of other systems nothing is left to be reported
    commands = [command] if models else [run("rm", "-f", output)]
    return single(
        "destroyed", "what fine-tuning left of denoising", *commands, reads=reads, writes=[output][: len(models)]
    )


def compare(x: Experiment, systems: Sequence[str], subword_model: Path) -> list[Stage]:
    """All stages after the trainings of the systems."""
    gate = "gate" in x.recipe.schedules
    seeds = range(1, x.seeds + 1)
    methods = [method for name in systems for seed in seeds for method in methods_of(x, name, seed, gate=gate)]
    folder = x.out / "evaluations"
    return [
        *([train_gate(x, subword_model)] if gate else []),
        generate(x, methods, folder),
        evaluate(x, methods, folder),
        measure_destroyed(x, systems),
        report(x, systems, methods),
    ]
