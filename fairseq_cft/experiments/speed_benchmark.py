"""The speed benchmark: a predictor and a denoiser of the synthetic language, and everything timed with them."""

from collections.abc import Iterator
from pathlib import Path

from . import plan, synthetic, text_data
from .plan import Experiment
from .recipe import Recipe, Words, then, words
from .stages import Stage, cft, single

SIZES = words(
    "--encoder-embed-dim 128 --decoder-embed-dim 128 --encoder-ffn-embed-dim 512 --decoder-ffn-embed-dim 512 "
    "--encoder-attention-heads 4 --decoder-attention-heads 4"
)
DATA = words("--preset paper --labeled 1000 --unlabeled 6000")
QUICK_DATA = words("--preset paper --labeled 200 --valid 50 --test 50 --ood 50 --unlabeled 1500")
QUICK = words("--batches 2 --only training_steps decoding corruption")


def recipe(updates: int) -> Recipe:
    """Trained enough for outputs to be as long as they should be."""
    schedule = (
        f"--lr 3e-3 --lr-scheduler inverse_sqrt --warmup-updates 100 --max-update {updates} --validate-interval 10 "
        "--save-interval 10"
    )
    return Recipe(
        architecture="tiny",
        vocabulary=600,
        shape=SIZES,
        batch=words("--max-tokens 4000"),
        regularize=words("--dropout 0.1"),
        schedules={"direct": then(schedule), "denoiser": ((*SIZES, *words(schedule)),)},
    )


def stages(
    out: Path, *, device: str, repeats: int, updates: int, max_tokens: int, quick: bool, allow_unsafe: bool
) -> Iterator[Stage]:
    """Data, two models, the measurement, its table."""
    x: Experiment = synthetic.experiment(out, recipe(updates), "speed", allow_unsafe=allow_unsafe)
    data = synthetic.data_of(x.recipe, out)
    yield synthetic.make_data(data, QUICK_DATA if quick else DATA)
    yield from text_data.stages(data)
    yield plan.train_denoiser(x, data.subword_model)
    yield from plan.train_systems(x, ["direct"])
    measured: Words = QUICK if quick else ()
    output = out / "speed.json"
    command = cft(
        "measure-speed", "--folder", out, "--device", device, "--repeats", repeats, "--max-tokens", max_tokens,
        *measured, "--output", output, "--", *SIZES,
    )  # fmt: skip
    reads = [x.best("direct.1"), x.denoiser]
    yield single("measure", "everything side by side", command, reads=reads, writes=[output])
    report = cft("report-speed", output, "--output-dir", out)
    yield single("report", "table and picture", report, writes=[out / "speed.md", out / "speed.png"])
