"""The mixture of generating and copying: against plain loops over numbers, by hand, and with extreme numbers."""

import math

import pytest
import torch

from fairseq_cft.modules.copying import (
    REACH,
    CopyAttention,
    Copying,
    CopyStepper,
    Source,
    mixed_log_probs,
    mixture,
    place_bias,
    without_padding,
)
from fairseq_cft.modules.following import LONGEST, first_places, followed_places, match_lengths

PAD, WORDS = 1, 9
SOURCE = torch.tensor([[5, 3, 5, 2, PAD, PAD], [PAD, PAD, 8, 8, 8, 2], [4, 6, 7, 3, 8, 2]])


def random_parts(seed=0, steps=4):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(len(SOURCE), steps, WORDS, generator=generator)
    scores = torch.randn(len(SOURCE), steps, SOURCE.size(1), generator=generator)
    weights = scores.masked_fill(SOURCE.eq(PAD).unsqueeze(1), -math.inf).softmax(-1)
    gate = torch.randn(len(SOURCE), steps, generator=generator)
    return logits, Copying(weights, torch.nn.functional.logsigmoid(-gate), torch.nn.functional.logsigmoid(gate))


def plain_mixture(logits, copying, source):
    """p(y_t = v) = g softmax(logits)_v + (1 - g) sum_j a_j [x_j = v], number by number."""
    out = torch.zeros_like(logits)
    for n in range(logits.size(0)):
        for t in range(logits.size(1)):
            total = sum(math.exp(x) for x in logits[n, t].tolist())
            for v in range(logits.size(2)):
                copied = sum(float(copying.weights[n, t, j]) for j in range(source.size(1)) if int(source[n, j]) == v)
                generate, copy = math.exp(copying.log_generate[n, t]), math.exp(copying.log_copy[n, t])
                out[n, t, v] = generate * math.exp(logits[n, t, v]) / total + copy * copied
    return out


def test_the_mixture_is_that_of_the_plain_loop():
    logits, copying = random_parts()
    found = mixture(logits, copying, Source.of(SOURCE, WORDS, PAD))
    torch.testing.assert_close(found.exp(), plain_mixture(logits, copying, SOURCE))
    torch.testing.assert_close(found.exp().sum(-1), torch.ones(3, 4))


def test_the_mixture_by_hand():
    """Source 5 3 5 with weights .5 .3 .2, g = 1/4, generating 1/9 each.

    p(5) = 1/36 + 3/4 * 0.7, p(3) = 1/36 + 3/4 * 0.3, any other 1/36.
    """
    source = torch.tensor([[5, 3, 5]])
    copying = Copying(
        torch.tensor([[[0.5, 0.3, 0.2]]]), torch.tensor([[math.log(0.75)]]), torch.tensor([[math.log(0.25)]])
    )
    expected = torch.full((WORDS,), 1 / 36)
    expected[5] += 0.525
    expected[3] += 0.225
    found = mixture(torch.zeros(1, 1, WORDS), copying, Source.of(source, WORDS, PAD))
    torch.testing.assert_close(found[0, 0].exp(), expected)
    generated = torch.full((1, 1), math.log(1 / 9))
    one = mixed_log_probs(generated, torch.tensor([[5]]), copying, source)
    torch.testing.assert_close(one.exp(), torch.tensor([[1 / 36 + 0.525]]))


def test_given_tokens_have_the_mixtures_probabilities():
    logits, copying = random_parts(1)
    whole = mixture(logits, copying, Source.of(SOURCE, WORDS, PAD))
    for token in range(WORDS):
        tokens = torch.full((3, 4), token)
        generated = logits.log_softmax(-1)[..., token]
        torch.testing.assert_close(mixed_log_probs(generated, tokens, copying, SOURCE), whole[..., token])


