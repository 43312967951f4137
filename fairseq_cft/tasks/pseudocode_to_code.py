"""Task ``pseudocode_to_code``: translation, validated by what each stage of a composed model really outputs."""

from argparse import Namespace
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from fairseq import utils
from fairseq.logging import metrics
from fairseq.tasks import register_task
from fairseq.tasks.translation import TranslationConfig, TranslationTask
from torch import Tensor

from ..models._decoding import same_rows, translate
from ..models.composed_transformer import ComposedTransformerModel
from ._data_files import refuse_empty

FAIRSEQ_MAX_LEN = (0, 200)  # fairseq-generate's --max-len-a and --max-len-b: programs of over 200 tokens are cut off
OUR_MAX_LEN = (3, 100)


@dataclass
class PseudocodeToCodeConfig(TranslationConfig):
    eval_exact_match: bool = field(
        default=False,
        metadata={
            "help": "at validation decode greedily and log the percentage of programs equal to the reference: exact, "
            "and for a composed model base_exact and the percentage that the denoiser changed"
        },
    )


@register_task("pseudocode_to_code", dataclass=PseudocodeToCodeConfig)
class PseudocodeToCodeTask(TranslationTask):
    """Translation of pseudocode to code, for plain and composed models."""

    cfg: PseudocodeToCodeConfig

    def load_dataset(self, split: str, epoch: int = 1, combine: bool = False, **kwargs: Any) -> None:
        for path in utils.split_paths(self.cfg.data):
            refuse_empty(Path(path), split)
        super().load_dataset(split, epoch, combine, **kwargs)

    def valid_step(self, sample: dict[str, Any], model: Any, criterion: Any) -> tuple[Any, Any, dict[str, Any]]:
        loss, sample_size, logged = super().valid_step(sample, model, criterion)
        if self.cfg.eval_exact_match:
            logged |= self.exact_match_counts(model, sample["net_input"]["src_tokens"], sample["target"])
        return loss, sample_size, logged

    def exact_match_counts(self, model: Any, src_tokens: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Counts of sentences whose greedy output equals the reference: (N, S) sources, (N, T) references."""
        pad = self.target_dictionary.pad()
        limit = model.max_positions()[1]
        bounds = (target.ne(pad).sum(1) + 10).clamp(max=limit)  # longer outputs are wrong anyway
        counts = {"_sentences": torch.tensor(len(target))}
        if isinstance(model, ComposedTransformerModel):
            base = model.decode_base(src_tokens, sample_lengths(src_tokens, pad), bounds)
            output = model.denoise(base, bounds)
            counts["_base_exact"] = same_rows(base, target, pad).sum()
            counts["_changed"] = (~same_rows(base, output, pad)).sum()
        else:
            output = translate(model, src_tokens, bounds, eos=self.target_dictionary.eos(), pad=pad)
        return counts | {"_exact": same_rows(output, target, pad).sum()}

    def reduce_metrics(self, logging_outputs: list[dict[str, Any]], criterion: Any) -> None:
        super().reduce_metrics(logging_outputs, criterion)
        count = float(sum(log.get("_sentences", 0) for log in logging_outputs))
        for name in ("exact", "base_exact", "changed"):
            if count and any(f"_{name}" in log for log in logging_outputs):
                hits = float(sum(log.get(f"_{name}", 0) for log in logging_outputs))
                metrics.log_scalar(name, 100 * hits / count, count, round=2)

    def build_generator(self, models: list[Any], args: Namespace, *rest: Any, **options: Any) -> Any:
        """As in fairseq, but its default length limit of 200 tokens becomes one that grows with the source."""
        if (getattr(args, "max_len_a", 0), getattr(args, "max_len_b", 200)) == FAIRSEQ_MAX_LEN:
            limits = dict(zip(("max_len_a", "max_len_b"), OUR_MAX_LEN, strict=True))
            args = Namespace(**{**dict(_items(args)), **limits})
        return super().build_generator(models, args, *rest, **options)


def sample_lengths(tokens: Tensor, pad: int) -> Tensor:
    """(N, S) tokens -> (N,) lengths without padding."""
    return tokens.ne(pad).sum(1)


def _items(args: Any) -> Any:
    return vars(args).items() if isinstance(args, Namespace) else args.items()
