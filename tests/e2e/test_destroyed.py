"""measure_destroyed.py: a model's skill at denoising, on the denoiser's own held-out programs and corruptions."""

from __future__ import annotations

import json

import pytest
import torch
from script_runs import script


@pytest.mark.xdist_group("chain")
def test_the_denoiser_itself_lost_nothing_and_a_spoiled_copy_everything(chain, tmp_path):
    state = torch.load(chain.denoiser, weights_only=False)
    for name, tensor in state["model"].items():
        if name.startswith("decoder") and tensor.is_floating_point():
            tensor.zero_()
    spoiled, out = tmp_path / "spoiled.pt", tmp_path / "destroyed.json"
    torch.save(state, spoiled)
    models = (f"pretrained.1={chain.denoiser}", f"pretrained.2={spoiled}")
    done = script("measure_destroyed.py", "--denoiser", chain.denoiser, "--models", *models, "--output", out)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    denoiser, same, worse = found["models"]
    assert found["programs"] == len(denoiser["kept_by_program"]) == 10
    assert found["broken"] == len(denoiser["restored_by_program"]) > 0
    assert [(each["method"], each["seed"]) for each in (same, worse)] == [("pretrained", 1), ("pretrained", 2)]
    assert {**same, "method": "denoiser", "seed": 0} == denoiser
    assert worse["kept"] == worse["restored"] == 0
    assert denoiser["kept"] == denoiser["kept_by_program"].count("1")
    assert f"pretrained, seed 2: 0 of 10 clean programs kept, 0 of {found['broken']} corrupted" in done.stdout


@pytest.mark.xdist_group("chain")
def test_what_is_no_model_is_named(chain, tmp_path):
    wrong = {
        f"pretrained.1={tmp_path}/none.pt": "none.pt cannot be read",
        f"x={chain.denoiser}": "x is not METHOD.SEED",
    }
    for models, sentence in wrong.items():
        done = script(
            "measure_destroyed.py", "--denoiser", chain.denoiser, "--models", models, "--output", tmp_path / "out.json"
        )
        assert done.returncode == 1 and sentence in done.stderr and "Traceback" not in done.stderr
        assert not (tmp_path / "out.json").exists()
