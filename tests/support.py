"""Small models, dictionaries and checkpoints for the tests."""

from argparse import Namespace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from fairseq.data import Dictionary
from fairseq.models import ARCH_CONFIG_REGISTRY, ARCH_MODEL_REGISTRY

import fairseq_cft

fairseq_cft.register()

SIZES = {"layers": 2, "embed_dim": 16, "ffn_embed_dim": 32, "attention_heads": 2}


def dictionary(symbols: str = "abcdefgh") -> Dictionary:
    made = Dictionary()
    for symbol in symbols:
        made.add_symbol(symbol)
    return made


def fake_task(symbols: str = "abcdefgh") -> Any:
    made = dictionary(symbols)
    return SimpleNamespace(source_dictionary=made, target_dictionary=made)


class PlainTask:
    """What fairseq's loader of checkpoints asks of a task."""

    def __init__(self, task: Any) -> None:
        self.source_dictionary = self.target_dictionary = task.target_dictionary

    def build_model(self, cfg: Namespace, from_checkpoint: bool = False) -> Any:
        return ARCH_MODEL_REGISTRY[cfg.arch].build_model(cfg, self)

    def load_state_dict(self, state: Any) -> None:
        pass


def model_args(arch: str, **options: Any) -> Namespace:
    sizes = {f"{side}_{name}": value for side in ("encoder", "decoder") for name, value in SIZES.items()}
    sizes |= {"max_source_positions": 64, "max_target_positions": 64}
    args = Namespace(arch=arch, **{**sizes, **options})
    ARCH_CONFIG_REGISTRY[arch](args)
    return args


def build(arch: str, task: Any, seed: int = 0, **options: Any) -> Any:
    torch.manual_seed(seed)
    args = model_args(arch, **options)
    model = ARCH_MODEL_REGISTRY[arch].build_model(args, task)
    model.args = args  # fairseq keeps a dataclass there, but saves the Namespace
    return model


def save(built: Any, path: Path, **state: Any) -> str:
    """A checkpoint of the parts that loading reads, as fairseq's trainer writes them."""
    content = {
        "args": None,
        "cfg": {"model": built.args, "task": {"_name": "translation", "data": str(path.parent / "gone")}},
        "model": built.state_dict(),
        "optimizer_history": [{"criterion_name": "", "optimizer_name": "", "lr_scheduler_state": {}, "num_updates": 0}],
        "extra_state": {},
        **state,
    }
    torch.save(content, path)
    return str(path)


def save_run(built: Any, folder: Path, data: Path, task: str) -> Path:
    """A training's folder of the model, with a checkpoint that names ``data`` and ``task``."""
    folder.mkdir(parents=True)
    cfg = {"model": built.args, "task": {"_name": task, "data": str(data)}, "checkpoint": {"save_dir": str(folder)}}
    cfg["criterion"] = Namespace(_name="composed_finetuning", num_samples=2)
    save(built, folder / "checkpoint_best.pt", cfg=cfg)
    return folder


def batch(task: Any, sentences: list[str], left: bool = False) -> torch.Tensor:
    """Space-separated symbols -> (N, T) ids, each ended by the end symbol, padded."""
    words = task.target_dictionary
    rows = [words.encode_line(line, add_if_not_exist=False).long() for line in sentences]
    width = max(len(row) for row in rows)
    out = torch.full((len(rows), width), words.pad())
    for place, row in zip(out, rows, strict=True):
        (place[width - len(row) :] if left else place[: len(row)]).copy_(row)
    return out


def shifted(target: torch.Tensor, task: Any) -> torch.Tensor:
    """prev_output_tokens of right-padded targets: the end symbol moves to the front."""
    words = task.target_dictionary
    previous = torch.cat([target.new_full((target.size(0), 1), words.eos()), target[:, :-1]], 1)
    return previous.masked_fill(previous.eq(words.eos()) & (torch.arange(target.size(1)) > 0), words.pad())
