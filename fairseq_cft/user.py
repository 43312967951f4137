"""What a file named by --user-file imports: how to register a noise, a checker or a language.

    from fairseq_cft.user import Verdict, register_checker, register_noise

    @register_noise("drop_bracket")
    def drop_bracket(line, rng):
        places = [place for place, character in enumerate(line) if character in "[]"]
        if not places:
            return line
        place = places[rng.integers(len(places))]
        return line[:place] + line[place + 1 :]

    @register_checker("equal")
    def equal(output, case):
        return output == case.expected

docs/own_data.md is the tutorial.
"""

from .evaluation.languages.language import Prepared, Rejected
from .evaluation.languages.registry import register_language
from .evaluation.sandbox.limits import COMPILER_LIMITS
from .evaluation.sandbox.tiers import Sandbox
from .evaluation.user_checker import Case, Finished, Run, register_checker
from .evaluation.verdict import Verdict
from .noise import check_errors, check_share, register_noise

__all__ = [
    "COMPILER_LIMITS",
    "Case",
    "Finished",
    "Prepared",
    "Rejected",
    "Run",
    "Sandbox",
    "Verdict",
    "check_errors",
    "check_share",
    "register_checker",
    "register_language",
    "register_noise",
]
