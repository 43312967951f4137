"""Reading a results folder, and the sentences where its files do not belong together."""

import json
from pathlib import Path

import pytest
from browser_runs import REFUSED, RIGHT, WRONG, write_run
from commands import run

from fairseq_cft.errors import UserError
from fairseq_cft.report.browser import read_dataset, read_results

PAIRS = [("read n ;", "int n ;"), ("print n ;", "cout << n ;")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two systems, two examples, and results.json as `fairseq-cft collect` makes it."""
    evaluations, ids = tmp_path / "evaluations", ["7A-1-2", "7A-2-2"]
    write_run(evaluations, "composed.1.test", PAIRS, ["int n ;", None], [RIGHT, WRONG], ids)
    write_run(evaluations, "pretrained.1.test", PAIRS, ["n ;", "cout << n ;"], [REFUSED, RIGHT])
    files = sorted(evaluations.glob("*.json"))
    run("collect", *files, "--dataset", "made", "--output", tmp_path / "results.json")
    return tmp_path


def test_runs_come_in_the_order_of_the_reports(folder: Path) -> None:
    pretrained, composed = read_results(folder)
    assert (pretrained.method, composed.method) == ("pretrained", "composed")
    assert (composed.seed, composed.split) == (1, "test")
    assert composed.sources == ["read n ;", "print n ;"] and composed.references == ["int n ;", "cout << n ;"]
    assert composed.outputs == ["int n ;", None]
    assert [entry["id"] for entry in composed.verdicts] == ["7A-1-2", "7A-2-2"]
    assert composed.counts == {"correct": 1, "wrong_output": 1}
    assert read_dataset(folder) == "made"


def test_the_folder_of_evaluations_will_do(folder: Path) -> None:
    assert len(read_results(folder / "evaluations")) == 2
    assert read_dataset(folder / "evaluations") == "evaluations"


def test_logs_of_interactive_have_no_gold(folder: Path) -> None:
    log = folder / "evaluations/composed.1.test.log"
    log.write_text("".join(line for line in log.read_text().splitlines(keepends=True) if line[0] != "T"))
    assert read_results(folder)[1].references == [None, None]


def test_a_log_that_nobody_evaluated_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "evaluations/direct.1.test.log").write_text("H-0\t-1\tx\n")
    assert len(read_results(folder)) == 2
    assert "left out, not evaluated yet" in capsys.readouterr().err


def test_counts_must_be_those_of_results_json(folder: Path) -> None:
    records = json.loads((folder / "results.json").read_text())
    next(record for record in records if record["method"] == "composed")["correct"] = 2
    (folder / "results.json").write_text(json.dumps(records))
    with pytest.raises(UserError, match=r"counts 2 correct where .*composed.1.test.json has 1; run fairseq-cft"):
        read_results(folder)


def test_each_mistake_has_its_sentence(folder: Path, tmp_path: Path) -> None:
    evaluations = folder / "evaluations"

    def refused(sentence: str) -> None:
        with pytest.raises(UserError, match=sentence):
            read_results(folder)

    write_run(evaluations, "direct.1.test", PAIRS[:1], ["x"], [REFUSED])
    refused("has 2 examples but .*direct.1.test.json has 1")
    write_run(evaluations, "direct.1.test", [("read m ;", "int m ;"), PAIRS[1]], ["x", "y"], [REFUSED, REFUSED])
    refused("sentence 0 differs between the logs of composed.1.test and direct.1.test")
    write_run(evaluations, "direct.1.test", [("read <unk> ;", "int n ;"), PAIRS[1]], ["x", "y"], [REFUSED, REFUSED])
    assert len(read_results(folder)) == 3  # its dictionary is another one
    (evaluations / "direct.1.test.log").unlink()
    refused("cannot read .*direct.1.test.log")
    (evaluations / "direct.1.test.json").write_text('{"verdicts": [{"verdict": "great"}]}')
    refused("direct.1.test.json is no evaluation")
    (evaluations / "direct.1.test.json").rename(evaluations / "direct.json")
    refused("direct.json is not named METHOD.SEED.SPLIT.json")
    for path in evaluations.glob("*.json"):
        path.unlink()
    refused("holds no evaluations/METHOD.SEED.SPLIT.json")
