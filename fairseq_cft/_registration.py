"""Applies the workarounds, then registers models, criterions and tasks; imported together with fairseq."""

from . import __path__ as package_path
from . import _compat

_compat.apply_all(package_path)

from .criterions import composed_finetuning, denoiser_gate
from .models import composed_transformer, transformer_cft
from .models import denoiser_gate as _gate_model
from .tasks import code_denoising, pseudocode_to_code
