"""How a composed model is put together: from the files of its two stages, or from the options in its own checkpoint."""

from argparse import Namespace
from typing import Any

from fairseq.tasks import FairseqTask
from torch import nn

from ..errors import UserError
from .architecture import check_precision, fingerprint, shape_differences, shape_of
from .checkpointing import checkpoint_layers
from .denoiser import (
    FrozenDenoiser,
    TransformerCheckpoint,
    build_transformer,
    check_dictionary,
    load_weights,
    read_transformer,
)
from .gate import put_gate
from .transformer import Transformer
from .unsupported import TRAINING, refuse


def build(cls: Any, args: Namespace, task: FairseqTask) -> Any:
    """A model of ``cls``, ``ComposedTransformerModel``, with ``args`` complete (see ``composed_architecture``).

    Reads the weights of both stages and notes their shapes in ``args``, unless these come from a composed checkpoint:
    then the shapes stand there, and the weights are loaded later. Raises UserError for what does not fit together.
    """
    dictionary = task.target_dictionary
    if fingerprint(task.source_dictionary) != fingerprint(dictionary):
        raise UserError(
            "composing needs one dictionary for pseudocode and code "
            f"(source: {fingerprint(task.source_dictionary)}; target: {fingerprint(dictionary)}); "
            "binarise with fairseq-preprocess --joined-dictionary"
        )
    if getattr(args, "denoiser_shape", None):
        return _build_for_checkpoint(cls, args, task)

    check_precision(args)
    refuse(vars(args), TRAINING)
    if not args.denoiser_path:
        raise UserError("--arch composed_transformer needs --denoiser-path, the checkpoint of a trained denoiser")
    denoiser_file = read_transformer(args.denoiser_path, "--denoiser-path", "denoiser")
    check_dictionary(denoiser_file, dictionary, "--denoiser-path")
    base_file = _base_file(args, denoiser_file)
    if base_file is not None:
        check_dictionary(base_file, dictionary, "--base-predictor-path")

    args.dictionary_fingerprint = fingerprint(dictionary)
    args.denoiser_shape = denoiser_file.shape
    args.base_predictor_shape = _base_shape(args, base_file, denoiser_file)
    model = _build_stages(cls, args, task)
    load_weights(model.denoiser, denoiser_file, "--denoiser-path")
    if base_file is not None:
        load_weights(model.base_predictor, base_file, "--base-predictor-path")
    return model


def _build_for_checkpoint(cls: Any, args: Namespace, task: FairseqTask) -> Any:
    if args.dictionary_fingerprint != fingerprint(task.target_dictionary):
        raise UserError(
            f"the composed checkpoint was trained with another dictionary ({args.dictionary_fingerprint}) than "
            f"this data ({fingerprint(task.target_dictionary)}); binarise the data with its dict.txt"
        )
    model = _build_stages(cls, args, task)
    if getattr(args, "gate_shape", None):
        put_gate(model, args.gate_shape, args.gate_threshold)
    elif getattr(args, "gate_threshold", None) is not None:
        raise UserError("gate_threshold was given, but the composed checkpoint holds no gate; drop it")
    model.expect_weights()
    return model


def _build_stages(cls: Any, args: Namespace, task: FairseqTask) -> Any:
    options = {name: value for name, value in vars(args).items() if not name.endswith("_shape")}
    options["checkpoint_activations"] = False  # fairseq's way; below is ours
    base = build_transformer(Transformer, task, args.base_predictor_shape, options)
    if getattr(args, "checkpoint_activations", False):
        checkpoint_layers(base.encoder.layers)
        checkpoint_layers(base.decoder.layers)
    return cls(args, base, build_transformer(FrozenDenoiser, task, args.denoiser_shape))


def _base_file(args: Namespace, denoiser_file: TransformerCheckpoint) -> TransformerCheckpoint | None:
    if args.base_predictor_path == "random":
        return None
    if args.base_predictor_path == "denoiser":
        return denoiser_file
    return read_transformer(args.base_predictor_path, "--base-predictor-path", "base_predictor")


def _base_shape(
    args: Namespace, base_file: TransformerCheckpoint | None, denoiser_file: TransformerCheckpoint
) -> dict[str, Any]:
    """The base predictor's shape: its checkpoint's, or for random weights the flags over the denoiser's."""
    asked = shape_of(args)
    if base_file is None:
        return _random_shape(asked, {**denoiser_file.shape, "copy_attention": False, "line_symbol": ""})
    if differences := shape_differences(asked, base_file.shape):
        raise UserError(
            f"the base predictor takes its weights and shape from {base_file.path}, which disagrees with "
            f"{', '.join(differences)}; drop these options or take --base-predictor-path random"
        )
    positions = {name: value for name, value in asked.items() if name.startswith("max_")}
    return {**base_file.shape, **positions}


def _random_shape(asked: dict[str, Any], denoiser_shape: dict[str, Any]) -> dict[str, Any]:
    """The denoiser's shape, changed as asked for; one width given is that of both sides."""
    encoder, decoder = "encoder_embed_dim", "decoder_embed_dim"
    shape = {**denoiser_shape, **asked}
    if encoder in asked or decoder in asked:
        shape[decoder] = asked.get(decoder, shape[encoder])
        shape[encoder] = asked.get(encoder, shape[decoder])
        for name in ("decoder_input_dim", "decoder_output_dim"):
            shape[name] = asked.get(name, shape[decoder])
    if shape[encoder] != shape[decoder]:
        shape["share_all_embeddings"] = False  # they have one width
        shape["share_decoder_input_output_embed"] = shape["decoder_input_dim"] == shape["decoder_output_dim"]
    return shape


def unwrapped(model: Any) -> Any:
    """The model itself where fairseq wrapped it for several workers."""
    while isinstance(getattr(model, "module", None), nn.Module):
        model = model.module
    return model
