"""benchmark_synthetic.sh: what it would run, and what it refuses; the trainings themselves are the quickstart's."""

from __future__ import annotations

import pytest
from script_runs import script, shown_trainings, value


@pytest.mark.parametrize("scale", ["tiny", "cpu", "paper"])
def test_a_dry_run_shows_every_command_and_writes_nothing(scale, tmp_path):
    out = tmp_path / "out"
    done = script(
        "benchmark_synthetic.sh", "--scale", scale, "--seeds", 2, "--systems", "pretrained,composed", "--dry-run", out
    )
    assert done.returncode == 0, done.stderr
    systems = ["pretrained.1", "pretrained.2", "composed.1", "composed.2"]
    assert [*shown_trainings(done.stdout)] == ["denoiser", *systems, "gate"]
    composed = next(line for line in done.stdout.splitlines() if "--save-dir" in line and "composed.2" in line)
    assert f"--base-predictor-path {out}/models/pretrained.2/checkpoint_best.pt" in composed
    assert "--seed 2" in composed and f"--denoiser-path {out}/models/denoiser/checkpoint_best.pt" in composed
    assert done.stdout.count("fairseq-cft-evaluate") == 2 * 2 * 6  # seeds, splits, methods
    assert not out.exists()


def test_the_gate_stands_behind_every_system(tmp_path):
    given = ("--scale", "tiny", "--systems", "pretrained,composed", "--dry-run", tmp_path)
    done = script("benchmark_synthetic.sh", *given)
    lines = done.stdout.splitlines()
    (training,) = (line for line in lines if "--arch denoiser_gate" in line)
    assert f"--denoiser-path {tmp_path}/models/denoiser/checkpoint_best.pt" in training
    gated = [line for line in lines if f"--gate {tmp_path}/models/gate/checkpoint_best.pt" in line]
    assert len(gated) == 2
    for line, system in zip(gated, ("pretrained", "composed"), strict=True):
        assert f"--base-predictor {tmp_path}/models/{system}.1/checkpoint_best.pt" in line
        assert sum(f"--path {tmp_path}/models/{system}+gate.1.pt" in each for each in lines) == 2  # splits


def test_every_system_starts_from_its_own_model(tmp_path):
    systems = "direct,composed_direct_init,composed_no_init,composed_denoiser_init"
    done = script(
        "benchmark_synthetic.sh", "--scale", "tiny", "--seeds", 1, "--systems", systems, "--dry-run", tmp_path
    )
    trained = shown_trainings(done.stdout)
    base = {name: value(trained[name], "--base-predictor-path") for name in trained if name.startswith("composed")}
    assert base == {
        "composed_direct_init.1": f"{tmp_path}/models/direct.1/checkpoint_best.pt",
        "composed_no_init.1": "random",
        "composed_denoiser_init.1": "denoiser",
    }


def test_the_control_has_as_many_updates_as_composed_and_the_same_start(tmp_path):
    systems = "pretrained,pretrained_longer,composed"
    done = script("benchmark_synthetic.sh", "--scale", "cpu", "--systems", systems, "--dry-run", tmp_path)
    trained = shown_trainings(done.stdout)
    longer, composed = trained["pretrained_longer.1"], trained["composed.1"]
    assert value(longer, "--finetune-from-model") == value(composed, "--base-predictor-path")
    for option in ("--lr", "--lr-scheduler", "--warmup-updates", "--max-update", "--validate-interval", "--max-tokens"):
        assert value(longer, option) == value(composed, option)
    assert "--num-samples" not in longer and value(longer, "--criterion") == "cross_entropy"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--scale", "huge", "out"], "--scale must be tiny, cpu or paper"),
        (["--scale", "tiny"], "give OUT"),
        (["--scale", "tiny", "--systems", "nonsense", "out"], "there is no system nonsense"),
        (["--scale", "tiny", "--systems", "composed", "out"], "composed starts from pretrained; add it"),
        (["--scale", "tiny", "--seeds", "0", "out"], "--seeds needs a whole number from 1 up"),
        (["--scale", "tiny", "--nonsense", "out"], "there is no option --nonsense"),
    ],
)
def test_wrong_use_is_told(arguments, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = script("benchmark_synthetic.sh", *arguments)
    assert done.returncode == 2 and sentence in done.stderr and not any(tmp_path.iterdir())
