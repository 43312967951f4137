"""The gate's objective: binary cross-entropy of "this program needs denoising", clean against corrupted programs.

Legend: N programs, S and T lengths.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch.nn.functional as F
from fairseq.criterions import FairseqCriterion, register_criterion
from fairseq.dataclass import FairseqDataclass
from fairseq.logging import metrics
from fairseq.tasks import FairseqTask
from torch import Tensor

from ..errors import UserError
from ..models.denoiser_gate import DenoiserGateModel
from ..modules.building import unwrapped
from ..modules.gate import THRESHOLD
from ..modules.noisy_dataset import corrupted_rows


@dataclass
class DenoiserGateConfig(FairseqDataclass):
    corrupted_weight: float = field(
        default=1.0,
        metadata={
            "help": "weight of a corrupted program in the loss, above 0; a clean one weighs 1. Where the share c of "
            "programs is clean, both kinds weigh the same at c / (1 - c)"
        },
    )
    gate_threshold: float = field(
        default=THRESHOLD,
        metadata={
            "help": "what is logged is decided at this probability, 0 to 1: a program that needs denoising with at "
            "least this probability is not let through"
        },
    )


@register_criterion("denoiser_gate", dataclass=DenoiserGateConfig)
class DenoiserGateCriterion(FairseqCriterion):
    """For ``--arch denoiser_gate`` in ``--task code_denoising``; the loss is logged in bits a program."""

    def __init__(self, cfg: DenoiserGateConfig, task: FairseqTask) -> None:
        super().__init__(task)
        self.cfg = cfg
        check_options(cfg, task)

    def forward(self, model: Any, sample: dict[str, Any], reduce: bool = True) -> tuple[Tensor, Tensor, dict[str, Any]]:
        """The weighted loss summed over the batch, the sum of weights to divide it by, and what to log."""
        if not isinstance(unwrapped(model), DenoiserGateModel):
            raise UserError("--criterion denoiser_gate trains a gate; give --arch denoiser_gate")
        logits = model(**sample["net_input"])
        corrupted = corrupted_rows(sample["net_input"]["src_tokens"], sample["target"], self.padding_idx)
        weights = logits.new_ones(logits.shape).masked_fill(corrupted, self.cfg.corrupted_weight)
        loss = F.binary_cross_entropy_with_logits(logits, corrupted.to(logits), weights, reduction="sum")
        caught = logits.detach().sigmoid() >= self.cfg.gate_threshold
        sample_size = weights.sum()
        logged = {
            "loss": loss.data,
            "sample_size": sample_size,
            "ntokens": sample["ntokens"],
            "nsentences": corrupted.numel(),
            "_corrupted": corrupted.sum(),
            "_caught": (caught & corrupted).sum(),
            "_let_through": (~caught & ~corrupted).sum(),
        }
        return loss, sample_size, logged

    @classmethod
    def reduce_metrics(cls, logging_outputs: Sequence[dict[str, Any]]) -> None:
        """Adds up the workers' outputs: accuracy, clean programs let through and corrupted ones caught, in percent."""

        def total(key: str) -> float:
            return float(sum(log.get(key, 0) for log in logging_outputs))

        size, programs, corrupted = total("sample_size"), total("nsentences"), total("_corrupted")
        metrics.log_scalar("loss", total("loss") / size / math.log(2), size, round=4)
        for name, hits, count in (
            ("accuracy", total("_caught") + total("_let_through"), programs),
            ("clean_let_through", total("_let_through"), programs - corrupted),
            ("corrupted_caught", total("_caught"), corrupted),
        ):
            if count:
                metrics.log_scalar(name, 100 * hits / count, count, round=2)

    @staticmethod
    def logging_outputs_can_be_summed() -> bool:
        return True


def check_options(cfg: DenoiserGateConfig, task: Any) -> None:
    """Raises UserError for values that no training can use."""
    if not (cfg.corrupted_weight > 0 and math.isfinite(cfg.corrupted_weight)):
        raise UserError(f"--corrupted-weight {cfg.corrupted_weight}: a weight must be above 0")
    if not 0 <= cfg.gate_threshold <= 1:
        raise UserError(f"--gate-threshold {cfg.gate_threshold}: a probability is between 0 and 1")
    if getattr(getattr(task, "cfg", None), "eval_denoising", False):
        raise UserError("--eval-denoising decodes, and a gate has no decoder; drop it: the criterion logs the rates")
