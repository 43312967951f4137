"""Composed fine-tuning as a fairseq plugin: ``fairseq-train --user-dir fairseq_cft ...``.

Where fairseq has been imported before, as under ``--user-dir``, the plugin registers at once; else with the first
import of ``models``, ``criterions`` or ``tasks``, or by ``register()``. Evaluating, making data and reporting need
neither fairseq nor torch.
"""

import logging
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .errors import MissingPackageError

if TYPE_CHECKING:
    from .inference.folder import load_model as load_model
    from .models.composed_transformer import ComposedTransformerModel as ComposedTransformerModel
    from .models.transformer_cft import TransformerCFTModel as TransformerCFTModel

__version__ = "0.1.0"

# fairseq advises every importer to install tensorboardX for its text-to-speech task; this must come before fairseq
logging.getLogger("fairseq.tasks.text_to_speech").setLevel(logging.WARNING)


def register() -> None:
    """Registers models, criterions and tasks with fairseq, which takes the seconds that importing it takes; once.

    Raises:
        MissingPackageError: fairseq, or what it needs, is not installed; an ImportError.
    """
    try:
        import_module("fairseq")
    except ModuleNotFoundError as error:
        raise MissingPackageError.of(error) from error
    import_module(f"{__name__}.plugin")


if sys.modules.get("fairseq"):
    register()

_LAZY = {
    "ComposedTransformerModel": "models.composed_transformer",
    "TransformerCFTModel": "models.transformer_cft",
    "load_model": "inference.folder",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
