"""What `import fairseq_cft` offers, and what it costs."""

import subprocess
import sys

import pytest

import fairseq_cft


def test_models_are_imported_when_they_are_asked_for():
    code = (
        "import sys, fairseq_cft; assert {'torch', 'fairseq'}.isdisjoint(sys.modules); "
        "from fairseq_cft import ComposedTransformerModel; assert 'fairseq' in sys.modules; "
        "from fairseq.models import MODEL_REGISTRY; "
        "assert MODEL_REGISTRY['composed_transformer'] is ComposedTransformerModel"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=fairseq_cft.__path__[0] + "/.."
    )
    assert done.returncode == 0, done.stderr


def test_names_are_listed_and_others_refused():
    assert {"ComposedTransformerModel", "TransformerCFTModel", "__version__", "load_model"} <= set(dir(fairseq_cft))
    with pytest.raises(AttributeError, match="no attribute 'ComposedModel'"):
        fairseq_cft.ComposedModel  # noqa: B018
