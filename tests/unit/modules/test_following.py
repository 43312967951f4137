"""How an output follows its source: against plain Python loops over single sentences, and by hand."""

import random

import pytest
import torch

from fairseq_cft.modules.following import LONGEST, Follower, first_places, followed_places, match_lengths

PAD, EOS = 1, 2


def plain_match(output, source, t, j):
    """The longest common suffix of y_<t and x_<j, an end symbol standing before each."""
    written, read = [EOS, *output[:t]], [EOS, *source[:j]]
    length = 0
    while length < min(len(written), len(read)) and written[-1 - length] == read[-1 - length]:
        length += 1
    return length


def plain_places(output, source):
    """c(0), c(1), ... by the definition, one sentence."""
    place, places = 0, [0]
    for t, token in enumerate(output, start=1):
        ahead = [k for k in range(place, min(place + 3, len(source))) if source[k] == token]
        matches = {j: min(plain_match(output, source, t, j), 8) for j in range(len(source))}
        longest = max(matches.values())
        if ahead:
            place = ahead[0] + 1
        elif longest >= 3:
            equals = [j for j, length in matches.items() if length == longest]
            place = min(equals, key=lambda j: (abs(j - place), -j))
        places.append(place)
    return places


def sentence(rng, letters=4, longest=40):
    return [rng.randrange(3, 3 + letters) for _ in range(rng.randint(1, longest))] + [EOS]


def edited(rng, source):
    """A target that copies with a few tokens left out, put in, and runs that come twice."""
    target = source[:-1]
    for _ in range(rng.randint(0, 4)):
        place = rng.randrange(len(target) + 1)
        kind = rng.randrange(3)
        if kind == 0:
            target = target[:place] + target[place + rng.randint(1, 6) :]
        elif kind == 1:
            target = target[:place] + [rng.randrange(3, 7) for _ in range(rng.randint(1, 3))] + target[place:]
        else:
            target = target[:place] + target[max(place - 7, 0) :]
    return [*target, EOS]


def padded(rows, left=False):
    width = max(map(len, rows))
    return torch.tensor([[PAD] * (width - len(r)) + r if left else r + [PAD] * (width - len(r)) for r in rows])


def pairs(seed, count=12):
    rng = random.Random(seed)
    sources = [sentence(rng, letters=rng.choice([1, 2, 4, 30])) for _ in range(count)] + [[EOS]]
    return sources, [edited(rng, source) if rng.random() < 0.8 else sentence(rng) for source in sources]


def read_in(targets):
    """What a decoder reads: the end symbol, then the targets without their last tokens."""
    return padded([[EOS, *target[:-1]] for target in targets])


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_matches_and_places_are_those_of_the_plain_loop(seed, left):
    sources, targets = pairs(seed)
    source, previous = padded(sources, left), read_in(targets)
    matches = match_lengths(previous, source, EOS, PAD)
    places = followed_places(previous, source, matches, PAD)
    assert int(matches.max()) > 8
    for row, (x, y) in enumerate(zip(sources, targets, strict=True)):
        first = source.size(1) - len(x) if left else 0
        assert int(first_places(source, PAD)[row]) == first
        expected = [[min(plain_match(y, x, t, j), LONGEST) for j in range(len(x))] for t in range(len(y))]
        assert matches[row, : len(y), first : first + len(x)].tolist() == expected
        assert (places[row, : len(y)] - first).tolist() == plain_places(y, x)[: len(y)]


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("copies", [1, 3])
def test_a_token_at_a_time_is_the_whole_target(copies, left):
    sources, _ = pairs(11)
    rng = random.Random(5)
    targets = [edited(rng, source) for source in sources for _ in range(copies)]
    source, previous = padded(sources, left), read_in(targets)
    repeated = source.repeat_interleave(copies, 0)
    matches = match_lengths(previous, repeated, EOS, PAD)
    places = followed_places(previous, repeated, matches, PAD)
    follower = Follower(source, EOS, PAD, copies)
    written = previous.ne(PAD)
    for step in range(previous.size(1)):
        follower.advance(previous[:, step].view(-1, copies))
        known = written[:, step]
        columns = repeated.ne(PAD)
        assert torch.equal(
            (follower.capped().flatten(0, 1) * columns)[known], (matches[:, step].long() * columns)[known]
        )
        assert torch.equal(follower.places.flatten()[known], places[:, step][known])


def test_a_follower_goes_on_with_some_of_its_sentences_in_any_order():
    sources, targets = pairs(3)
    source, previous = padded(sources), read_in(targets)
    whole, part = Follower(source, EOS, PAD), Follower(source, EOS, PAD)
    order = torch.tensor([4, 0, 0, 9])
    for step in range(8):
        if step == 4:
            part.select(order)
        whole.advance(previous[:, step : step + 1])
        part.advance(previous[:, step : step + 1] if step < 4 else previous[order, step : step + 1])
    assert torch.equal(part.matches, whole.matches[order])
    assert torch.equal(part.places, whole.places[order])


def test_a_match_by_hand():
    """Source a b a b c </s>, written so far: a b. Before the places 0.. stand: nothing, a, ab, aba, abab, ababc."""
    a, b, c = 3, 4, 5
    source, previous = torch.tensor([[a, b, a, b, c, EOS]]), torch.tensor([[EOS, a, b]])
    # at the start the end symbol matches what stands before the source; "</s> a" matches a at 0 with it, at 2 without;
    # "</s> a b" matches up to place 2 with all three, up to place 4 with a b
    expected = [[1, 0, 0, 0, 0, 0], [0, 2, 0, 1, 0, 0], [0, 0, 3, 0, 2, 0]]
    assert match_lengths(previous, source, EOS, PAD)[0].tolist() == expected


def test_the_place_followed_by_hand():
    """Source a b c d e a b c f </s>."""
    a, b, c, d, e, f, new = range(3, 10)
    source = torch.tensor([[a, b, c, d, e, a, b, c, f, EOS]])

    def places(*written):
        previous = torch.tensor([[EOS, *written]])
        return followed_places(previous, source, match_lengths(previous, source, EOS, PAD), PAD)[0].tolist()

    assert places(a, b) == [0, 1, 2]  # copied
    assert places(a, new, b) == [0, 1, 1, 2]  # a token put in
    assert places(a, d) == [0, 1, 4]  # two left out: d is the third from b on
    assert places(a, e) == [0, 1, 1]  # three left out are too many, and one token is no match
    assert places(a, new, e, a, b) == [0, 1, 1, 1, 1, 2]  # e and a are not ahead of 1, and no match of 3; b stands at 1
    assert places(a, b, d, e, a, b) == [0, 1, 2, 4, 5, 6, 7]
    assert places(a, b, c, f) == [0, 1, 2, 3, 9]  # f is five ahead, but "a b c f" goes on at 9
    assert places(a, b, c, d, e, a, b, c, a, b, c) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8]  # "a b c" twice: 8 is nearer
    assert places(a, c, f) == [0, 1, 3, 3]  # "c f" is a match of two


def test_a_leap_goes_to_the_longest_match():
    """Behind a run that stands nowhere near c, c leaps to where the run goes on."""
    source = torch.tensor([[9, 10, 11, 12, 13, 14, 3, 4, 5, 6, 7, EOS]])
    previous = torch.tensor([[EOS, 3, 4, 5, 6, 7]])
    matches = match_lengths(previous, source, EOS, PAD)
    # 3 and 4: no match of three; 5 makes "3 4 5", which goes on at column 9; 6 and 7 are copied from there
    assert followed_places(previous, source, matches, PAD)[0].tolist() == [0, 0, 0, 9, 10, 11]
