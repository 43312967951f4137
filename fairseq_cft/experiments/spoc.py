"""Experiments on SPoC: from the published tables to binarised data, and the benchmark."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UserError
from . import denoising, judging, plan
from .denoising import POSITIONS, DenoiserRun
from .plan import Experiment, Split, preprocess
from .spoc_scales import SPOC
from .stages import PACKAGE, Chain, Command, Stage, Task, cft, run, single

TESTS = ("testw", "testp")  # new workers: in distribution; new problems: out of it
HOME = "SPoC's folder, with train, test and testcases, is at https://sumith1896.github.io/spoc"
MAX_CHARS = 1000  # of training programs, as published
MOST_UNTRAINED = 0.05  # of the inputs may hold a character that training never saw: they come from the wild

# The rows of two tables but for some programs, evenly spread, and these; a program starts where its line is 0.
DIVIDE = r"""
FNR == 1 { file++; for (i = 1; i <= NF; i++) if ($i ~ /^line\r?$/) column = i }
FNR == 1 && file == 3 { print }
FNR == 1 { next }
$column == "0" && file < 3 { programs++ }
$column == "0" && file >= 3 { seen++ }
file >= 3 && (int(seen * held_out / programs) > int((seen - 1) * held_out / programs)) == valid { print }
"""
# K lines of a file, evenly spread; it is read twice.
SPREAD = r"""
NR == FNR { total++; next }
kept >= total || int(FNR * kept / total) > int((FNR - 1) * kept / total)
"""


@dataclass(frozen=True)
class Tables:
    """What SPoC's folder has: tables for training and validation, and those of the tests."""

    train: Path
    valid: Path
    tests: tuple[tuple[str, Path], ...]
    divided: tuple[Path, ...] = ()  # from which train and valid are made, where the first is missing


@dataclass(frozen=True)
class Preparation:
    """From DATA to OUT.

    Attributes:
        tokenizer: of the pseudocode, one of spoc_files.TOKENIZERS.
        unlabeled: more programs for the denoiser, one a line, without pseudocode.
        segments: runs of lines of each training program that are pairs, too; 0: whole programs alone.
        empty_lines: pseudocode has a step for each line of its program, empty where nobody described it.
    """

    data: Path
    out: Path
    vocabulary: int
    max_chars: int = MAX_CHARS
    held_out: int = 200
    workers: int = 2
    tokenizer: str | None = None
    unlabeled: Path | None = None
    segments: int = 0
    empty_lines: bool = False

    @property
    def text(self) -> Path:
        return self.out / "text"

    @property
    def bin(self) -> Path:
        return self.out / "data-bin"

    def tables(self) -> Tables:
        """Raises UserError where one is missing."""
        folder = self.data / "train/split"
        if not folder.is_dir():
            raise UserError(f"{folder} does not exist; {HOME}")
        train, valid, rest = (folder / f"spoc-train-{name}.tsv" for name in ("train", "eval", "test"))
        divided = () if train.exists() else (valid, rest)
        for table in divided or (train, valid):
            if not table.is_file():
                raise UserError(f"{table} does not exist; {HOME}")
        if divided:
            train, valid = self.text / "train.tsv", self.text / "valid.tsv"
        files = ((part, self.data / f"test/spoc-{part}.tsv") for part in TESTS)
        return Tables(train, valid, tuple((part, file) for part, file in files if file.exists()), divided)


# Preparation -------------------------------------------------------------------------------------------------------


def prepare(x: Preparation) -> Iterator[Stage]:
    """Tables to pairs, programs and single lines, as subwords, binarised."""
    tables = x.tables()
    splits = {"train": tables.train, "valid": tables.valid, **dict(tables.tests)}
    if tables.divided:
        twice = (*tables.divided, *tables.divided)
        commands = [
            run("awk", "-F\t", "-v", f"held_out={x.held_out}", "-v", f"valid={valid}", DIVIDE, *twice, output=table)
            for valid, table in enumerate((tables.train, tables.valid))
        ]
        yield single("tables", f"tables; {x.held_out} of their programs validate", *commands)
    yield Stage("pairs", "tables to pairs", tuple(make_pairs(x, split, table) for split, table in splits.items()))
    # Not from the unlabeled programs: a piece that only they hold would be untrained where a test input has it.
    marked = [x.text / "train.segments.src"] if x.segments else []
    train = (x.text / "train.src", x.text / "train.tgt", *marked)
    prefix = x.out / "bpe"
    learn = cft("subwords", "train", "--input", *train, "--model-prefix", prefix, "--vocab-size", x.vocabulary)
    files = (x.out / "bpe.model", x.out / "bpe.dict.txt")
    yield single("subwords", "subwords", learn, reads=[PACKAGE / "data/subwords.py"], writes=files)
    yield encode(x, [*splits])
    parts = ("train", *(("train.segments",) if x.segments else ()))
    trained = [x.text / f"bpe.{part}.{side}" for part in parts for side in ("src", "tgt")]
    inputs = [x.text / f"bpe.{split}.src" for split in splits if split != "train"]
    command = cft("check-inputs", "--train", *trained, "--inputs", *inputs, "--most", MOST_UNTRAINED)
    yield single("inputs", "inputs hold nothing that training never saw?", command)
    yield binarise(x, [part for part, _ in tables.tests])


