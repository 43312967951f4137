"""The whole way through fairseq's own command lines, on a model too small to be good."""

import json
import shutil

import pytest
import torch
from commands import SMALL, call, composed_options, generate, program, run, train
from fairseq import checkpoint_utils

from fairseq_cft.errors import UserError

pytestmark = pytest.mark.xdist_group("chain")
BEST = ("--best-checkpoint-metric", "composed_loss")
GENERATE = ("--task", "pseudocode_to_code", "--gen-subset", "test", "--batch-size", 8)
SHORT = ("--max-len-b", 60)  # these models babble


def weights(path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)["model"]


def metrics(save_dir_log: str) -> list[dict]:
    lines = (line[line.find("{") :] for line in save_dir_log.splitlines() if '"valid_loss"' in line)
    return [json.loads(line) for line in lines]


def test_denoiser_is_bit_identical_and_predictor_moved(chain):
    start, end = weights(chain.denoiser), weights(chain.composed)
    for name, value in start.items():
        assert torch.equal(end[f"denoiser.{name}"], value), name
        if not name.endswith(("version", "k_proj.bias")):  # a key bias has no gradient
            assert not torch.equal(end[f"base_predictor.{name}"], value), name


def test_optimizer_holds_the_base_predictor_only(chain):
    state = torch.load(chain.composed, weights_only=True)
    moments = sum(each["exp_avg"].numel() for each in state["last_optimizer_state"]["state"].values())
    base = sum(v.numel() for n, v in state["model"].items() if n.startswith("base_") and not n.endswith("version"))
    tied = state["model"]["base_predictor.decoder.embed_tokens.weight"].numel()
    assert moments == base - 2 * tied  # encoder, decoder and output share one embedding


@pytest.mark.parametrize("beam", [1, 5])
@pytest.mark.parametrize("stage", ["composed", "base"])
def test_n_sentences_in_n_hypotheses_out(chain, capsys, beam, stage):
    overrides = ("--model-overrides", str({"output_stage": stage}))
    found = generate(chain.pairs, chain.composed, *GENERATE, "--beam", beam, *SHORT, *overrides, capsys=capsys)
    assert len(found) == 17


def test_an_ensemble_of_two_and_plain_translation_task(chain, capsys):
    paths = f"{chain.composed}:{chain.root / 'composed' / 'checkpoint1.pt'}"
    found = generate(chain.pairs, paths, "--gen-subset", "test", "--beam", 2, "--max-len-b", 60, capsys=capsys)
    assert len(found) == 17


def test_generation_without_the_denoisers_file(chain, capsys):
    expected = generate(chain.pairs, chain.composed, *GENERATE, "--beam", 1, *SHORT, capsys=capsys)
    hidden = chain.denoiser.with_suffix(".hidden")
    chain.denoiser.rename(hidden)
    try:
        assert generate(chain.pairs, chain.composed, *GENERATE, "--beam", 1, *SHORT, capsys=capsys) == expected
    finally:
        hidden.rename(chain.denoiser)


def test_long_outputs_are_not_cut_at_200_tokens(chain, capsys):
    """An untrained base stage babbles: with fairseq's own limit it would stop at 200 tokens whatever the source."""
    from fairseq_cft.modules.batches import MAX_LEN

    lengths = [len(line.split()) + 1 for line in (chain.data / "bpe.test.src").read_text().splitlines()]
    overrides = ("--model-overrides", str({"output_stage": "base"}))
    found = generate(chain.pairs, chain.composed, *GENERATE, "--beam", 1, *overrides, capsys=capsys)
    assert 200 < max(len(text.split()) for text in found) <= MAX_LEN[0] * max(lengths) + MAX_LEN[1]


def test_validation_logs_both_stages(chain, capsys, tmp_path, caplog):
    caplog.set_level("INFO")
    train(chain.pairs, tmp_path, *composed_options(chain), "--max-epoch", 1, "--no-save")
    (valid,) = metrics(caplog.text)
    for name in ("composed_loss", "base_loss", "exact", "base_exact", "changed", "reward", "reward_std"):
        assert f"valid_{name}" in valid, name


