"""Task ``code_denoising``: reads clean programs, corrupts them afresh each epoch, learns to undo it."""

import logging
from argparse import Namespace
from dataclasses import dataclass, field
from typing import Any, Optional

import torch
from fairseq.data import Dictionary, LanguagePairDataset, data_utils
from fairseq.data.indexed_dataset import get_available_dataset_impl
from fairseq.dataclass import ChoiceEnum, FairseqDataclass
from fairseq.logging import metrics
from fairseq.tasks import FairseqTask, register_task
from omegaconf import II
from torch import Tensor

from ..data.subwords import Subwords
from ..errors import UserError
from ..modules.architecture import note_dictionaries
from ..modules.batches import same_rows
from ..modules.data_files import data_folders, no_split, refuse_empty, same_dictionaries
from ..modules.greedy_generator import faster
from ..modules.length_limits import with_our_limits
from ..modules.noisy_dataset import NoisyProgramDataset, corrupted_rows
from ..modules.validating import check_metric, greedy_outputs
from ..noise import Noise, error_range, make_noise, noise_names
from ..user_files import HELP as USER_FILE_HELP
from ..user_files import read_user_files

METRICS = dict.fromkeys(("clean_kept", "restored"), "eval_denoising")  # -> the option that logs it
logger = logging.getLogger(__name__)


@dataclass
class CodeDenoisingConfig(FairseqDataclass):
    data: Optional[str] = field(
        default=None,
        metadata={
            "help": "folder of fairseq-preprocess --only-source: dict.txt, train.bin, valid.bin; colon-separated"
        },
    )
    subword_model: Optional[str] = field(
        default=None, metadata={"help": "the SentencePiece model (.model) that the data was encoded with; required"}
    )
    noise: str = field(
        default="synthetic", metadata={"help": f"kind of corruption: {', '.join(noise_names())}, or one of --user-file"}
    )
    user_file: Optional[str] = field(default=None, metadata={"help": USER_FILE_HELP})
    clean_share: Optional[float] = field(
        default=None, metadata={"help": "share of programs left as they are, 0 to 1 (default: the noise's own)"}
    )
    errors: Optional[str] = field(
        default=None, metadata={"help": "errors a corrupted program, N or MIN-MAX (default: the noise's own)"}
    )
    eval_denoising: bool = field(
        default=False,
        metadata={
            "help": "at validation also decode: log clean_kept and restored, the percentages of clean programs that "
            "come back unchanged and of corrupted ones that come back clean"
        },
    )
    left_pad_source: bool = field(
        default=True, metadata={"help": "the flag turns it off: sources are then padded on the right, not on the left"}
    )
    max_source_positions: int = field(default=1024, metadata={"help": "max number of tokens of a corrupted program"})
    max_target_positions: int = field(default=1024, metadata={"help": "max number of tokens of a program"})
    seed: int = II("common.seed")
    best_checkpoint_metric: str = II("checkpoint.best_checkpoint_metric")
    train_subset: str = II("dataset.train_subset")
    valid_subset: str = II("dataset.valid_subset")
    gen_subset: str = II("dataset.gen_subset")
    dataset_impl: Optional[ChoiceEnum(get_available_dataset_impl())] = II(  # type: ignore[valid-type]  # noqa: RUF009
        "dataset.dataset_impl"
    )


