"""`fairseq-cft measure-destroyed` of models of known skill; tests/e2e/test_destroyed.py has real checkpoints."""

import json
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from fairseq_cft.commands import measure_destroyed
from fairseq_cft.inference import skill


class Model(nn.Module):
    """Keeps and restores the programs that it is told to."""

    def __init__(self, kept: list[int], restored: list[int]) -> None:
        super().__init__()
        self.skill = nn.Parameter(torch.tensor([kept, restored], dtype=torch.float), requires_grad=False)


class Task:
    """Four programs, the last one not corrupted, in two batches that are not in the data's order."""

    def load_dataset(self, split: str) -> None:
        assert split == "valid"

    def dataset(self, split: str) -> range:
        return range(4)

    def get_batch_iterator(self, dataset, max_tokens: int) -> SimpleNamespace:
        def batches(shuffle: bool):
            for ids in ([2, 0], [3, 1]):
                yield {"id": torch.tensor(ids), "net_input": {"src_tokens": None}, "target": torch.tensor(ids)}

        return SimpleNamespace(next_epoch_itr=batches)

    def denoising_outcomes(self, model: Model, corrupted: None, clean: torch.Tensor) -> dict[str, torch.Tensor]:
        broken = clean < 3
        return {"kept": model.skill[0][clean] > 0, "broken": broken, "restored": (model.skill[1][clean] > 0) & broken}


@pytest.fixture
def _models(monkeypatch):
    models = {
        "denoiser.pt": Model([1, 1, 1, 0], [1, 0, 1, 1]),
        "one.pt": Model([0, 1, 0, 0], [0, 0, 1, 1]),
        "two.pt": Model([0, 0, 0, 1], [0, 0, 0, 0]),
    }
    monkeypatch.setattr(skill, "load_denoiser", lambda path, overrides: (models[path.name], Task()))
    monkeypatch.setattr(skill, "load_model", lambda path, task: models[path])


def test_each_model_is_judged_on_the_same_programs_in_their_order(_models, tmp_path, capsys):
    out = tmp_path / "destroyed.json"
    models = ["pretrained.1=one.pt", "pretrained.2=two.pt"]
    assert measure_destroyed.main(["--denoiser", "denoiser.pt", "--models", *models, "--output", str(out)]) == 0
    found = json.loads(out.read_text())
    assert (found["split"], found["programs"], found["broken"]) == ("valid", 4, 3)
    assert [[each["kept_by_program"], each["restored_by_program"]] for each in found["models"]] == [
        ["1110", "101"],
        ["0100", "001"],
        ["0001", "000"],
    ]
    assert [(each["method"], each["seed"], each["kept"], each["restored"]) for each in found["models"]] == [
        ("denoiser", 0, 3, 2),
        ("pretrained", 1, 1, 1),
        ("pretrained", 2, 1, 0),
    ]
    assert "pretrained, seed 1: 1 of 4 clean programs kept, 1 of 3 corrupted ones restored" in capsys.readouterr().out
