"""`fairseq-cft collect` and `report`: from evaluations to records, a table with intervals, and a picture."""

import json
import re
from pathlib import Path

import pytest
from script_runs import command, write_evaluation, write_results

from fairseq_cft.report.pictures import read_curves


@pytest.fixture
def results(tmp_path) -> Path:
    """Two seeds; of 100 programs the composed model gets 60 and 62 right, the pretrained one 40 and 42 of these."""
    return write_results(tmp_path, "made", seeds=(1, 2))


def reported(folder: Path) -> tuple[str, str]:
    """What the report of a folder's evaluations prints, and report.md."""
    results = folder / "results.json"
    assert command("collect", *folder.glob("*.json"), "--dataset", "made", "--output", results).returncode == 0
    done = command("report", results, "--output-dir", folder / "out")
    assert done.returncode == 0, done.stderr
    return done.stdout, (folder / "out/report.md").read_text()


def test_records_hold_counts_and_seeds(results):
    records = json.loads(results.read_text())
    assert len(records) == 8
    one = next(each for each in records if each["method"] == "composed" and each["seed"] == 2)
    assert (one["split"], one["n"], one["correct"], one["compile_error"]) == ("test", 100, 62, 38)
    assert one["signature"] == "made for this test" and one["evaluation"] == "composed.2.test.json"
    assert one["correct_by_program"] == one["compiled_by_program"] == "1" * 62 + "0" * 38


def test_results_may_stand_elsewhere(results, tmp_path):
    given = [*results.parent.glob("composed.1.*.json")]
    (tmp_path / "other").mkdir()
    output = tmp_path / "other/results.json"
    assert command("collect", *given, "--dataset", "made", "--output", output).returncode == 0
    for one in json.loads(output.read_text()):
        assert (output.parent / one["evaluation"]).samefile(results.parent / f"composed.1.{one['split']}.json")


def test_a_wrong_name_is_refused(tmp_path):
    write_evaluation(tmp_path / "composed.test.json", [True])
    done = command("collect", tmp_path / "composed.test.json", "--dataset", "made", "--output", tmp_path / "r.json")
    assert done.returncode == 1 and "is not named METHOD.SEED.SPLIT.json" in done.stderr
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"[{", "is no JSON"), (b"\xff", "is no JSON"), (b"{}", "is no list of records"),
     (b"[1]", "is no list of records"), (b"[]", "no records in"), (b'[{"dataset": "x"}]', "has no "),
     (None, "cannot read")],
)  # fmt: skip
def test_what_is_no_results_file_is_named(tmp_path, content, sentence):
    file = tmp_path / "results.json"
    if content is not None:
        file.write_bytes(content)
    done = command("report", file, "--output-dir", tmp_path / "out")
    assert done.returncode == 1 and sentence in done.stderr and str(file) in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"signature": "", "verdicts": [{"verdict": "odd"}]}'])
def test_what_is_no_evaluation_is_named(tmp_path, content):
    (tmp_path / "a.1.test.json").write_text(content)
    done = command("collect", tmp_path / "a.1.test.json", "--dataset", "made", "--output", tmp_path / "r.json")
    assert done.returncode == 1 and "a.1.test.json is no " in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "r.json").exists()


