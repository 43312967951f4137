"""Data sets: SPoC's tables, the synthetic language, subwords, corrupted pairs."""
