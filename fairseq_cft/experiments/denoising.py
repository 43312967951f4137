"""The denoiser of SPoC: phases on single lines, then on whole programs, with less label smoothing in each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .plan import BEST, USER_DIR
from .recipe import COPYING, SIZE_128, Words, words
from .stages import PACKAGE, Command, Stage, Task, cft, run, single

POSITIONS = words("--max-source-positions 2048 --max-target-positions 2048")
ALWAYS = words(
    "--clean-share 0.3 --criterion label_smoothed_cross_entropy --optimizer adam --adam-betas '(0.9, 0.98)' "
    "--clip-norm 1 --validate-interval 5 --num-workers 1 --log-format json --log-interval 100"
)
REGULARIZE = words("--dropout 0.1 --weight-decay 1e-4")


@dataclass(frozen=True)
class DenoiserPhase:
    """Each starts from the one before; every epoch has new corruptions: an epoch is one corrupted copy of each program.

    Attributes:
        data: ``lines`` or ``programs``.
        length: updates, or epochs where ``epochs``.
        more: options in place of those of all phases.
    """

    name: str
    data: str
    smoothing: float
    length: int
    lr: str
    warmup: int
    epochs: bool = False
    more: Words = ()

    def options(self) -> Words:
        text = f"--label-smoothing {self.smoothing:g} --lr {self.lr} --warmup-updates {self.warmup} "
        if self.epochs:
            text += f"--max-epoch {self.length} --lr-scheduler inverse_sqrt --warmup-init-lr 1e-4"
        else:
            text += f"--max-update {self.length} --lr-scheduler polynomial_decay --total-num-update {self.length}"
        return (*words(text), *self.more)


@dataclass(frozen=True)
class DenoiserScale:
    """Size, batch and phases.

    Attributes:
        start: the phase whose weights predictors start from, where that is not the last.
    """

    model: Words
    batch: Words
    phases: tuple[DenoiserPhase, ...]
    regularize: Words = REGULARIZE
    start: str | None = None


SCALES = {
    "tiny": DenoiserScale(
        words("--arch transformer_cft_tiny"),
        words("--max-tokens 3000"),
        (
            DenoiserPhase("lines-1", "lines", 0.1, 400, "3e-3", 100),
            DenoiserPhase("programs-1", "programs", 0.1, 150, "1e-3", 50),
            DenoiserPhase("programs-2", "programs", 0, 50, "3e-4", 10),
        ),
    ),
    "cpu": DenoiserScale(
        # what copies needs no lines; --copy-dropout trains what a predictor starts from
        ("--arch", "transformer_cft_tiny", *SIZE_128, *COPYING, *words("--copy-dropout 0.2 --errors 1-3")),
        words("--max-tokens 2600"),
        (
            DenoiserPhase("programs-1", "programs", 0, 3500, "1.5e-3", 200),
            # for composing: it leaves alone what is right; predictors start from the part with dropout of copying
            DenoiserPhase(
                "programs-2", "programs", 0, 1200, "7e-4", 50, more=words("--clean-share 0.5 --copy-dropout 0")
            ),
        ),
        words("--dropout 0"),
        start="programs-1",
    ),
    "paper": DenoiserScale(  # 25 + 5 epochs of lines, then 5 + 1 + 3 of programs, 16 copies of each
        words("--arch transformer_cft_spoc"),
        words("--max-tokens 8000 --update-freq 2"),
        (
            DenoiserPhase("lines-1", "lines", 0.2, 25, "1e-3", 4000, epochs=True),
            DenoiserPhase("lines-2", "lines", 0.1, 5, "1e-3", 4000, epochs=True),
            DenoiserPhase("programs-1", "programs", 0.2, 80, "1e-3", 10000, epochs=True),
            DenoiserPhase("programs-2", "programs", 0.1, 16, "1e-3", 10000, epochs=True),
            DenoiserPhase("programs-3", "programs", 0.05, 48, "1e-3", 10000, epochs=True),
        ),
        words("--dropout 0.4 --attention-dropout 0.2 --activation-dropout 0.2 --weight-decay 1e-4"),
    ),
}


@dataclass(frozen=True)
class DenoiserRun:
    """One denoiser in OUT, of data that prepare-spoc made.

    Attributes:
        more: the user's own options of fairseq-train.
        report: programs that it is tried on, and how many of them at most.
    """

    scale: str
    prepared: Path
    out: Path
    report: Path
    report_limit: int = 500
    noise: str = "cpp"
    seed: int = 1
    min_clean_kept: float = 0.98
    more: Words = ()

    @property
    def denoiser(self) -> Path:
        return self.out / "denoiser.pt"

    def best(self, phase: str) -> Path:
        return self.out / "models" / phase / BEST


def start(scale: str, denoiser: Path) -> Path:
    """What predictors start from: the denoiser, or a file beside it."""
    return denoiser.with_name("start.pt") if SCALES[scale].start else denoiser


def stages(x: DenoiserRun) -> Iterator[Stage]:
    """Phases, the denoiser, and what it repairs of programs that it never saw."""
    phases, first = SCALES[x.scale].phases, SCALES[x.scale].start
    for before, phase in zip([None, *phases], phases, strict=False):
        title = f"{phase.data}: label smoothing {phase.smoothing:g}"
        weights = ("--finetune-from-model", str(x.best(before.name))) if before else ()
        yield Stage(phase.name, title, ((train(x, phase, weights),),))
    kept = {x.denoiser: phases[-1].name} | ({start(x.scale, x.denoiser): first} if first else {})
    copies = [run("cp", x.best(phase), file) for file, phase in kept.items()]
    yield single("keep", "the last phase's best checkpoint", *copies, writes=[*kept])
    yield single("repairs", "does it repair programs it never saw?", report(x), reads=[PACKAGE / "report"])


def check(x: DenoiserRun) -> Stage:
    """Is it fit to be composed?"""
    json = x.out / "denoiser.json"
    command = cft("check-denoiser", "--denoiser", x.denoiser, "--min-clean-kept", x.min_clean_kept, "--json", json)
    reads = [x.prepared / "data-bin/programs/valid.*"]
    return single("check", "denoiser leaves clean programs alone?", command, reads=reads, writes=[json])


def train(x: DenoiserRun, phase: DenoiserPhase, weights: Words) -> Task:
    scale, data, folder = SCALES[x.scale], x.prepared / "data-bin" / phase.data, x.out / "models" / phase.name
    command = run(
        "fairseq-train", data, *USER_DIR, "--task", "code_denoising", "--noise", x.noise, *ALWAYS, *POSITIONS,
        "--subword-model", x.prepared / "bpe.model", "--seed", x.seed, "--no-epoch-checkpoints", "--save-dir", folder,
        *scale.model, *scale.batch, *scale.regularize, *phase.options(), *weights, *x.more,
    )  # fmt: skip
    reads = tuple(data / pattern for pattern in ("train.*", "valid.*", "dict.*"))
    return Task(f"denoiser.{phase.name}", (command,), reads=reads, training=folder)


def report(x: DenoiserRun) -> Command:
    return cft(
        "report-denoising", "--denoiser", x.denoiser, "--programs", x.report, "--limit", x.report_limit,
        "--output-dir", x.out,
    )  # fmt: skip
