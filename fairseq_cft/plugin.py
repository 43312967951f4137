"""Registers everything with fairseq: applies the workarounds, then imports models, criterions and tasks."""

from . import __path__ as package_path
from . import _compat

_compat.apply_all(package_path)

from .criterions import composed_finetuning as _composed_finetuning
from .criterions import denoiser_gate as _denoiser_gate
from .models import composed_transformer as _composed_transformer
from .models import denoiser_gate as _denoiser_gate_model
from .models import transformer_cft as _transformer_cft
from .tasks import code_denoising as _code_denoising
from .tasks import pseudocode_to_code as _pseudocode_to_code
