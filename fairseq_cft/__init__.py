"""Composed fine-tuning as a fairseq plugin: ``fairseq-train --user-dir fairseq_cft ...``."""

__version__ = "0.1.0"
