"""`measure-speed` on the small chain's models: every case runs, and the ratios are those of its records."""

import gc
import json
import multiprocessing

import pytest
from commands import SMALL, run

pytestmark = pytest.mark.xdist_group("chain")


@pytest.fixture(scope="module")
def folder(chain, tmp_path_factory):
    folder = tmp_path_factory.mktemp("speed")
    (folder / "data-bin").mkdir()
    (folder / "data-bin/pairs").symlink_to(chain.pairs)
    (folder / "data-bin/programs").symlink_to(chain.programs)
    (folder / "data").symlink_to(chain.data)
    for name in ("direct.1", "denoiser"):
        (folder / "models" / name).mkdir(parents=True)
        (folder / "models" / name / "checkpoint_best.pt").symlink_to(chain.denoiser)
    return folder


def measure(folder, output, max_tokens, *groups):
    run(
        "measure-speed", "--folder", folder, "--repeats", 1, "--batches", 1, "--only", *groups,
        "--max-tokens", max_tokens, "--output", output, "--", *SMALL,
    )  # fmt: skip
    return json.loads(output.read_text())


@pytest.fixture(scope="module")
def result(folder):
    return measure(folder, folder / "speed.json", 200, "training_steps", "decoding", "corruption")


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


def test_copying_is_compared_on_outputs_of_full_length(folder, tmp_path):
    result = measure(folder, tmp_path / "speed.json", 400, "copying")
    assert len(result["ratios"]) == 6 and len(result["records"]) == 2 * (2 + 2 + 4)
    for record in result["records"]:
        assert record["tokens_per_second"] * record["seconds_median"] == pytest.approx(400, rel=5e-3)


@pytest.mark.parametrize("max_tokens", [200, 100_000], ids=["more than enough", "one"])
def test_the_worker_that_corrupts_ends_however_many_batches_there_are(folder, tmp_path, max_tokens):
    before = multiprocessing.active_children()
    measured = measure(folder, tmp_path / "speed.json", max_tokens, "corruption")
    assert [record["group"] for record in measured["records"]] == ["corruption"]
    gc.collect()
    assert set(multiprocessing.active_children()) <= set(before)


def test_what_was_measured_before_a_failure_is_kept(folder, tmp_path):
    (tmp_path / "data").mkdir()  # without the programs that the preprocessing reads
    for name in ("data-bin", "models", "data/bpe.model"):
        (tmp_path / name).symlink_to(folder / name)
    with pytest.raises(FileNotFoundError, match=r"unlabeled\.tgt"):
        measure(tmp_path, tmp_path / "speed.json", 1000, "corruption", "preprocessing")
    assert json.loads((tmp_path / "speed.json").read_text())["records"]
