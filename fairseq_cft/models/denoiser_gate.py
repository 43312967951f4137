"""The gate in training: a classifier on the frozen encoder of a denoiser, clean programs against corrupted ones.

Legend: N programs, S length.
"""

from argparse import ArgumentParser, Namespace
from typing import Any

import torch
from fairseq.models import BaseFairseqModel, register_model, register_model_architecture
from fairseq.tasks import FairseqTask
from torch import Tensor

from ..errors import UserError
from ..modules.architecture import as_namespace, check_precision, fingerprint
from ..modules.denoiser import FrozenDenoiser, build_transformer, check_dictionary, load_weights, read_transformer
from ..modules.gate import Gate


@register_model("denoiser_gate")
class DenoiserGateModel(BaseFairseqModel):
    """A classifier on a denoiser's encoder; parameters ``encoder.*``, never trained, in eval mode, and ``gate.*``."""

    def __init__(self, args: Namespace, encoder: Any) -> None:
        """``encoder`` is that of a ``FrozenDenoiser``."""
        super().__init__()
        self.args = args
        self.encoder = encoder
        self.gate = Gate(**args.gate_shape)
        self.train(self.training)

    def train(self, mode: bool = True) -> "DenoiserGateModel":
        super().train(mode)
        self.encoder.eval()  # test_denoiser_gate.py::test_the_encoder_stays_in_eval_mode breaks without this line
        return self

    def forward(self, src_tokens: Tensor, src_lengths: Tensor | None = None, **unused: Any) -> Tensor:
        """(N, S) programs, padded on either side -> (N,) logits of "this program needs denoising"."""
        with torch.no_grad():
            encoder_out = self.encoder(src_tokens, src_lengths=src_lengths)
        return self.gate(encoder_out)

    def get_normalized_probs(self, *_: Any, **__: Any) -> Tensor:
        raise UserError(
            "a gate has no vocabulary to be trained on; --arch denoiser_gate needs --criterion denoiser_gate"
        )

    def max_positions(self) -> tuple[int, int]:
        return self.encoder.max_positions(), self.encoder.max_positions()

    @classmethod
    def add_args(cls, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--denoiser-path", metavar="FILE", help="checkpoint of the denoiser whose encoder the gate reads"
        )
        parser.add_argument(
            "--gate-hidden-dim",
            type=int,
            metavar="N",
            help="width of the gate's hidden layer, from 1 (default: that of the denoiser's encoder)",
        )

    @classmethod
    def build_model(cls, args: Any, task: FairseqTask) -> "DenoiserGateModel":
        """Builds the model; reads the encoder unless ``args`` come from a gate's checkpoint, which holds it."""
        with as_namespace(args) as options:
            return cls._build(options, task)

    @classmethod
    def _build(cls, args: Namespace, task: FairseqTask) -> "DenoiserGateModel":
        dictionary = task.target_dictionary
        if getattr(args, "gate_shape", None):
            if args.dictionary_fingerprint != fingerprint(dictionary):
                raise UserError(
                    f"the gate was trained with another dictionary ({args.dictionary_fingerprint}) than this data "
                    f"({fingerprint(dictionary)}); binarise the data with its dict.txt"
                )
            return cls(args, build_transformer(FrozenDenoiser, task, args.denoiser_shape).encoder)
        check_precision(args)
        if not args.denoiser_path:
            raise UserError("--arch denoiser_gate needs --denoiser-path, the checkpoint of a trained denoiser")
        denoiser_file = read_transformer(args.denoiser_path, "--denoiser-path", "denoiser")
        check_dictionary(denoiser_file, dictionary, "--denoiser-path")
        embed_dim = denoiser_file.shape["encoder_embed_dim"]
        hidden_dim = embed_dim if args.gate_hidden_dim is None else args.gate_hidden_dim
        if hidden_dim < 1:
            raise UserError(f"--gate-hidden-dim {hidden_dim}: a hidden layer needs a width of at least 1")
        args.dictionary_fingerprint = fingerprint(dictionary)
        args.denoiser_shape = denoiser_file.shape
        args.gate_shape = {"embed_dim": embed_dim, "hidden_dim": hidden_dim}
        denoiser = build_transformer(FrozenDenoiser, task, denoiser_file.shape)
        load_weights(denoiser, denoiser_file, "--denoiser-path")
        return cls(args, denoiser.encoder)


@register_model_architecture("denoiser_gate", "denoiser_gate")
def denoiser_gate(args: Namespace) -> None:
    args.denoiser_path = getattr(args, "denoiser_path", None)
    args.gate_hidden_dim = getattr(args, "gate_hidden_dim", None)
