"""The SPoC scripts from tables to a reported denoiser, on a small data set of the published shape."""

import json
from pathlib import Path

import numpy as np
import pytest
from script_runs import script

from fairseq_cft.data.synthetic import PRESETS, Choices, random_program, to_code

pytestmark = pytest.mark.xdist_group("spoc")  # the fixtures take a minute: once, not once a worker

HEADER = "text\tcode\tworkerid\tprobid\tsubid\tline\tindent"
SPLITS = {
    "train/split/spoc-train-eval": 30,
    "train/split/spoc-train-test": 20,
    "test/spoc-testw": 7,
    "test/spoc-testp": 9,
}


def write_table(path: Path, programs: list[str], problem: str) -> None:
    """A table as SPoC has them; the first and the last two lines of a program have no pseudocode."""
    rows = [HEADER]
    for number, program in enumerate(programs):
        lines = program.split(" $ ")
        for line, code in enumerate(lines):
            text = f"do {code.replace('cout', 'print')}" if 0 < line < len(lines) - 2 else ""
            rows.append(f"{text}\t{code.lstrip('~ ')}\t7\t{problem}\t{number}\t{line}\t{0 < line < len(lines) - 1:d}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def number_of_programs(binarised: Path) -> int:
    from fairseq.data.data_utils import load_indexed_dataset

    return len(load_indexed_dataset(str(binarised), None))


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("spoc")
    choices = Choices(np.random.default_rng(3))
    for name, count in SPLITS.items():
        programs = [to_code(random_program(PRESETS["tiny"], choices)) for _ in range(count)]
        problem = f"{len(name)}A"
        write_table(folder / f"{name}.tsv", programs, problem)
        cases = folder / f"testcases/{problem}/{problem}_testcases.txt"
        cases.parent.mkdir(parents=True, exist_ok=True)
        cases.write_text("1\n###ENDINPUT###\n1\n###ENDOUTPUT###\n")
    return folder


@pytest.fixture(scope="module")
def prepared(data, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("prepared")
    done = script("prepare_spoc.sh", data, out, "--vocab-size", 120, "--held-out", 5)
    assert done.returncode == 0, done.stderr
    assert "but for 5 programs, evenly spread" in done.stdout and "train: 45 programs" in done.stdout
    return out


def test_prepared_data_is_whole_and_shares_one_dictionary(data, prepared):
    folders = {"pairs": "src-tgt.tgt", "programs": "", "lines": ""}
    dictionaries = {
        (prepared / "data-bin" / folder / f"dict.{'src.' if name else ''}txt").read_text()
        for folder, name in folders.items()
    }
    assert len(dictionaries) == 1
    pairs, programs = prepared / "data-bin/pairs", prepared / "data-bin/programs"
    sizes = {split: number_of_programs(pairs / f"{split}.src-tgt.tgt") for split in ("train", "valid", "test", "test1")}
    assert sizes == {"train": 45, "valid": 5, "test": 7, "test1": 9}
    assert [number_of_programs(programs / split) for split in ("train", "valid")] == [45, 5]
    # no program is in both, none is lost, and they stand in the tables' order: every tenth validates
    train, valid = (iter((prepared / f"text/{split}.tgt").read_text().splitlines()) for split in ("train", "valid"))
    lines = [next(train if number % 10 else valid) for number in range(1, 51)]
    codes = [
        line.split("\t")[1] for name in [*SPLITS][:2] for line in (data / f"{name}.tsv").read_text().splitlines()[1:]
    ]
    joined = " ".join(" ".join(lines).replace("$", "").replace("~", "").split())
    assert joined.replace(" ", "") == "".join(codes).replace(" ", "")


def test_prepared_once_is_prepared(data, prepared):
    again = script("prepare_spoc.sh", data, prepared, "--vocab-size", 120, "--held-out", 5)
    assert again.stdout.count("done before") == 6


def test_a_missing_table_is_named(data, tmp_path):
    (tmp_path / "train/split").mkdir(parents=True)
    (tmp_path / "train/split/spoc-train-eval.tsv").symlink_to(data / "train/split/spoc-train-eval.tsv")
    failed = script("prepare_spoc.sh", tmp_path, tmp_path / "out")
    assert failed.returncode == 1 and "spoc-train-test.tsv does not exist" in failed.stderr


@pytest.fixture(scope="module")
def denoiser(prepared, tmp_path_factory) -> Path:
    """The folder of a weak denoiser."""
    out = tmp_path_factory.mktemp("denoiser")
    options = ("--scale", "tiny", prepared, out, "--report-limit", 6)
    few = ("--", "--max-update", 3)
    failed = script("train_denoiser.sh", *options, *few)
    assert failed.returncode == 1 and "error: the denoiser keeps only" in failed.stderr
    weak = script("train_denoiser.sh", *options, "--min-clean-kept", 0, *few)
    assert weak.returncode == 0 and weak.stdout.count("done before") == 5, weak.stderr  # all but the check
    return out


def test_denoiser_is_trained_in_phases_and_reported(denoiser):
    for phase, before in (("programs-1", "lines-1"), ("programs-2", "programs-1")):
        log = (denoiser / f"models/{phase}/train.log").read_text()
        assert f"loading pretrained model from {denoiser}/models/{before}/checkpoint_best.pt" in log
        # as many as the systems that it stands behind
        assert "--max-target-positions 2048" in (denoiser / f"models/{phase}/recipe").read_text()
    report = json.loads((denoiser / "denoising_report.json").read_text())
    assert report["noise"] == "cpp" and report["source"] == "testp.tgt"
    assert report["corrupted"]["all"]["n"] == len(report["rows"]) <= 6
    assert report["clean"]["all"]["compiles_clean"][0] == 1
    assert {row["kind"] for row in report["rows"]} <= {"syntax", "type", "declarator", "name", "keyword"}
    assert "| all |" in (denoiser / "denoising_report.md").read_text()
    assert (denoiser / "denoising_report.png").stat().st_size > 1000
    assert (denoiser / "denoiser.pt").is_file()


def test_the_benchmark_from_tables_to_a_report(data, prepared, denoiser, tmp_path):
    """Fine-tuning in two phases; four programs of each test set, alone and with the denoiser behind the model."""
    given = ("--data", data, "--prepared", prepared, "--denoiser", denoiser / "denoiser.pt", "--limit", 4)
    options = ("--scale", "tiny", "--systems", "pretrained", "--min-clean-kept", 0)
    done = script("benchmark_spoc.sh", *given, *options, tmp_path)
    assert done.returncode == 0, done.stderr
    first, second = (tmp_path / "models/pretrained.1.phase1", tmp_path / "models/pretrained.1")
    assert f"loading pretrained model from {denoiser}/denoiser.pt" in (first / "train.log").read_text()
    assert f"loading pretrained model from {first}/checkpoint_best.pt" in (second / "train.log").read_text()
    records = json.loads((tmp_path / "results.json").read_text())
    assert {(each["method"], each["split"], each["n"]) for each in records} == {
        (method, split, 4)
        for method in ("pretrained", "pretrained+denoise", "pretrained+gate")
        for split in ("testw", "testp")
    }
    for split in ("testw", "testp"):
        chosen, ids = (folder / f"{split}.id" for folder in (tmp_path / "limited", prepared / "text"))
        verdicts = json.loads((tmp_path / f"evaluations/pretrained.1.{split}.json").read_text())["verdicts"]
        assert [each["id"] for each in verdicts] == chosen.read_text().split()
        assert set(chosen.read_text().split()) < set(ids.read_text().split())
    assert {each["method"] for each in json.loads((tmp_path / "destroyed.json").read_text())["models"]} == {
        "denoiser", "pretrained"
    }  # fmt: skip
    assert "## What fine-tuning destroys" in (tmp_path / "report.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--scale", "huge", "{prepared}", "{out}"], "argument --scale: invalid choice: 'huge'"),
        (["--scale", "tiny", "{out}", "{out}"], "data-bin/lines/dict.txt does not exist"),
        (["--scale", "tiny", "{prepared}"], "the following arguments are required: OUT"),
        (["--scale", "tiny", "--report", "nowhere.tgt", "{prepared}", "{out}"], "nowhere.tgt does not exist"),
    ],
)
def test_wrong_use_is_told(prepared, tmp_path, arguments, sentence):
    failed = script("train_denoiser.sh", *(text.format(prepared=prepared, out=tmp_path) for text in arguments))
    assert failed.returncode in (1, 2) and sentence in failed.stderr
    assert not (tmp_path / "denoiser.pt").exists()
