"""The error that is the evaluation's own fault."""

from __future__ import annotations


class InfraError(Exception):
    """The evaluator itself failed (no compiler, full disk, a jail that does not start): never a wrong program."""
