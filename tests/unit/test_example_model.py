"""examples/model: it fits the code as it is, is small, and `make demo` shows both of its stages."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import ROOT
from synthetic_parser import parse

from fairseq_cft import load_model
from fairseq_cft.formats.line_format import decode_line

MODEL = ROOT / "examples/model"
PSEUDOCODE = (
    'instantiate var_2\nread var_2 from stdin\nset var_2 to "str_2"\nset var_3 to true\n'
    "output var_2 to stdout\noutput var_3 to stdout"
)
PROGRAM = 'string var_2 ; $ cin >> var_2 ; $ var_2 = "str_2" ; $ bool var_3 = true ;'
MOST_BYTES = 1_200_000


@pytest.fixture(scope="module")
def model():
    return load_model(MODEL)


def test_the_denoiser_mends_what_the_base_predictor_got_wrong(model):
    trace = model.translate(PSEUDOCODE, trace=True)
    assert PROGRAM.replace("string var_2", "bool var_2") in trace.base and PROGRAM in trace.output
    parse(trace.output)  # a program of the language
    assert "string var_2 ;" in model.translate(PSEUDOCODE, format="cpp")
    assert decode_line(trace.output).count("\n") > 5


def test_it_is_small_and_says_what_it_is():
    assert sum(path.stat().st_size for path in MODEL.iterdir()) <= MOST_BYTES
    config = json.loads((MODEL / "config.json").read_text())
    assert (config["kind"], config["dtype"]) == ("composed", "float16")
    card = (MODEL / "README.md").read_text()
    assert "Signature: `lang:cpp|" in card and "| `composed.1.ood` | 200 |" in card and "## Licence\n\nMIT" in card


def test_the_demonstration_answers(tmp_path: Path):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [ROOT / "scripts/demo.sh"], input=f"{PSEUDOCODE}\n\n", capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, "PATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "For example" in done.stdout and "+   string var_2 ;" in done.stdout
