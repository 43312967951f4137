"""A gate through fairseq's own command lines: trained, composed, and obeyed by fairseq-generate."""

import json

import pytest
import torch
from commands import SMALL, generate, run, train

from fairseq_cft.errors import UserError

pytestmark = pytest.mark.xdist_group("chain")
# these models babble on: the generator's own limit makes all of their outputs comparable
GENERATE = ("--task", "pseudocode_to_code", "--gen-subset", "test", "--batch-size", 8, "--max-len-b", 40)


@pytest.fixture(scope="module")
def gate(chain):
    """A gate for the chain's denoiser, trained through the task that trained the denoiser."""
    path = chain.root / "gate"
    train(
        chain.programs, path, *chain.denoising, "--noise", "synthetic", "--clean-share", 0.5, "--arch", "denoiser_gate",
        "--denoiser-path", chain.denoiser, "--criterion", "denoiser_gate", "--corrupted-weight", 2, "--max-epoch", 2,
        "--weight-decay", 0.01,
    )  # fmt: skip
    return path / "checkpoint_last.pt"


def compose(output, *options) -> object:
    run("compose", *options, "--output", output)
    return output


def written(chain, path, capsys, *options, **overrides) -> list[str]:
    overriding = ("--model-overrides", str(overrides))
    return generate(chain.pairs, path, *GENERATE, "--beam", 1, *options, *overriding, capsys=capsys)


def test_training_leaves_the_denoisers_encoder_alone_and_its_optimizer_knows_the_gate_only(chain, gate):
    state, denoiser = torch.load(gate, weights_only=True), torch.load(chain.denoiser, weights_only=True)["model"]
    for name, value in state["model"].items():
        if name.startswith("encoder."):
            assert torch.equal(value, denoiser[name]), name
    moments = sum(each["exp_avg"].numel() for each in state["last_optimizer_state"]["state"].values())
    assert moments == sum(value.numel() for name, value in state["model"].items() if name.startswith("gate."))


def test_validation_logs_the_rates(chain, tmp_path, caplog):
    caplog.set_level("INFO")
    train(
        chain.programs, tmp_path, *chain.denoising, "--clean-share", 0.5, "--arch", "denoiser_gate", "--denoiser-path",
        chain.denoiser, "--criterion", "denoiser_gate", "--gate-threshold", 0, "--max-epoch", 1, "--no-save",
    )  # fmt: skip
    (line,) = (line for line in caplog.text.splitlines() if '"valid_loss"' in line)
    valid = json.loads(line[line.find("{") :])
    assert float(valid["valid_clean_let_through"]) == 0 and float(valid["valid_corrupted_caught"]) == 100
    assert 0 < float(valid["valid_accuracy"]) < 100  # the share of corrupted programs


def test_a_gate_behind_a_plain_predictor(chain, gate, tmp_path, capsys):
    train(
        chain.pairs, tmp_path / "direct", "--task", "pseudocode_to_code", "--arch", "transformer_cft_tiny", *SMALL,
        "--criterion", "cross_entropy", "--max-epoch", 1,
    )  # fmt: skip
    direct = tmp_path / "direct" / "checkpoint_last.pt"
    stages = ("--base-predictor", direct, "--denoiser", chain.denoiser)
    denoised = compose(tmp_path / "denoised.pt", *stages)
    gated = compose(tmp_path / "gated.pt", *stages, "--gate", gate, "--gate-threshold", 2)
    assert written(chain, gated, capsys) == written(chain, direct, capsys)
    assert written(chain, gated, capsys, gate_threshold=0) == written(chain, denoised, capsys)
    assert written(chain, gated, capsys, "--beam", 5) == written(chain, direct, capsys)


def test_a_gate_in_a_composed_model_reads_its_denoiser(chain, gate, tmp_path, capsys):
    gated = compose(tmp_path / "gated.pt", "--base-predictor", chain.composed, "--gate", gate)
    found, before = (torch.load(path, weights_only=True) for path in (gated, chain.composed))
    assert found["cfg"]["model"].gate_threshold == 0.9
    added = set(found["model"]) - set(before["model"])
    assert added == {f"gate.{part}.{kind}" for part in ("hidden", "output") for kind in ("weight", "bias")}
    assert all(torch.equal(found["model"][name], value) for name, value in before["model"].items())
    assert written(chain, gated, capsys, gate_threshold=0) == written(chain, chain.composed, capsys)
    base = written(chain, chain.composed, capsys, output_stage="base")
    assert written(chain, gated, capsys, gate_threshold=2) == base
    without = compose(tmp_path / "without.pt", "--base-predictor", gated)
    assert set(torch.load(without, weights_only=True)["model"]) == set(before["model"])


def test_what_compose_refuses(chain, gate, tmp_path):
    output, composed = tmp_path / "out.pt", ("--base-predictor", chain.composed)
    for options, message in (
        ((*composed, "--gate", chain.composed), "it must be one of --arch denoiser_gate"),
        ((*composed, "--gate-threshold", 0.5), "--gate-threshold needs --gate"),
        ((*composed, "--gate", gate, "--gate-threshold", "nan"), "it must be a number"),
        (("--base-predictor", chain.denoiser), "is no composed model, which would have a denoiser; give --denoiser"),
        (("--base-predictor", gate, "--denoiser", chain.denoiser), "must be a plain encoder-decoder Transformer"),
        (("--base-predictor", tmp_path / "nothing.pt"), "does not exist"),
    ):
        with pytest.raises(UserError) as caught:
            compose(output, *options)
        assert message in str(caught.value) and "\n" not in str(caught.value)
    other = tmp_path / "other"
    train(
        chain.programs, other, *chain.denoising, "--arch", "transformer_cft_tiny", *SMALL, "--seed", 7,
        "--criterion", "cross_entropy", "--max-update", 1,
    )  # fmt: skip
    with pytest.raises(UserError, match="was trained on the encoder of another denoiser"):
        compose(output, *composed, "--denoiser", other / "checkpoint_last.pt", "--gate", gate)
    assert not output.exists()
