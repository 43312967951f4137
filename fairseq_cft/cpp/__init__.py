"""Programs as text: line format, C++ tokens, the synthetic language, corruptions. Pure Python, no fairseq."""
