"""Compile and run hypotheses, turn verdicts into numbers. Pure Python, no fairseq."""
