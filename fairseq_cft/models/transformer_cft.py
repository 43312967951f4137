"""The plain Transformer in the sizes of the paper, for denoisers and baselines; it remembers its dictionary."""

from argparse import ArgumentParser, Namespace
from typing import Any

from fairseq.models import register_model, register_model_architecture
from fairseq.models.transformer import TransformerModel, base_architecture
from fairseq.tasks import FairseqTask

from ..modules.architecture import SIZES, as_namespace, check_precision, note_dictionaries, set_sizes
from ..modules.pretrained import FromExportedFolder
from ..modules.transformer import Transformer, add_shape_args


@register_model("transformer_cft")
class TransformerCFTModel(FromExportedFolder, Transformer):
    """fairseq's Transformer; its checkpoint also carries the fingerprints of its dictionaries.

    It is refused by data and by composed models with another vocabulary, also where only the order of the symbols
    differs.
    """

    @staticmethod
    def add_args(parser: ArgumentParser) -> None:
        TransformerModel.add_args(parser)
        parser.add_argument(
            "--freeze-decoder",
            action="store_true",
            help="train the encoder alone; the decoder and what it shares with the encoder, its embeddings, stay",
        )
        add_shape_args(parser)

    @classmethod
    def build_model(cls, args: Any, task: FairseqTask) -> "TransformerCFTModel":
        with as_namespace(args) as options:
            return cls._build(options, task)

    @classmethod
    def _build(cls, args: Namespace, task: FairseqTask) -> "TransformerCFTModel":
        if not hasattr(args, "dictionary_fingerprint"):  # a checkpoint's options say how it was trained elsewhere
            check_precision(args)
        note_dictionaries(args, task)
        model = super().build_model(args, task)
        if getattr(args, "freeze_decoder", False):  # older checkpoints lack it
            model.decoder.requires_grad_(False)
        return model


@register_model_architecture("transformer_cft", "transformer_cft")
def transformer_cft(args: Namespace) -> None:
    args.freeze_decoder = getattr(args, "freeze_decoder", False)
    args.copy_attention = bool(getattr(args, "copy_attention", False))
    args.copy_dropout = getattr(args, "copy_dropout", 0.0)
    args.line_symbol = getattr(args, "line_symbol", None)
    base_architecture(args)


def _register(name: str) -> None:
    @register_model_architecture("transformer_cft", f"transformer_cft_{name}")
    def architecture(args: Namespace) -> None:
        set_sizes(args, name)
        transformer_cft(args)


for _name in SIZES:
    _register(_name)
