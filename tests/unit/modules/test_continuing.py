"""What a training may go on from."""

import copy
from pathlib import Path

import pytest
from support import build, fake_task, save

from fairseq_cft.errors import UserError
from fairseq_cft.models import composed_transformer, transformer_cft  # noqa: F401  (registers them)
from fairseq_cft.modules.architecture import note_dictionaries
from fairseq_cft.modules.continuing import check_continued
from fairseq_cft.modules.denoiser import read_state


def refusal(model, path: str) -> str:
    with pytest.raises(UserError) as caught:
        check_continued(model, model.args, read_state(path, "x"), path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def composed(task, denoiser: str, **options):
    return build("composed_transformer_tiny", task, denoiser_path=denoiser, base_predictor_path="random", **options)


def test_a_training_goes_on_from_its_own_checkpoint(task, denoiser_path, tmp_path):
    for number, made in enumerate((composed(task, denoiser_path), build("transformer_cft_tiny", task, seed=3))):
        path = save(made, tmp_path / f"{number}.pt")
        check_continued(made, made.args, read_state(path, "x"), path)


def test_half_precision_and_averages_are_no_other_denoiser(task, denoiser_path, tmp_path):
    model = composed(task, denoiser_path)
    path = save(copy.deepcopy(model).half(), tmp_path / "half.pt")
    check_continued(model, model.args, read_state(path, "x"), path)
    average = {name: (value + value + value) / 3 for name, value in model.state_dict().items()}
    path = save(model, tmp_path / "average.pt", model=average)
    check_continued(model, model.args, read_state(path, "x"), path)


def test_another_denoiser_is_not_taken_for_the_one_named(task, denoiser_path, tmp_path):
    path = save(composed(task, denoiser_path), tmp_path / "composed.pt")
    better = save(build("transformer_cft_tiny", task, seed=9), tmp_path / "better.pt")
    message = refusal(composed(task, better), path)
    assert f"another denoiser than --denoiser-path {better}" in message and f"--base-predictor-path {path}" in message
    larger = save(build("transformer_cft_tiny", task, seed=9, decoder_layers=3), tmp_path / "larger.pt")
    assert "another denoiser" in refusal(composed(task, larger), path)


def test_plain_and_composed_models_do_not_go_on_from_each_other(task, denoiser_path, tmp_path):
    path = save(composed(task, denoiser_path), tmp_path / "composed.pt")
    message = refusal(composed(task, denoiser_path), denoiser_path)
    assert "holds a plain model and this is the training of a composed model" in message
    assert f"--base-predictor-path {denoiser_path}" in message
    assert "holds a composed model" in refusal(build("transformer_cft_tiny", task), path)


def test_tensors_of_another_shape(task, denoiser_path, tmp_path):
    message = refusal(build("transformer_cft_tiny", task, encoder_ffn_embed_dim=64), denoiser_path)
    assert "encoder.layers.0.fc1.weight is 32x16 there and 64x16 here" in message
    assert "is missing there" in refusal(build("transformer_cft_tiny", task, encoder_layers=3), denoiser_path)


@pytest.mark.parametrize("side", ["source", "target"])
def test_another_dictionary_of_the_same_size(task, tmp_path, side):
    path = save(build("transformer_cft_tiny", task), tmp_path / "model.pt")
    setattr(task, f"{side}_dictionary", fake_task("bacdefgh").source_dictionary)
    model = build("transformer_cft_tiny", task, share_all_embeddings=False)
    assert f"{path} was trained with another {side} dictionary (12 symbols" in refusal(model, path)


def test_fairseqs_own_models_are_known_by_the_dictionary_beside_their_data(task, tmp_path):
    model = build("transformer", task, share_all_embeddings=True)
    path = save(model, tmp_path / "stock.pt")
    note_dictionaries(model.args, task)
    check_continued(model, model.args, read_state(path, "x"), path)  # nothing tells
    data = tmp_path / "data"
    data.mkdir()
    fake_task("bacdefgh").target_dictionary.save(str(data / "dict.txt"))
    cfg = {"model": build("transformer", task, share_all_embeddings=True).args, "task": {"data": str(data)}}
    save(model, Path(path), cfg=cfg)
    assert "another source dictionary" in refusal(model, path)
