"""Exported models against fairseq's own command lines, and its own interface beside ours."""

import math
import os
from pathlib import Path

import pytest
from commands import PLUGIN, call, generate
from fairseq.hub_utils import GeneratorHubInterface

from fairseq_cft import ComposedTransformerModel, load_model
from fairseq_cft.errors import UserError
from fairseq_cft.inference.export import export

pytestmark = pytest.mark.xdist_group("sorting")
GENERATE = ("--task", "pseudocode_to_code", "--gen-subset", "test16")
BASE = ("--model-overrides", "{'output_stage': 'base'}")


@pytest.fixture(scope="module")
def model(sorting):
    export(sorting.composed, sorting.root / "exported")
    return load_model(sorting.root / "exported")


@pytest.fixture(scope="module")
def sources(sorting):
    return Path(f"{sorting.tests[-1]}.src").read_text().splitlines()


@pytest.mark.parametrize("beam", [1, 5])
def test_outputs_and_scores_are_those_of_fairseq_generate(sorting, model, sources, capsys, beam):
    from fairseq_cli.generate import cli_main

    composed = generate(sorting.data, sorting.composed, *GENERATE, "--beam", beam, capsys=capsys)
    base = generate(sorting.data, sorting.composed, *GENERATE, "--beam", 1, *BASE, capsys=capsys)
    traces = model.translate(sources, beam, trace=True)
    assert [trace.output for trace in traces] == composed and [trace.base for trace in traces] == base
    assert {trace.changed for trace in traces} == {True, False}

    capsys.readouterr()
    given = ("--user-dir", PLUGIN, "--path", sorting.composed, "--num-workers", 0, "--beam", beam)
    call(cli_main, sorting.data, *given, *GENERATE)
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines() if line.startswith("H-")]
    scores = {int(name[2:]): float(score) for name, score, _ in lines}
    for number, trace in enumerate(traces):  # base 2, mean over the tokens and the end symbol
        tokens = len(trace.output.split()) + 1
        assert trace.output_score / tokens / math.log(2) == pytest.approx(scores[number], abs=1e-4)


def test_fairseqs_own_interface_keeps_working(sorting, sources, capsys):
    folder, name = sorting.composed.parent, sorting.composed.name
    hub = ComposedTransformerModel.from_pretrained(str(folder), name, str(sorting.data))
    assert isinstance(hub, GeneratorHubInterface)
    expected = generate(sorting.data, sorting.composed, *GENERATE, "--beam", 5, capsys=capsys)
    assert hub.translate(sources, beam=5) == expected
    os.link(sorting.composed, folder / "model.pt")
    try:
        assert isinstance(
            ComposedTransformerModel.from_pretrained(folder, data_name_or_path=str(sorting.data)), type(hub)
        )
    finally:
        (folder / "model.pt").unlink()


def test_what_is_neither_is_refused_in_a_sentence(sorting, model):
    for folder in (sorting.composed.parent, "gone"):
        with pytest.raises(UserError, match=r"holds no exported model; make one with fairseq-cft export RUN OUT"):
            ComposedTransformerModel.from_pretrained(folder)
    with pytest.raises(UserError, match="settings are fixed: give the folder alone"):
        ComposedTransformerModel.from_pretrained(sorting.root / "exported", output_stage="base")
    with pytest.warns(DeprecationWarning, match="write fairseq_cft.load_model"):  # README's spelling before load_model
        old = ComposedTransformerModel.from_pretrained(sorting.root / "exported")
    assert old.translate("a b") == model.translate("a b")
