"""`python -m fairseq_cft.evaluation` is `fairseq-cft-evaluate`."""

import sys

from fairseq_cft.evaluation.cli import main

sys.exit(main())
