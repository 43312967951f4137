"""The synthetic data set: splits, seeds, distinct programs, presets."""

from dataclasses import replace

import pytest
from synthetic_parser import parse

from fairseq_cft.data.synthetic import (
    PRESETS,
    Corpus,
    Preset,
    TooFewProgramsError,
    is_pseudocode_of,
    make_corpus,
    plain_spelling,
    run,
)
from fairseq_cft.data.synthetic.statements import Init, Print, Read, Swap

SMALL = {"labeled": 40, "valid": 30, "test": 20, "ood": 10, "unlabeled": 2000}


@pytest.fixture(scope="module", params=sorted(PRESETS))
def preset(request: pytest.FixtureRequest) -> Preset:
    return replace(PRESETS[request.param], **SMALL)


@pytest.fixture(scope="module")
def corpus(preset: Preset) -> Corpus:
    return make_corpus(preset, seed=3)


def test_splits_have_the_sizes_asked_for(corpus: Corpus) -> None:
    assert {split: len(examples) for split, examples in corpus.labeled.items()} == {
        "train": 40,
        "valid": 30,
        "test": 20,
        "ood": 10,
    }
    assert len(corpus.unlabeled) == 2000


def test_examples_fit_together(corpus: Corpus) -> None:
    for split, examples in corpus.labeled.items():
        for example in examples:
            program = parse(example.target)
            assert is_pseudocode_of(example.source, program, "unseen" if split == "ood" else "seen")
            assert run(program, example.inputs.split("\t") if example.inputs else []) == example.output


def test_no_program_is_twice_there_and_none_in_two_splits_in_any_spelling(corpus: Corpus) -> None:
    splits = [[example.target for example in examples] for examples in corpus.labeled.values()] + [corpus.unlabeled]
    lines = [line for split in splits for line in split]
    assert len(set(lines)) == len(lines)
    meanings = [{plain_spelling(parse(line)) for line in split} for split in splits]
    assert len(set().union(*meanings)) == sum(map(len, meanings))


def test_the_seed_decides_everything(preset: Preset, corpus: Corpus) -> None:
    assert make_corpus(preset, seed=3) == corpus
    assert make_corpus(preset, seed=4) != corpus


def test_programs_stay_within_their_preset(preset: Preset, corpus: Corpus) -> None:
    for line in corpus.unlabeled:
        statements = parse(line).statements
        printed = [statement.name for statement in statements if isinstance(statement, Print)]
        declared = [statement.name for statement in statements if isinstance(statement, Init | Read)]
        assert printed == declared and len(set(declared)) == len(declared) <= preset.names
        assert all(f"var_{number}" not in line for number in range(preset.names, 10))
        if not preset.fresh_swaps:
            assert not any(isinstance(statement, Swap) and statement.fresh for statement in statements)


def test_short_programs_are_in_every_split() -> None:
    """Were the splits filled in turn, the first would use up the short programs of a small language."""
    preset = replace(
        PRESETS["tiny"],
        **{"names": 2, "strings": 2, "integers": (0, 3), "extra": (0, 1)},
        **{"labeled": 200, "valid": 200, "test": 200, "ood": 200, "unlabeled": 4000},
    )
    corpus = make_corpus(preset, seed=1)
    lengths = [len(example.target.split()) for examples in corpus.labeled.values() for example in examples]
    unlabeled = [len(line.split()) for line in corpus.unlabeled]
    assert sum(lengths) / len(lengths) == pytest.approx(sum(unlabeled) / len(unlabeled), rel=0.02)


def test_a_language_too_small_says_so() -> None:
    preset = Preset(names=1, strings=1, types=("bool",), initial=(1, 1), extra=(0, 0), fresh_swaps=False)
    with pytest.raises(TooFewProgramsError, match=r"too few distinct programs: \d+ of 22500"):
        make_corpus(preset, seed=1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"read_share": 1.5}, "read_share is a share"),
        ({"labeled": -1}, "labeled is a number"),
        ({"integers": (5, 4)}, "integers is a range"),
        ({"initial": (1, 11)}, "initial must lie between 1 and the 10 names"),
        ({"initial": (0, 1)}, "initial must lie between 1"),
        ({"names": 1, "initial": (1, 1)}, "at least two names"),
        ({"strings": 0}, "strings must be at least 1"),
        ({"operations": ("add",)}, "nothing to do with a variable of type bool"),
        ({"operations": ("add", "append", "swap")}, "nothing to do with a variable of type bool"),
    ],
)
def test_impossible_presets_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(PRESETS["paper"], **wrong)  # type: ignore[arg-type]
