"""Options of fairseq that a composed model refuses: on the command line, in the files of its stages, in generation."""

from types import SimpleNamespace

import pytest
from fairseq import options
from fairseq.dataclass.configs import GenerationConfig
from support import build, save

from fairseq_cft.errors import UserError
from fairseq_cft.models.composed_transformer import ComposedTransformerModel
from fairseq_cft.modules.unsupported import GENERATION, TRAINING

VALUES = {"adaptive_softmax_cutoff": "4,8", "quant_noise_pq": 0.1, "print_alignment": "hard", "base_layers": 1}
COMPOSED = "composed_transformer_tiny"


@pytest.mark.parametrize("each", TRAINING, ids=lambda each: each.flag)
def test_refused_on_the_command_line_of_a_training(task, denoiser_path, each):
    with pytest.raises(UserError, match=f"^{each.flag} does not fit the composed model: ") as caught:
        build(COMPOSED, task, denoiser_path=denoiser_path, **{each.option: VALUES.get(each.option, "1")})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("each", TRAINING, ids=lambda each: each.flag)
def test_they_are_options_of_fairseq(each):
    parser = options.get_training_parser()
    ComposedTransformerModel.add_args(parser)
    assert each.flag in parser._option_string_actions


@pytest.mark.parametrize("each", [each for each in TRAINING if each.in_files], ids=lambda each: each.flag)
def test_refused_in_the_files_of_the_stages(task, denoiser_path, tmp_path, each):
    model = build("transformer_cft_tiny", task)
    setattr(model.args, each.option, VALUES.get(each.option, True))
    path = save(model, tmp_path / "model.pt")
    for role in ({"denoiser_path": path}, {"denoiser_path": denoiser_path, "base_predictor_path": path}):
        with pytest.raises(UserError, match=f"was trained with {each.flag}, which the composed model lacks"):
            build(COMPOSED, task, **role)


def test_embeddings_of_ones_own_start_a_random_base_predictor(task, denoiser_path, tmp_path):
    (tmp_path / "vectors").write_text(f"1 16\na {' '.join(['0.5'] * 16)}\n")
    model = build(
        COMPOSED, task, denoiser_path=denoiser_path, base_predictor_path="random",
        encoder_embed_path=str(tmp_path / "vectors"),
    )  # fmt: skip
    row = task.source_dictionary.index("a")
    assert model.base_predictor.encoder.embed_tokens.weight[row].eq(0.5).all()


@pytest.mark.parametrize("each", GENERATION, ids=lambda each: each.flag)
def test_refused_in_generation_of_the_composed_stage(task, denoiser_path, each):
    generation = GenerationConfig()
    assert hasattr(generation, each.option)
    setattr(generation, each.option, VALUES.get(each.option, True))
    cfg = SimpleNamespace(generation=generation)
    with pytest.raises(UserError, match=f"^{each.flag} does not fit the composed model"):
        build(COMPOSED, task, denoiser_path=denoiser_path).prepare_for_inference_(cfg)
    build(COMPOSED, task, denoiser_path=denoiser_path, output_stage="base").prepare_for_inference_(cfg)
