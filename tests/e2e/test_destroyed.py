"""`fairseq-cft measure-destroyed`: a model's skill at denoising, on its denoiser's held-out programs."""

import json

import pytest
from script_runs import command


@pytest.mark.xdist_group("chain")
def test_a_checkpoint_is_read_and_judged_as_its_denoiser(chain, tmp_path):
    """Of itself a denoiser lost nothing; unit/inference/test_denoising.py tells models apart."""
    out = tmp_path / "destroyed.json"
    models = f"pretrained.1={chain.denoiser}"
    done = command("measure-destroyed", "--denoiser", chain.denoiser, "--models", models, "--output", out)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    denoiser, same = found["models"]
    assert found["programs"] == len(denoiser["kept_by_program"]) == 10
    assert found["broken"] == len(denoiser["restored_by_program"]) > 0
    assert {**same, "method": "denoiser", "seed": 0} == denoiser


@pytest.mark.xdist_group("chain")
def test_what_is_no_model_is_named(chain, tmp_path):
    wrong = {
        f"pretrained.1={tmp_path}/none.pt": "none.pt does not exist",
        f"x={chain.denoiser}": "x is not METHOD.SEED",
    }
    for models, sentence in wrong.items():
        done = command(
            "measure-destroyed", "--denoiser", chain.denoiser, "--models", models, "--output", tmp_path / "out.json"
        )
        assert done.returncode == 1 and sentence in done.stderr and "Traceback" not in done.stderr
        assert not (tmp_path / "out.json").exists()
