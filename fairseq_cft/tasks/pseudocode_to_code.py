"""Task ``pseudocode_to_code``: translation, validated by what each stage of a composed model really outputs."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import torch
from fairseq.dataclass import ChoiceEnum
from fairseq.logging import metrics
from fairseq.tasks import register_task
from fairseq.tasks.translation import TranslationConfig, TranslationTask
from omegaconf import II
from torch import Tensor

from ..errors import UserError
from ..evaluation.compare import COMPARISONS
from ..formats.pseudocode import pseudocode_text
from ..formats.table import PROGRAMS, program_format
from ..models.composed_transformer import ComposedTransformerModel
from ..modules.architecture import note_dictionaries
from ..modules.batches import MAX_LEN, length_bounds, lengths_of, same_rows
from ..modules.building import unwrapped
from ..modules.data_files import data_folders, language_pair, no_split, refuse_empty, same_dictionaries
from ..modules.greedy_generator import faster
from ..modules.length_limits import with_our_limits
from ..modules.program_validation import ProgramEvaluation, draw, line_format, program_evaluation
from ..modules.several_references import with_references
from ..modules.tensorboard import GOLD, find_writer, write_example, write_rewards
from ..modules.text import spelled
from ..modules.validating import can_decode, check_metric, greedy_outputs
from ..user_files import HELP as USER_FILE_HELP

METRICS = {  # -> the option that logs it
    **dict.fromkeys(("exact", "base_exact", "changed"), "eval_exact_match"),
    **dict.fromkeys(("correct_rate", "compile_rate", "base_correct_rate", "base_compile_rate"), "eval_programs"),
}
POSITIONS = ("max_source_positions", "max_target_positions")


@dataclass
class PseudocodeToCodeConfig(TranslationConfig):
    eval_exact_match: bool = field(
        default=False,
        metadata={
            "help": "at validation decode greedily and log the percentage of programs equal to the reference: exact, "
            "and for a composed model base_exact and the percentage that the denoiser changed"
        },
    )
    eval_programs: int = field(
        default=0,
        metadata={
            "help": "at validation compile and run the greedy outputs for this many pairs and log the percentages "
            "correct_rate and compile_rate, for a composed model also base_correct_rate and base_compile_rate; 0: off"
        },
    )
    eval_inputs: Optional[str] = field(
        default=None, metadata={"help": "inputs of the validation pairs' programs, tab-separated, one line a pair"}
    )
    eval_expected: Optional[str] = field(
        default=None, metadata={"help": "expected outputs for --eval-inputs, one line a pair"}
    )
    eval_ids: Optional[str] = field(
        default=None, metadata={"help": "ids of the validation pairs, PROBLEM-SUBMISSION-WORKER, one line a pair"}
    )
    eval_testcases: Optional[str] = field(
        default=None, metadata={"help": "folder with PROBLEM/PROBLEM_testcases.txt for --eval-ids"}
    )
    eval_decode: Optional[str] = field(
        default=None,
        metadata={
            "help": f"line format of the programs that --eval-programs runs: {', '.join(PROGRAMS)} "
            "(default: lossless for cpp, else plain)"
        },
    )
    eval_language: str = field(
        default="cpp", metadata={"help": "language of the programs that --eval-programs runs: cpp, python, or yours"}
    )
    eval_compare: ChoiceEnum(list(COMPARISONS)) = field(  # type: ignore[valid-type]
        default="exact", metadata={"help": "how what these programs print is compared with --eval-expected"}
    )
    eval_checker: Optional[str] = field(
        default=None,
        metadata={
            "help": "outputs are no programs: --eval-programs asks this checker of --user-file, with the lines of "
            "--eval-expected and, where given, --eval-inputs; the text is taken as it is, whatever --eval-decode says"
        },
    )
    references: Optional[str] = field(
        default=None,
        metadata={
            "help": "subwords of all right outputs of each training pair, a line a pair in the order of the data, set "
            "apart by tabs: in composed training an output costs what the nearest of them does; the target is one"
        },
    )
    user_file: Optional[str] = field(default=None, metadata={"help": USER_FILE_HELP})
    eval_allow_unsafe: bool = field(
        default=False, metadata={"help": "where no sandbox works, run programs under limits alone, without isolation"}
    )
    tensorboard_examples: int = field(
        default=4,
        metadata={
            "help": "pairs whose pseudocode, output of each stage and reference are written to --tensorboard-logdir at "
            "validation, from 0; always the same"
        },
    )
    tensorboard_logdir: Optional[str] = II("common.tensorboard_logdir")
    valid_subset: str = II("dataset.valid_subset")
    best_checkpoint_metric: str = II("checkpoint.best_checkpoint_metric")
    max_valid_steps: Optional[int] = II("dataset.max_valid_steps")


@register_task("pseudocode_to_code", dataclass=PseudocodeToCodeConfig)
class PseudocodeToCodeTask(TranslationTask):
    """Translation of pseudocode to code, for plain and composed models."""

    cfg: PseudocodeToCodeConfig
    programs: Optional[ProgramEvaluation] = None
    validated: tuple[str, list[int]] = ("", [])  # the validation set that fairseq is at, and the pairs to show of it

    @classmethod
    def setup_task(cls, cfg: PseudocodeToCodeConfig, **kwargs: Any) -> "PseudocodeToCodeTask":
        folders = data_folders(cfg.data)
        cfg.source_lang, cfg.target_lang = language_pair(folders[0], cfg.source_lang, cfg.target_lang)
        same_dictionaries(folders, [f"dict.{side}.txt" for side in (cfg.source_lang, cfg.target_lang)])
        return super().setup_task(cfg, **kwargs)

    def load_dataset(self, split: str, epoch: int = 1, combine: bool = False, **kwargs: Any) -> None:
        folders = data_folders(self.cfg.data)
        for folder in folders:
            refuse_empty(folder, split)
        try:
            super().load_dataset(split, epoch, combine, **kwargs)
        except FileNotFoundError as error:
            folder = folders[(epoch - 1) % len(folders) if split == self.cfg.train_subset else 0]
            pair = self.cfg.source_lang, self.cfg.target_lang
            names = "|".join("-".join(each) for each in (pair, pair[::-1]))
            raise no_split(folder, split, rf"\.(?:{names})\.\w+") from error
        if self.cfg.references and split == self.cfg.train_subset:
            if len(folders) > 1:
                raise UserError("--references belongs to one folder of data, and several are given; join them")
            self.datasets[split] = with_references(
                self.datasets[split], self.cfg.references, self.target_dictionary, self.cfg.max_target_positions
            )
        if split in self.cfg.valid_subset.split(","):
            self.programs = program_evaluation(self.cfg, len(self.datasets[split]))

    def get_batch_iterator(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
        iterator = super().get_batch_iterator(dataset, *args, **kwargs)
        subset = next((name for name, loaded in self.datasets.items() if loaded is dataset), "")
        if subset in self.cfg.valid_subset.split(","):
            self.validated = (subset, draw(iterator.frozen_batches, self.cfg.tensorboard_examples))
        if self.programs is not None and dataset is self.datasets.get(self.cfg.valid_subset):
            batches, workers, worker = iterator.frozen_batches, iterator.num_shards, iterator.shard_id
            self.programs.plan(batches, workers, worker, self.cfg.max_valid_steps)
        return iterator

    def valid_step(self, sample: dict[str, Any], model: Any, criterion: Any) -> tuple[Any, Any, dict[str, Any]]:
        loss, sample_size, logged = super().valid_step(sample, model, criterion)
        if self.cfg.eval_exact_match or self.programs is not None:
            logged |= self.output_counts(unwrapped(model), sample)
        return loss, sample_size, logged

    def output_counts(self, model: Any, sample: dict[str, Any]) -> dict[str, Any]:
        """Counts of what the greedy outputs for a batch are worth; each sentence is decoded at most once."""
        pad = self.target_dictionary.pad()
        source, target = sample["net_input"]["src_tokens"], sample["target"]
        pairs = sample["id"].tolist()
        run = torch.zeros_like(sample["id"], dtype=torch.bool)  # (N,) whose programs are run
        if self.programs is not None:
            run[self.programs.rows(pairs)] = True
        exact_lengths = target.ne(pad).sum(1) + 10  # longer outputs are no exact match anyway
        bounds = torch.where(run, max_lengths(model, source, pad), exact_lengths).clamp(max=model.max_positions()[1])
        decoded = torch.ones_like(run) if self.cfg.eval_exact_match else run
        counts: dict[str, Any] = {}
        outputs = self.decode_stages(model, source[decoded], bounds[decoded]) if decoded.any() else {}
        if self.cfg.eval_exact_match:
            counts |= exact_match_counts(outputs, target, pad)
        if self.programs is not None:
            for row, pair in zip(run[decoded].nonzero().flatten().tolist(), sample["id"][run].tolist(), strict=True):
                lines = {stage: spelled(tokens[row], self.target_dictionary) for stage, tokens in outputs.items()}
                self.programs.add(pair, lines)
            counts |= self.programs.counts(pairs, stages_of(model))
        return counts

    def post_validate(self, model: Any, stats: dict[str, Any], meters: Mapping[str, Any]) -> None:
        """What TensorBoard shows besides scalars; fairseq calls this after each validation, on every worker."""
        subset, pairs = self.validated
        writer = find_writer(self.cfg.tensorboard_logdir, subset)
        if writer is None:
            return
        step = stats["num_updates"]
        write_rewards(writer, meters, step)
        if pairs:
            for number, texts in enumerate(self.examples(unwrapped(model), subset, pairs), start=1):
                write_example(writer, number, texts, step)

    def examples(self, model: Any, subset: str, pairs: Sequence[int]) -> list[dict[str, str]]:
        """Pseudocode, what each stage makes of it, and reference of these pairs, as text of several lines."""
        dataset, pad, device = self.datasets[subset], self.target_dictionary.pad(), next(model.parameters()).device
        batch = dataset.collater([dataset[pair] for pair in pairs])
        source = batch["net_input"]["src_tokens"].to(device)
        bounds = max_lengths(model, source, pad).clamp(max=model.max_positions()[1])
        outputs = self.decode_stages(model, source, bounds)
        outputs = {"base": outputs["base_"], "composed": outputs[""]} if "base_" in outputs else {"output": outputs[""]}
        programs = {**outputs, GOLD: batch["target"]}
        decode = program_format(line_format(self.cfg)).decode
        order = batch["id"].tolist()  # by length
        return [
            {"pseudocode": pseudocode_text(spelled(source[row], self.source_dictionary))}
            | {title: decode(spelled(tokens[row], self.target_dictionary)) for title, tokens in programs.items()}
            for row in map(order.index, pairs)
        ]

    def decode_stages(self, model: Any, src_tokens: Tensor, bounds: Tensor) -> dict[str, Tensor]:
        """Greedy outputs of each stage: (N, S) sources, (N,) bounds on the outputs -> (N, T) right-padded each."""
        if not isinstance(model, ComposedTransformerModel):
            return {"": greedy_outputs(model, src_tokens, bounds, self.target_dictionary)}
        base = model.decode_base(src_tokens, lengths_of(src_tokens, self.target_dictionary.pad()), bounds)
        return {"": model.denoise(base, bounds), "base_": base}

    def reduce_metrics(self, logging_outputs: list[dict[str, Any]], criterion: Any) -> None:
        super().reduce_metrics(logging_outputs, criterion)

        def log_percentage(name: str, hits: str, total: str) -> None:
            count = float(sum(log.get(total, 0) for log in logging_outputs))
            if count and any(hits in log for log in logging_outputs):
                share = float(sum(log.get(hits, 0) for log in logging_outputs)) / count
                metrics.log_scalar(name, 100 * share, count, round=2)

        for name in ("exact", "base_exact", "changed"):
            log_percentage(name, f"_{name}", "_sentences")
        for name in ("correct", "compile", "base_correct", "base_compile"):
            log_percentage(f"{name}_rate", f"_{name}", "_programs")

    def build_model(self, cfg: Any, from_checkpoint: bool = False) -> Any:
        """As in fairseq, but the positions of a trained model, not the default ones, limit what is generated.

        fairseq-generate and fairseq-interactive make the task of their own command line, where it has 1,024 positions.
        """
        if not from_checkpoint:
            check_metric(self.cfg.best_checkpoint_metric, METRICS, self.cfg)
        model = super().build_model(cfg, from_checkpoint)
        if not from_checkpoint and (self.cfg.eval_exact_match or self.cfg.eval_programs) and not can_decode(model):
            raise UserError(
                f"--eval-exact-match and --eval-programs decode, and {type(model).__name__} does not write one token "
                "after the other; drop them, or take an encoder-decoder"
            )
        if isinstance(cfg, Namespace):  # also of fairseq's own models
            note_dictionaries(cfg, self)
        if from_checkpoint:
            for name, positions in zip(POSITIONS, model.max_positions(), strict=True):
                if getattr(self.cfg, name) == getattr(TranslationConfig, name):
                    setattr(self.cfg, name, positions)
        return model

    def build_generator(self, models: list[Any], args: Any, *rest: Any, **options: Any) -> Any:
        """As in fairseq, but its default length limit of 200 tokens becomes one that grows with the source."""
        return faster(super().build_generator(models, with_our_limits(args), *rest, **options))


def exact_match_counts(outputs: dict[str, Tensor], target: Tensor, pad: int) -> dict[str, Tensor]:
    """Counts of sentences whose output equals the reference, by stage: (N, T) outputs, (N, T') references."""
    counts = {"_sentences": torch.tensor(len(target))}
    for stage, tokens in outputs.items():
        counts[f"_{stage}exact"] = same_rows(tokens, target, pad).sum()
    if "base_" in outputs:
        counts["_changed"] = (~same_rows(outputs["base_"], outputs[""], pad)).sum()
    return counts


def max_lengths(model: Any, src_tokens: Tensor, pad: int) -> Tensor:
    """(N, S) sources -> (N,) bound on the outputs, as in generation."""
    if isinstance(model, ComposedTransformerModel):
        return model.base_max_lengths(src_tokens)
    return length_bounds(lengths_of(src_tokens, pad), *MAX_LEN)


def stages_of(model: Any) -> tuple[str, ...]:
    """What stands before the metrics' names of each stage."""
    return ("", "base_") if isinstance(model, ComposedTransformerModel) else ("",)
