"""Composed fine-tuning as a fairseq plugin: ``fairseq-train --user-dir fairseq_cft ...``."""

from importlib.util import find_spec

__version__ = "0.1.0"

if find_spec("fairseq") is None:
    raise ImportError(
        "fairseq_cft is a plugin of fairseq, which is not installed: pip install 'fairseq_cft[fairseq]' "
        "(it takes ve-fairseq 0.12.3 on Python 3.11 and 3.12, fairseq 0.12.2 on Python 3.10)"
    )

from . import _compat, _errors

_compat.apply_all(__path__)

from .criterions import composed_finetuning
from .models import composed_transformer, transformer_cft
from .tasks import code_denoising, pseudocode_to_code
