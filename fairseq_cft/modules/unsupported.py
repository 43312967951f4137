"""The options of fairseq that a composed model cannot honour: the one list of what is refused, and documented.

Decoding of our own computes a plain Transformer, and the denoiser is frozen: what would add to the one or change the
other is refused on the command line, instead of being left out without a word.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import UserError


class Unsupported(NamedTuple):
    """An option by its name in a configuration; whether files that were trained with it are refused, too."""

    option: str
    why: str
    instead: str = "leave it out"
    in_files: bool = False
    with_random_weights: bool = False  # honoured with --base-predictor-path random

    @property
    def flag(self) -> str:
        return f"--{self.option.replace('_', '-')}"


_PLAIN = "each stage is decoded as a plain Transformer"
_FROZEN = "it would change the denoiser, which is frozen"
_BASE = """--model-overrides "{'output_stage': 'base'}" has one of the base predictor's output"""
TRAINING = (
    Unsupported("adaptive_softmax_cutoff", "outputs are drawn and scored by one softmax", in_files=True),
    Unsupported("adaptive_input", "both stages embed the same tokens", in_files=True),
    Unsupported("cross_self_attention", _PLAIN, in_files=True),
    Unsupported("no_cross_attention", _PLAIN, in_files=True),
    Unsupported("base_layers", _PLAIN, in_files=True),
    Unsupported("encoder_xformers_att_config", _PLAIN, in_files=True),
    Unsupported("decoder_xformers_att_config", _PLAIN, in_files=True),
    Unsupported("quant_noise_pq", "it adds a layer that the checkpoints of the stages have not", in_files=True),
    Unsupported("quant_noise_scalar", _FROZEN),
    Unsupported("quantization_config_path", _FROZEN),
    Unsupported("encoder_layers_to_keep", "the stages have the layers of their checkpoints", "prune the checkpoints"),
    Unsupported("decoder_layers_to_keep", "the stages have the layers of their checkpoints", "prune the checkpoints"),
    Unsupported(
        "encoder_embed_path", "embeddings come from --base-predictor-path", "take random", with_random_weights=True
    ),
    Unsupported(
        "decoder_embed_path", "embeddings come from --base-predictor-path", "take random", with_random_weights=True
    ),
    Unsupported("offload_activations", "it computes a layer again with dropout", "take --checkpoint-activations"),
)
GENERATION = (
    Unsupported("print_alignment", "a composed output has no alignment with its source", _BASE),
    Unsupported("replace_unk", "it needs the alignment of an output with its source", _BASE),
    Unsupported("retain_dropout", "the base predictor's output is decoded without dropout"),
)


def refuse(options: Mapping[str, Any], listed: Sequence[Unsupported]) -> None:
    """Raises UserError for the first option of the list that is given; what is unset is None, False or 0."""
    for each in listed:
        if options.get(each.option) and not (
            each.with_random_weights and options.get("base_predictor_path") == "random"
        ):
            raise UserError(f"{each.flag} does not fit the composed model: {each.why}; {each.instead}")


def in_file(options: Mapping[str, Any]) -> list[str]:
    """Flags that a checkpoint was trained with and that rule it out as a stage."""
    return [each.flag for each in TRAINING if each.in_files and options.get(each.option)]