@register_task("code_denoising", dataclass=CodeDenoisingConfig)
class CodeDenoisingTask(FairseqTask):
    """Denoising pre-training on unlabeled programs."""

    cfg: CodeDenoisingConfig

    def __init__(self, cfg: CodeDenoisingConfig, dictionary: Dictionary) -> None:
        super().__init__(cfg)
        self.dictionary = dictionary

    @classmethod
    def setup_task(cls, cfg: CodeDenoisingConfig, **kwargs: Any) -> "CodeDenoisingTask":
        folders = data_folders(cfg.data)
        folder, file = folders[0], folders[0] / "dict.txt"
        if not file.is_file():
            raise UserError(
                f"{file} does not exist; binarise the programs with fairseq-preprocess --only-source --srcdict DICT "
                "--trainpref FILE --validpref FILE --destdir " + str(folder)
            )
        same_dictionaries(folders, ["dict.txt"])
        dictionary = Dictionary.load(str(file))
        logger.info("dictionary: %d types", len(dictionary))
        return cls(cfg, dictionary)

    def load_dataset(self, split: str, epoch: int = 1, combine: bool = False, **kwargs: Any) -> None:
        """Loads ``split`` (train, valid, ...); what validates or is generated from is the same in every epoch."""
        folders = data_folders(self.cfg.data)
        path = folders[(epoch - 1) % len(folders)] / split
        refuse_empty(path.parent, split)
        # in a configuration made by hand this option still points to that of another part
        kind = self.cfg.dataset_impl if self.cfg.dataset_impl in get_available_dataset_impl() else None
        programs = data_utils.load_indexed_dataset(str(path), self.dictionary, kind, combine)
        if programs is None:
            raise no_split(path.parent, split)
        self.datasets[split] = NoisyProgramDataset(
            programs,
            self.dictionary,
            self._subwords(),
            self._noise(),
            self.cfg.seed,
            fixed=self._is_fixed(split),
            left_pad_source=self.cfg.left_pad_source,
            max_source_positions=self.cfg.max_source_positions,
        )

    def _is_fixed(self, split: str) -> bool:
        """Whether a split is corrupted once and for all; afresh in each epoch is what --train-subset names."""
        held_out = (*self.cfg.valid_subset.split(","), self.cfg.gen_subset, "valid", "test")
        return split in held_out and split != self.cfg.train_subset

    def get_batch_iterator(self, *args: Any, **kwargs: Any) -> Any:
        """As in fairseq, but data workers are started anew in each epoch.

        fairseq keeps them with the copy of the data set that they were started with, whose epoch never changes: every
        epoch would have the first one's corruptions (test_noise_is_the_same_whatever_the_number_of_workers).
        """
        iterator = super().get_batch_iterator(*args, **kwargs)
        iterator.reuse_dataloader = False
        return iterator

    def _noise(self) -> Noise:
        read_user_files(self.cfg.user_file)
        try:
            errors = error_range(self.cfg.errors) if self.cfg.errors else None
        except ValueError as error:
            raise UserError(f"--errors {error}") from error
        try:
            return make_noise(str(self.cfg.noise), clean_share=self.cfg.clean_share, errors=errors)
        except ValueError as error:
            raise UserError(f"--noise {self.cfg.noise}: {error}") from error

    def _subwords(self) -> Subwords:
        if not self.cfg.subword_model:
            raise UserError("--task code_denoising corrupts text and needs --subword-model, the data's .model file")
        return Subwords.load(self.cfg.subword_model)

    def build_model(self, cfg: Any, from_checkpoint: bool = False) -> Any:
        if not from_checkpoint:
            check_metric(self.cfg.best_checkpoint_metric, METRICS, self.cfg)
        model = super().build_model(cfg, from_checkpoint)
        if isinstance(cfg, Namespace):  # also of fairseq's own models
            note_dictionaries(cfg, self)
        return model

    def build_generator(self, models: list[Any], args: Any, *rest: Any, **options: Any) -> Any:
        """As in fairseq, but its default length limit of 200 tokens becomes one that grows with the source."""
        return faster(super().build_generator(models, with_our_limits(args), *rest, **options))

    def build_dataset_for_inference(self, src_tokens: Any, src_lengths: Any, **kwargs: Any) -> LanguagePairDataset:
        return LanguagePairDataset(src_tokens, src_lengths, self.dictionary, tgt_dict=self.dictionary, **kwargs)

    def valid_step(self, sample: dict[str, Any], model: Any, criterion: Any) -> tuple[Any, Any, dict[str, Any]]:
        loss, sample_size, logged = super().valid_step(sample, model, criterion)
        if self.cfg.eval_denoising:
            logged |= self.denoising_counts(model, sample["net_input"]["src_tokens"], sample["target"])
        return loss, sample_size, logged

    def denoising_counts(self, model: Any, corrupted: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """How many clean programs a denoiser keeps and how many corrupted ones it restores.

        Args:
            corrupted: (N, S) corrupted programs; those equal to their clean one do not count.
            clean: (N, T) clean programs, right-padded.
        """
        found = self.denoising_outcomes(model, corrupted, clean)
        return {"_clean": torch.tensor(len(clean)), **{f"_{name}": rows.sum() for name, rows in found.items()}}

    def denoising_outcomes(self, model: Any, corrupted: Tensor, clean: Tensor) -> dict[str, Tensor]:
        """Which programs a model keeps, which are corrupted, and which of these it restores: (N,) bool each.

        Args: as in `denoising_counts`.
        """
        pad = self.dictionary.pad()
        broken = corrupted_rows(corrupted, clean, pad)
        return {
            "kept": same_rows(self._denoise(model, clean, clean), clean, pad),
            "broken": broken,
            "restored": same_rows(self._denoise(model, corrupted, clean), clean, pad) & broken,
        }

    def _denoise(self, model: Any, source: Tensor, clean: Tensor) -> Tensor:
        limit = model.max_positions()[1]
        bounds = (clean.ne(self.dictionary.pad()).sum(1) + 10).clamp(max=limit)  # longer outputs are wrong anyway
        return greedy_outputs(model, source, bounds, self.dictionary)

    def denoise_lines(self, model: Any, lines: list[str], max_tokens: int = 4000) -> list[Optional[str]]:
        """The denoiser's greedy output for each program line, as text; None for one that exceeds its positions.

        Args:
            model: the denoiser, in eval mode.
            lines: program lines in the form that the data had before it was split into subwords.
            max_tokens: size of a batch, padding included; lines of like length share one.
        """
        subwords, pad = self._subwords(), self.dictionary.pad()
        encoded = [
            self.dictionary.encode_line(subwords.encode(line), append_eos=True, add_if_not_exist=False).long()
            for line in lines
        ]
        limit = min(self.cfg.max_source_positions, *model.max_positions())
        order = sorted((i for i, ids in enumerate(encoded) if len(ids) <= limit), key=lambda i: len(encoded[i]))
        outputs: list[Optional[str]] = [None] * len(lines)
        while order:
            size = max(1, max_tokens // len(encoded[order[-1]]))
            batch, order = order[-size:], order[:-size]  # the longest first: a lack of memory shows at once
            source = data_utils.collate_tokens([encoded[i] for i in batch], pad, left_pad=False)
            source = source.to(next(model.parameters()).device)
            lengths = source.ne(pad).sum(1)
            bounds = (lengths + lengths // 4 + 20).clamp(max=model.max_positions()[1])
            translated = greedy_outputs(model, source, bounds, self.dictionary)
            for i, ids in zip(batch, translated.cpu(), strict=True):
                outputs[i] = subwords.decode(self.dictionary.string(ids[ids.ne(pad)]))
        return outputs

    def reduce_metrics(self, logging_outputs: list[dict[str, Any]], criterion: Any) -> None:
        super().reduce_metrics(logging_outputs, criterion)
        for name, hits, total in (("clean_kept", "_kept", "_clean"), ("restored", "_restored", "_broken")):
            count = float(sum(log.get(total, 0) for log in logging_outputs))
            if count:
                share = float(sum(log.get(hits, 0) for log in logging_outputs)) / count
                metrics.log_scalar(name, 100 * share, count, round=2)

    def max_positions(self) -> tuple[int, int]:
        return self.cfg.max_source_positions, self.cfg.max_target_positions

    @property
    def source_dictionary(self) -> Dictionary:
        return self.dictionary

    @property
    def target_dictionary(self) -> Dictionary:
        return self.dictionary
