"""The estimators against full enumeration: 3 tokens, length 2, so 9 outputs and an exact gradient."""

import pytest
import torch

from fairseq_cft.modules import policy_gradient as pg

DRAWS, BATCHES = 400, 400


def output_log_probs(parameters: torch.Tensor) -> torch.Tensor:
    """(4, 3) logits of the first token and of the second after each first -> (9,) log-probabilities."""
    log_probs = parameters.log_softmax(-1)
    return (log_probs[0][:, None] + log_probs[1:]).flatten()


@pytest.fixture
def problem():
    generator = torch.Generator().manual_seed(3)
    parameters = torch.randn(4, 3, generator=generator, dtype=torch.double, requires_grad=True)
    costs = 5 + 3 * torch.randn(9, generator=generator, dtype=torch.double)
    expected = (output_log_probs(parameters).exp() * costs).sum()
    (exact,) = torch.autograd.grad(expected, parameters)
    return parameters, costs, exact, generator


ESTIMATORS = {
    "reinforce": (1, lambda costs, _: pg.reinforce_advantages(costs)),
    "rloo": (2, lambda costs, _: pg.rloo_advantages(costs)),
    "rloo4": (4, lambda costs, _: pg.rloo_advantages(costs)),
    "self_critical": (1, lambda costs, greedy: pg.self_critical_advantages(costs, greedy)),
}


def estimates(problem, name: str) -> torch.Tensor:
    """BATCHES estimates of the gradient, each from DRAWS sentences: (BATCHES, 12)."""
    parameters, costs, _, generator = problem
    samples, advantages = ESTIMATORS[name]
    greedy = costs[output_log_probs(parameters).argmax()].expand(DRAWS)
    found = []
    for _ in range(BATCHES):
        log_probs = output_log_probs(parameters)
        drawn = torch.multinomial(log_probs.exp(), DRAWS * samples, replacement=True, generator=generator)
        drawn = drawn.view(DRAWS, samples)
        loss = pg.surrogate_loss(log_probs[drawn], advantages(costs[drawn], greedy)) / DRAWS
        found.append(torch.autograd.grad(loss, parameters)[0].flatten())
    return torch.stack(found)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_mean_over_draws_is_the_exact_gradient(problem, name):
    found = estimates(problem, name)
    error = (found.mean(0) - problem[2].flatten()).abs()
    standard_error = found.std(0) / BATCHES**0.5
    # 12 components: |z| > 4 happens by chance once in 1,300 problems; the seed is fixed
    assert (error < 4 * standard_error).all(), (error / standard_error).max()
    # and the test can tell: the estimates are precise against the gradient's own size
    assert standard_error.max() < 0.1 * problem[2].abs().max()


def test_leave_one_out_has_less_variance_than_no_baseline(problem):
    spread = {name: estimates(problem, name).var(0).sum() for name in ("reinforce", "rloo")}
    assert spread["rloo"] < 0.5 * spread["reinforce"]


def test_leave_one_out_by_hand():
    # others of 1: (3 + 8) / 2 = 5.5; of 3: (1 + 8) / 2 = 4.5; of 8: (1 + 3) / 2 = 2
    assert pg.rloo_advantages(torch.tensor([[1.0, 3.0, 8.0]])).tolist() == [[-4.5, -1.5, 6.0]]


def test_leave_one_out_needs_two_samples():
    with pytest.raises(ValueError, match="at least 2 samples"):
        pg.rloo_advantages(torch.ones(5, 1))


def test_scale_by_hand():
    # a mean square of 6.25 has the root 2.5
    advantages = torch.tensor([[3.0, -4.0], [0.0, 0.0]])
    torch.testing.assert_close(pg.scale(advantages, 6.25), torch.tensor([[1.2, -1.6], [0.0, 0.0]]))


def test_the_first_update_only_measures():
    assert pg.scale(torch.tensor([[3.0, -4.0]]), None).tolist() == [[0.0, 0.0]]


def test_running_mean_square_by_hand():
    # squares of 25 over 4 advantages: 6.25; then 40 over 8, so 5: 6.25 + 0.05 * (5 - 6.25) = 6.1875
    first = pg.running_mean_square(None, 25.0, 4.0)
    assert first == 6.25 and pg.running_mean_square(first, 40.0, 8.0) == pytest.approx(6.1875)
    assert pg.running_mean_square(first, float("inf"), 4.0) == pg.running_mean_square(first, float("nan"), 4.0) == first
    assert pg.running_mean_square(None, float("inf"), 4.0) is None


def test_scale_never_blows_up_what_hardly_differs():
    advantages = torch.tensor([[0.01, -0.01]])
    torch.testing.assert_close(pg.scale(advantages, 1e-4), advantages)


def test_surrogate_by_hand():
    # sentence 1: (2 * -1 + -1 * -3) / 2 = 0.5; sentence 2: (0 * -5 + 4 * -0.5) / 2 = -1; the gradient is advantage / K
    log_probs = torch.tensor([[-1.0, -3.0], [-5.0, -0.5]], requires_grad=True)
    loss = pg.surrogate_loss(log_probs, torch.tensor([[2.0, -1.0], [0.0, 4.0]]))
    loss.backward()
    assert loss.item() == pytest.approx(-0.5)
    assert log_probs.grad.tolist() == [[1.0, -0.5], [0.0, 2.0]]