@pytest.mark.parametrize(
    "options",
    [
        ("--criterion", "cross_entropy"),
        ("--criterion", "label_smoothed_cross_entropy", "--label-smoothing", 0.1),
        ("--criterion", "composed_finetuning", "--gradient-estimator", "reinforce", "--num-samples", 1),
        ("--criterion", "composed_finetuning", "--gradient-estimator", "self_critical", "--num-samples", 1),
        ("--criterion", "composed_finetuning", "--gradient-estimator", "gumbel", "--num-samples", 1),
        ("--criterion", "composed_finetuning", "--update-freq", 2, "--amp", *BEST),
    ],
    ids=["cross_entropy", "label_smoothing", "reinforce", "self_critical", "gumbel", "amp"],
)
def test_other_ways_to_train(chain, tmp_path, options, monkeypatch):
    monkeypatch.setattr("fairseq.logging.progress_bar._tensorboard_writers", {})  # fairseq keeps the first run's
    train(
        chain.pairs, tmp_path, "--task", "translation", "--arch", "composed_transformer", "--denoiser-path",
        chain.denoiser, *options, "--max-epoch", 1, "--patience", 2, "--tensorboard-logdir", tmp_path / "board",
    )  # fmt: skip
    start, end = weights(chain.denoiser), weights(tmp_path / "checkpoint_last.pt")
    moved = [name for name in start if not torch.equal(end[f"base_predictor.{name}"], start[name])]
    assert moved and all(torch.equal(end[f"denoiser.{name}"], start[name]) for name in start)
    assert list((tmp_path / "board").rglob("events*"))


def test_resumed_training_equals_uninterrupted(chain, tmp_path):
    """Also where pairs have several references."""
    targets = (chain.data / "bpe.train.tgt").read_text().splitlines()
    references = tmp_path / "references"
    references.write_text("".join(map("{}\t{}\n".format, targets[1:] + targets[:1], targets)))
    options = [*composed_options(chain), "--seed", 5, "--no-epoch-checkpoints", "--references", references]
    train(chain.pairs, tmp_path / "whole", *options, "--max-epoch", 3)
    train(chain.pairs, tmp_path / "parts", *options, "--max-epoch", 1)
    train(chain.pairs, tmp_path / "parts", *options, "--max-epoch", 3)
    whole, parts = (weights(tmp_path / name / "checkpoint_last.pt") for name in ("whole", "parts"))
    for name, value in whole.items():
        torch.testing.assert_close(parts[name], value, msg=name)


def test_references_that_are_the_targets_alone_change_nothing(chain, tmp_path):
    for name, more in (("without", ()), ("with", ("--references", chain.data / "bpe.train.tgt"))):
        train(chain.pairs, tmp_path / name, *composed_options(chain), "--max-update", 3, "--disable-validation", *more)
    without, own = (weights(tmp_path / name / "checkpoint_last.pt") for name in ("without", "with"))
    assert all(torch.equal(own[name], value) for name, value in without.items())


def test_offline_corruption_trains_a_denoiser_that_composes(chain, tmp_path):
    """A denoiser of --task translation on pairs of preprocess/corrupt.py is as good a part as one of code_denoising."""
    from fairseq_cli.preprocess import cli_main as preprocess

    program(
        "preprocess/corrupt.py", "--input", chain.data / "unlabeled.tgt", "--output-prefix", tmp_path / "noisy",
        "--noise", "random_delete", "--copies", 1, "--seed", 1,
    )  # fmt: skip
    for side in ("src", "tgt"):
        program(
            "preprocess/subwords.py", "encode", "--model", chain.data / "bpe.model",
            "--input", tmp_path / f"noisy.{side}", "--output", tmp_path / f"bpe.{side}",
        )  # fmt: skip
    call(
        preprocess, "--source-lang", "src", "--target-lang", "tgt", "--trainpref", tmp_path / "bpe",
        "--validpref", chain.data / "bpe.valid", "--srcdict", chain.dictionary, "--tgtdict", chain.dictionary,
        "--destdir", tmp_path / "bin",
    )  # fmt: skip
    train(
        tmp_path / "bin", tmp_path / "denoiser", "--task", "translation", "--arch", "transformer_cft_tiny", *SMALL,
        "--criterion", "cross_entropy", "--max-epoch", 1,
    )  # fmt: skip
    chain_like = type("Chain", (), {"denoiser": tmp_path / "denoiser" / "checkpoint_last.pt"})
    train(chain.pairs, tmp_path / "composed", *composed_options(chain_like), "--max-epoch", 1)
    assert (tmp_path / "composed" / "checkpoint_last.pt").exists()


