"""Positions that also count lines."""

import pytest
import torch
from support import batch, build, save

from fairseq_cft.errors import UserError
from fairseq_cft.modules.line_positions import LinePositions

TEXTS = ["b a c a a d", "c", "a"]
NUMBERS = [[0, 1, 1, 2, 3, 3, 3], [0, 0], [1, 1]]  # an end belongs to the line that it starts; then the end symbol


def sinusoids(numbers, channels):
    """Lines in the channels that token positions use in the opposite order: (T, C)."""
    half = channels // 2
    rates = torch.exp(torch.arange(half) * -(torch.log(torch.tensor(10000.0)) / (half - 1)))
    angles = torch.tensor(numbers, dtype=torch.float).unsqueeze(1) * rates
    return torch.cat([angles.sin(), angles.cos()], 1).flip(1)


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("side", ["encoder", "decoder"])
def test_a_tokens_line_is_added_to_its_position(task, side, left):
    positions = getattr(build("transformer_cft_tiny", task, line_symbol="a"), side).embed_positions
    assert isinstance(positions, LinePositions)
    tokens = batch(task, TEXTS, left)
    added = positions(tokens) - positions.tokens(tokens)
    for row, words, numbers in zip(added, tokens, NUMBERS, strict=True):
        kept = row[words.ne(task.target_dictionary.pad())]
        torch.testing.assert_close(kept, sinusoids(numbers, row.size(1)), rtol=1e-4, atol=1e-4)
    step = positions(tokens[:, :4], incremental_state={}) - positions.tokens(tokens[:, :4], incremental_state={})
    torch.testing.assert_close(step, added[:, 3:4], rtol=1e-4, atol=1e-4)


def test_lines_beyond_the_positions_count_as_the_last(task):
    positions = build("transformer_cft_tiny", task, line_symbol="a", max_target_positions=4).decoder.embed_positions
    assert torch.equal(positions.of(torch.tensor([3, 4, 99])), positions.of(torch.tensor([3, 3, 3])))


def test_what_cannot_count_lines_is_refused(task):
    with pytest.raises(UserError, match=r"--line-symbol # is no symbol of the dictionary"):
        build("transformer_cft_tiny", task, line_symbol="#")
    with pytest.raises(UserError, match="does not fit --no-token-positional-embeddings"):
        build("transformer_cft_tiny", task, line_symbol="a", no_token_positional_embeddings=True)


def test_both_stages_of_a_composed_model_count_as_they_were_trained(task, tmp_path):
    paths = [tmp_path / "denoiser.pt", tmp_path / "base.pt"]
    for path, symbol in zip(paths, ("a", None), strict=True):
        save(build("transformer_cft_tiny", task, 1, line_symbol=symbol), path)
    given = {"denoiser_path": str(paths[0]), "base_predictor_path": str(paths[1])}
    model = build("composed_transformer_tiny", task, **given)
    assert isinstance(model.denoiser.decoder.embed_positions, LinePositions)
    assert not isinstance(model.base_predictor.encoder.embed_positions, LinePositions)
    options = {name: value for name, value in vars(model.args).items() if name not in ("arch", "denoiser_path")}
    again = build("composed_transformer_tiny", task, **options)
    assert again.denoiser.encoder.embed_positions.symbol == task.target_dictionary.index("a")
    with pytest.raises(UserError, match=r"disagrees with --line-symbol a"):
        build("composed_transformer_tiny", task, **given, line_symbol="a")
