"""Programs whose dictionary lacks a piece of theirs."""

from fairseq.data import Dictionary, ListDataset

from fairseq_cft.data.subwords import Subwords, train
from fairseq_cft.modules.noisy_dataset import NoisyProgramDataset

LINES = [f'cin >> var_{n} ; cout << var_{n} << "x" ;' for n in range(9)]


def append(program: str, rng) -> str:
    return f"{program} ;"


def test_the_unknown_symbol_stays_one_symbol():
    subwords = Subwords(train(LINES, 60).model)
    words = Dictionary()
    for piece in subwords.vocabulary():
        if "cout" not in piece:
            words.add_symbol(piece)
    (target,) = (words.encode_line(subwords.encode(LINES[0]), add_if_not_exist=False).long(),)
    assert target.eq(words.unk()).sum() == 1
    programs = ListDataset([target], [len(target)])
    data = NoisyProgramDataset(programs, words, subwords, append, seed=1)
    source = data[0]["source"]
    assert words.string(source) == f"{words.string(target)} \u2581;"
