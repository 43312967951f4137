"""Exported models with subwords and C++, by the script, and the examples of the docs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT
from fairseq.hub_utils import GeneratorHubInterface
from pages import FENCE

from fairseq_cft import load_model
from fairseq_cft.errors import UserError
from fairseq_cft.inference.translator import UnknownTextWarning

pytestmark = pytest.mark.xdist_group("chain")


@pytest.fixture(scope="module")
def quickstart(chain, tmp_path_factory):
    """A folder as `make quickstart` leaves it, with the data and models of the chain, exported by the script."""
    root = tmp_path_factory.mktemp("checkout")
    out = root / "out" / "quickstart"
    (out / "models" / "composed.1").mkdir(parents=True)
    (out / "data-bin").mkdir()
    (out / "models" / "composed.1" / "checkpoint_best.pt").symlink_to(chain.composed)
    (out / "data-bin" / "pairs").symlink_to(chain.pairs)
    (out / "data").symlink_to(chain.data)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    script = [ROOT / "scripts/export_model.sh", out / "models/composed.1", out / "model", "--half"]
    done = subprocess.run(script, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1 and f"{out}/model: " in done.stdout and done.stderr == ""
    (root / "examples").symlink_to(ROOT / "examples")  # README asks the model there
    return root


def test_subwords_and_formats_come_with_the_folder(chain, quickstart):
    folder = quickstart / "out/quickstart/model"
    assert (folder / "subwords.model").read_bytes() == (chain.data / "bpe.model").read_bytes()
    model = load_model(folder)
    assert (model.config.pseudocode_format, model.config.program_format) == ("synthetic", "synthetic")
    gold = (chain.data / "train.tgt").read_text().splitlines()[0]
    source = (chain.data / "train.src").read_text().splitlines()[0]
    assert model.codec.decode(model.codec.encode(gold, "gold")[0]) == gold
    text = "\n".join(part.strip().rstrip(";") for part in source.split("$") if part.strip())
    assert model.score(text, gold) == model.score(source, gold) < 0
    assert model.score(source, gold.replace(" $ ", "\n")) == model.score(source, gold)
    with pytest.warns(UnknownTextWarning, match="holds 'é→'"):
        assert model.translate("print é→", trace=True).unknown == ("é→",)
    with pytest.raises(UserError, match=r"the pseudocode is \d{4} tokens long and the model takes 1024"):
        model.translate("print var_0 " * 900)


@pytest.mark.parametrize("page", ["docs/python_api.md", "README.md"])
def test_the_examples_of_the_docs_run(quickstart, monkeypatch, page):
    blocks = [
        body for language, body in FENCE.findall((ROOT / page).read_text(encoding="utf-8")) if language == "python"
    ]
    monkeypatch.chdir(quickstart)
    names = {}
    for block in blocks:
        exec(compile(block, page, "exec"), names)
    if page.startswith("docs"):
        assert len(blocks) >= 3 and names["programs"][0] == names["trace"].output
        assert isinstance(names["hub"], GeneratorHubInterface) and names["log_probability"] < 0
