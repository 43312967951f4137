"""The comparison on a user's own text files: noise, checker or language, and sizes are theirs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import UserError
from ..files import read_lines
from . import judging, plan, text_data
from .plan import Experiment, Split
from .recipe import ALWAYS, Recipe, Words, then
from .stages import Stage
from .text_data import TextData

LEAST_UNLABELED = 10
MOST_HELDOUT = 500  # programs that validate the denoiser; of few unlabeled ones a tenth
COPYING = "--copy-attention"
LEARNED = {"unlabeled": ("train.src", "unlabeled.tgt"), "pairs": ("train.src", "train.tgt")}  # what subwords learn from
JUDGED = 200  # validation outputs that choose the best checkpoint


@dataclass(frozen=True)
class OwnData:
    """What `compare` is given.

    Attributes:
        judge: options of evaluate that say who judges: --checker or --language, --decode, --compare, --user-file.
        user: --user-file with absolute paths, or nothing.
        subwords: a key of LEARNED.
    """

    raw: Path
    out: Path
    noise: Words
    judge: Words
    user: Words
    checker: str | None
    language: str | None
    decode: str
    compare: str
    subwords: str

    @property
    def splits(self) -> tuple[str, ...]:
        return ("test", "ood") if (self.raw / "ood.src").exists() else ("test",)

    def cases(self, split: str) -> tuple[Path, Path]:
        """Files with a split's inputs and expected outputs: .inp and .out where there are any, else the pairs."""
        found = (self.raw / f"{split}.{own}" for own in ("inp", "out"))
        sides = (self.raw / f"{split}.{side}" for side in ("src", "tgt"))
        inputs, expected = (own if own.exists() else side for own, side in zip(found, sides, strict=True))
        return inputs, expected

    def require_files(self) -> None:
        """Every file that is needed, and enough unlabeled outputs."""
        pairs = [f"{split}.{side}" for split in ("train", "valid", *self.splits) for side in ("src", "tgt")]
        cases = [f"{split}.{end}" for split in self.splits for end in ("inp", "out")] if self.language else []
        for name in ("unlabeled.tgt", *pairs, *cases):
            if not (self.raw / name).is_file():
                raise UserError(
                    f"{self.raw / name} does not exist; --data DIR holds {', '.join(('unlabeled.tgt', *pairs, *cases))}"
                )
        if len(read_lines(self.raw / "unlabeled.tgt")) < LEAST_UNLABELED:
            raise UserError(f"{self.raw / 'unlabeled.tgt'} has fewer than {LEAST_UNLABELED} lines; add outputs")

    def selection(self) -> Words:
        """How a validation output is judged; nothing where validation has no cases."""
        inputs, expected = self.cases("valid")
        files = ("--eval-inputs", str(inputs), "--eval-expected", str(expected))
        if self.checker:
            return (*files, "--eval-checker", self.checker, *self.user)
        if self.language and inputs.suffix == ".inp" and expected.suffix == ".out":
            how = ("--eval-language", self.language, "--eval-decode", self.decode, "--eval-compare", self.compare)
            return (*files, *how, *self.user)
        return ()


def recipe(
    *,
    architecture: str,
    vocabulary: int,
    max_tokens: int,
    denoiser_updates: int,
    updates: int,
    composed_updates: int,
    copies: bool = False,
) -> Recipe:
    """Schedules of as many updates as the user asks for; with `copies` every model copies from its source."""

    def schedule(rate: str, warmup: int, count: int) -> str:
        every = max(count // 10, 1)
        return (
            f"--lr-scheduler inverse_sqrt --validate-interval 1000000 --save-interval 1000000 --lr {rate} "
            f"--warmup-updates {warmup} --max-update {count} --validate-interval-updates {every} "
            f"--save-interval-updates {every}"
        )

    return Recipe(
        architecture=architecture,
        vocabulary=vocabulary,
        batch=("--max-tokens", str(max_tokens)),
        shape=(COPYING,) * copies,
        judged=JUDGED,
        schedules={
            "denoiser": then(
                f"--dropout 0 --lr 3e-3 --lr-scheduler polynomial_decay --warmup-updates 100 --max-update "
                f"{denoiser_updates} --total-num-update {denoiser_updates} --validate-interval 1000000 "
                f"--validate-interval-updates {max(denoiser_updates // 4, 1)}"
                f"{f' {COPYING} --copy-dropout 0.5' if copies else ''}"  # a predictor starts from what generates
            ),
            "direct": then(schedule("2e-3", 100, updates)),
            "pretrained": then(schedule("1e-3", 100, updates)),
            "composed": then(schedule("3e-4", 30, composed_updates)),
            "longer": then(schedule("3e-4", 30, composed_updates)),
            "from_scratch": then(schedule("1e-3", 30, updates)),
            "encoder": then(schedule("1e-3", 100, updates)),
            "backtranslation": then(schedule("1e-3", 100, updates)),
        },
    )


def experiment(own: OwnData, sizes: Recipe, *, seeds: int, allow_unsafe: bool, more: Words) -> Experiment:
    data = text_of(own, sizes)
    splits = []
    for number, name in enumerate(own.splits):
        inputs, expected = own.cases(name)
        given = ("--inputs", str(inputs), "--expected", str(expected), *own.judge)
        splits.append(Split(name, f"test{number or ''}", given))
    chosen = text_data.select(sizes, own.selection(), allow_unsafe=allow_unsafe)
    made = text_data.experiment(data, sizes, own.raw.name, splits, own.noise, chosen)
    always = (*ALWAYS, "--keep-interval-updates", "1")
    return replace(made, always=always, seeds=seeds, allow_unsafe=allow_unsafe, more=more)


def text_of(own: OwnData, sizes: Recipe) -> TextData:
    heldout = min(len(read_lines(own.raw / "unlabeled.tgt")) // 10, MOST_HELDOUT)
    references = (own.raw / text_data.REFERENCES).exists()
    learned = LEARNED[own.subwords]
    return TextData(own.raw, own.out, own.splits, sizes.vocabulary, heldout, references, learned)


def stages(
    x: Experiment, data: TextData, systems: list[str], min_clean_kept: float, most_untrained: float
) -> Iterator[Stage]:
    """From the user's files to a table; what would make all of it worthless comes first."""
    yield judging.ceiling(x, {split: data.raw / f"{split}.tgt" for split in data.splits})
    yield from text_data.stages(data, most_untrained)
    yield plan.train_denoiser(x, data.subword_model)
    yield plan.check_denoiser(x, min_clean_kept, x.out / "denoiser.json")
    yield from plan.train_systems(x, systems)
    yield from judging.compare(x, systems, data.subword_model)
