"""Errors of the evaluation, told apart by whose fault they are."""

from __future__ import annotations


class UsageError(Exception):
    """The user asked for something that cannot be done: one sentence, exit status 2."""


class InfraError(Exception):
    """The evaluator itself failed (no compiler, full disk, a jail that does not start): never a wrong program."""
