"""--checkpoint-activations: the loss and the gradient of a composed step stay, what backward holds shrinks."""

import copy
from typing import Any

import pytest
import torch
from fairseq.logging import metrics
from fairseq.models import ARCH_MODEL_REGISTRY
from support import batch, fake_task, model_args, shifted
from torch import Tensor

from fairseq_cft.criterions.composed_finetuning import (
    MEAN_SQUARE,
    ComposedFinetuningConfig,
    ComposedFinetuningCriterion,
)
from fairseq_cft.errors import UserError
from fairseq_cft.modules.checkpointing import _Checkpointed

TASK = fake_task()


def composed(denoiser_path: str, **options: Any) -> Any:
    """With dropout: the passes with and without it must each be computed again as they were."""
    torch.manual_seed(0)
    rates = {"dropout": 0.3, "attention_dropout": 0.3, "activation_dropout": 0.3}
    args = model_args("composed_transformer_tiny", denoiser_path=denoiser_path, **rates, **options)
    return ARCH_MODEL_REGISTRY[args.arch].build_model(args, TASK).train()


def step(model: Any, estimator: str) -> tuple[Tensor, dict[str, Tensor], int]:
    """Loss, gradients, and bytes held for backward outside of checkpointed layers."""
    source, target = batch(TASK, ["a b c", "h", "b b a c d"], left=True), batch(TASK, ["c b", "a a a a", "d"])
    net_input = {"src_tokens": source, "src_lengths": source.ne(1).sum(1), "prev_output_tokens": shifted(target, TASK)}
    sample = {"target": target, "ntokens": 10, "net_input": net_input}
    criterion = ComposedFinetuningCriterion(
        ComposedFinetuningConfig(gradient_estimator=estimator, num_samples=2, sentence_avg=False), TASK
    )
    held = 0

    def count(tensor: Tensor) -> Tensor:
        nonlocal held
        held += tensor.numel() * tensor.element_size()
        return tensor

    metrics.reset()
    metrics.log_scalar(MEAN_SQUARE, 4.0)
    torch.manual_seed(5)
    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        loss, _, _ = criterion(model, sample)
    loss.backward()
    return loss.detach(), {name: p.grad for name, p in model.named_parameters() if p.requires_grad}, held


@pytest.mark.parametrize("copying", [False, True])
@pytest.mark.parametrize("estimator", ["rloo", "gumbel"])
def test_the_same_loss_and_gradient(denoiser_path, estimator, copying):
    options = {"base_predictor_path": "random", "copy_attention": True, "copy_dropout": 0.3} if copying else {}
    loss, gradients, held = step(composed(denoiser_path, **options), estimator)
    again_loss, again, held_less = step(composed(denoiser_path, checkpoint_activations=True, **options), estimator)
    assert torch.equal(again_loss, loss)
    assert max(gradient.abs().max() for gradient in gradients.values()) > 0.01
    for name, gradient in gradients.items():
        torch.testing.assert_close(again[name], gradient, msg=name)
    assert held_less < 0.7 * held


def test_a_copy_checkpoints_its_own_layers(denoiser_path):
    model = composed(denoiser_path, checkpoint_activations=True)
    copied = copy.deepcopy(model)
    for parameter in model.parameters():
        parameter.data.zero_()
    _, gradients, _ = step(copied, "rloo")
    assert max(gradient.abs().max() for gradient in gradients.values()) > 0.01


def test_layerdrop_leaves_no_layer_out(denoiser_path):
    for _ in range(4):
        model = composed(denoiser_path, checkpoint_activations=True, encoder_layerdrop=0.9, decoder_layerdrop=0.9)
        for stage in (model.base_predictor.encoder, model.base_predictor.decoder):
            assert all(isinstance(layer.forward, _Checkpointed) for layer in stage.layers.children())


def test_offloading_is_refused(denoiser_path):
    with pytest.raises(UserError, match="take --checkpoint-activations"):
        composed(denoiser_path, offload_activations=True)
