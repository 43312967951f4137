"""Compile and run hypotheses, turn verdicts into numbers. Pure Python, no fairseq.

from fairseq_cft.evaluation import Settings, TestCase, evaluate

report = evaluate(programs, testcases, Settings(time_limit=1.0))
print(report.as_text(), report.correct_rate, report.compile_rate)
"""

from fairseq_cft.evaluation.errors import InfraError, UsageError
from fairseq_cft.evaluation.evaluator import evaluate
from fairseq_cft.evaluation.judge import Judgement
from fairseq_cft.evaluation.report import Report
from fairseq_cft.evaluation.settings import Settings
from fairseq_cft.evaluation.testcases import TestCase, TestCaseFolder, synthetic_cases
from fairseq_cft.evaluation.verdict import Verdict

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
