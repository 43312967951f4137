"""`compare`: what it would run on somebody's own data, and what it refuses; docs/own_data.md's test runs it."""

from pathlib import Path

import pytest
from script_runs import dry_run, shown_commands, value, wrong_use

SUBWORDS_TRAIN = "python -m fairseq_cft subwords train"
FILES = [f"{split}.{side}" for split in ("train", "valid", "test") for side in ("src", "tgt")]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder `mine` with text files, and a user file beside it; both are named by relative paths."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    for name in FILES:
        (tmp_path / "mine" / name).write_text("a\nb\n")
    (tmp_path / "mine/unlabeled.tgt").write_text("a\n" * 40)
    (tmp_path / "one.py").write_text("")
    (tmp_path / "two.py").write_text("")
    return tmp_path


def lines(shown: str, start: str) -> list[str]:
    return [line for line in shown.splitlines() if line.startswith(start)]


def compare(*arguments: object) -> str:
    return dry_run("compare", *arguments)


def test_a_dry_run_names_noise_checker_and_user_files_wherever_they_are_needed(data: Path) -> None:
    own = ["--noise", "n", "--checker", "c", "--user-file", "one.py:two.py", "--clean-share", "0.3"]
    done = compare("--data", "mine", *own, "--denoiser-updates", 40, "--updates", 30, "out", "--", "--fp16")
    trained = lines(done, "fairseq-train")
    files = f"--user-file {data}/one.py:{data}/two.py"
    assert f"--noise n --clean-share 0.3 {files}" in trained[0] and "--max-update 40" in trained[0]
    assert [line.split("--save-dir ")[1].split()[0].rsplit("/", 1)[1] for line in trained] == [
        "denoiser", "direct.1", "pretrained.1", "composed.1",
    ]  # fmt: skip
    assert all("--fp16" in line for line in trained) and all("--max-update 30" in line for line in trained[1:3])
    # the checker chooses the best checkpoints, too
    chosen = f"--eval-inputs {data}/mine/valid.src --eval-expected {data}/mine/valid.tgt --eval-checker c {files}"
    assert all(chosen in line for line in trained[1:])
    evaluated = lines(done, "python -m fairseq_cft evaluate")
    cases = f"--inputs {data}/mine/test.src --expected {data}/mine/test.tgt --decode plain {files} --checker c"
    assert len(evaluated) == 7 and all(cases in line for line in evaluated)  # no ood
    references, *outputs = evaluated
    assert f"--programs {data}/mine/test.tgt " in references and "--min-correct 0.98" in references
    assert done.index(references) < done.index(trained[0]) and not any("--min-correct" in line for line in outputs)
    assert not (data / "out").exists()


@pytest.mark.parametrize(("more", "learned"), [((), "unlabeled.tgt"), (("--subwords", "pairs"), "train.tgt")])
def test_what_subwords_learn_from(data: Path, more: tuple[str, ...], learned: str) -> None:
    (learn,) = lines(compare("--data", "mine", "--noise", "n", "--checker", "c", *more, "out"), SUBWORDS_TRAIN)
    assert f"--input {data}/mine/train.src {data}/mine/{learned} --model-prefix" in learn


def test_references_are_for_composed_training(data: Path) -> None:
    def shown() -> str:
        return compare("--data", "mine", "--noise", "n", "--checker", "c", "out")

    assert "--references" not in shown()
    (data / "mine/train.refs").write_text("a\tb\nb\n")
    done = shown()
    (encoded,) = (line for line in lines(done, "python -m fairseq_cft subwords encode") if "--references" in line)
    assert f"--input {data}/mine/train.refs --output {data}/out/data/bpe.train.refs" in encoded
    trained = [line for line in lines(done, "fairseq-train") if f"--references {data}/out/data/bpe.train.refs" in line]
    assert ["composed.1" in line for line in trained] == [True]


def test_options_after_two_dashes_win_over_the_scripts_own(data: Path) -> None:
    given = {"--lr": "7", "--max-update": "3", "--dropout": "0.5", "--task": "other"}
    after = [word for option in given.items() for word in option]
    done = compare("--data", "mine", "--noise", "n", "--checker", "c", "out", "--", *after)
    for line in lines(done, "fairseq-train"):
        assert {option: value(line.split(), option) for option in given} == given


