"""What each --scale of the synthetic experiments stands for. docs/benchmarks.md says how long they take."""

from __future__ import annotations

from .recipe import Phases, Recipe, Words, then, words

ROOT_LR = "--lr-scheduler inverse_sqrt"


def _synthetic(every: dict[str, int], **schedules: str) -> dict[str, Phases]:
    """Schedules of the synthetic experiments; those in `every` are validated and saved after so many epochs.

    About ten times a training: each time programs are compiled, which takes as long as many updates.
    """
    made = {
        name: then(f"{text} --validate-interval {every[name]} --save-interval {every[name]}" if name in every else text)
        for name, text in schedules.items()
    }
    return {"longer": made["composed"], **made}


def _every(direct: int, pretrained: int, composed: int) -> dict[str, int]:
    """Epochs between validations; an epoch of backtranslation is long, so it is not among them."""
    return {
        **{"direct": direct, "composed": composed},
        **dict.fromkeys(("pretrained", "from_scratch", "encoder"), pretrained),
    }


def _decay(lr: str, warmup: int, updates: int) -> str:
    return (
        f"--lr {lr} --lr-scheduler polynomial_decay --warmup-updates {warmup} --max-update {updates} "
        f"--total-num-update {updates}"
    )


def _root(lr: str, warmup: int, updates: int) -> str:
    return f"--lr {lr} {ROOT_LR} --warmup-updates {warmup} --max-update {updates}"


# Small enough for minutes; large enough for the systems to differ
QUICKSTART_DATA = words("--preset tiny --test 200 --ood 200")
QUICKSTART = Recipe(
    architecture="tiny",
    vocabulary=200,
    batch=words("--max-tokens 2500"),
    judged=40,
    schedules={
        "denoiser": then(
            f"--dropout 0 {_decay('3e-3', 150, 2500)} --validate-interval 1000 --validate-interval-updates 500"
        ),
        "direct": then(f"{_root('2e-3', 100, 500)} --validate-interval 10 --save-interval 10"),
        "pretrained": then(f"{_root('1e-3', 100, 400)} --validate-interval 10 --save-interval 10"),
        "composed": then(f"{_root('3e-4', 30, 160)} --validate-interval 4 --save-interval 4"),
    },
)

SYNTHETIC_DATA: dict[str, Words] = {
    "tiny": words("--preset tiny --test 100 --ood 100"),
    "cpu": words("--preset tiny --test 500 --ood 500"),
    "paper": words("--preset paper"),
}
SYNTHETIC = {
    "tiny": Recipe(  # sees that everything runs: minutes
        architecture="tiny",
        vocabulary=200,
        batch=words("--max-tokens 2500"),
        judged=20,
        schedules=_synthetic(
            _every(5, 5, 5),
            denoiser=f"--dropout 0 {_decay('3e-3', 150, 2500)} --validate-interval 1000 "
            "--validate-interval-updates 500",
            direct=_root("2e-3", 100, 300),
            pretrained=_root("1e-3", 100, 200),
            composed=_root("3e-4", 30, 60),
            from_scratch=_root("1e-3", 30, 150),
            encoder=_root("1e-3", 100, 100),
            backtranslation=_root("1e-3", 100, 200),
            gate=_decay("1e-2", 50, 600),
        ),
    ),
    "cpu": Recipe(  # the quickstart's language
        architecture="tiny",
        vocabulary=200,
        batch=words("--max-tokens 2500"),
        judged=50,
        schedules=_synthetic(
            _every(30, 18, 9),
            denoiser=f"--dropout 0 {_decay('3e-3', 150, 5000)} --validate-interval 1000 "
            "--validate-interval-updates 1000",
            direct=_root("2e-3", 100, 3000),
            pretrained=_root("1e-3", 100, 900),
            composed=_root("1e-3", 30, 450),
            from_scratch=_root("1e-3", 30, 2000),
            encoder=_root("1e-3", 100, 1000),
            backtranslation=_root("1e-3", 100, 4000),
            gate=_decay("1e-2", 50, 3000),
        ),
    ),
    "paper": Recipe(  # the published sizes; more denoiser epochs, to keep clean programs; not run yet
        architecture="synthetic",
        vocabulary=600,
        batch=words("--max-tokens 16000"),
        judged=200,
        schedules=_synthetic(
            _every(50, 30, 30),
            denoiser=f"--dropout 0.1 --lr 1e-3 {ROOT_LR} --warmup-updates 4000 --warmup-init-lr 1e-7 --max-epoch 150 "
            "--validate-interval 5",
            direct=f"--lr 2e-3 {ROOT_LR} --warmup-updates 400 --warmup-init-lr 5e-4 --max-epoch 500",
            pretrained=f"--lr 2e-3 {ROOT_LR} --warmup-updates 150 --max-epoch 300",
            composed=f"--lr 2e-4 {ROOT_LR} --warmup-updates 90 --max-epoch 300",
            from_scratch=f"--lr 2e-3 {ROOT_LR} --warmup-updates 90 --max-epoch 500",
            encoder=f"--lr 2e-3 {ROOT_LR} --warmup-updates 150 --max-epoch 300",
            backtranslation=f"--lr 2e-3 {ROOT_LR} --warmup-updates 150 --max-epoch 50",
            gate=f"--lr 3e-3 {ROOT_LR} --warmup-updates 400 --max-epoch 20",
        ),
    ),
}
