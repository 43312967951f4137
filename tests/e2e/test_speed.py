"""benchmark_speed.py on the small chain's models: every case runs, and the ratios are those of its records."""

import json
import sys
from unittest import mock

import pytest
from commands import ROOT, SMALL, program


@pytest.fixture(scope="module")
def result(chain, tmp_path_factory):
    folder = tmp_path_factory.mktemp("speed")
    (folder / "data-bin").mkdir()
    (folder / "data-bin/pairs").symlink_to(chain.pairs)
    (folder / "data-bin/programs").symlink_to(chain.programs)
    (folder / "data").symlink_to(chain.data)
    for name in ("direct.1", "denoiser"):
        (folder / "models" / name).mkdir(parents=True)
        (folder / "models" / name / "checkpoint_best.pt").symlink_to(chain.denoiser)
    with mock.patch.object(sys, "path", [str(ROOT / "scripts"), *sys.path]):
        program(
            "scripts/benchmark_speed.py", "--folder", folder, "--repeats", 1, "--batches", 1, "--max-tokens", 200,
            "--only", "training_steps", "decoding", "corruption", "--output", folder / "speed.json", "--", *SMALL,
        )  # fmt: skip
    return json.loads((folder / "speed.json").read_text())


def test_all_cases_ran(result):
    groups = {}
    for record in result["records"]:
        groups.setdefault(record["group"], []).append(record["name"])
        assert record["seconds_median"] > 0 and record["tokens_per_second"] > 0
    assert set(groups) == {"training step", "decoding", "two-stage generation", "corruption"}
    for copies, estimator in ((1, "reinforce"), (1, "self_critical"), (1, "gumbel"), (2, "rloo"), (4, "rloo")):
        assert f"composed K={copies}, {estimator}" in groups["training step"]


def test_ratios_are_those_of_the_records(result):
    seconds = {record["name"]: record["seconds_median"] for record in result["records"]}
    ratios = result["ratios"]
    plain, stock = seconds["cross-entropy"], seconds["fairseq's SequenceGenerator, beam 1"]
    near = {"rel": 2e-3}
    assert ratios["composed_k1_over_cross_entropy"] == pytest.approx(seconds["composed K=1, reinforce"] / plain, **near)
    assert ratios["composed_k2_over_cross_entropy"] == pytest.approx(seconds["composed K=2, rloo"] / plain, **near)
    assert ratios["greedy_over_fairseq_generator"] == pytest.approx(stock / seconds["greedy"], **near)
    assert 0 <= ratios["corruption_wait_share"] < 1
    assert result["machine"]["cores"] >= 1
