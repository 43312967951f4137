"""--eval-programs through fairseq-train: it judges what fairseq-generate writes, and its rates pick checkpoints."""

import json
import logging

import pytest
import torch
from commands import composed_options, generate, train
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from fairseq_cft.errors import UserError
from fairseq_cft.modules.program_validation import ProgramEvaluation

pytestmark = pytest.mark.xdist_group("chain")
BEST = ("--best-checkpoint-metric", "correct_rate", "--maximize-best-checkpoint-metric")


def options(chain, count):
    files = ("--eval-inputs", chain.data / "valid.inp", "--eval-expected", chain.data / "valid.out")
    return [*composed_options(chain), "--eval-programs", count, *files, "--eval-allow-unsafe"]


def validations(caplog):
    lines = (record.getMessage() for record in caplog.records)
    return [json.loads(line) for line in lines if line.startswith("{") and '"valid_loss"' in line]


def test_what_is_judged_is_what_fairseq_generate_writes(chain, tmp_path, monkeypatch, capsys):
    judged = {}
    monkeypatch.setattr(ProgramEvaluation, "add", lambda self, pair, lines: judged.__setitem__(pair, lines))
    train(chain.pairs, tmp_path, *options(chain, 7), "--max-epoch", 1)
    assert len(judged) == 7
    for stage, name in (("composed", ""), ("base", "base_")):
        generated = generate(
            chain.pairs, tmp_path / "checkpoint_last.pt", "--task", "pseudocode_to_code", "--gen-subset", "valid",
            "--beam", 1, "--model-overrides", str({"output_stage": stage}), "--remove-bpe", "sentencepiece",
            capsys=capsys,
        )  # fmt: skip
        for pair, lines in judged.items():
            ours, theirs = lines[name].strip(), generated[pair]
            # fairseq bounds by the longest source of a batch, we by the source: a cut-off output is cut off earlier
            assert ours and theirs.startswith(ours)


def test_rates_pick_the_best_checkpoint(chain, tmp_path, monkeypatch, caplog):
    """Gold programs stand in for the models: every other one in the first pass, all in the second, then none."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr("fairseq.logging.progress_bar._tensorboard_writers", {})  # fairseq keeps the first run's
    gold = (chain.data / "valid.tgt").read_text().splitlines()
    right = [lambda _: False, lambda pair: pair % 2, lambda _: True, lambda _: False]  # before the first: a dry run
    passes = []
    plan, add = ProgramEvaluation.plan, ProgramEvaluation.add

    def counted(self, *arguments):
        passes.append(right[len(passes)])
        plan(self, *arguments)

    def replaced(self, pair, lines):
        composed = gold[pair] if passes[-1](pair) else "int main ( ) { }"
        add(self, pair, {**lines, "": composed, "base_": gold[pair] if pair == 3 else "int main ("})

    monkeypatch.setattr(ProgramEvaluation, "plan", counted)
    monkeypatch.setattr(ProgramEvaluation, "add", replaced)
    train(
        chain.pairs, tmp_path, *options(chain, 10), *BEST, "--max-epoch", 3, "--tensorboard-logdir", tmp_path / "board"
    )
    found = [
        [valid[f"valid_{name}"] for name in ("correct_rate", "compile_rate", "base_correct_rate", "base_compile_rate")]
        for valid in validations(caplog)
    ]
    assert found == [["50", "100", "10", "10"], ["100", "100", "10", "10"], ["0", "100", "10", "10"]]
    best = torch.load(tmp_path / "checkpoint_best.pt", weights_only=True)["extra_state"]
    assert (best["best"], best["train_iterator"]["epoch"]) == (100, 3)  # the epoch that training would go on with
    board = EventAccumulator(str(tmp_path / "board" / "valid")).Reload()
    assert [event.value for event in board.Scalars("correct_rate")] == [50, 100, 0]


def test_a_mistake_is_found_before_training(chain, tmp_path):
    (tmp_path / "short.out").write_text("1\n")
    files = ("--eval-inputs", chain.data / "valid.inp", "--eval-expected", tmp_path / "short.out")
    with pytest.raises(UserError, match=r"valid.inp has 10 lines but .*short.out has 1"):
        train(chain.pairs, tmp_path / "run", *composed_options(chain), "--eval-programs", 5, *files, "--max-epoch", 1)
    assert not list((tmp_path / "run").glob("*.pt"))
