"""The gate in training: labels, weights, rates, a frozen encoder, and what is refused."""

import copy
import math
from argparse import Namespace
from types import SimpleNamespace

import pytest
import torch
from fairseq import checkpoint_utils
from fairseq.logging import metrics
from fairseq.models import ARCH_CONFIG_REGISTRY, ARCH_MODEL_REGISTRY
from support import PlainTask, batch, build, fake_task, save

from fairseq_cft.criterions.denoiser_gate import DenoiserGateConfig, DenoiserGateCriterion
from fairseq_cft.errors import UserError
from fairseq_cft.modules.gate import read_gate
from fairseq_cft.modules.noisy_dataset import corrupted_rows

CLEAN = ["a b c", "h", "b b a c d", "f e d c b a"]
CORRUPTED = ["a b c", "h g", "b a c d", "f e d c b a"]  # the second is longer, the third shorter
IS_CORRUPTED = [False, True, True, False]


def gate(task, denoiser_path, **options):
    torch.manual_seed(2)
    args = Namespace(arch="denoiser_gate", denoiser_path=denoiser_path, **options)
    ARCH_CONFIG_REGISTRY["denoiser_gate"](args)
    model = ARCH_MODEL_REGISTRY["denoiser_gate"].build_model(args, task)
    model.args = args
    return model


def sample_of(task, left=True):
    source, target = batch(task, CORRUPTED, left=left), batch(task, CLEAN)
    lengths = source.ne(task.target_dictionary.pad()).sum(1)
    net_input = {"src_tokens": source, "src_lengths": lengths, "prev_output_tokens": target}
    return {"net_input": net_input, "target": target, "ntokens": int(lengths.sum())}


def criterion(task, **options):
    return DenoiserGateCriterion(DenoiserGateConfig(**options), task)


@pytest.mark.parametrize("left", [True, False])
def test_corrupted_rows_of_padded_batches(task, left):
    source = batch(task, CORRUPTED, left=left)
    assert corrupted_rows(source, batch(task, CLEAN), task.target_dictionary.pad()).tolist() == IS_CORRUPTED


@pytest.mark.parametrize("weight", [1.0, 3.0])
def test_the_loss_is_the_weighted_binary_cross_entropy(task, denoiser_path, weight):
    model, sample = gate(task, denoiser_path), sample_of(task)
    loss, size, _ = criterion(task, corrupted_weight=weight)(model, sample)
    chances = model(**sample["net_input"]).sigmoid().tolist()
    by_hand = -sum(
        weight * math.log(p) if bad else math.log(1 - p) for p, bad in zip(chances, IS_CORRUPTED, strict=True)
    )
    assert loss.item() == pytest.approx(by_hand, rel=1e-5) and float(size) == 2 + 2 * weight


def test_equal_weights_balance_the_classes(task, denoiser_path):
    """With clean share c and weight c / (1 - c), the best constant logit is 0: both kinds pull with the same force."""
    model, sample = gate(task, denoiser_path), sample_of(task)
    sample["net_input"]["src_tokens"] = batch(task, ["a b c", "h", "b a c d", "f e d c b a"])  # clean share 3/4
    with torch.no_grad():
        for parameter in model.gate.output.parameters():
            parameter.zero_()
    criterion(task, corrupted_weight=3.0)(model, sample)[0].backward()
    assert float(model.gate.output.bias.grad) == pytest.approx(0, abs=1e-6)
    model.zero_grad()
    criterion(task)(model, sample)[0].backward()
    assert float(model.gate.output.bias.grad) == pytest.approx(3 * 0.5 - 0.5)


def test_rates_are_those_of_the_threshold(task, monkeypatch):
    """Of two clean programs one passes, of two corrupted ones one is caught; p = 0.5 is at the threshold: caught."""
    model = SimpleNamespace()
    logits = torch.tensor([0.0, -1.0, 2.0, -2.0])
    monkeypatch.setattr("fairseq_cft.criterions.denoiser_gate.DenoiserGateModel", SimpleNamespace)
    model = type("Model", (SimpleNamespace,), {"__call__": lambda self, **_: logits})()
    logged = criterion(task, gate_threshold=0.5)(model, sample_of(task))[2]
    with metrics.aggregate() as found:
        DenoiserGateCriterion.reduce_metrics([logged, logged])
    values = found.get_smoothed_values()
    assert (values["accuracy"], values["clean_let_through"], values["corrupted_caught"]) == (50, 50, 50)
    high = criterion(task, gate_threshold=0.9)(model, sample_of(task))[2]
    with metrics.aggregate() as found:
        DenoiserGateCriterion.reduce_metrics([high])
    values = found.get_smoothed_values()
    assert (values["accuracy"], values["clean_let_through"], values["corrupted_caught"]) == (50, 100, 0)


