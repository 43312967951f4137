#!/usr/bin/env python3
"""`fairseq-cft code`, for those who look for it here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from fairseq_cft.__main__ import main

if __name__ == "__main__":
    sys.exit(main(["code", *sys.argv[1:]]))
