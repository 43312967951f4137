"""The quickstart and the benchmark on the synthetic language: what they would run, and what they refuse."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT
from script_runs import dry_run, shown_commands, shown_trainings, value, wrong_use

from fairseq_cft.errors import UsageError
from fairseq_cft.systems import SYSTEMS, Phase, System, comparisons, meaning


@pytest.mark.parametrize("scale", ["tiny", "cpu", "paper"])
def test_a_dry_run_shows_every_command_and_writes_nothing(scale, tmp_path):
    out = tmp_path / "out"
    shown = dry_run("benchmark-synthetic", "--scale", scale, "--seeds", 2, "--systems", "pretrained,composed", out)
    systems = ["pretrained.1", "pretrained.2", "composed.1", "composed.2"]
    assert [*shown_trainings(shown)] == ["denoiser", *systems, "gate"]
    composed = next(line for line in shown.splitlines() if "--save-dir" in line and "composed.2" in line)
    assert f"--base-predictor-path {out}/models/pretrained.2/checkpoint_best.pt" in composed
    assert "--seed 2" in composed and f"--denoiser-path {out}/models/denoiser/checkpoint_best.pt" in composed
    assert len(shown_commands(shown, "evaluate")) == 2 * 2 * 6  # seeds, splits, methods
    assert not out.exists()


def test_the_gate_stands_behind_every_system(tmp_path):
    lines = dry_run("benchmark-synthetic", "--scale", "tiny", "--systems", "pretrained,composed", tmp_path).splitlines()
    (training,) = (line for line in lines if "--arch denoiser_gate" in line)
    assert f"--denoiser-path {tmp_path}/models/denoiser/checkpoint_best.pt" in training
    gated = [line for line in lines if f"--gate {tmp_path}/models/gate/checkpoint_best.pt" in line]
    assert len(gated) == 2
    for line, system in zip(gated, ("pretrained", "composed"), strict=True):
        assert f"--base-predictor {tmp_path}/models/{system}.1/checkpoint_best.pt" in line
        assert sum(f"--path {tmp_path}/models/{system}+gate.1.pt" in each for each in lines) == 2  # splits


def test_references_are_made_with_the_data_and_read_by_composed_training(tmp_path):
    given = ("--scale", "tiny", "--systems", "pretrained,composed", tmp_path)
    assert "--references" not in dry_run("benchmark-synthetic", *given)
    shown = dry_run("benchmark-synthetic", "--references", 6, *given)
    assert value(shown_commands(shown, "synthetic")[0], "--references") == "6"
    using = {name for name, each in shown_trainings(shown).items() if "--references" in each}
    assert using == {"composed.1"}


def test_every_system_starts_from_its_own_model(tmp_path):
    systems = "direct,composed_direct_init,composed_no_init,composed_denoiser_init"
    shown = dry_run("benchmark-synthetic", "--scale", "tiny", "--seeds", 1, "--systems", systems, tmp_path)
    trained = shown_trainings(shown)
    base = {name: value(trained[name], "--base-predictor-path") for name in trained if name.startswith("composed")}
    assert base == {
        "composed_direct_init.1": f"{tmp_path}/models/direct.1/checkpoint_best.pt",
        "composed_no_init.1": "random",
        "composed_denoiser_init.1": "denoiser",
    }


def test_the_control_has_as_many_updates_as_composed_and_the_same_start(tmp_path):
    systems = "pretrained,pretrained_longer,composed"
    shown = dry_run("benchmark-synthetic", "--scale", "cpu", "--systems", systems, tmp_path)
    trained = shown_trainings(shown)
    longer, composed = trained["pretrained_longer.1"], trained["composed.1"]
    assert value(longer, "--finetune-from-model") == value(composed, "--base-predictor-path")
    for option in ("--lr", "--lr-scheduler", "--warmup-updates", "--max-update", "--validate-interval", "--max-tokens"):
        assert value(longer, option) == value(composed, option)
    assert "--num-samples" not in longer and value(longer, "--criterion") == "cross_entropy"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--scale", "huge", "out"], "argument --scale: invalid choice: 'huge'"),
        (["--scale", "tiny"], "the following arguments are required: OUT"),
        (["--scale", "tiny", "--systems", "nonsense", "out"], "there is no system nonsense"),
        (["--scale", "tiny", "--systems", "to_pseudocode", "out"], "there is no system to_pseudocode"),
        (["--scale", "tiny", "--systems", "composed", "out"], "composed starts from pretrained; add it"),
        (["--scale", "tiny", "--seeds", "0", "out"], "argument --seeds: 0 is no whole number from 1 up"),
        (["--scale", "tiny", "--nonsense", "out"], "unrecognized arguments: --nonsense"),
    ],
)
def test_wrong_use_is_told(arguments, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert wrong_use("benchmark-synthetic", arguments) == 2
    assert sentence in capsys.readouterr().err and not any(tmp_path.iterdir())


@pytest.mark.parametrize(("command", "options"), [("quickstart", []), ("benchmark-synthetic", ["--scale", "tiny"])])
def test_without_a_sandbox_nothing_is_trained(command, options, tmp_path, monkeypatch, capsys):
    def refuse(wanted, allow_unsafe):
        raise UsageError("no sandbox works here: add --allow-unsafe")

    monkeypatch.setattr("fairseq_cft.experiments.starting.find_sandbox", refuse)
    assert wrong_use(command, [*options, str(tmp_path / "out")]) == 2
    assert "--allow-unsafe" in capsys.readouterr().err and not (tmp_path / "out").exists()
    shown = dry_run(command, *options, "--allow-unsafe", tmp_path / "out")
    trained, evaluated = shown_trainings(shown), shown_commands(shown, "evaluate")
    assert all("--allow-unsafe" in each for each in evaluated)
    assert "--eval-allow-unsafe" in trained["composed.1"]
    assert "unsafe" not in dry_run(command, *options, tmp_path / "out")


def test_checkpoints_are_selected_by_what_runs_right_on_validation(tmp_path):
    trained = shown_trainings(dry_run("quickstart", tmp_path))
    for name, training in trained.items():
        if name != "denoiser":
            assert value(training, "--best-checkpoint-metric") == "correct_rate"
            assert value(training, "--eval-inputs") == f"{tmp_path}/data/valid.inp" and "--eval-programs" in training
    assert not any("test." in word or "ood." in word for each in trained.values() for word in each)


def test_the_quickstart_with_seeds_trains_and_judges_each(tmp_path):
    shown = dry_run("quickstart", "--seeds", 2, tmp_path)
    trained = shown_trainings(shown)
    assert {f"{name}.{seed}" for name in ("direct", "pretrained", "composed") for seed in (1, 2)} < {*trained}
    judged = {Path(value(each, "--json")).name for each in shown_commands(shown, "evaluate")}
    assert {"direct+denoise.2.ood.json", "composed.2.test.json"} <= judged


def test_a_line_of_a_dry_run_can_be_pasted_into_a_shell(tmp_path):
    """The first ones: folders, data, subwords."""
    out = tmp_path / "my out"
    lines = dry_run("quickstart", out).splitlines()
    end = next(number for number, line in enumerate(lines) if "check-inputs" in line)
    assert lines[end].startswith("python -m fairseq_cft check-inputs")
    some = [line.replace("--preset tiny", "--preset tiny --unlabeled 2000") for line in lines[: end + 1]]
    script = "\n".join(line for line in some if "fairseq-preprocess" not in line)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-euc", script], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert len((out / "data/bpe.heldout.tgt").read_text().splitlines()) == 500
    assert "0 of 200 inputs hold pieces" in done.stdout


def test_a_system_is_one_entry_of_the_table(tmp_path, monkeypatch):
    mine = System("mine", "from the benchmark's direct model, once more", "direct", (Phase("pretrained"),))
    monkeypatch.setitem(SYSTEMS, "mine", mine)
    shown = dry_run("benchmark-synthetic", "--scale", "tiny", "--seeds", 2, "--systems", "direct,mine", tmp_path)
    trained = shown_trainings(shown)
    assert [*trained] == ["denoiser", "direct.1", "direct.2", "mine.1", "mine.2", "gate"]
    assert value(trained["mine.2"], "--finetune-from-model") == f"{tmp_path}/models/direct.2/checkpoint_best.pt"
    methods = {Path(value(each, "--hypotheses")).name.split(".")[0] for each in shown_commands(shown, "evaluate")}
    assert {"mine", "mine+denoise", "mine+gate"} <= methods
    assert meaning("mine+gate").startswith("from the benchmark's direct model")
    assert ("mine+denoise", "mine") in comparisons()


def test_longer_controls_have_as_many_updates_as_composed(tmp_path):
    systems = "direct,direct_longer,pretrained,pretrained_longer,composed"
    trained = shown_trainings(dry_run("benchmark-synthetic", "--scale", "cpu", "--systems", systems, tmp_path))
    for name, start in (("direct_longer.1", "direct.1"), ("pretrained_longer.1", "pretrained.1")):
        assert value(trained[name], "--finetune-from-model") == f"{tmp_path}/models/{start}/checkpoint_best.pt"
        assert value(trained[name], "--max-update") == value(trained["composed.1"], "--max-update")
