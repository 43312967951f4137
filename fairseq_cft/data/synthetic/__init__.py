"""The synthetic language: straight-line C++ over ints, bools and strings, and pseudocode that never names a type."""

from .choices import Choices as Choices
from .code import to_code as to_code
from .corpus import Corpus as Corpus
from .corpus import Example as Example
from .corpus import TooFewProgramsError as TooFewProgramsError
from .corpus import make_corpus as make_corpus
from .generator import random_inputs as random_inputs
from .generator import random_program as random_program
from .interpreter import UndefinedBehaviourError as UndefinedBehaviourError
from .interpreter import run as run
from .preset import PRESETS as PRESETS
from .preset import Preset as Preset
from .pseudocode import is_pseudocode_of as is_pseudocode_of
from .pseudocode import to_pseudocode as to_pseudocode
from .spellings import count_spellings as count_spellings
from .spellings import draw_spellings as draw_spellings
from .spellings import plain_spelling as plain_spelling
from .statements import Program as Program