def test_rows_of_numbers_count_as_the_tokens_they_stand_for():
    logits, copying = random_parts(2)
    tokens = torch.tensor([[5, 3, 2, 8], [8, 8, 2, 4], [3, 7, 7, 2]])
    generated = logits.log_softmax(-1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    rows = torch.nn.functional.one_hot(SOURCE, WORDS).float().requires_grad_()
    found = mixed_log_probs(generated, tokens, copying, rows)
    torch.testing.assert_close(found, mixed_log_probs(generated, tokens, copying, SOURCE))
    (gradient,) = torch.autograd.grad(found.sum(), rows)
    # d log p / d rows[n, j, v] = sum over t with y_t = v of (1 - g) a(t, j) / p(y_t)
    expected = torch.zeros_like(rows)
    for n in range(3):
        for t in range(4):
            share = copying.log_copy[n, t].exp() * copying.weights[n, t] / found[n, t].exp()
            expected[n, :, tokens[n, t]] += share.detach()
    torch.testing.assert_close(gradient, expected)


def test_gradients_are_those_of_the_definition():
    """The mixture against the same distribution written with one-hot rows, in double precision."""
    logits, copying = random_parts(3)
    ours = [logits, *copying]
    theirs = [part.double() for part in ours]
    for part in (*ours, *theirs):
        part.requires_grad_()
    one_hot = torch.nn.functional.one_hot(SOURCE, WORDS).double()
    wanted = torch.randn(3, 4, WORDS, generator=torch.Generator().manual_seed(4))
    scores, weights, log_copy, log_generate = theirs
    defined = torch.log(
        log_generate.exp().unsqueeze(2) * scores.softmax(-1) + log_copy.exp().unsqueeze(2) * (weights @ one_hot)
    )
    found = torch.autograd.grad(mixture(ours[0], Copying(*ours[1:]), Source.of(SOURCE, WORDS, PAD)), ours, wanted)
    expected = [gradient.float() for gradient in torch.autograd.grad(defined, theirs, wanted.double())]
    fixed = SOURCE.eq(PAD).unsqueeze(1)  # at padding, whatever the gradient
    for one, other in zip(found, expected, strict=True):
        if one.shape == copying.weights.shape:
            one, other = one.masked_fill(fixed, 0), other.masked_fill(fixed, 0)
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_padding_is_never_copied():
    logits, copying = random_parts(5)
    found = mixture(logits, copying, Source.of(SOURCE, WORDS, PAD))
    torch.testing.assert_close(found[..., PAD], logits.log_softmax(-1)[..., PAD] + copying.log_generate)


def test_without_padding_the_rest_is_divided_by_its_sum():
    logits, copying = random_parts(6)
    source = Source.of(SOURCE, WORDS, PAD)
    whole = mixture(logits, copying, source).exp()
    allowed = logits.index_fill(-1, torch.tensor([PAD]), -math.inf)
    found = mixture(allowed, without_padding(copying, allowed.logsumexp(-1) - logits.logsumexp(-1)), source).exp()
    expected = whole / (1 - whole[..., PAD : PAD + 1])
    expected[..., PAD] = 0
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_extreme_numbers_stay_numbers(dtype):
    """Gates and weights at 0 and 1 to the last bit, logits far apart: no nan, also in the gradients."""
    logits = torch.zeros(3, 4, WORDS, dtype=dtype)
    logits[..., 5] = -6e4 if dtype == torch.float16 else -1e5
    weights = torch.zeros(3, 4, SOURCE.size(1))
    weights[0, :, 0], weights[1, :, 5], weights[2, :, 1] = 1.0, 1.0, 1.0
    gate = torch.tensor([-200.0, -30.0, 30.0, 200.0]).expand(3, -1)
    parts = [logits, weights, torch.nn.functional.logsigmoid(-gate), torch.nn.functional.logsigmoid(gate)]
    for part in parts:
        part.requires_grad_()
    found = mixture(parts[0], Copying(*parts[1:]), Source.of(SOURCE, WORDS, PAD))
    assert found.dtype == torch.float32 and not found.isnan().any()
    torch.testing.assert_close(found.exp().sum(-1), torch.ones(3, 4))
    # where g is 0 to the last bit the token copied is certain, and no other is impossible in the logarithm
    assert found[0, 0, 5] == 0 and found[2, 0, 6] == 0 and found[2, 0, 7] < -60
    assert found.isfinite().all()
    for token in (3, 5, 6, 7):
        found.gather(2, torch.full((3, 4, 1), token)).sum().backward(retain_graph=True)
    assert all(part.grad.isfinite().all() for part in parts)


def test_the_bias_is_that_of_three_tables_number_by_number():
    generator = torch.Generator().manual_seed(7)
    width = 2 * REACH + 12  # so that both ends of the tables are reached, and left
    tables = [
        torch.randn(size, generator=generator, requires_grad=True) for size in (LONGEST + 1, *[2 * REACH + 1] * 2)
    ]
    matches = torch.randint(0, LONGEST + 1, (2, 3, width), generator=generator, dtype=torch.uint8)
    matches *= torch.rand(matches.shape, generator=generator) < 0.3
    centres = torch.tensor([[0, 1, 2], [5, 30, width + 40]])
    places = torch.tensor([[0, REACH, width], [width - 1, 7, 3]])
    padding = torch.zeros(2, width, dtype=torch.bool)
    padding[1, :5] = True
    found = place_bias(tuple(tables), matches, centres, places, padding)
    expected = torch.stack(
        [
            torch.stack(
                [
                    tables[0][int(matches[n, t, j])]
                    + tables[1][max(-REACH, min(REACH, j - int(centres[n, t]))) + REACH]
                    + tables[2][max(-REACH, min(REACH, j - int(places[n, t]))) + REACH]
                    for j in range(width)
                ]
            )
            for n in range(2)
            for t in range(3)
        ]
    ).view(2, 3, width)
    torch.testing.assert_close(found, expected.masked_fill(padding.unsqueeze(1), -math.inf))
    wanted = torch.randn(2, 3, width, generator=generator).masked_fill(padding.unsqueeze(1), 0)
    ours = torch.autograd.grad(found, tables, wanted)
    theirs = torch.autograd.grad(expected, tables, wanted)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_biases_start_as_documented():
    """m(L) = L up to 8, then 8 + (L - 8) / 4; nothing for distances; 4 at the place followed."""
    attention = CopyAttention(4, 4, 4)
    assert [attention.match_bias[length].item() for length in (0, 1, 8, 12, LONGEST)] == [0, 1, 8, 9, 14]
    assert not attention.distance_bias.any()
    assert attention.place_bias[REACH] == 4 and attention.place_bias.sum() == 4


def test_a_dropped_sentence_is_generated_alone():
    torch.manual_seed(1)
    attention = CopyAttention(4, 4, 4, dropout=0.4).train()
    features, embedded = torch.randn(500, 3, 4), torch.randn(500, 3, 4)
    log_copy, log_generate = attention.gates(features, embedded)
    dropped = log_copy.isinf().all(1)
    assert torch.equal(dropped, log_copy.isinf().any(1)) and 150 < int(dropped.sum()) < 250
    assert (log_generate[dropped] == 0).all()
    torch.testing.assert_close(
        log_copy[~dropped].exp() + log_generate[~dropped].exp(), torch.ones(int((~dropped).sum()), 3)
    )
    assert attention.eval().gates(features, embedded)[0].isfinite().all()


def test_a_token_at_a_time_is_the_whole_target_also_far_behind_the_source() -> None:
    pad, eos, words, channels = 1, 2, 12, 6
    source = torch.tensor([[pad, pad, 5, 6, eos], [7, 5, 6, 7, eos]])
    generator = torch.manual_seed(1)
    length = source.size(1) + REACH + 9
    previous = torch.randint(4, 8, (2, length), generator=generator)
    previous[:, 0] = eos
    attention = CopyAttention(channels, channels, channels).eval()
    for parameter in attention.parameters():
        torch.nn.init.normal_(parameter, generator=generator)
    features, embedded = torch.randn(2, 2, length, channels, generator=generator)
    logits, states = (
        torch.randn(2, length, words, generator=generator),
        torch.randn(2, 5, channels, generator=generator),
    )
    with torch.no_grad():
        matches = match_lengths(previous, source, eos, pad)
        centres = first_places(source, pad).unsqueeze(1) + torch.arange(length)
        how = matches, centres, followed_places(previous, source, matches, pad), source.eq(pad)
        weights = attention.weights(features, attention.key(states), *how)
        copying = Copying(weights, *attention.gates(features, embedded))
        whole = mixture(logits, copying, Source.of(source, words, pad))
        stepper = CopyStepper(attention, states, source, 1, words, eos, pad)
        for t in range(length):
            stepper.follower.advance(previous[:, t : t + 1])
            now = slice(t, t + 1)
            found = stepper(features[:, now], embedded[:, now], logits[:, now])
            torch.testing.assert_close(found, whole[:, now])
