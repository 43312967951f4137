"""How many sentences had which reward, in buckets of fixed width, so that the counts of several workers add up."""

from typing import Any

import torch
from torch import Tensor

WIDTH = 0.5  # nats
BUCKETS = 1000  # the first, from -500 nats, also holds everything below


def reward_counts(rewards: Tensor) -> Tensor:
    """(N,) or (N, K) rewards in nats, at most 0 -> (BUCKETS,) counts, the lowest rewards first."""
    costs = torch.nan_to_num(rewards.flatten().neg(), nan=torch.inf)
    below_zero = (costs / WIDTH).clamp(min=0, max=BUCKETS - 1).long()
    return torch.bincount(BUCKETS - 1 - below_zero, minlength=BUCKETS)


def write_histogram(writer: Any, counts: Tensor, total: float, total_of_squares: float, step: int) -> None:
    """Writes ``rewards`` to TensorBoard, from the lowest to the highest bucket that holds any."""
    filled = counts.nonzero()
    if len(filled) == 0:
        return
    first, last = int(filled[0]), int(filled[-1])
    lower = [(bucket - BUCKETS) * WIDTH for bucket in range(first, last + 1)]
    writer.add_histogram_raw(
        "rewards",
        min=lower[0],
        max=lower[-1] + WIDTH,
        num=int(counts.sum()),
        sum=total,
        sum_squares=total_of_squares,
        bucket_limits=[edge + WIDTH for edge in lower],
        bucket_counts=counts[first : last + 1].tolist(),
        global_step=step,
    )
