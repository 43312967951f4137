"""The configuration of an exported model: what config.json holds, and its checks."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, get_origin, get_type_hints

from ..errors import UserError
from ..formats.table import PROGRAMS, PSEUDOCODE, current_name, written

FORMAT = "fairseq-cft 1"
CONFIG, WEIGHTS, DICTIONARY, SUBWORDS, CARD = (
    "config.json",
    "model.safetensors",
    "dict.txt",
    "subwords.model",
    "README.md",
)
STAGES = {"composed": {"base_predictor", "denoiser"}, "translation": {"model"}, "denoiser": {"model"}}  # by kind


@dataclass(frozen=True)
class ModelConfig:
    """``shapes`` holds the options that decide a stage's tensors, by stage: ``base_predictor`` and ``denoiser`` of a
    composed model, ``model`` of any other. Outputs have at most ``max_len_a`` times the source's length plus
    ``max_len_b`` tokens. ``gate`` holds a gate's shape and threshold, where there is one; ``training`` is for readers.
    """

    kind: str
    architecture: str
    shapes: dict[str, dict[str, Any]]
    dictionary: str
    max_len_a: float
    max_len_b: int
    pseudocode_format: str
    program_format: str
    dtype: str
    gate: dict[str, Any]
    training: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    format: str = FORMAT

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def is_exported(folder: Path | str) -> bool:
    """Whether this is a folder of ``fairseq-cft export``: a config.json that names our format."""
    try:
        content = json.loads((Path(folder) / CONFIG).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and str(content.get("format", "")).startswith("fairseq-cft ")


def read_config(path: Path) -> ModelConfig:
    """UserError where the file is missing, damaged, or of another version."""
    try:
        content = json.loads(path.read_bytes())
        if content["format"] != FORMAT:
            raise UserError(
                f"{path} is in format '{content['format']}' and this version of fairseq_cft reads '{FORMAT}'; "
                "export the model again, or install the version that exported it"
            )
        values = {name.name: content[name.name] for name in fields(ModelConfig)}
        config = ModelConfig(**{**values, "program_format": current_name(values["program_format"])})
        for name, hint in get_type_hints(ModelConfig).items():
            kind = get_origin(hint) or hint
            if not isinstance(getattr(config, name), (int, float) if kind is float else kind):
                raise TypeError(f"{name} is no {kind.__name__}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise no_configuration(path, _reason(error)) from error
    for name, value, known in (
        ("kind", config.kind, STAGES),
        ("pseudocode_format", config.pseudocode_format, written(PSEUDOCODE)),
        ("program_format", config.program_format, written(PROGRAMS)),
    ):
        if value not in known:
            raise UserError(f"{path}: {name} is '{value}'; it must be one of {', '.join(known)}")
    if config.shapes.keys() != STAGES[config.kind]:
        raise no_configuration(path, f"the shapes are of {', '.join(config.shapes) or 'nothing'}")
    return config


def no_configuration(path: Path, reason: str) -> UserError:
    return UserError(f"{path} is no configuration of an exported model ({reason}); export it again")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)
