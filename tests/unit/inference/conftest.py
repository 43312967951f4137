"""Trainings as fairseq leaves them: a composed model, its predictor and its denoiser, whose outputs end."""

import random
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch
from fairseq.data.indexed_dataset import make_builder
from support import batch, build, fake_task, save_run, shifted


def backwards(letters: list[str]) -> list[str]:
    return letters[::-1]


def trained(task, rule: Callable[[list[str]], list[str]], updates: int = 100):
    """A model that has begun to learn what ``rule`` makes of one to four letters."""
    words, rng = task.target_dictionary, random.Random(1)
    model = build("transformer_cft_tiny", task, 1, dropout=0.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(updates):
        letters = [[rng.choice("abcdefgh") for _ in range(rng.randint(1, 4))] for _ in range(32)]
        source, target = (batch(task, [" ".join(x) for x in side]) for side in (letters, map(rule, letters)))
        logits, _ = model(source, source.ne(words.pad()).sum(1), shifted(target, task))
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=words.pad())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


@pytest.fixture(scope="session")
def runs(tmp_path_factory) -> SimpleNamespace:
    root, task = tmp_path_factory.mktemp("runs"), fake_task()
    data = root / "data-bin"
    data.mkdir()
    task.source_dictionary.save(str(data / "dict.txt"))
    for name in ("train", "train.src-tgt.src", "train.src-tgt.tgt"):
        builder = make_builder(str(data / f"{name}.bin"), "mmap", vocab_size=len(task.source_dictionary))
        builder.add_item(task.source_dictionary.encode_line("a b c", add_if_not_exist=False))
        builder.finalize(str(data / f"{name}.idx"))
    made = SimpleNamespace(root=root, task=task, data=data)
    for name, rule, kind in (("denoiser", sorted, "code_denoising"), ("predictor", backwards, "translation")):
        model = trained(task, rule)
        setattr(made, name, save_run(model, root / "models" / f"{name}.1", data, kind))
    parts = {"denoiser_path": made.denoiser / "checkpoint_best.pt"}
    parts["base_predictor_path"] = made.predictor / "checkpoint_best.pt"
    composed = build("composed_transformer", task, **{name: str(path) for name, path in parts.items()})
    made.composed = save_run(composed, root / "models" / "composed.1", data, "pseudocode_to_code")
    return made


@pytest.fixture(scope="session")
def exported(runs) -> SimpleNamespace:
    """The three, exported."""
    from fairseq_cft.inference.export import export

    folders = {name: runs.root / "exported" / name for name in ("composed", "predictor", "denoiser")}
    for name, folder in folders.items():
        export(getattr(runs, name), folder)
    return SimpleNamespace(**folders)