def test_another_test_set_and_files_for_the_checker_are_taken_where_they_exist(data: Path, capsys) -> None:
    for name in ("ood.src", "ood.tgt", "test.inp", "test.out"):
        (data / "mine" / name).write_text("a\n")
    arguments = ["--data", "mine", "--noise", "cpp", "--systems", "pretrained", "out"]
    evaluated = lines(compare(*arguments, "--checker", "c"), "python -m fairseq_cft evaluate")
    assert len(evaluated) == 6
    assert sum(f"--inputs {data}/mine/test.inp --expected {data}/mine/test.out" in line for line in evaluated) == 3
    assert sum(f"--inputs {data}/mine/ood.src --expected {data}/mine/ood.tgt" in line for line in evaluated) == 3
    assert wrong_use("compare", [*arguments, "--language", "cpp"]) == 1
    assert f"{data}/mine/ood.inp does not exist" in capsys.readouterr().err
    for name in ("ood.src", "ood.tgt"):
        (data / "mine" / name).unlink()
    for line in lines(compare(*arguments, "--language", "cpp", "--decode", "ours"), "python -m fairseq_cft evaluate"):
        assert f"--expected {data}/mine/test.out --decode ours --language cpp" in line


def test_outputs_of_a_language_choose_checkpoints_where_validation_has_cases(data: Path) -> None:
    arguments = ["--data", "mine", "--noise", "cpp", "--systems", "direct", "--decode", "lossless", "out"]
    for name in ("test.inp", "test.out", "valid.inp"):
        (data / "mine" / name).write_text("a\n")
    (_, training) = shown_commands(compare(*arguments, "--language", "cpp"), "fairseq-train")
    assert value(training, "--best-checkpoint-metric") == "exact"  # valid.out is missing
    (data / "mine/valid.out").write_text("a\n")
    (_, training) = shown_commands(compare(*arguments, "--language", "cpp"), "fairseq-train")
    assert value(training, "--best-checkpoint-metric") == "correct_rate"
    assert value(training, "--eval-decode") == "lossless"
    arguments += ["--language", "python", "--compare", "tokens"]
    shown = compare(*arguments)
    (_, training) = shown_commands(shown, "fairseq-train")
    how = {"--eval-language": "python", "--eval-compare": "tokens", "--best-checkpoint-metric": "correct_rate"}
    assert {option: value(training, option) for option in how} == how
    evaluated = lines(shown, "python -m fairseq_cft evaluate")
    assert evaluated and all("--language python --compare tokens" in line for line in evaluated)


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["--noise", "n", "--checker", "c"], 2, "the following arguments are required: --data"),
        (["--data", "mine", "--checker", "c"], 2, "the following arguments are required: --noise"),
        (["--data", "mine", "--noise", "n"], 2, "one of the arguments --checker --language is required"),
        (["--data", "mine", "--noise", "n", "--checker", "c", "--language", "cpp"], 2, "not allowed with argument"),
        (["--data", "mine", "--noise", "n", "--checker", "c", "--scale", "cpu"], 2, "unrecognized arguments: --scale"),
        (["--data", "gone", "--noise", "n", "--checker", "c"], 1, "gone does not exist; --data names the folder"),
        (["--data", "mine", "--noise", "n", "--checker", "c", "--user-file", "one.py:x.py"], 1, "x.py does not exist"),
        (["--data", "mine", "--noise", "n", "--checker", "nobody's"], 2, "nobody's"),
    ],
)
def test_wrong_use_is_told(data: Path, arguments: list[str], status: int, sentence: str, capsys) -> None:
    assert wrong_use("compare", [*arguments, "out"]) == status
    assert sentence in capsys.readouterr().err and not (data / "out").exists()


@pytest.mark.parametrize("name", ["train.src", "test.tgt", "unlabeled.tgt"])
def test_a_missing_file_is_told(data: Path, name: str, capsys) -> None:
    (data / "mine" / name).unlink()
    assert wrong_use("compare", ["--data", "mine", "--noise", "n", "--checker", "c", "out"]) == 1
    assert f"mine/{name} does not exist" in capsys.readouterr().err


def test_too_few_unlabeled_outputs(data: Path, capsys) -> None:
    (data / "mine/unlabeled.tgt").write_text("a\n" * 9)
    assert wrong_use("compare", ["--data", "mine", "--noise", "n", "--checker", "c", "out"]) == 1
    assert "unlabeled.tgt has fewer than 10 lines" in capsys.readouterr().err
