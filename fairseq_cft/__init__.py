"""Composed fine-tuning as a fairseq plugin: ``fairseq-train --user-dir fairseq_cft ...``."""

import logging
from importlib.util import find_spec

__version__ = "0.1.0"

if find_spec("fairseq") is None:
    raise ImportError(
        "fairseq_cft is a plugin of fairseq, which is not installed: pip install 'fairseq_cft[fairseq]' "
        "(it takes ve-fairseq 0.12.3 on Python 3.11 and 3.12, fairseq 0.12.2 on Python 3.10)"
    )

# fairseq advises every importer to install tensorboardX for its text-to-speech task; this must come before fairseq
logging.getLogger("fairseq.tasks.text_to_speech").setLevel(logging.WARNING)

from . import _errors, _on_import

_on_import.of_fairseq(f"{__name__}._registration")
