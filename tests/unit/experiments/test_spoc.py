"""The benchmark on SPoC: what it would run, and what it refuses; tests/e2e/test_spoc_scripts.py runs it."""

from pathlib import Path

import pytest
from script_runs import dry_run, shown_commands, shown_trainings, value, wrong_use


@pytest.fixture
def spoc(tmp_path) -> Path:
    tables = [f"{name}.tsv" for name in ("test/spoc-testw", "test/spoc-testp", "train/split/spoc-train-train")]
    for name in (*tables, "train/split/spoc-train-eval.tsv", "testcases/1A/1A_testcases.txt"):
        (tmp_path / "spoc" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "spoc" / name).touch()
    return tmp_path / "spoc"


@pytest.mark.parametrize(("scale", "smoothing"), [("tiny", []), ("cpu", []), ("paper", ["0.2", "0.1", "0.05"])])
def test_a_dry_run_shows_every_command_and_writes_nothing(spoc, tmp_path, scale, smoothing):
    out = tmp_path / "out"
    shown = dry_run("benchmark-spoc", "--data", spoc, "--scale", scale, "--systems", "pretrained,composed", out)
    assert not out.exists()
    (subwords, *_), prepared = shown_commands(shown, "subwords"), f"{out}/prepared/text"
    assert subwords[2:5] == ["--input", f"{prepared}/train.src", f"{prepared}/train.tgt"]
    trained = shown_trainings(shown)
    assert next(iter(trained)) == ("programs-1" if scale == "cpu" else "lines-1")
    last = ["pretrained.1", "composed.1", *([] if scale == "cpu" else ["gate"])]
    assert list(trained)[-len(last) :] == last
    assert all(value(each, "--max-target-positions") == "2048" for each in trained.values())
    assert value(trained["composed.1"], "--denoiser-path") == f"{out}/denoiser/denoiser.pt"
    assert value(trained["composed.1"], "--base-predictor-path") == f"{out}/models/pretrained.1/checkpoint_best.pt"
    phases = [each for name, each in trained.items() if name.startswith("pretrained.1")]
    begin = "start" if scale == "cpu" else "denoiser"  # what predictors start from
    assert value(phases[0], "--finetune-from-model") == f"{out}/denoiser/{begin}.pt"
    kept = {Path(copy[2]).name: Path(copy[1]).parent.name for copy in shown_commands(shown, "cp")}
    final = "programs-3" if scale == "paper" else "programs-2"
    assert kept == {"denoiser.pt": final} | ({"start.pt": "programs-1"} if scale == "cpu" else {})
    assert value(phases[1], "--finetune-from-model") == f"{out}/models/pretrained.1.phase1/checkpoint_best.pt"
    if smoothing:
        assert [value(each, "--label-smoothing") for each in phases] == smoothing
        assert value(subwords, "--vocab-size") == "10000"
    generated = shown_commands(shown, "fairseq-generate")
    assert len(generated) == 2 * (4 if scale == "cpu" else 6) and not any("--max-len-b" in each for each in generated)
    evaluated = shown_commands(shown, "evaluate")
    assert {value(each, "--ids") for each in evaluated} == {f"{out}/prepared/text/test{part}.id" for part in "wp"}
    for each in evaluated:
        split = value(each, "--hypotheses").split(".")[-2]
        assert split in value(each, "--ids") and value(each, "--testcases") == f"{spoc}/testcases"


def test_prepared_data_and_a_denoiser_are_used_as_they_are(spoc, tmp_path):
    prepared, denoiser = tmp_path / "prepared", tmp_path / "denoiser.pt"
    (prepared / "text").mkdir(parents=True)
    for name in ("bpe.model", "text/testp.id"):  # without testw, which the tables have
        (prepared / name).touch()
    denoiser.touch()
    given = ("--data", spoc, "--prepared", prepared, "--denoiser", denoiser, "--limit", 3)
    only = ("--scale", "tiny", "--systems", "composed_denoiser_init", tmp_path / "out")
    shown = dry_run("benchmark-spoc", *given, *only)
    assert not shown_commands(shown, "spoc") and not shown_commands(shown, "subwords")
    training, gate = shown_commands(shown, "fairseq-train")
    assert training[1] == f"{prepared}/data-bin/pairs" and value(training, "--denoiser-path") == str(denoiser)
    assert gate[1] == f"{prepared}/data-bin/programs" and value(gate, "--denoiser-path") == str(denoiser)
    generated, evaluated = (shown_commands(shown, name) for name in ("fairseq-generate", "evaluate"))
    assert {each[1] for each in generated} == {f"{tmp_path}/out/limited/data-bin"}
    assert {value(each, "--gen-subset") for each in generated} == {"test"}
    assert {value(each, "--ids") for each in evaluated} == {f"{tmp_path}/out/limited/testp.id"}


def test_segments_are_for_the_first_training_of_a_system_alone(spoc, tmp_path):
    prepared = tmp_path / "prepared"
    (prepared / "data-bin/whole").mkdir(parents=True)
    (prepared / "text").mkdir()
    for name in ("bpe.model", "text/testp.id"):
        (prepared / name).touch()
    given = ("--data", spoc, "--prepared", prepared, "--scale", "cpu", "--systems", "direct,composed_direct_init")
    trained = shown_trainings(dry_run("benchmark-spoc", *given, tmp_path / "out"))
    used = {name: Path(each[1]).name for name, each in trained.items() if "direct" in name}
    assert used == {"direct.1.phase1": "pairs", "direct.1": "whole", "composed_direct_init.1": "whole"}


