"""Runs what models wrote, turns verdicts into numbers. No fairseq, no torch; a C++ supervisor is built on first use.

from fairseq_cft.evaluation import Settings, TestCase, evaluate

report = evaluate(programs, testcases, Settings(time_limit=1.0))
print(report.as_text(), report.correct_rate, report.compile_rate)
"""

from ..errors import InfraError, UsageError
from .evaluator import evaluate
from .judge import Judgement
from .report import Report
from .settings import Settings
from .testcases import TestCase, TestCaseFolder, synthetic_cases
from .verdict import Verdict

__all__ = [
    "InfraError",
    "Judgement",
    "Report",
    "Settings",
    "TestCase",
    "TestCaseFolder",
    "UsageError",
    "Verdict",
    "evaluate",
    "synthetic_cases",
]
