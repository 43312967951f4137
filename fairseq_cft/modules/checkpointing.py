"""Activation checkpointing of the base predictor: layers keep their inputs alone and are computed again in backward.

fairseq's own way does not fit the composed model. It computes a layer again in the mode that the layer is in by then: a
pass without dropout gets dropout in backward, and a wrong gradient (test_checkpointing.py). And DDP refuses it for
parameters that are used in more than one pass.
"""

from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


def checkpoint_layers(layers: nn.ModuleList) -> None:
    """Makes each layer keep nothing for backward but its inputs."""
    for layer in layers.children():  # iterating itself drops layers at random under --encoder-layerdrop
        layer.forward = _Checkpointed(layer, layer.forward)


class _Checkpointed:
    """A layer's forward. A class, so that a copy of the layer (--store-ema makes one) calls the copy's."""

    def __init__(self, layer: nn.Module, forward: Any) -> None:
        self._layer = layer
        self._forward = forward

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not torch.is_grad_enabled():
            return self._forward(*args, **kwargs)
        return checkpoint(self._in_mode, self._layer.training, *args, use_reentrant=False, **kwargs)

    def _in_mode(self, training: bool, *args: Any, **kwargs: Any) -> Any:
        """The layer's output in the mode of the first computation, whatever its mode is now."""
        mode = self._layer.training
        self._layer.train(training)
        try:
            return self._forward(*args, **kwargs)
        finally:
            self._layer.train(mode)