def test_programs_from_the_wild_are_labeled_beside_all_pairs(spoc, tmp_path):
    text = tmp_path / "prepared/text"
    (tmp_path / "prepared/data-bin/whole").mkdir(parents=True)
    text.mkdir()
    for name in ("../bpe.model", "testp.id", "bpe.unlabeled.tgt"):
        (text / name).touch()
    given = ("--data", spoc, "--prepared", text.parent, "--scale", "cpu", "--systems", "backtranslation")
    shown = dry_run("benchmark-spoc", *given, tmp_path / "out")
    (labeled,) = shown_commands(shown, "fairseq-interactive")
    assert value(labeled, "--input") == f"{text}/bpe.unlabeled.tgt"
    source, target = (each[1:3] for each in shown_commands(shown, "cat") if "bpe.pairs" in each[1])
    assert source == [f"{text}/bpe.pairs.src", f"{tmp_path}/out/backtranslated/labels"]
    assert target == [f"{text}/bpe.pairs.tgt", f"{text}/bpe.unlabeled.tgt"]


def test_one_test_set_is_enough(spoc, tmp_path):
    (spoc / "test/spoc-testw.tsv").unlink()
    shown = dry_run("benchmark-spoc", "--data", spoc, "--scale", "tiny", "--systems", "direct", tmp_path / "out")
    generated = shown_commands(shown, "fairseq-generate")
    assert {value(each, "--gen-subset") for each in generated} == {"test"}
    assert {value(each, "--ids") for each in shown_commands(shown, "evaluate")} == {
        f"{tmp_path}/out/prepared/text/testp.id"
    }


def test_programs_from_the_wild_train_the_denoiser_alone(spoc, tmp_path):
    wild, out = tmp_path / "wild.tgt", tmp_path / "out"
    wild.touch()
    ways = ("--empty-lines", "--tokenize", "code")
    shown = dry_run("prepare-spoc", spoc, out, "--unlabeled", wild, "--segments", 5, *ways)
    assert all(set(ways) <= {*each} for each in shown_commands(shown, "spoc"))
    (learn, *encode) = shown_commands(shown, "subwords")
    assert f"{out}/text/train.segments.src" in learn and str(wild) not in learn
    assert [value(each, "--input") for each in encode][-1] == str(wild)
    whole, pairs, programs, _ = shown_commands(shown, "fairseq-preprocess")
    assert (
        value(whole, "--trainpref") == f"{out}/text/bpe.train" and value(whole, "--destdir") == f"{out}/data-bin/whole"
    )
    assert value(pairs, "--trainpref") == f"{out}/text/bpe.pairs"
    assert value(programs, "--trainpref") == f"{out}/text/bpe.programs.tgt"
    *sides, joined = shown_commands(shown, "cat")
    text = f"{out}/text/bpe.train"
    assert [each[1:] for each in sides] == [[f"{text}.{side}", f"{text}.segments.{side}"] for side in ("src", "tgt")]
    assert joined[1:] == [f"{out}/text/bpe.train.tgt", f"{out}/text/bpe.unlabeled.tgt"]
    cut = [value(each, "--tsv") for each in shown_commands(shown, "spoc") if "--segments" in each]
    assert cut == [f"{spoc}/train/split/spoc-train-train.tsv"]


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--scale", "tiny", "out"], 2, "the following arguments are required: --data"),
        (["--data", "spoc", "--scale", "huge", "out"], 2, "argument --scale: invalid choice: 'huge'"),
        (["--data", "spoc", "--denoiser", "spoc/test/spoc-testw.tsv", "--scale", "tiny", "out"], 2, "needs --prepared"),
        (["--data", "spoc", "--prepared", "none", "--scale", "tiny", "out"], 1, "none/bpe.model does not exist"),
        (["--data", "spoc/test", "--scale", "tiny", "out"], 1, "spoc/test/testcases does not exist; fairseq-cft"),
    ],
)
def test_wrong_use_is_told(spoc, tmp_path, monkeypatch, capsys, arguments, status, sentence):
    monkeypatch.chdir(tmp_path)
    assert wrong_use("benchmark-spoc", arguments) == status
    assert sentence in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_what_predictors_start_from_must_be_there(tmp_path, capsys):
    for name in ("bpe.model", "denoiser.pt"):
        (tmp_path / name).touch()
    given = ["--data", tmp_path, "--prepared", tmp_path, "--denoiser", tmp_path / "denoiser.pt", "--scale", "cpu"]
    assert wrong_use("benchmark-spoc", [*map(str, given), str(tmp_path / "out")]) == 1
    assert f"{tmp_path}/start.pt does not exist" in capsys.readouterr().err


def test_spoc_without_tests_is_told(spoc, tmp_path, capsys):
    for part in "wp":
        (spoc / f"test/spoc-test{part}.tsv").unlink()
    assert wrong_use("benchmark-spoc", ["--data", str(spoc), "--scale", "tiny", str(tmp_path / "out")]) == 1
    assert "test/spoc-testp.tsv exists; SPoC's folder" in capsys.readouterr().err
