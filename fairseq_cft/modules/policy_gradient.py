"""Estimators of the gradient of E[cost(ŷ)] over ŷ ~ p(·|x): pure functions of tensors, no fairseq.

Legend: N sentences, K samples of ŷ a sentence. Costs are in nats, lower is better.

All of them give an advantage for each sample; the surrogate ``mean_k advantage_k · log p(ŷ_k)`` has the estimated
gradient. A baseline lowers the variance and leaves the mean as it is, as long as it does not depend on its own sample
(Williams 1992; Kool et al. 2019, "Buy 4 REINFORCE samples, get a baseline for free"; Rennie et al. 2017).
"""

import math

import torch
from torch import Tensor

NEWEST = 0.05  # weight of the newest update in the running mean square of the advantages


def reinforce_advantages(costs: Tensor) -> Tensor:
    """The costs themselves, without a baseline: (N, K) -> (N, K). The paper's estimator."""
    return costs


def rloo_advantages(costs: Tensor) -> Tensor:
    """Each cost less the mean of the other samples of its sentence: (N, K) -> (N, K); K must be at least 2."""
    samples = costs.size(1)
    if samples < 2:
        raise ValueError(f"the leave-one-out baseline needs at least 2 samples a sentence, not {samples}")
    others = (costs.sum(1, keepdim=True) - costs) / (samples - 1)
    return costs - others


def self_critical_advantages(costs: Tensor, greedy_costs: Tensor) -> Tensor:
    """Each cost less the cost of the greedy output: (N, K), (N,) -> (N, K)."""
    return costs - greedy_costs.unsqueeze(1)


def running_mean_square(before: float | None, squares: float, count: float) -> float | None:
    """The running mean square of the advantages after one more update of ``count`` of them; None while there is none.

    The last 20 updates or so count. An update whose squares are not finite is left out.
    """
    mean = squares / count if count else math.inf
    if not math.isfinite(mean):
        return before
    return mean if before is None else before + NEWEST * (mean - before)


def scale(advantages: Tensor, mean_square: float | None, floor: float = 1.0) -> Tensor:
    """Advantages divided by the root of their running mean square, in nats, but never by less than ``floor``.

    One positive factor for a whole update, whatever batches and workers share it: the direction of the estimated
    gradient stays, and its size no longer depends on how many nats a wrong output costs. The floor keeps an update in
    which hardly anything differs from being blown up. Without a mean square, in a training's first update, all are 0.
    Shape (N, K) -> (N, K).
    """
    if mean_square is None:
        return torch.zeros_like(advantages)
    return advantages / max(math.sqrt(mean_square), floor)


def surrogate_loss(log_probs: Tensor, advantages: Tensor) -> Tensor:
    """Sum over sentences, mean over samples, of advantage · log p(ŷ|x): (N, K), (N, K) -> scalar.

    Its gradient with respect to the parameters behind ``log_probs`` is the estimate; its value means nothing.
    """
    return (advantages.detach() * log_probs).mean(1).sum()