def make_pairs(x: Preparation, split: str, table: Path) -> Chain:
    limit = () if split in TESTS else ("--max-chars", x.max_chars)  # a test program is never left out
    cut = ("--segments", x.segments) if x.segments and split == "train" else ()
    ways = (*(["--tokenize", x.tokenizer] if x.tokenizer else []), *(["--empty-lines"] if x.empty_lines else []))
    prefix = x.text / split
    command = cft("spoc", "--tsv", table, "--output-prefix", prefix, "--single-lines", *limit, *cut, *ways)
    reads = (*(PACKAGE / f"data/{name}.py" for name in ("spoc", "spoc_files", "segments")), PACKAGE / "formats")
    ends = ("src", "tgt", "id", "lines", *(("segments.src", "segments.tgt") if cut else ()))
    writes = tuple(x.text / f"{split}.{end}" for end in ends)
    return (Task(f"pairs.{split}", (command,), reads=reads, writes=writes),)


def encode(x: Preparation, splits: Sequence[str]) -> Stage:
    names = ["train.lines", "valid.lines", *(f"{split}.{side}" for split in splits for side in ("src", "tgt"))]
    if x.segments:
        names += ["train.segments.src", "train.segments.tgt"]
    given = [(name, x.text / name) for name in names]
    if x.unlabeled is not None:
        given.append(("unlabeled.tgt", x.unlabeled))
    chains = []
    for name, source in given:
        output = x.text / f"bpe.{name}"
        command = cft("subwords", "encode", "--model", x.out / "bpe.model", "--input", source, "--output", output)
        chains.append((Task(f"encode.{name}", (command,), writes=(output,)),))
    return Stage("encode", "text to subwords", tuple(chains))


def binarise(x: Preparation, tests: Sequence[str]) -> Stage:
    """Pairs, programs and lines, each on its own."""
    dictionary, text = x.out / "bpe.dict.txt", x.text
    prefixes = ",".join(str(text / f"bpe.{part}") for part in tests)
    test = ("--testpref", prefixes) if tests else ()
    workers = ("--workers", x.workers)
    pairs: list[Command] = []
    whole, valid = text / "bpe.train", text / "bpe.valid"
    paired = whole
    if x.segments:
        paired = text / "bpe.pairs"
        for side in ("src", "tgt"):
            pairs.append(run("cat", f"{whole}.{side}", f"{whole}.segments.{side}", output=text / f"bpe.pairs.{side}"))
        pairs.append(preprocess(dictionary, x.bin / "whole", *workers, train=whole, valid=valid))
    pairs.append(preprocess(dictionary, x.bin / "pairs", *workers, *test, train=paired, valid=valid))
    sides = [text / f"bpe.{split}.{side}" for split in ("train", "valid", *tests) for side in ("src", "tgt")]
    sides += [text / f"bpe.train.segments.{side}" for side in ("src", "tgt") if x.segments]
    programs: list[Command] = []
    train = text / "bpe.train.tgt"
    if x.unlabeled is not None:
        programs.append(run("cat", train, text / "bpe.unlabeled.tgt", output=text / "bpe.programs.tgt"))
        train = text / "bpe.programs.tgt"
    programs.append(monolingual(x, train, text / "bpe.valid.tgt", "programs"))
    lines = monolingual(x, text / "bpe.train.lines", text / "bpe.valid.lines", "lines")
    made = (x.bin / "pairs", *([x.bin / "whole"] if x.segments else ()))
    tasks = (
        Task("binarise.pairs", tuple(pairs), reads=tuple(sides), writes=made),
        Task("binarise.programs", tuple(programs), writes=(x.bin / "programs",)),
        Task("binarise.lines", (lines,), writes=(x.bin / "lines",)),
    )
    return Stage("binarise", "binarised by fairseq-preprocess", tuple((task,) for task in tasks))


def monolingual(x: Preparation, train: Path, valid: Path, name: str) -> Command:
    return run(
        "fairseq-preprocess", "--only-source", "--srcdict", x.out / "bpe.dict.txt", "--workers", x.workers,
        "--trainpref", train, "--validpref", valid, "--destdir", x.bin / name,
    )  # fmt: skip


