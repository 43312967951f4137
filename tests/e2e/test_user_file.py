"""A user's own noise and checker through fairseq-train: workers, checkpoints that move, validation, mistakes."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from commands import SMALL, generate, program, run, train

from fairseq_cft.errors import UserError

pytestmark = pytest.mark.xdist_group("chain")

USER_FILE = """
from fairseq_cft.user import register_checker, register_noise

@register_noise("own_drop")
def drop(line, rng):
    words = line.split(" ")
    del words[rng.integers(len(words))]
    return " ".join(words)

@register_noise("own_broken")
def broken(line, rng):
    return line[10_000]

@register_checker("own_pairs")
def pairs(output, case):
    return isinstance(output, str) and case.expected.startswith("int main") and not case.input.startswith("int main")
"""
DENOISER = ["--arch", "transformer_cft_tiny", *SMALL, "--criterion", "cross_entropy", "--max-epoch", 1]


@pytest.fixture(scope="module")
def trained(chain, tmp_path_factory) -> Path:
    """A folder with own.py and a denoiser trained on its noise."""
    folder = tmp_path_factory.mktemp("user_file")
    (folder / "own.py").write_text(USER_FILE)
    options = ["--noise", "own_drop", "--user-file", folder / "own.py", *DENOISER, "--num-workers", 2]
    train(chain.programs, folder / "denoiser", *chain.denoising, *options)
    return folder


def test_a_denoiser_of_a_users_noise_loads_again_from_any_folder(chain, trained, tmp_path, monkeypatch):
    """In a process that has not read the user file."""
    check = [sys.executable, "-m", "fairseq_cft", "check-denoiser", "--min-clean-kept", "0"]
    check += ["--denoiser", str(trained / "denoiser/checkpoint_best.pt"), "--json", "rates.json"]
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rates = json.loads((tmp_path / "rates.json").read_text())
    assert rates["programs"] == 10 and 5 <= rates["broken"] <= 10
    moved = trained / "own.py"
    moved.rename(tmp_path / "elsewhere.py")
    try:
        done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 1
        assert "own.py: no such file or directory; --user-file names a Python file" in done.stderr.splitlines()[-1]
        done = subprocess.run([*check, "--user-file", "elsewhere.py"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert json.loads((tmp_path / "rates.json").read_text()) == rates
    finally:
        (tmp_path / "elsewhere.py").rename(moved)


def test_a_composed_model_does_not_need_the_user_file(chain, trained, tmp_path, capsys):
    saved = trained / "denoiser/checkpoint_best.pt"
    (trained / "own.py").rename(tmp_path / "away.py")
    try:
        train(
            chain.pairs, tmp_path / "run", "--task", "pseudocode_to_code", "--arch", "composed_transformer",
            "--denoiser-path", saved, "--criterion", "composed_finetuning", "--max-epoch", 1,
        )  # fmt: skip
        model = tmp_path / "run/checkpoint_last.pt"
        assert len(generate(chain.pairs, model, "--task", "pseudocode_to_code", "--beam", 1, capsys=capsys)) == 17
    finally:
        (tmp_path / "away.py").rename(trained / "own.py")


def test_validation_asks_a_users_checker(chain, trained, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    train(
        chain.pairs, tmp_path / "run", "--task", "pseudocode_to_code", "--arch", "transformer_cft_tiny", *SMALL,
        "--criterion", "cross_entropy", "--max-epoch", 1, "--eval-programs", 4, "--eval-checker", "own_pairs",
        "--eval-inputs", chain.data / "valid.src", "--eval-expected", chain.data / "valid.tgt",
        "--user-file", trained / "own.py", "--best-checkpoint-metric", "correct_rate",
        "--maximize-best-checkpoint-metric",
    )  # fmt: skip
    assert "checker:own_pairs|code:" in caplog.text
    valid = [line for line in caplog.messages if "valid_correct_rate" in line]
    assert '"valid_correct_rate": "100"' in valid[-1]


def test_a_noise_of_a_models_mistakes_trains_a_denoiser(chain, tmp_path, caplog, forget_user_files):
    programs = (chain.data / "train.tgt").read_text().splitlines()
    log = "".join(f"T-{n}\t{line}\nD-{n}\t0\t{line.rpartition(' ')[0]}\n" for n, line in enumerate(programs))
    (tmp_path / "gen.log").write_text(log)
    run("learn-noise", tmp_path / "gen.log", "--output", tmp_path / "mistakes.py", "--name", "own_mistakes")
    caplog.set_level(logging.INFO)
    options = ["--noise", "own_mistakes", "--user-file", tmp_path / "mistakes.py", "--clean-share", 0, *DENOISER]
    train(chain.programs, tmp_path / "run", *chain.denoising, *options, "--eval-denoising")
    assert '"valid_restored"' in caplog.text  # it broke programs


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--noise", "nothing_such"], r"--noise nothing_such: there is no noise .* \(read own.py\)"),
        (["--noise", "own_drop", "--user-file", "gone.py"], "cannot read gone.py: no such file or directory"),
        (["--noise", "own_broken", "--clean-share", 0], "noise 'own_broken' failed in own.py, line 12: IndexError"),
    ],
)
def test_mistakes(chain, trained, tmp_path, monkeypatch, options, words):
    monkeypatch.chdir(trained)
    with pytest.raises(UserError, match=words):
        train(chain.programs, tmp_path, *chain.denoising, "--user-file", "own.py", *DENOISER, *options)


def test_corrupt_with_a_users_noise(chain, trained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(trained)
    arguments = ["--input", chain.data / "valid.tgt", "--copies", 2, "--seed", 1, "--user-file", "own.py"]
    program("preprocess/corrupt.py", *arguments, "--noise", "own_drop", "--output-prefix", tmp_path / "c", "--jobs", 2)
    pairs = list(zip(*((tmp_path / f"c.{end}").read_text().splitlines() for end in ("src", "tgt")), strict=True))
    assert len(pairs) == 20
    lost = [len(clean.split(" ")) - len(corrupted.split(" ")) for corrupted, clean in pairs]
    assert set(lost) <= {0, 1, 2, 3} and sum(lost) > 20