def test_report_compares_on_the_same_programs(results, tmp_path):
    log = tmp_path / "composed.log"
    log.write_text(
        "".join(
            f'2026-01-01 | INFO | valid | {{"epoch": {epoch}, "valid_composed_loss": "{1 / epoch}", '
            f'"valid_base_loss": "0.5", "valid_num_updates": "{10 * epoch}"}}\n'
            for epoch in (1, 2)
        )
    )
    (tmp_path / "denoiser.json").write_text(
        json.dumps({"programs": 500, "broken": 350, "clean_kept": 0.99, "restored": 0.9})
    )
    done = command(
        "report", results, "--output-dir", tmp_path / "out", "--curves", f"composed={log}",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out/report.md").read_text()
    methods = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    assert methods == ["pretrained", "composed:base", "composed", "mine"]
    assert "| `composed` | 61.0% (" in text and "Seeds 1, 2" in text
    gain = next(line for line in text.splitlines() if line.startswith("- `composed` against `pretrained`, test"))
    assert "relative gain 48.8% (" in gain and "only `composed` right on 40, only `pretrained` on 0" in gain
    answer = "- test (in distribution), `composed` over `pretrained`: not decided (2 seeds); relative gain 48.8% ("
    assert answer in text and answer in done.stdout
    # two seeds, 20 points better by each: signs alone would say 2 / 2 ** 2
    assert "(bootstrap p = 0.0002, over seeds alone p = 0.5; 2 seeds)" in gain and "McNemar" not in text
    assert "99.0% (98.0% to 99.8%) of clean programs kept, 90.0% (" in text
    assert (tmp_path / "out/report.png").read_bytes().startswith(b"\x89PNG")
    assert "composed" in done.stdout and "61.0%" in done.stdout


def test_curves_of_a_resumed_training_are_whole_and_of_an_old_one_left_out(results, tmp_path):
    """Killed after its second validation, in the middle of a line, and resumed from before that."""
    lines = [
        f'x | valid | {{"epoch": {n}, "valid_loss": "{1 / n}", "valid_num_updates": "{10 * n}"}}' for n in (1, 2, 3)
    ]
    (tmp_path / "train.log").write_text("\n".join([*lines[:2], lines[2][:40] + "x | resumed", *lines[1:], ""]))
    assert read_curves(tmp_path / "train.log")["loss"] == [(10, 1), (20, 1 / 2), (30, 1 / 3)]
    curves = ("--curves", f"direct={tmp_path}/gone.log", f"composed={tmp_path}/train.log")
    done = command("report", results, "--output-dir", tmp_path / "out", *curves)
    assert done.returncode == 0 and f"{tmp_path}/gone.log does not exist: no curve" in done.stderr


def test_methods_are_compared_on_the_seeds_that_both_have(tmp_path):
    """composed has the seeds 1 and 2, right on the first 30 and 60; pretrained 2 and 3, on the first 50 and 100."""
    for name, count in (("composed.1", 30), ("composed.2", 60), ("pretrained.2", 50), ("pretrained.3", 100)):
        write_evaluation(tmp_path / f"{name}.test.json", [number < count for number in range(100)])
    write_evaluation(tmp_path / "pretrained_longer.3.test.json", [True] * 100)
    _, text = reported(tmp_path)
    (line,) = (line for line in text.splitlines() if line.startswith("- `composed` against "))
    assert "`pretrained`, test (in distribution), seeds 2: relative gain 20.0% (" in line
    assert "only `composed` right on 10, only `pretrained` on 0 (McNemar p = 0.002; 1 seed)" in line
    place = "- test (in distribution), seeds 2, `composed` over `pretrained`"
    assert f"{place}: yes (of these models: 1 seed); relative gain 20.0%" in text
    assert "over `pretrained_longer`" not in text


def test_every_rate_in_the_table_has_its_interval(results, tmp_path):
    command("report", results, "--output-dir", tmp_path / "out")
    rows = [line for line in (tmp_path / "out/report.md").read_text().splitlines() if line.startswith("| `")]
    cells = [cell for row in rows for cell in row.split("|")[2:-1]]
    assert len(cells) == 4 * 2
    for cell in cells:
        value, low, high = (float(number) for number in re.findall(r"([\d.]+)%", cell))
        assert low <= value <= high and low < high


def test_data_sets_get_a_section_each_from_results_json_alone(results, tmp_path):
    other = write_results(tmp_path / "b", "other", seeds=(1,))
    for evaluation in (tmp_path / "b").glob("*.1.test.json"):
        evaluation.unlink()
    done = command("report", results, other, "--output-dir", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    first, second = (tmp_path / "out/report.md").read_text().split("# other: ")
    assert "# made: " in first and "| `composed` | 61.0% (" in first and "bootstrap p" in first
    assert "| `composed` | 60.0% (" in second and "McNemar p" in second and "Seeds 1;" in second


def test_the_same_result_twice_is_refused(results, tmp_path):
    done = command("report", results, results, "--output-dir", tmp_path / "out")
    assert done.returncode == 1 and "made has two results of composed, seed 1, test" in done.stderr
    assert not (tmp_path / "out").exists()


def test_what_fine_tuning_destroyed_is_compared_with_the_denoiser(results, tmp_path):
    def skill(method: str, seed: int, kept: int, restored: int) -> dict[str, object]:
        rows = {"kept_by_program": "1" * kept + "0" * (100 - kept)}
        return {"method": method, "seed": seed, **rows, "restored_by_program": "1" * restored + "0" * (50 - restored)}

    models = [skill("denoiser", 0, 98, 40), skill("pretrained", 1, 60, 20), skill("pretrained", 2, 50, 10)]
    content = {"split": "valid", "programs": 100, "broken": 50, "models": models}
    (tmp_path / "destroyed.json").write_text(json.dumps(content))
    assert command("report", results, "--output-dir", tmp_path / "out").returncode == 0
    text = (tmp_path / "out/report.md").read_text().split("## What fine-tuning destroys")[1]
    assert "| `denoiser` | 98.0% (" in text and "| `pretrained`, 2 seeds | 55.0% (" in text and "| 30.0% (" in text
    line = next(line for line in text.splitlines() if line.startswith("- `pretrained` against the denoiser"))
    assert "clean kept: relative gain -43.9% (" in line and "restored: relative gain -62.5% (" in line


@pytest.mark.parametrize(
    ("counts", "answer"),
    [
        ((58, 60, 59), "yes (3 seeds)"),
        ((90, 51, 52), "not decided (3 seeds)"),
        ((22, 20, 21), "no, it is worse (3 seeds)"),
        ((80,), "yes (of these models: 1 seed)"),
        ((20,), "no, it is worse (of these models: 1 seed)"),
    ],
    ids=str,
)
def test_the_answer_needs_the_seeds_to_agree(tmp_path, counts, answer):
    """Of 100 programs pretrained has the first 50 right with each seed."""
    for seed, count in enumerate(counts):
        write_evaluation(tmp_path / f"pretrained.{seed}.ood.json", [number < 50 for number in range(100)])
        write_evaluation(tmp_path / f"composed.{seed}.ood.json", [number < count for number in range(100)])
    assert f"- ood (out of distribution), `composed` over `pretrained`: {answer}; " in reported(tmp_path)[0]


def test_the_answer_depends_on_the_interval(tmp_path):
    """Of 100 programs pretrained has the first 50 right, composed the last 52."""
    write_evaluation(tmp_path / "pretrained.1.ood.json", [number < 50 for number in range(100)])
    write_evaluation(tmp_path / "composed.1.ood.json", [number >= 48 for number in range(100)])
    assert "`composed` over `pretrained`: not decided (of these models: 1 seed); " in reported(tmp_path)[0]


@pytest.mark.parametrize("seeds", [1, 2])
@pytest.mark.parametrize("programs", [1, 5])
def test_a_handful_of_programs_answers_nothing(tmp_path, programs, seeds):
    for seed in range(seeds):
        write_evaluation(tmp_path / f"pretrained.{seed}.test.json", [False] * programs)
        write_evaluation(tmp_path / f"composed.{seed}.test.json", [True] * programs)
    printed, text = reported(tmp_path)
    (line,) = (line for line in printed.splitlines() if "over `pretrained`" in line)
    assert "not decided" in line and "+100.0 points (-" in line
    assert f"p = {min(1.0, 2 / 2**programs):.2g}" in text and f"{seeds} seed" in text


def test_every_rival_stands_in_the_comparisons(tmp_path):
    """Of `composed` whatever is not composed, named by the benchmarks or not; of others what has the same start."""
    rivals = ["direct", "direct+denoise", "pretrained", "mine"]
    for name in ("composed", "composed:base", "composed_direct_init", *rivals, "mine+gate"):
        write_evaluation(tmp_path / f"{name}.1.test.json", [True, False] * 10)
    printed, text = reported(tmp_path)
    own = [("composed_direct_init", rival) for rival in ("direct", "direct+denoise")]
    assert re.findall(r"`(\w+)` over `(.+?)`", printed) == [*(("composed", rival) for rival in rivals), *own]
    assert re.findall(r"^- `composed` against `(.+?)`", text, re.MULTILINE) == rivals


def test_a_system_with_fewer_seeds_says_so(tmp_path):
    for name, seeds in (("direct", (1,)), ("composed", (1, 2))):
        for seed in seeds:
            write_evaluation(tmp_path / f"{name}.{seed}.test.json", [True, False] * 10)
    printed, text = reported(tmp_path)
    assert re.search(r"^\| `direct` \| 50.0% \(.*?\), 1 seed \|", text, re.MULTILINE)
    assert re.search(r"^\| `composed` \| 50.0% \([^)]*\) \|", text, re.MULTILINE) and "], 1 seed" not in text
    assert re.search(r"^direct .*\], 1 seed$", printed, re.MULTILINE)
