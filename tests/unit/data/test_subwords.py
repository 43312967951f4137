"""Subwords: every line comes back, and fairseq reads the pieces as they are."""

import random
import re
from collections import Counter
from pathlib import Path

import pytest
import sentencepiece
from fairseq.data import Dictionary
from fairseq.data.data_utils import post_process

from fairseq_cft.data.subwords import BYTES, LEAST_COUNT, Subwords, Trained, fairseq_dictionary, train
from fairseq_cft.errors import UserError

LINES = [
    " $ instantiate var_0;  $ read var_0 from stdin;  $ print var_0;  $ ",
    " $ set var_1 to 72;  $ swap the values of var_0 and var_1;  $ output var_1 to stdout;  $ ",
    'int main () { $ string var_2 ; $ cin >> var_2 ; $ var_2 = "str_4" + var_2 ; $ cout << var_2 ; $ return 0; }',
    'int main () { $ int var_0 = 5 ; $ var_0 += 73 ; $ bool var_1 = true ; $ cout << "ÄÖÜ" ; $ return 0; }',
] * 5
SPECIALS = ["<s>", "</s>", "<pad>", "<unk>", "<mask>", "<0x41>", "<0xff>", "madeupword0001", "<<s>>", "<s</s>>"]
WHITE = "".join(chr(code) for code in range(0x110000) if chr(code).isspace() and chr(code) != "\n")
HARD_LINES = [
    "",
    " ",
    "   ",
    "  two  runs  ",
    "\ta\t\tb\t",
    "a\rb\r",
    WHITE,
    f"x{WHITE}y",
    "".join(map(chr, range(10))) + "".join(map(chr, range(11, 256))),
    "\u2581 \u2581\u2581x\u2581",
    "\u2585",
    "e\u0301 é \u0301 \u200d \ufeff \ufffd \u0000",
    "unseen @ ^ ` 漢字 \U0001f600 \U0010ffff",
    "ﬁ Ａ ㎏ ² İ ß",
    *SPECIALS,
    " ".join(SPECIALS),
    "".join(SPECIALS),
]


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train([*LINES, *SPECIALS * 50, *HARD_LINES * 3], 220)


@pytest.fixture(scope="module")
def subwords(trained: Trained) -> Subwords:
    return Subwords(trained.model)


@pytest.fixture(scope="module")
def plain() -> Subwords:
    """Trained on the ordinary lines only: all else is unseen."""
    return Subwords(train(LINES, 120).model)


def random_lines(count: int) -> list[str]:
    rng = random.Random(3)
    alphabet = [*"  \t$~;<>s_0x4", *SPECIALS, "\u2581", "\u2585", "\u00a0", "\u2028", "é", "\u0301", "\x00", "var_0"]
    lines = ["".join(rng.choices(alphabet, k=rng.randrange(12))) for _ in range(count)]
    points = [chr(rng.randrange(0x110000)) for _ in range(20 * count)]
    safe = [point for point in points if point != "\n" and not 0xD800 <= ord(point) < 0xE000]
    return lines + ["".join(safe[start : start + 7]) for start in range(0, len(safe), 7)]


def dictionary_of(subwords: Subwords, path: Path) -> Dictionary:
    path.write_text("".join(f"{line}\n" for line in fairseq_dictionary(subwords, LINES)), encoding="utf-8")
    return Dictionary.load(str(path))


@pytest.mark.parametrize("name", ["subwords", "plain"])
def test_every_line_comes_back(name: str, request: pytest.FixtureRequest) -> None:
    model: Subwords = request.getfixturevalue(name)
    for line in [*LINES, *HARD_LINES, *random_lines(300)]:
        assert model.decode(model.encode(line)) == line


