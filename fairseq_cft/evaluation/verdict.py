"""What can become of one program."""

from enum import Enum


class Verdict(str, Enum):
    """The outcome of one example; every count and every rate is over these, and each example has exactly one."""

    CORRECT = "correct"
    WRONG_OUTPUT = "wrong_output"
    RUNTIME_ERROR = "runtime_error"
    TIME_LIMIT = "time_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    COMPILE_ERROR = "compile_error"
    COMPILE_TIME_LIMIT = "compile_time_limit"
    MISSING = "missing"  # there is no output
    NO_TESTCASES = "no_testcases"  # the program was compiled, but nothing could be asked of it
    INFRA_ERROR = "infra_error"  # the evaluator failed, not the program: the whole run fails

    def __str__(self) -> str:
        return self.value


NOT_COMPILED = frozenset({Verdict.COMPILE_ERROR, Verdict.COMPILE_TIME_LIMIT, Verdict.MISSING, Verdict.INFRA_ERROR})
