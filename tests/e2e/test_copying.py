"""Copying models through fairseq's own command lines: trained, resumed, composed, generated with in every way."""

from types import SimpleNamespace

import pytest
import torch
from commands import SMALL, composed_options, generate, train

from fairseq_cft.errors import UserError
from fairseq_cft.inference.export import export
from fairseq_cft.inference.folder import load_model

pytestmark = pytest.mark.xdist_group("chain")
PLAIN = ("--arch", "transformer_cft_tiny", *SMALL, "--criterion", "cross_entropy")
COPYING = (*PLAIN, "--copy-attention", "--copy-dropout", 0.3)
GENERATE = ("--task", "pseudocode_to_code", "--gen-subset", "test", "--batch-size", 8, "--max-len-b", 40)


def weights(path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)["model"]


@pytest.fixture(scope="module")
def copying(chain) -> SimpleNamespace:
    """A copying denoiser and a composed model of two copying stages, trained for an epoch each."""
    root = chain.root / "copying"
    train(chain.programs, root / "denoiser", *chain.denoising, *COPYING, "--max-epoch", 1)
    made = SimpleNamespace(root=root, denoiser=root / "denoiser" / "checkpoint_last.pt")
    train(chain.pairs, root / "composed", *composed_options(made), "--max-epoch", 1)
    made.composed = root / "composed" / "checkpoint_last.pt"
    return made


def test_the_predictor_moved_with_its_copying_and_the_denoiser_did_not(copying):
    start, end = weights(copying.denoiser), weights(copying.composed)
    assert sum("copying" in name for name in start) == 9
    for name, value in start.items():
        assert torch.equal(end[f"denoiser.{name}"], value), name
        if "copying" in name and not name.endswith("key.bias"):
            assert not torch.equal(end[f"base_predictor.{name}"], value), name


@pytest.mark.parametrize(
    "how",
    [
        ("--beam", 1),
        ("--beam", 3, "--nbest", 2),
        ("--beam", 2, "--prefix-size", 3),
        ("--score-reference",),
        ("--beam", 2, "--nbest", 2, "--sampling", "--temperature", 0.7),
        ("--beam", 1, "--model-overrides", str({"output_stage": "base"})),
    ],
    ids=["greedy", "n-best", "prefix", "score-reference", "sampling", "base"],
)
def test_every_way_to_generate(chain, copying, capsys, how):
    found = generate(chain.pairs, copying.composed, *GENERATE, *how, capsys=capsys)
    assert len(found) == 17 * (2 if "--nbest" in how else 1)


def test_an_ensemble_with_a_plain_model(chain, copying, capsys):
    paths = f"{copying.composed}:{chain.composed}"
    assert len(generate(chain.pairs, paths, *GENERATE, "--beam", 2, capsys=capsys)) == 17


@pytest.mark.parametrize("estimator", ["reinforce", "self_critical", "gumbel"])
@pytest.mark.parametrize("stages", ["copying f, plain Π", "plain f, copying Π"])
def test_composed_training_of_every_pairing(chain, copying, tmp_path, stages, estimator):
    base, denoiser = (copying, chain) if stages.startswith("copying") else (chain, copying)
    options = ("--base-predictor-path", base.denoiser, "--gradient-estimator", estimator, "--num-samples", 1)
    train(chain.pairs, tmp_path, *composed_options(denoiser), *options, "--max-update", 2, "--amp")
    start, end = weights(base.denoiser), weights(tmp_path / "checkpoint_last.pt")
    moved = {name for name in start if not torch.equal(end[f"base_predictor.{name}"], start[name])}
    assert moved and ("decoder.copying.gate.weight" in moved) == (base is copying)


def test_resumed_training_equals_uninterrupted(chain, tmp_path):
    options = (*chain.denoising, *COPYING, "--seed", 5, "--no-epoch-checkpoints")
    train(chain.programs, tmp_path / "whole", *options, "--max-epoch", 2)
    for epochs in (1, 2):
        train(chain.programs, tmp_path / "parts", *options, "--max-epoch", epochs)
    whole, parts = (weights(tmp_path / name / "checkpoint_last.pt") for name in ("whole", "parts"))
    assert all(torch.equal(parts[name], value) for name, value in whole.items())


def test_an_exported_model_is_the_checkpoint(chain, copying, tmp_path, capsys):
    export(copying.composed, tmp_path / "out")
    lines = (chain.data / "test.src").read_text().splitlines()[:4]
    traces = load_model(tmp_path / "out").translate(lines, trace=True)
    assert all(0 <= trace.copied_share <= 1 and trace.pieces[-1][0] for trace in traces)


@pytest.mark.parametrize("start", ["plain", "copying"])
def test_weights_of_the_other_kind_end_in_a_sentence(chain, copying, tmp_path, start):
    path, options = (chain.denoiser, COPYING) if start == "plain" else (copying.denoiser, PLAIN)
    with pytest.raises(UserError, match=r"does not fit this training's model: decoder.copying.match_bias"):
        train(chain.programs, tmp_path, *chain.denoising, *options, "--finetune-from-model", path, "--max-update", 1)
