"""Errors of the evaluation, told apart by whose fault they are."""

from __future__ import annotations

from fairseq_cft._errors import UserError


class UsageError(UserError):
    """The user asked for something that cannot be done: one sentence, exit status 2."""


class InfraError(Exception):
    """The evaluator itself failed (no compiler, full disk, a jail that does not start): never a wrong program."""
