"""The data set: splits of distinct programs with their pseudocode, inputs and expected outputs."""

from dataclasses import dataclass

import numpy as np

from .choices import Choices
from .code import to_code
from .generator import random_inputs, random_program
from .interpreter import run
from .preset import Preset
from .pseudocode import Style, to_pseudocode
from .spellings import plain_spelling
from .statements import Program

PATIENCE = 5000  # draws in a row without a new program after which the language counts as used up
LABELED_SPLITS: dict[str, Style] = {"train": "seen", "valid": "seen", "test": "seen", "ood": "unseen"}
UNLABELED = "unlabeled"


class TooFewProgramsError(ValueError):
    """The language has fewer distinct programs than were asked for."""


@dataclass(frozen=True)
class Example:
    """A program with its pseudocode and one test case, each as a line of text."""

    source: str
    target: str
    inputs: str  # separated by tabs
    output: str
    program: Program


@dataclass(frozen=True)
class Corpus:
    """All splits of a data set."""

    labeled: dict[str, list[Example]]
    unlabeled: list[str]


def make_corpus(preset: Preset, seed: int) -> Corpus:
    """Generate every split. The same preset and seed give the same text.

    No two programs of the corpus are the same line, and no two programs of different splits differ in spelling only.
    """
    rng = np.random.default_rng(seed)
    choices = Choices(rng)
    labeled: dict[str, list[Example]] = {split: [] for split in LABELED_SPLITS}
    unlabeled: list[str] = []
    for split, program, line in _distinct_programs(preset, choices, rng):
        if split == UNLABELED:
            unlabeled.append(line)
        else:
            labeled[split].append(_example(program, line, LABELED_SPLITS[split], preset, choices))
    return Corpus(labeled, unlabeled)


def _distinct_programs(preset: Preset, choices: Choices, rng: np.random.Generator) -> list[tuple[str, Program, str]]:
    """Programs with the split each belongs to.

    The splits take turns at random: were they filled one after another, the first would use up the short programs,
    which are few and come early, and the last would hold none.
    """
    sizes = (preset.labeled, preset.valid, preset.test, preset.ood, preset.unlabeled)
    turns = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    names = (*LABELED_SPLITS, UNLABELED)
    lines: set[str] = set()
    owners: dict[Program, str] = {}
    found: list[tuple[str, Program, str]] = []
    for split in (names[turn] for turn in turns.tolist()):
        for _ in range(PATIENCE):
            program = random_program(preset, choices)
            line = to_code(program)
            if line not in lines and owners.setdefault(plain_spelling(program), split) == split:
                break
        else:
            raise TooFewProgramsError(
                f"the language of this preset has too few distinct programs: {len(found)} of {len(turns)} were found; "
                "ask for fewer, or for more variable names, values or statements"
            )
        lines.add(line)
        found.append((split, program, line))
    return found


def _example(program: Program, line: str, style: Style, preset: Preset, choices: Choices) -> Example:
    inputs = random_inputs(program, preset, choices)
    return Example(
        to_pseudocode(program, choices.one_of, style), line, "\t".join(inputs), run(program, inputs), program
    )