def test_a_batch_of_clean_programs_logs_no_share_of_corrupted_ones(task, denoiser_path):
    sample = sample_of(task)
    sample["net_input"]["src_tokens"] = sample["target"]
    logged = criterion(task)(gate(task, denoiser_path), sample)[2]
    with metrics.aggregate() as found:
        DenoiserGateCriterion.reduce_metrics([logged])
    assert "corrupted_caught" not in found.get_smoothed_values()


def test_a_program_padded_on_either_side_gives_the_same_logit(task, denoiser_path):
    model = gate(task, denoiser_path)
    left, right, alone = (
        model(batch(task, CORRUPTED, left=True)),
        model(batch(task, CORRUPTED)),
        torch.cat([model(batch(task, [line])) for line in CORRUPTED]),
    )
    torch.testing.assert_close(left, alone)
    torch.testing.assert_close(right, alone)
    assert len(set(alone.tolist())) == 4


def test_the_gate_learns_and_the_encoder_stays_bit_identical(task, denoiser_path):
    model, sample = gate(task, denoiser_path).train(), sample_of(task)
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.05)
    losses = []
    for _ in range(80):
        optimizer.zero_grad()
        loss = criterion(task)(model, sample)[0]
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]) == name.startswith("encoder."), name


def test_the_encoder_stays_in_eval_mode(task, denoiser_path):
    model = gate(task, denoiser_path).train()
    assert model.gate.training and not any(module.training for module in model.encoder.modules())
    assert not any(parameter.requires_grad for parameter in model.encoder.parameters())


def test_a_checkpoint_is_self_contained(task, denoiser_path, tmp_path):
    model = gate(task, denoiser_path, gate_hidden_dim=5).eval()
    assert model.gate.hidden.out_features == 5
    path = save(model, tmp_path / "gate.pt")
    (tmp_path / "denoiser.pt").unlink()
    (loaded,), _, _ = checkpoint_utils.load_model_ensemble_and_task([path], task=PlainTask(task))
    source = batch(task, CORRUPTED)
    assert torch.equal(loaded.eval()(source), model(source))
    assert read_gate(path, "--gate").shape == {"embed_dim": 16, "hidden_dim": 5}


# Refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"corrupted_weight": 0.0}, "--corrupted-weight 0.0: a weight must be above 0"),
        ({"corrupted_weight": float("nan")}, "a weight must be above 0"),
        ({"gate_threshold": 1.5}, "--gate-threshold 1.5: a probability is between 0 and 1"),
    ],
)
def test_options_that_no_training_can_use(task, options, message):
    with pytest.raises(UserError, match=message):
        criterion(task, **options)


def test_eval_denoising_needs_a_decoder(task):
    with pytest.raises(UserError, match="a gate has no decoder"):
        criterion(SimpleNamespace(target_dictionary=task.target_dictionary, cfg=SimpleNamespace(eval_denoising=True)))


def test_a_model_that_is_no_gate(task):
    with pytest.raises(UserError, match="give --arch denoiser_gate"):
        criterion(task)(build("transformer_cft_tiny", task), sample_of(task))


def test_another_criterion(task, denoiser_path):
    with pytest.raises(UserError, match="--arch denoiser_gate needs --criterion denoiser_gate"):
        gate(task, denoiser_path).get_normalized_probs((None, None), log_probs=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"denoiser_path": None}, "needs --denoiser-path"),
        ({"denoiser_path": "nowhere.pt"}, "nowhere.pt does not exist"),
        ({"gate_hidden_dim": 0}, "a width of at least 1"),
    ],
)
def test_options_that_no_gate_can_be_built_with(task, denoiser_path, options, message):
    with pytest.raises(UserError, match=message):
        gate(task, **{"denoiser_path": denoiser_path, **options})


def test_another_dictionary(task, denoiser_path, tmp_path):
    with pytest.raises(UserError, match=r"--denoiser-path .* was trained with another dictionary"):
        gate(fake_task("bacdefgh"), denoiser_path)
    path = save(gate(task, denoiser_path), tmp_path / "gate.pt")
    with pytest.raises(UserError, match="the gate was trained with another dictionary"):
        checkpoint_utils.load_model_ensemble_and_task([path], task=PlainTask(fake_task("bacdefgh")))
