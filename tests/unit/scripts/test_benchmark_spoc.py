"""benchmark_spoc.sh: what it would run, and what it refuses; tests/e2e/test_spoc_scripts.py runs it."""

from __future__ import annotations

from pathlib import Path

import pytest
from script_runs import script, shown_commands, shown_trainings, value


@pytest.fixture
def spoc(tmp_path) -> Path:
    for name in ("test/spoc-testw.tsv", "test/spoc-testp.tsv", "testcases/1A/1A_testcases.txt"):
        (tmp_path / "spoc" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "spoc" / name).touch()
    return tmp_path / "spoc"


@pytest.mark.parametrize(("scale", "smoothing"), [("tiny", []), ("cpu", []), ("paper", ["0.2", "0.1", "0.05"])])
def test_a_dry_run_shows_every_command_and_writes_nothing(spoc, tmp_path, scale, smoothing):
    out = tmp_path / "out"
    done = script(
        "benchmark_spoc.sh", "--data", spoc, "--scale", scale, "--systems", "pretrained,composed", "--dry-run", out
    )
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert not out.exists()
    (prepare,), (denoise,) = (
        shown_commands(done.stdout, "prepare_spoc.sh"),
        shown_commands(done.stdout, "train_denoiser.sh"),
    )
    assert prepare[1:3] == [str(spoc), f"{out}/prepared"] and value(denoise, "--scale") == scale
    trained = shown_trainings(done.stdout)
    assert list(trained)[-3:] == ["pretrained.1", "composed.1", "gate"]
    assert all(value(each, "--max-target-positions") == "2048" for each in trained.values())
    assert value(trained["composed.1"], "--denoiser-path") == f"{out}/denoiser/denoiser.pt"
    assert value(trained["composed.1"], "--base-predictor-path") == f"{out}/models/pretrained.1/checkpoint_best.pt"
    phases = [each for name, each in trained.items() if name.startswith("pretrained.1")]
    assert value(phases[0], "--finetune-from-model") == f"{out}/denoiser/denoiser.pt"
    assert value(phases[1], "--finetune-from-model") == f"{out}/models/pretrained.1.phase1/checkpoint_best.pt"
    if smoothing:
        assert [value(each, "--label-smoothing") for each in phases] == smoothing
        assert value(prepare, "--vocab-size") == "10000"
    generated = shown_commands(done.stdout, "fairseq-generate")
    assert len(generated) == 2 * 6 and not any("--max-len-b" in each for each in generated)
    evaluated = shown_commands(done.stdout, "fairseq-cft-evaluate")
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
    done = script(
        "benchmark_spoc.sh",
        *given,
        "--scale",
        "tiny",
        "--systems",
        "composed_denoiser_init",
        "--dry-run",
        tmp_path / "out",
    )
    assert not shown_commands(done.stdout, "prepare_spoc.sh") and not shown_commands(done.stdout, "train_denoiser.sh")
    training, gate = shown_commands(done.stdout, "fairseq-train")
    assert training[1] == f"{prepared}/data-bin/pairs" and value(training, "--denoiser-path") == str(denoiser)
    assert gate[1] == f"{prepared}/data-bin/programs" and value(gate, "--denoiser-path") == str(denoiser)
    generated, evaluated = (shown_commands(done.stdout, f"fairseq-{name}") for name in ("generate", "cft-evaluate"))
    assert {each[1] for each in generated} == {f"{tmp_path}/out/limited/data-bin"}
    assert {value(each, "--gen-subset") for each in generated} == {"test"}
    assert {value(each, "--ids") for each in evaluated} == {f"{tmp_path}/out/limited/testp.id"}


def test_one_test_set_is_enough(spoc, tmp_path):
    (spoc / "test/spoc-testw.tsv").unlink()
    done = script(
        "benchmark_spoc.sh", "--data", spoc, "--scale", "tiny", "--systems", "direct", "--dry-run", tmp_path / "out"
    )
    generated = shown_commands(done.stdout, "fairseq-generate")
    assert {value(each, "--gen-subset") for each in generated} == {"test"}
    assert {value(each, "--ids") for each in shown_commands(done.stdout, "fairseq-cft-evaluate")} == {
        f"{tmp_path}/out/prepared/text/testp.id"
    }


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--scale", "tiny", "out"], 2, "give --data DIR"),
        (["--data", "spoc", "--scale", "huge", "out"], 2, "--scale must be tiny, cpu or paper"),
        (["--data", "spoc", "--denoiser", "spoc/test/spoc-testw.tsv", "--scale", "tiny", "out"], 2, "needs --prepared"),
        (["--data", "spoc", "--prepared", "none", "--scale", "tiny", "out"], 1, "none/bpe.model does not exist"),
        (["--data", "spoc/test", "--scale", "tiny", "out"], 1, "test/spoc-testp.tsv exists; scripts/download_spoc.sh"),
    ],
)
def test_wrong_use_is_told(spoc, tmp_path, monkeypatch, arguments, status, sentence):
    monkeypatch.chdir(tmp_path)
    done = script("benchmark_spoc.sh", *arguments)
    assert done.returncode == status and sentence in done.stderr and not (tmp_path / "out").exists()
