"""The objective of composed fine-tuning: E[-log p_Π(y|ŷ)] over ŷ ~ f(·|x), plus λ times -log p_f(y|x).

Legend: N sentences, K samples of ŷ a sentence, T target length, V vocabulary.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from fairseq.criterions import FairseqCriterion, register_criterion
from fairseq.criterions.label_smoothed_cross_entropy import label_smoothed_nll_loss
from fairseq.dataclass import ChoiceEnum, FairseqDataclass
from fairseq.logging import metrics
from fairseq.tasks import FairseqTask
from omegaconf import II
from torch import Tensor

from ..errors import UserError
from ..models.composed_transformer import ComposedTransformerModel
from ..modules import policy_gradient as estimators
from ..modules.batches import length_bounds, lengths_of, same_rows
from ..modules.building import unwrapped
from ..modules.continuing import RUNNING
from ..modules.reward_histogram import reward_counts
from ..modules.scoring import ComposedRequest

ESTIMATORS = ("reinforce", "rloo", "self_critical", "gumbel")
MEAN_SQUARE = f"{RUNNING}advantage_mean_square"  # a meter, not shown in logs
SCALES = ("rms", "none")
SAMPLE_DROPOUTS = ("none", "encoder")


@dataclass
class ComposedFinetuningConfig(FairseqDataclass):
    gradient_estimator: ChoiceEnum(ESTIMATORS) = field(  # type: ignore[valid-type]
        default="rloo",
        metadata={
            "help": "gradient of the composed term: reinforce (the paper, no baseline), rloo (leave-one-out baseline, "
            "needs --num-samples 2 or more), self_critical (the greedy output's cost as baseline), gumbel "
            "(straight-through Gumbel-softmax: biased, through the denoiser's input; no --advantage-scale)"
        },
    )
    num_samples: int = field(
        default=2, metadata={"help": "samples of the base predictor a sentence, K; from 1, and from 2 for rloo"}
    )
    gumbel_temperature: float = field(
        default=1.0, metadata={"help": "temperature of --gradient-estimator gumbel, above 0"}
    )
    composed_weight: float = field(
        default=1.0, metadata={"help": "weight of the composed term, from 0; 0 leaves it out of training"}
    )
    ce_weight: float = field(
        default=1.0, metadata={"help": "weight of the base predictor's cross-entropy, λ in the paper; from 0"}
    )
    advantage_scale: ChoiceEnum(SCALES) = field(  # type: ignore[valid-type]
        default="rms",
        metadata={
            "help": "rms: divide the advantages (in nats) by their root mean square over the last 20 updates or so, at "
            "least 1, whatever batches and workers share an update (the first one only measures it), so "
            "that the term's size does not depend on what a wrong output costs; none: the raw objective"
        },
    )
    label_smoothing: float = field(default=0.0, metadata={"help": "label smoothing of the cross-entropy term, 0 to 1"})
    sample_dropout: ChoiceEnum(SAMPLE_DROPOUTS) = field(  # type: ignore[valid-type]
        default="none",
        metadata={
            "help": "none: samples are drawn and scored without dropout; encoder: they share the encoder's output, "
            "dropout included, with the gold output, which saves a pass"
        },
    )
    sample_max_len_a: float = field(
        default=1.5, metadata={"help": "outputs of the base predictor are cut off after A * target length + B tokens"}
    )
    sample_max_len_b: int = field(default=10, metadata={"help": "see --sample-max-len-a, in tokens"})
    sentence_avg: bool = II("optimization.sentence_avg")


@register_criterion("composed_finetuning", dataclass=ComposedFinetuningConfig)
class ComposedFinetuningCriterion(FairseqCriterion):
    """Composed fine-tuning for ``composed_transformer``.

    In training the composed term is estimated from samples; in validation ŷ is decoded greedily, as it will be at test
    time, and ``composed_loss`` is what --best-checkpoint-metric should watch. Losses are logged in bits a token.
    """

    def __init__(self, cfg: ComposedFinetuningConfig, task: FairseqTask) -> None:
        super().__init__(task)
        self.cfg = cfg
        check_options(cfg)

    def forward(self, model: Any, sample: dict[str, Any], reduce: bool = True) -> tuple[Tensor, int, dict[str, Any]]:
        """The loss summed over the batch, the sample size to divide it by, and what to log."""
        target = sample["target"]
        if not isinstance(unwrapped(model), ComposedTransformerModel):
            raise UserError("--criterion composed_finetuning needs --arch composed_transformer")
        training = model.training and torch.is_grad_enabled()
        with_composed = self.cfg.composed_weight > 0 or not training
        request = self._request(sample, training) if with_composed else None
        logits, extra = model(**sample["net_input"], request=request)
        base = unwrapped(model).base_predictor
        log_probs = base.get_normalized_probs((logits, extra), log_probs=True)
        ce_loss, base_nll = self._cross_entropy(log_probs, target)
        sample_size = target.size(0) if self.cfg.sentence_avg else sample["ntokens"]
        logged = {
            "base_loss": base_nll.data,
            "ntokens": sample["ntokens"],
            "nsentences": target.size(0),
            "sample_size": sample_size,
        }
        loss = self.cfg.ce_weight * ce_loss
        if with_composed:
            terms = extra["composed"]
            composed = terms.costs.mean(1).sum()  # nats, summed over the sentences
            if training:
                loss = loss + self.cfg.composed_weight * self._surrogate(terms, logged)
            else:
                loss = loss + self.cfg.composed_weight * composed
            logged |= self._statistics(terms, target) | {"composed_loss": composed}
            if not training:
                logged["_reward_counts"] = reward_counts(-terms.costs)
        logged["loss"] = loss.data
        return loss, sample_size, logged

    def _request(self, sample: dict[str, Any], training: bool) -> ComposedRequest:
        target = sample["target"]
        lengths = lengths_of(target, self.padding_idx)
        return ComposedRequest(
            target,
            num_samples=self.cfg.num_samples if training else 0,
            max_lengths=length_bounds(lengths, self.cfg.sample_max_len_a, self.cfg.sample_max_len_b),
            with_greedy=training and self.cfg.gradient_estimator == "self_critical",
            gumbel_temperature=self.cfg.gumbel_temperature if training and self._relaxes else None,
            share_encoder=self.cfg.sample_dropout == "encoder",
            references=sample.get("references"),
        )

    @property
    def _relaxes(self) -> bool:
        return self.cfg.gradient_estimator == "gumbel"

    def _cross_entropy(self, log_probs: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Label-smoothed loss and plain -log p_f(y|x), both summed, in nats: (N, T, V), (N, T) -> scalars."""
        return label_smoothed_nll_loss(
            log_probs.flatten(0, 1), target.flatten(), self.cfg.label_smoothing, ignore_index=self.padding_idx
        )

    def _surrogate(self, terms: Any, logged: dict[str, Any]) -> Tensor:
        if self._relaxes:
            return terms.relaxed_costs.mean(1).sum()
        if self.cfg.gradient_estimator == "rloo":
            advantages = estimators.rloo_advantages(terms.costs)
        elif self.cfg.gradient_estimator == "self_critical":
            advantages = estimators.self_critical_advantages(terms.costs, terms.greedy_costs)
        else:
            advantages = estimators.reinforce_advantages(terms.costs)
        if self.cfg.advantage_scale == "rms":
            # fairseq adds these up over the update's batches and workers, but for an idle worker's dummy batch
            logged |= {"_advantage_squares": advantages.double().square().sum(), "_advantages": advantages.numel()}
            advantages = estimators.scale(advantages, mean_square_so_far())
        return estimators.surrogate_loss(terms.log_probs, advantages)

    def _statistics(self, terms: Any, target: Tensor) -> dict[str, Any]:
        rewards = -terms.costs.double()
        count = terms.tokens.size(0)
        exact = same_rows(terms.tokens, target.repeat_interleave(count // target.size(0), 0), self.padding_idx)
        return {
            "samples": count,
            "reward": rewards.sum(),
            "reward_squared": rewards.square().sum(),
            "sample_tokens": terms.tokens.ne(self.padding_idx).sum(),
            "sample_exact": exact.sum(),
        }

    @classmethod
    def reduce_metrics(cls, logging_outputs: Sequence[dict[str, Any]]) -> None:
        """Adds up the workers' outputs; losses become bits a token."""

        def total(key: str) -> float:
            return float(sum(log.get(key, 0) for log in logging_outputs))

        tokens, size, samples = total("ntokens"), total("sample_size"), total("samples")
        bits = math.log(2)
        metrics.log_scalar("loss", total("loss") / size / bits, size, round=4)
        metrics.log_scalar("base_loss", total("base_loss") / tokens / bits, tokens, round=4)
        if total("_advantages"):
            squares, count = total("_advantage_squares"), total("_advantages")
            mean_square = estimators.running_mean_square(mean_square_so_far(), squares, count)
            if mean_square is not None:
                metrics.log_scalar(MEAN_SQUARE, mean_square)
        if samples:
            metrics.log_scalar("composed_loss", total("composed_loss") / tokens / bits, tokens, round=4)
            metrics.log_scalar("reward", total("reward") / samples, samples, round=3)
            metrics.log_scalar("_reward_squared", total("reward_squared") / samples, samples)
            metrics.log_derived("reward_std", _spread)
            metrics.log_scalar("sample_length", total("sample_tokens") / samples, samples, round=1)
            metrics.log_scalar("sample_exact", 100 * total("sample_exact") / samples, samples, round=2)
            if any("_reward_counts" in log for log in logging_outputs):
                counts = sum(log["_reward_counts"] for log in logging_outputs if "_reward_counts" in log)
                metrics.log_scalar("_reward_counts", counts)  # a vector: the meter adds it up over the batches

    @staticmethod
    def logging_outputs_can_be_summed() -> bool:
        return True


def mean_square_so_far() -> float | None:
    """The running mean square of the advantages, which fairseq's meters hold and its checkpoints save."""
    meter = metrics.get_meter("default", MEAN_SQUARE)
    return None if meter is None or meter.val is None else float(meter.val)


def _spread(meters: Any) -> float:
    """Standard deviation of the rewards over all that the meters have seen, not the mean of the batches' own."""
    mean, mean_square = meters["reward"].avg, meters["_reward_squared"].avg
    if mean is None or mean_square is None:  # meters that were just reset
        return 0.0
    variance = mean_square - mean**2
    return round(math.sqrt(max(float(variance), 0.0)), 3)


def check_options(cfg: ComposedFinetuningConfig) -> None:
    """Raises UserError for values that no training can use."""
    if cfg.num_samples < 1:
        raise UserError(f"--num-samples {cfg.num_samples}: composed fine-tuning needs at least 1 sample a sentence")
    if cfg.gradient_estimator == "rloo" and cfg.num_samples < 2:
        raise UserError(
            "--gradient-estimator rloo takes its baseline from the other samples: give --num-samples 2 or more, "
            "or --gradient-estimator reinforce"
        )
    if cfg.gumbel_temperature <= 0:
        raise UserError(f"--gumbel-temperature {cfg.gumbel_temperature}: a temperature must be above 0")
    if min(cfg.sample_max_len_a, cfg.sample_max_len_b) < 0 or cfg.sample_max_len_a == cfg.sample_max_len_b == 0:
        raise UserError(
            f"--sample-max-len-a {cfg.sample_max_len_a} and --sample-max-len-b {cfg.sample_max_len_b}: "
            "neither may be negative, and not both may be 0: outputs need room"
        )
    for name in ("composed_weight", "ce_weight"):
        if getattr(cfg, name) < 0:
            raise UserError(f"--{name.replace('_', '-')} {getattr(cfg, name)}: a weight must not be negative")
    if cfg.composed_weight == 0 and cfg.ce_weight == 0:
        raise UserError("--composed-weight and --ce-weight are both 0: nothing is left to train on")
