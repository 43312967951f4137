"""Sizes of the architectures, and how a Transformer's shape is read from a checkpoint and carried inside another."""

import hashlib
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from fairseq.data import Dictionary
from omegaconf import OmegaConf, open_dict

from ..errors import UserError

# The shapes of the paper's experiments, and one that trains on two CPU cores. Positions are fairseq task options.
SIZES: dict[str, dict[str, Any]] = {
    "spoc": {"layers": 5, "embed_dim": 256, "ffn_embed_dim": 1024, "attention_heads": 8},
    "synthetic": {"layers": 3, "embed_dim": 256, "ffn_embed_dim": 1024, "attention_heads": 2},
    "tiny": {"layers": 2, "embed_dim": 64, "ffn_embed_dim": 256, "attention_heads": 2},
}
DROPOUT: dict[str, dict[str, float]] = {
    "spoc": {"dropout": 0.4, "attention_dropout": 0.2, "activation_dropout": 0.2},
    "synthetic": {"dropout": 0.1, "attention_dropout": 0.2, "activation_dropout": 0.2},
    "tiny": {"dropout": 0.1, "attention_dropout": 0.0, "activation_dropout": 0.0},
}

# What decides the tensors of a Transformer and what they compute. Dropout, checkpointing and the like do not: they
# may differ between the denoiser's training and the composed model's.
_PER_SIDE = ("embed_dim", "ffn_embed_dim", "layers", "attention_heads", "normalize_before", "learned_pos")
SHAPE_OPTIONS = (
    *(f"{side}_{name}" for side in ("encoder", "decoder") for name in _PER_SIDE),
    "decoder_input_dim",
    "decoder_output_dim",
    "activation_fn",
    "share_all_embeddings",
    "share_decoder_input_output_embed",
    "no_token_positional_embeddings",
    "no_scale_embedding",
    "layernorm_embedding",
    "no_decoder_final_norm",
    "copy_attention",
    "line_symbol",
    "max_source_positions",
    "max_target_positions",
)


def set_sizes(args: Namespace, name: str) -> None:
    """Sets what an architecture's name stands for, where the command line did not; pre-norm, shared embeddings."""
    for option, value in SIZES[name].items():
        for side in ("encoder", "decoder"):
            _default(args, f"{side}_{option}", value)
    for side in ("encoder", "decoder"):
        _default(args, f"{side}_normalize_before", True)
    _default(args, "share_all_embeddings", True)
    for option, rate in DROPOUT[name].items():
        _default(args, option, rate)


def _default(args: Namespace, name: str, value: Any) -> None:
    setattr(args, name, getattr(args, name, value))


@contextmanager
def as_namespace(args: Any) -> Iterator[Namespace]:
    """Options as the Namespace that fairseq's command lines build, where fairseq-hydra-train hands over a DictConfig.

    What is set on the Namespace is written back, because fairseq saves its own object in the checkpoint.
    """
    if isinstance(args, Namespace):
        yield args
        return
    options = Namespace(**OmegaConf.to_container(args, resolve=True))
    yield options
    with open_dict(args):
        args.update(vars(options))


def shape_of(args: Namespace | Mapping[str, Any]) -> dict[str, Any]:
    """The options of ``args`` that decide a Transformer's tensors, as plain values (JSON-able)."""
    values = args if isinstance(args, Mapping) else vars(args)
    return {name: values[name] for name in SHAPE_OPTIONS if values.get(name) is not None}


def shape_differences(asked: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Options given in ``asked`` that ``found`` contradicts, as ``--name asked (found)``."""
    return [
        f"--{name.replace('_', '-')} {asked[name]} (checkpoint: {found[name]})"
        for name in SHAPE_OPTIONS
        if asked.get(name) is not None
        and name in found
        and asked[name] != found[name]
        # positions are no tensors of a model with sinusoidal positions; data options set them
        and not name.startswith("max_")
    ]


def fingerprint(dictionary: Dictionary) -> str:
    """Size and hash of a dictionary's symbols in order: equal exactly where token ids mean the same."""
    digest = hashlib.sha256("\n".join(dictionary.symbols).encode("utf-8")).hexdigest()
    return f"{len(dictionary)} symbols, sha256 {digest[:16]}"


FINGERPRINTS = {"source": "source_dictionary_fingerprint", "target": "dictionary_fingerprint"}  # as options of a model


def note_dictionaries(args: Namespace, task: Any) -> None:
    """Notes the fingerprints of a task's dictionaries in a model's options, which fairseq saves with its weights.

    Raises UserError where others stand there: the options are those of a checkpoint from other data.
    """
    for side, name in FINGERPRINTS.items():
        ours, theirs = fingerprint(getattr(task, f"{side}_dictionary")), getattr(args, name, None)
        if theirs not in (None, ours):
            raise UserError(
                f"the model was trained with another {side} dictionary ({theirs}) than this data ({ours}); binarise "
                "the data with the dict.txt of its training"
            )
        setattr(args, name, ours)


def check_precision(args: Namespace) -> None:
    """Raises UserError for --fp16 or --bf16 training without a GPU, where fairseq fails far from the cause."""
    for option in ("fp16", "bf16"):
        if getattr(args, option, False) and not torch.cuda.is_available():
            raise UserError(f"--{option} trains on a GPU only and torch finds none; drop it, or take --amp on the CPU")
