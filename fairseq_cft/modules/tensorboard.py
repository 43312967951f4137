"""What TensorBoard shows besides fairseq's scalars: examples as text, a histogram of rewards."""

import html
from collections.abc import Mapping
from typing import Any

import torch
from fairseq.distributed import utils as distributed_utils
from fairseq.logging import progress_bar

from .reward_histogram import write_histogram

GOLD = "gold"  # the title of the reference


def find_writer(folder: str | None, subset: str) -> Any | None:
    """fairseq's own writer of a validation set's scalars; None on other workers, without a folder or TensorBoard.

    A writer of our own would add a second file to the folder, which TensorBoard reads as a restarted run.
    """
    if not folder or progress_bar.SummaryWriter is None or distributed_utils.get_global_rank() > 0:
        return None
    return progress_bar.TensorboardProgressBarWrapper(None, folder)._writer(subset)


def write_rewards(writer: Any, meters: Mapping[str, Any], step: int) -> None:
    """Writes the rewards of a validation, where the criterion has them."""
    if "_reward_counts" in meters:
        counts = torch.as_tensor(meters["_reward_counts"].sum).round().long().cpu()
        write_histogram(writer, counts, float(meters["reward"].sum), float(meters["_reward_squared"].sum), step)


def write_example(writer: Any, number: int, texts: Mapping[str, str], step: int) -> None:
    """Writes one example, a column a text; those that equal ``gold`` say so. All steps' are under one tag.

    Args:
        texts: title -> text of several lines, in the order of the columns.
    """
    titles = [f"{name} = {GOLD}" if name != GOLD and text == texts[GOLD] else name for name, text in texts.items()]
    head = "".join(f"<th>{html.escape(title)}</th>" for title in titles)
    lines = max(text.count("\n") for text in texts.values())
    padded = (text + "\n" * (lines - text.count("\n")) for text in texts.values())  # else they are centred
    row = "".join(f"<td><pre>{html.escape(text)}</pre></td>" for text in padded)
    writer.add_text(f"examples/{number}", f"<table><tr>{head}</tr><tr>{row}</tr></table>", step)
