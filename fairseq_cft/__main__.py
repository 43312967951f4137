"""Prints this package's folder, for --user-dir: ``fairseq-train --user-dir "$(python -m fairseq_cft)" ...``."""

from pathlib import Path

if __name__ == "__main__":
    print(Path(__file__).parent)
