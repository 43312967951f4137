"""Experiments that start from text files: subwords, binarised data, the check of the inputs, the denoiser."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .plan import Experiment, Split, preprocess
from .recipe import Recipe, Words
from .stages import PACKAGE, Command, Stage, Task, cft, run, single

REFERENCES = "train.refs"
SUBWORDS = (PACKAGE / "data/subwords.py",)


@dataclass(frozen=True)
class TextData:
    """A folder ``raw`` with {train,valid,SPLIT}.{src,tgt} and unlabeled.tgt, one example a line.

    Attributes:
        splits: NAME of the test sets; fairseq calls them test, test1, ...
        vocabulary: subword pieces at most.
        heldout: unlabeled outputs that nobody trains on, for the denoiser's own validation.
        references: train.refs holds all right outputs of each training pair.
        learned: the files of ``raw`` that subwords are learned from.
    """

    raw: Path
    out: Path
    splits: tuple[str, ...]
    vocabulary: int
    heldout: int
    references: bool = False
    learned: tuple[str, ...] = ("train.src", "train.tgt")

    @property
    def text(self) -> Path:
        return self.out / "data"

    @property
    def bin(self) -> Path:
        return self.out / "data-bin"

    @property
    def subword_model(self) -> Path:
        return self.text / "bpe.model"

    @property
    def dictionary(self) -> Path:
        return self.bin / "dict" / "dict.txt"

    def pieces(self, name: str) -> Path:
        """A file of ``raw`` as subwords."""
        return self.text / f"bpe.{name}"

    def pairs(self) -> list[str]:
        """Names of the files with pairs."""
        return [f"{split}.{side}" for split in ("train", "valid", *self.splits) for side in ("src", "tgt")]


def stages(data: TextData, most_untrained: float = 0) -> list[Stage]:
    """From raw text to binarised pairs and programs."""
    return [make_subwords(data), check_inputs(data, most_untrained), binarise(data)]


def make_subwords(data: TextData) -> Stage:
    names = ["unlabeled.tgt", *data.pairs()]
    model, unlabeled = data.subword_model, data.pieces("unlabeled.tgt")
    table = data.text / "bpe.dict.txt"
    commands = (
        cft(
            "subwords", "train", "--input", *(data.raw / name for name in data.learned), "--model-prefix",
            data.text / "bpe", "--vocab-size", data.vocabulary,
        ),
        cft(
            "subwords", "encode", "--model", model, "--input", *(data.raw / name for name in names), "--output",
            *map(data.pieces, names),
        ),
        *encode_references(data),
        run("tail", "-n", data.heldout, unlabeled, output=data.pieces("heldout.tgt")),
        run("head", "-n", f"-{data.heldout}", unlabeled, output=data.pieces("denoise.tgt")),
        run(
            "cat", *map(data.pieces, ("train.src", "train.tgt", "denoise.tgt")), output=data.pieces("all"),
        ),
        run(
            "fairseq-preprocess", "--only-source", "--dict-only", "--trainpref", data.pieces("all"), "--destdir",
            data.bin / "dict",
        ),
    )  # fmt: skip
    made = [*names, REFERENCES] if data.references else names
    writes = (model, table, *map(data.pieces, made), data.bin / "dict")
    return single("subwords", "one subword model for both", *commands, reads=SUBWORDS, writes=writes)


def encode_references(data: TextData) -> Iterator[Command]:
    if data.references:
        given = ("--references", "--input", data.raw / REFERENCES, "--output", data.pieces(REFERENCES))
        yield cft("subwords", "encode", "--model", data.subword_model, *given)


def check_inputs(data: TextData, most_untrained: float) -> Stage:
    """Stops where a validation or test input holds a piece that no training sees."""
    tests = [data.pieces(f"{split}.src") for split in ("valid", *data.splits)]
    command = cft("check-inputs", "--train", data.pieces("all"), "--inputs", *tests, "--most", most_untrained)
    return single("inputs", "inputs hold nothing that training never saw?", command)


def binarise(data: TextData) -> Stage:
    """Pairs and programs at the same time."""
    tests = ",".join(str(data.pieces(split)) for split in data.splits)
    pairs = preprocess(
        data.dictionary, data.bin / "pairs", train=data.pieces("train"), valid=data.pieces("valid"), test=tests
    )
    programs = run(
        "fairseq-preprocess", "--only-source", "--srcdict", data.dictionary, "--trainpref", data.pieces("denoise.tgt"),
        "--validpref", data.pieces("heldout.tgt"), "--destdir", data.bin / "programs",
    )  # fmt: skip
    reads = tuple(map(data.pieces, data.pairs()))
    pairs_task = Task("binarise.pairs", (pairs,), reads=reads, writes=(data.bin / "pairs",))
    programs_task = Task("binarise.programs", (programs,), writes=(data.bin / "programs",))
    return Stage("binarise", "binarised by fairseq-preprocess", ((pairs_task,), (programs_task,)))


def select(recipe: Recipe, cases: Words, *, allow_unsafe: bool = False) -> Words:
    """Options that keep the checkpoint that is right most often: by running its outputs, or by exact match."""
    exact = ("--eval-exact-match",)
    if not recipe.judged or not cases:
        return (*exact, *best_by("exact"))
    unsafe = ("--eval-allow-unsafe",) if allow_unsafe else ()
    return (*exact, "--eval-programs", str(recipe.judged), *cases, *unsafe, *best_by("correct_rate"))


def best_by(metric: str) -> Words:
    return ("--best-checkpoint-metric", metric, "--maximize-best-checkpoint-metric")


def experiment(
    data: TextData, recipe: Recipe, dataset: str, splits: Sequence[Split], noise: Words, chosen: Words
) -> Experiment:
    """What plan.py needs to know of it."""
    return Experiment(
        out=data.out,
        dataset=dataset,
        recipe=recipe,
        pairs=data.bin / "pairs",
        programs=data.bin / "programs",
        denoiser=data.out / "models" / "denoiser" / "checkpoint_best.pt",
        text=data.text,
        unlabeled=data.pieces("denoise.tgt"),
        dictionary=data.dictionary,
        noise=noise,
        select=chosen,
        back=("--eval-exact-match", *best_by("exact"), "--source-lang", "tgt", "--target-lang", "src"),
        splits=tuple(splits),
        tests=data.bin / "pairs",
        references=("--references", str(data.pieces(REFERENCES))) if data.references else (),
    )