# Benchmark ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Benchmark:
    """What benchmark-spoc is given.

    Attributes:
        prepared: what prepare-spoc made before; None: made here.
        denoiser: one that train-denoiser trained on it, at this scale; None: trained here.
        limit: programs of each test set, evenly drawn; 0: all.
    """

    data: Path
    out: Path
    scale: str
    prepared: Path | None = None
    denoiser: Path | None = None
    limit: int = 0
    seeds: int = 1
    min_clean_kept: float = 0.98
    allow_unsafe: bool = False

    @property
    def folder(self) -> Path:
        """Of the prepared data."""
        return self.prepared or self.out / "prepared"

    @property
    def tests(self) -> list[str]:
        """The test sets that there are; what was prepared has its own."""
        folder, name = (self.prepared / "text", "{}.id") if self.prepared else (self.data / "test", "spoc-{}.tsv")
        files = {part: folder / name.format(part) for part in TESTS}
        found = [part for part, file in files.items() if file.exists()]
        if not found:
            raise UserError(f"neither {' nor '.join(map(str, files.values()))} exists; {HOME}")
        return found

    @property
    def limited(self) -> Path:
        return self.out / "limited"


def experiment(x: Benchmark) -> Experiment:
    recipe, denoiser = SPOC[x.scale], x.denoiser or x.out / "denoiser/denoiser.pt"
    prepared, cases = x.folder, x.data / "testcases"
    text, bin_ = prepared / "text", prepared / "data-bin"
    wild = text / "bpe.unlabeled.tgt"
    ids = x.limited if x.limit else text
    splits = tuple(
        Split(
            part,
            f"test{number or ''}",
            # a program of more pieces than positions has no output, and is counted so
            ("--ids", str(ids / f"{part}.id"), "--testcases", str(cases), "--allow-missing"),
            (cases,),
        )
        for number, part in enumerate(x.tests)
    )
    unsafe = ("--eval-allow-unsafe",) if x.allow_unsafe else ()
    task = (*POSITIONS, "--skip-invalid-size-inputs-valid-test")
    files = ("--eval-ids", str(text / "valid.id"), "--eval-testcases", str(cases))
    judged = ("--eval-programs", str(recipe.judged), *files)
    return Experiment(
        out=x.out,
        dataset=f"spoc-{x.scale}",
        recipe=recipe,
        pairs=bin_ / "pairs",
        whole=bin_ / "whole" if (bin_ / "whole").exists() else None,
        programs=bin_ / "programs",
        denoiser=denoiser,
        start=denoising.start(x.scale, denoiser),
        text=text,
        unlabeled=wild if wild.exists() else text / "bpe.train.tgt",
        dictionary=bin_ / "pairs/dict.src.txt",
        noise=(*POSITIONS, "--noise", "cpp"),
        select=(*judged, *unsafe, "--best-checkpoint-metric", "correct_rate", "--maximize-best-checkpoint-metric"),
        back=("--source-lang", "tgt", "--target-lang", "src"),
        select_reads=(cases,),
        task=task,
        splits=splits,
        tests=x.limited / "data-bin" if x.limit else bin_ / "pairs",
        generate=("--max-tokens", "12000", "--skip-invalid-size-inputs-valid-test"),
        seeds=x.seeds,
        allow_unsafe=x.allow_unsafe,
    )


def benchmark(x: Benchmark, systems: list[str]) -> Iterator[Stage]:
    """From tables to a report."""
    made, prepared = experiment(x), x.folder
    if x.prepared is None:
        yield from prepare(Preparation(x.data, prepared, made.recipe.vocabulary))
    if x.limit:
        yield take_some(x, made)
    if x.denoiser is None:
        report = prepared / f"text/{x.tests[-1]}.tgt"
        limit = 20 if x.scale == "tiny" else 500
        yield from denoising.stages(DenoiserRun(x.scale, prepared, x.out / "denoiser", report, limit))
    yield plan.check_denoiser(made, x.min_clean_kept, x.out / "denoiser.json")
    yield from plan.train_systems(made, systems)
    yield from judging.compare(made, systems, prepared / "bpe.model")


def take_some(x: Benchmark, made: Experiment) -> Stage:
    """That many programs of each test set, evenly spread."""
    names = [name for part in x.tests for name in (f"{part}.id", f"bpe.{part}.src", f"bpe.{part}.tgt")]
    commands = [
        run("awk", "-v", f"kept={x.limit}", SPREAD, made.text / name, made.text / name, output=x.limited / name)
        for name in names
    ]
    prefixes = ",".join(str(x.limited / f"bpe.{part}") for part in x.tests)
    commands.append(preprocess(made.dictionary, made.tests, test=prefixes))
    return single("limit", f"{x.limit} programs of each test set", *commands, writes=[made.tests])
