"""A noise of a model's own mistakes: what it wrote instead of some words, wherever the same words stand in a program.

A denoiser mends what its noise breaks, and a noise that somebody made up breaks other things than a predictor does.
Here they are taken from what the predictor wrote for training pairs, beside the references, and put into unlabeled
programs.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

import numpy as np

from . import MistakesNoise
from .cpp_words import is_name

MOST_WORDS = 8  # that one mistake replaces, or puts in their place: what differs in more is another program
MOST_KINDS = 4000  # of mistakes that a noise makes, the most frequent ones
DRAWN = 64  # mistakes drawn for one program at most: of some the words stand nowhere in it
END = ""  # stands before the first word and after the last


class Mistake(NamedTuple):
    """Words, and what a model wrote instead; `$0`, `$1` ... are names of the program, each another one."""

    times: int
    right: str  # the first and the last word are those beside the mistake, which stay
    wrong: str  # what is written between these two


def find_mistakes(pairs: Iterable[tuple[str, str]]) -> list[Mistake]:
    """The mistakes in pairs of a reference and what a model wrote, one line each; the most frequent first."""
    found = Counter(mistake for right, wrong in pairs for mistake in _differences(right.split(), wrong.split()))
    return [Mistake(times, *mistake) for mistake, times in found.most_common(MOST_KINDS)]


def _differences(right: list[str], wrong: list[str]) -> Iterator[tuple[str, str]]:
    right, wrong = [END, *right, END], [END, *wrong, END]
    for kind, start, end, wrong_start, wrong_end in SequenceMatcher(None, right, wrong, autojunk=False).get_opcodes():
        if kind != "equal" and max(end - start, wrong_end - wrong_start) <= MOST_WORDS:
            names: dict[str, str] = {}
            parts = right[start - 1 : end + 1], wrong[wrong_start:wrong_end]
            said = [
                " ".join(names.setdefault(word, f"${len(names)}") if word and is_name(word) else word for word in part)
                for part in parts
            ]
            yield said[0], said[1]


def noise_of_mistakes(mistakes: Sequence[tuple[int, str, str]]) -> type:
    """A noise that makes such mistakes, each as often as it was found, where its words stand in a program."""
    kinds = [(right.split(" "), wrong.split()) for _, right, wrong in mistakes]
    shares = np.cumsum([times for times, _, _ in mistakes], dtype=float)
    shares /= shares[-1]

    @dataclass(frozen=True)
    class LearnedNoise(MistakesNoise):
        def __call__(self, program_line: str, rng: np.random.Generator) -> str:
            """The program with mistakes, or as it was."""
            if rng.random() < self.clean_share:
                return program_line
            words = [END, *program_line.split(), END]
            low, high = self.errors
            wanted = int(rng.integers(low, high + 1))
            for kind in np.searchsorted(shares, rng.random(DRAWN)):
                right, wrong = kinds[kind]
                wanted -= _make(words, right, wrong, rng)
                if wanted == 0:
                    break
            return " ".join(words[1:-1]) or program_line

    return LearnedNoise


def _make(words: list[str], right: list[str], wrong: list[str], rng: np.random.Generator) -> bool:
    """Make one mistake, in place, somewhere where its words stand; False if they stand nowhere."""
    names = {word: None for word in words if word and is_name(word)}  # in the order of the program
    first = right[0]
    starts = [place for place, word in enumerate(words) if (word in names if _is_slot(first) else word == first)]
    places = [(place, slots) for place in starts if (slots := _bound(words, place, right, names)) is not None]
    if not places:
        return False
    place, slots = places[rng.integers(len(places))]
    others = [name for name in names if name not in slots.values()]
    for slot in dict.fromkeys(wrong):
        if _is_slot(slot) and slot not in slots:
            if not others:
                return False
            slots[slot] = others.pop(rng.integers(len(others)))
    words[place + 1 : place + len(right) - 1] = [slots.get(word, word) for word in wrong]
    return True


def _bound(words: list[str], place: int, right: list[str], names: Collection[str]) -> dict[str, str] | None:
    """The names that the slots stand for if these words stand at this place, else None."""
    slots: dict[str, str] = {}
    here = words[place : place + len(right)]
    if len(here) < len(right):
        return None
    for wanted, word in zip(right, here, strict=True):
        if _is_slot(wanted):
            if word not in names or slots.setdefault(wanted, word) != word:
                return None
        elif wanted != word:
            return None
    return slots if len({*slots.values()}) == len(slots) else None  # two slots are two names


def _is_slot(word: str) -> bool:
    return word[:1] == "$" and word[1:].isdigit()
