"""The straight-through estimator: tokens going forward, the gradient of the Gumbel-softmax coming back."""

import math

import pytest
import torch

from fairseq_cft.modules.scoring import straight_through

LOGITS = torch.tensor([0.5, -1.0, 0.2, -math.inf], dtype=torch.double)  # the last cannot be drawn: padding
COSTS = torch.tensor([3.0, -1.0, 2.0, 100.0])
DRAWS = 60_000


def drawn(seed: int = 1) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.multinomial(LOGITS.softmax(-1), DRAWS, replacement=True, generator=generator)


def gradients(temperature: float) -> torch.Tensor:
    """One gradient of the cost a draw: (DRAWS, 4)."""
    torch.manual_seed(2)
    logits = LOGITS.repeat(DRAWS, 1).requires_grad_()
    rows = straight_through(logits, drawn(), temperature)
    (rows.float() @ COSTS).sum().backward()
    return logits.grad


def test_the_tokens_themselves_go_forward():
    tokens = drawn()[:500]
    rows = straight_through(LOGITS.repeat(500, 1), tokens, 0.7)
    torch.testing.assert_close(rows, torch.nn.functional.one_hot(tokens, 4).float(), atol=1e-6, rtol=0)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_the_gradient_is_that_of_gumbel_softmax(temperature):
    """Noise drawn given the token, with tokens drawn from the model, is plain Gumbel noise."""
    torch.manual_seed(3)
    logits = LOGITS[:3].repeat(DRAWS, 1).requires_grad_()
    noise = -torch.empty_like(logits).exponential_().log()
    (torch.softmax((logits + noise) / temperature, -1).float() @ COSTS[:3]).sum().backward()
    plain, ours = logits.grad, gradients(temperature)[:, :3].double()
    difference = (plain.mean(0) - ours.mean(0)).abs()
    assert (difference < 4 * (plain.var(0) / DRAWS + ours.var(0) / DRAWS).sqrt()).all()
    assert plain.mean(0).abs().min() > 5 * difference.max()  # and the test can tell


def test_a_low_temperature_gives_the_exact_gradient():
    probabilities = LOGITS[:3].softmax(-1)
    exact = probabilities * (COSTS[:3] - (probabilities * COSTS[:3]).sum())
    found = gradients(0.1)
    torch.testing.assert_close(found[:, :3].mean(0).double(), exact, atol=0.05, rtol=0.05)
    assert torch.equal(found[:, 3], torch.zeros(DRAWS).double())


def test_nothing_is_undefined_where_a_token_is_nearly_impossible():
    logits = torch.tensor([[200.0, -200.0, -math.inf]], requires_grad=True)
    for token in (0, 1, 2):
        rows = straight_through(logits, torch.tensor([token]), 1.0)
        (gradient,) = torch.autograd.grad(rows.sum() + rows[0, 0], logits)
        assert torch.isfinite(rows).all() and torch.isfinite(gradient).all()