@pytest.mark.parametrize("name", ["subwords", "plain"])
def test_fairseq_reads_the_pieces_as_they_are(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    model: Subwords = request.getfixturevalue(name)
    dictionary = dictionary_of(model, tmp_path / "dict.txt")
    assert len(dictionary) == dictionary.nspecial + len(model.vocabulary())
    for line in [*LINES, *HARD_LINES, *random_lines(100)]:
        numbers = dictionary.encode_line(model.encode(line), add_if_not_exist=False)
        assert min(numbers[:-1].tolist(), default=4) >= dictionary.nspecial  # nothing unknown, no special
        assert model.decode(dictionary.string(numbers)) == line


def test_pieces_of_ordinary_lines_are_joined_by_fairseq_too(subwords: Subwords) -> None:
    for line in LINES:
        assert post_process(subwords.encode(line), "sentencepiece") == line.strip()


def test_no_learned_piece_can_be_mistaken(subwords: Subwords) -> None:
    for piece in subwords.vocabulary()[: -len(BYTES)]:
        assert not re.search(r"\s", piece) and piece not in SPECIALS


def test_common_words_are_one_piece_each_and_end_at_spaces() -> None:
    subwords = Subwords(train(LINES, 200).model)
    assert subwords.encode("int main () { $ return 0; }") == "int ▁main ▁() ▁{ ▁$ ▁return ▁0 ; ▁}"
    assert subwords.encode(" var_0 += 73") == "▁var_0 ▁+= ▁73"
    assert not any(re.search(r".▁", piece) for piece in subwords.vocabulary())


def test_a_word_is_the_same_piece_with_and_without_punctuation() -> None:
    subwords = Subwords(train([" stdout; (a) a: b.size() std::sort, ..."] * 5, 200).model)
    assert subwords.encode(" stdout, stdout (a): sort.size::b ...") == (
        "▁stdout , ▁stdout ▁(a) : ▁ sort . s i z e :: b ▁..."
    )
    wide = Subwords(train(["to stdout; "] * 5, 200, across_words=True).model)
    assert wide.encode("to stdout;") == "to▁stdout;"


def test_no_piece_that_the_text_lacks_is_used() -> None:
    """Merges on the way to longer pieces: of "stdout" SentencePiece makes "std" and "out" first."""
    counted = Counter({"the stdout,": 6, "the stdin": LEAST_COUNT - 1})
    lines = [*counted.elements()]
    subwords = Subwords(train(lines, 200).model)
    assert subwords.encode("the stdout, std, stdin") == "the ▁stdout , ▁ s t d , ▁ s t d i n"
    seen = Counter(piece for line in lines for piece in subwords.encode(line).split())
    assert all(seen[piece] >= LEAST_COUNT for piece in subwords.vocabulary()[: -len(BYTES)] if len(piece) > 1)


def test_pieces_may_span_spaces_when_asked() -> None:
    wide = Subwords(train(LINES, 200, across_words=True).model)
    assert any(re.search(r".▁", piece) for piece in wide.vocabulary())
    assert [wide.decode(wide.encode(line)) for line in HARD_LINES] == HARD_LINES


def test_the_same_lines_give_the_same_model(trained: Trained) -> None:
    assert train([*LINES, *SPECIALS * 50, *HARD_LINES * 3], 220) == trained


def test_size_counts_used_pieces(trained: Trained, subwords: Subwords) -> None:
    assert trained.used == len(subwords.vocabulary()) - len(BYTES) <= 220
    few = train(["ab ab ab"], 100)
    assert few.used < 10 and Subwords(few.model).decode("a b") == "ab"


def test_long_lines_are_learned_from() -> None:
    assert "▁wordofalongline" in Subwords(train([" ".join(["wordofalongline"] * 2000)], 40).model).vocabulary()


@pytest.mark.parametrize(
    ("lines", "size", "message"),
    [
        ([], 10, "no text to learn from"),
        (["", "  ", "\t"], 10, "no text to learn from"),
        (["abc def"], 6, "6 pieces cannot hold the 7 characters"),
    ],
)
def test_no_model_without_text_or_room(lines: list[str], size: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train(lines, size)


def test_bytes_that_form_no_character_are_marked(subwords: Subwords) -> None:
    assert subwords.decode("int <0xC3> ▁main <0x09>") == "int\ufffd main\t"
    assert subwords.decode("") == ""


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "no byte pieces"),
        ({"byte_fallback": True}, "normalises the text"),
        (
            {"byte_fallback": True, "normalization_rule_name": "identity", "user_defined_symbols": ["<mask>"]},
            "reserved words",
        ),
    ],
)
def test_other_models_are_refused(options: dict[str, object], reason: str, tmp_path: Path) -> None:
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_prefix=str(tmp_path / "other"),
        model_type="bpe",
        vocab_size=400,
        hard_vocab_limit=False,
        bos_id=-1,
        eos_id=-1,
        minloglevel=2,
        **options,
    )
    with pytest.raises(UserError, match=rf"other\.model cannot give back every line \(.*{reason}"):
        Subwords.load(tmp_path / "other.model")


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.model").write_text("no model")
    with pytest.raises(UserError, match="it is not a SentencePiece model"):
        Subwords.load(tmp_path / "x.model")
    with pytest.raises(UserError, match=r"cannot read .*y\.model: no such file"):
        Subwords.load(tmp_path / "y.model")
