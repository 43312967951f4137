"""What `import fairseq_cft` offers and costs, and how the plugin gets registered with fairseq."""

import subprocess
import sys
from pathlib import Path

import pytest

import fairseq_cft

ROOT = Path(__file__).parents[2]


def python(code: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, timeout=120)


REGISTERED = """
from fairseq.models import ARCH_MODEL_REGISTRY
from fairseq.tasks import TASK_REGISTRY
from fairseq.criterions import CRITERION_REGISTRY
sizes = ("spoc", "synthetic", "tiny")
assert {f"{model}_{size}" for model in ("composed_transformer", "transformer_cft") for size in sizes} <= set(
    ARCH_MODEL_REGISTRY)
assert {"code_denoising", "pseudocode_to_code"} <= set(TASK_REGISTRY)
assert "composed_finetuning" in CRITERION_REGISTRY
"""
USER_DIR = """
from argparse import Namespace
from fairseq import utils
utils.import_user_module(Namespace(user_dir={!r}))
"""
BY_HAND = "import fairseq_cft; fairseq_cft.register()"


def registers(code: str, cwd: Path = ROOT) -> None:
    done = python(f"{code}\n{REGISTERED}", cwd)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize(
    ("first", "spelling"),
    [
        ("", "fairseq_cft"),
        ("", "tests/../fairseq_cft"),
        ("import fairseq, fairseq_cft", "./fairseq_cft"),
        ("import fairseq, fairseq_cft", str(ROOT / "fairseq_cft")),
        (BY_HAND, "fairseq_cft"),
        (BY_HAND, "tests/../fairseq_cft"),
    ],
)
def test_user_dir_registers_the_plugin(first, spelling):
    registers(f"{first}\n{USER_DIR.format(spelling)}")


def test_user_dir_by_a_link_after_an_import(tmp_path):
    (tmp_path / "fairseq_cft").symlink_to(ROOT / "fairseq_cft")
    registers(f"{BY_HAND}\n{USER_DIR.format('fairseq_cft')}", tmp_path)


@pytest.mark.parametrize(
    "code",
    [
        "import fairseq, fairseq_cft",
        "import fairseq_cft.models",
        "import fairseq_cft.criterions.composed_finetuning",
        "import fairseq_cft.tasks.pseudocode_to_code",
    ],
)
def test_whichever_import_comes_first_everything_is_registered_once(code):
    registers(code)


def test_registering_by_hand_says_nothing():
    """Nor does fairseq, which advises whoever imports it to install tensorboardX for its text-to-speech task."""
    done = python(f"{BY_HAND}\nfairseq_cft.register()\n{REGISTERED}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_failed_registration_can_be_tried_again():
    broken = "import sys, fairseq_cft\nsys.modules['torch'] = None\n"
    tried = "try:\n    fairseq_cft.register()\n    assert False\nexcept ImportError:\n    del sys.modules['torch']\n"
    again = "for name in [name for name in sys.modules if name.startswith('fairseq.')]:\n    del sys.modules[name]\n"
    registers(f"{broken}{tried}{again}fairseq_cft.register()\n")


@pytest.mark.parametrize("asked", ["import fairseq_cft.tasks", "from fairseq_cft import ComposedTransformerModel"])
def test_what_needs_fairseq_says_what_to_install(asked):
    done = python(f"import sys; sys.modules['fairseq'] = None; import fairseq_cft; {asked}")
    assert done.returncode == 1
    assert "pip install 'fairseq_cft[fairseq]'" in done.stderr.splitlines()[-1]


def test_models_are_imported_when_they_are_asked_for():
    """Programs without models do not wait for fairseq."""
    light = "import sys, fairseq_cft.commands.evaluate, fairseq_cft.noise, fairseq_cft.data.subwords\n"
    light += "import fairseq_cft.data.spoc_files\nassert not {'fairseq', 'torch'} & sys.modules.keys()\n"
    asked = "from fairseq_cft import ComposedTransformerModel\nfrom fairseq.models import MODEL_REGISTRY\n"
    registers(f"{light}{asked}assert MODEL_REGISTRY['composed_transformer'] is ComposedTransformerModel\n")


def test_names_are_listed_and_others_refused():
    assert {"ComposedTransformerModel", "TransformerCFTModel", "__version__", "load_model"} <= set(dir(fairseq_cft))
    with pytest.raises(AttributeError, match="no attribute 'ComposedModel'"):
        fairseq_cft.ComposedModel  # noqa: B018


def test_a_users_mistake_is_one_sentence_and_status_1():
    done = python("from fairseq_cft.errors import UserError; raise UserError('this is wrong, do that')")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "fairseq_cft: error: this is wrong, do that"
    assert "Traceback" not in done.stderr
