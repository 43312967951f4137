"""The synthetic language: straight-line C++ over ints, bools and strings, and pseudocode that never names a type."""

from .choices import Choices
from .code import to_code
from .corpus import Corpus, Example, TooFewProgramsError, make_corpus
from .generator import random_inputs, random_program
from .interpreter import UndefinedBehaviourError, run
from .preset import PRESETS, Preset
from .pseudocode import is_pseudocode_of, to_pseudocode
from .spellings import count_spellings, draw_spellings, plain_spelling
from .statements import Program

__all__ = [
    "PRESETS",
    "Choices",
    "Corpus",
    "Example",
    "Preset",
    "Program",
    "TooFewProgramsError",
    "UndefinedBehaviourError",
    "count_spellings",
    "draw_spellings",
    "is_pseudocode_of",
    "make_corpus",
    "plain_spelling",
    "random_inputs",
    "random_program",
    "run",
    "to_code",
    "to_pseudocode",
]