def test_noise_is_the_same_whatever_the_number_of_workers(chain):
    """One generator an item, seeded by seed, epoch and index; another epoch is another corruption."""
    _, _, task = checkpoint_utils.load_model_ensemble_and_task([str(chain.denoiser)])
    drawn = {}
    for workers in (0, 2):
        task.load_dataset("train")
        iterator = task.get_batch_iterator(task.dataset("train"), max_tokens=500, num_workers=workers)
        for epoch in (1, 2):
            batches = iterator.next_epoch_itr(shuffle=False)
            drawn[workers, epoch] = {
                int(index): source[source.ne(task.dictionary.pad())].tolist()
                for batch in batches
                for index, source in zip(batch["id"], batch["net_input"]["src_tokens"], strict=True)
            }
    assert drawn[0, 1] == drawn[2, 1] and drawn[0, 2] == drawn[2, 2]
    assert drawn[0, 1] != drawn[0, 2] and len(drawn[0, 1]) == 120


def test_compose_puts_the_denoiser_behind_a_predictor(chain, tmp_path, capsys):
    train(
        chain.pairs, tmp_path / "direct", "--task", "pseudocode_to_code", "--arch", "transformer_cft_tiny", *SMALL,
        "--criterion", "cross_entropy", "--max-epoch", 1,
    )  # fmt: skip
    direct, both = tmp_path / "direct" / "checkpoint_last.pt", tmp_path / "direct+denoise.pt"
    run("compose", "--base-predictor", direct, "--denoiser", chain.denoiser, "--output", both)
    overrides = ("--model-overrides", str({"output_stage": "base"}))
    plain = generate(chain.pairs, direct, *GENERATE, "--beam", 1, capsys=capsys)
    assert generate(chain.pairs, both, *GENERATE, "--beam", 1, *overrides, capsys=capsys) == plain
    assert len(generate(chain.pairs, both, *GENERATE, "--beam", 1, capsys=capsys)) == 17


def test_check_denoiser_stops_a_weak_one(chain, tmp_path, capsys):
    with pytest.raises(UserError, match="keeps only"):
        run("check-denoiser", "--denoiser", chain.denoiser, "--json", tmp_path / "rates.json")
    rates = json.loads((tmp_path / "rates.json").read_text())
    assert rates["programs"] == 10 and 0 <= rates["clean_kept"] < 0.98
    run("check-denoiser", "--denoiser", chain.denoiser, "--min-clean-kept", 0)


def test_commands_work_where_the_data_of_a_training_have_moved(chain, tmp_path, capsys):
    moved, both = tmp_path / "denoiser.pt", tmp_path / "both.pt"
    state = torch.load(chain.denoiser)
    state["cfg"]["task"]["data"], state["cfg"]["task"]["subword_model"] = "gone/programs", "gone/bpe.model"
    torch.save(state, moved)
    with pytest.raises(UserError, match=r"moved|are gone from gone/programs; name the folder .*: --data DIR"):
        run("check-denoiser", "--denoiser", moved)
    with pytest.raises(UserError, match=r"--data nowhere is no folder"):
        run("check-denoiser", "--denoiser", moved, "--data", "nowhere")
    run("check-denoiser", "--denoiser", moved, "--min-clean-kept", 0, "--data", chain.programs)
    found_beside = capsys.readouterr().out
    run(
        "check-denoiser", "--denoiser", moved, "--min-clean-kept", 0, "--data", chain.programs, "--subword-model",
        chain.data / "bpe.model",
    )  # fmt: skip
    assert capsys.readouterr().out == found_beside
    with pytest.raises(UserError, match="are gone from gone/programs"):
        run("compose", "--base-predictor", moved, "--denoiser", chain.denoiser, "--output", both)
    run("compose", "--base-predictor", moved, "--denoiser", chain.denoiser, "--output", both, "--data", chain.pairs)
    assert torch.load(both)["cfg"]["task"]["data"] == str(chain.pairs)


def test_hub_interface(chain):
    from fairseq_cft.models.composed_transformer import ComposedTransformerModel

    shutil.copy(chain.dictionary, chain.root / "composed" / "dict.src.txt")
    hub = ComposedTransformerModel.from_pretrained(
        str(chain.root / "composed"), "checkpoint_last.pt", data_name_or_path=str(chain.pairs)
    )
    line = (chain.data / "bpe.test.src").read_text().splitlines()[0]
    assert isinstance(hub.translate([line], beam=1)[0], str)
