"""What each --scale of the benchmark on SPoC stands for. docs/benchmarks.md says which were run."""

from __future__ import annotations

from .recipe import COPYING, SIZE_128, Phases, Recipe, then, words

SMOOTHED = words("--criterion label_smoothed_cross_entropy")


def _rate(lr: str, every: int, more: str = "") -> str:
    return f"--lr {lr} --lr-scheduler inverse_sqrt --validate-interval {every} --save-interval {every} {more}"


_TINY = _rate("2e-3", 1000, "--warmup-updates 20")
_PAPER = _rate("1e-3", 5, "--warmup-updates 4000")


def _cpu_predictor(updates: int) -> Phases:
    total = updates * 4 // 3  # the rate does not fall to 0
    return then(
        f"--lr 1.5e-3 --lr-scheduler polynomial_decay --warmup-updates 200 --max-update {updates} "
        f"--total-num-update {total} --validate-interval 2 --save-interval 1 --label-smoothing 0.1",
        f"{_rate('5e-4', 2)} --warmup-updates 50 --max-update 600",
    )


_CPU_PREDICTOR = _cpu_predictor(3000)
_TINY_DIRECT = then(f"{_TINY} --label-smoothing 0.1 --max-update 40", f"{_TINY} --max-update 20")
_CPU_COMPOSED = f"{_rate('3e-4', 1)} --warmup-updates 30 --max-update 400"
_PAPER_COMPOSED = f"{_rate('1e-4', 1)} --warmup-updates 2000 --label-smoothing 0.05 --max-epoch 20"

SPOC = {
    "tiny": Recipe(  # sees that everything runs: minutes
        architecture="tiny",
        vocabulary=300,
        batch=words("--max-tokens 3000"),
        criterion=SMOOTHED,
        judged=10,
        schedules={
            "direct": _TINY_DIRECT,
            "pretrained": _TINY_DIRECT,
            "composed": then(f"{_TINY} --lr 3e-4 --max-update 10"),
            "longer": then(f"{_TINY} --lr 3e-4 --max-update 10"),
            "from_scratch": then(f"{_TINY} --lr 1e-3 --max-update 20"),
            "encoder": then(f"{_TINY} --max-update 20"),
            "backtranslation": then(f"{_TINY} --max-update 40"),
            "gate": then(f"{_TINY} --max-update 40"),
        },
    ),
    "cpu": Recipe(  # copies from its source; with prepare-spoc --unlabeled, --segments and --empty-lines
        architecture="tiny",
        vocabulary=1000,
        shape=(*SIZE_128, *COPYING),
        batch=words("--max-tokens 3000"),
        regularize=words("--dropout 0.1"),
        criterion=SMOOTHED,
        judged=100,
        schedules={
            "direct": _CPU_PREDICTOR,
            "pretrained": _cpu_predictor(6000),
            "composed": then(_CPU_COMPOSED),
            "longer": then(_CPU_COMPOSED),
            "from_scratch": _CPU_PREDICTOR,
            "encoder": then(f"{_rate('1e-3', 2)} --warmup-updates 200 --label-smoothing 0.1 --max-update 1500"),
            "backtranslation": _CPU_PREDICTOR,
        },
    ),
    "paper": Recipe(  # the published sizes and phases
        architecture="spoc",
        vocabulary=10000,
        batch=words("--max-tokens 8000 --update-freq 2"),
        regularize=words("--dropout 0.4 --attention-dropout 0.2 --activation-dropout 0.2"),
        criterion=SMOOTHED,
        judged=200,
        schedules={
            "direct": then(
                f"{_PAPER} --label-smoothing 0.2 --max-epoch 100", f"{_PAPER} --label-smoothing 0.1 --max-epoch 50"
            ),
            "pretrained": then(
                f"{_PAPER} --label-smoothing 0.2 --max-epoch 100",
                f"{_PAPER} --label-smoothing 0.1 --max-epoch 25",
                f"{_PAPER} --label-smoothing 0.05 --max-epoch 25",
            ),
            "composed": then(_PAPER_COMPOSED),
            "longer": then(_PAPER_COMPOSED),
            "from_scratch": then(f"{_PAPER_COMPOSED} --lr 1e-3 --max-epoch 100"),
            "encoder": then(f"{_PAPER} --label-smoothing 0.2 --max-epoch 50"),
            "backtranslation": then(f"{_PAPER} --label-smoothing 0.2 --max-epoch 50"),
            "gate": then(f"{_PAPER} --warmup-updates 400 --max-epoch 20"),
        },
    ),
}
