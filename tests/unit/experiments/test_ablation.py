"""ablate.sh and `fairseq-cft report-ablation`: what is trained, from what, and the table that compares them."""

from pathlib import Path

import pytest
from script_runs import command, dry_run, shown_commands, shown_trainings, value, write_results, wrong_use


def test_one_thing_changes_at_a_time(tmp_path):
    shown = dry_run("ablate", "--scale", "cpu", tmp_path)
    trained = shown_trainings(shown)
    reference = trained["composed.1"]
    changed = {
        "weight-0": {"--ce-weight": "0"},
        "weight-0.5": {"--ce-weight": "0.5"},
        "samples-1": {"--gradient-estimator": "self_critical", "--num-samples": "1"},
        "samples-2": {"--gradient-estimator": "self_critical", "--num-samples": "2"},
        "samples-4": {"--gradient-estimator": "self_critical", "--num-samples": "4"},
        "estimator-reinforce": {"--gradient-estimator": "reinforce"},
        "estimator-gumbel": {"--gradient-estimator": "gumbel"},
    }
    for name, options in changed.items():
        these = [word.replace(f"models/{name}.1", "models/composed.1") for word in trained[f"{name}.1"]]
        assert these == reference + [word for option in options.items() for word in option], name
    models = f"{tmp_path}/models"
    other = trained["denoiser-noise-random_delete"]
    assert value(other, "--noise") == "random_delete" and value(trained["denoiser"], "--noise") == "synthetic"
    noisy = trained["noise-random_delete.1"]
    assert value(noisy, "--denoiser-path") == f"{models}/denoiser-noise-random_delete/checkpoint_best.pt"
    assert value(noisy, "--base-predictor-path") == f"{models}/pretrained-noise-random_delete.1/checkpoint_best.pt"
    start = trained["pretrained-noise-random_delete.1"]
    assert value(start, "--finetune-from-model") == f"{models}/denoiser-noise-random_delete/checkpoint_best.pt"
    for count in ("75", "150"):
        few, start = trained[f"labels-{count}.1"], trained[f"pretrained-labels-{count}.1"]
        assert few[1] == start[1] == f"{tmp_path}/ablation/labels-{count}/pairs"
        assert value(few, "--base-predictor-path") == f"{models}/pretrained-labels-{count}.1/checkpoint_best.pt"
        assert value(few, "--denoiser-path") == f"{models}/denoiser/checkpoint_best.pt"
    (report,) = shown_commands(shown, "report-ablation")
    named = {name for word in report if "=" in word and ".json" not in word for name in word.split("=")[1].split("/")}
    paths = [Path(value(each, "--path")) for each in shown_commands(shown, "fairseq-generate")]
    generated = {path.parent.name.removesuffix(".1") for path in paths}
    assert named == generated and len(named) == 15


def test_what_the_benchmark_trained_is_trained_by_the_same_commands(tmp_path):
    systems = ("--systems", "pretrained,composed")
    same = ("--scale", "cpu", "--seeds", 2, tmp_path)
    shared = shown_trainings(dry_run("benchmark-synthetic", *systems, *same))
    del shared["gate"]  # no variant is gated
    ablation = shown_trainings(dry_run("ablate", "--only", "weight", *same))
    assert {name: ablation[name] for name in shared} == shared
    assert set(ablation) - set(shared) == {"weight-0.1", "weight-0.2", "weight-0.5.1", "weight-0.5.2"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--scale", "tiny", "--only", "colour", "out"], "there is no ablation colour"),
        (["--scale", "huge", "out"], "argument --scale: invalid choice: 'huge'"),
        (["--scale", "tiny", "--systems", "direct", "out"], "unrecognized arguments: --systems"),
    ],
)
def test_wrong_use_is_told(arguments, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert wrong_use("ablate", arguments) == 2
    assert sentence in capsys.readouterr().err and not any(tmp_path.iterdir())


def test_the_report_sets_each_value_beside_its_baseline(tmp_path):
    results = write_results(tmp_path, "made", seeds=(1, 2))
    values = ("0=mine/pretrained", "1=composed/pretrained")
    done = command("report-ablation", results, "--output-dir", tmp_path / "out", "--axis", "the weight", *values)
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "out/report.md").read_text().splitlines()
    (zero,), (one,) = ([line for line in lines if line.startswith(f"| {value} |")] for value in (0, 1))
    assert "## the weight" in lines and "(1, 2)" in "".join(lines)
    assert "| 13.0% (" in zero and "| 41.0% (" in zero and "| -28.0 points (" in zero
    assert "| 61.0% (" in one and "| 41.0% (" in one and "| +20.0 points (" in one
    assert (tmp_path / "out/report.png").read_bytes().startswith(b"\x89PNG")


def test_a_malformed_axis_is_named(tmp_path):
    results = write_results(tmp_path, "made", seeds=(1,))
    done = command("report-ablation", results, "--output-dir", tmp_path / "out", "--axis", "weight", "0=mine")
    assert done.returncode == 1 and "--axis weight: 0=mine is not VALUE=METHOD/BASELINE" in done.stderr
