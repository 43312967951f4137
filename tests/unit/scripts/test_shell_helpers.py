"""_options.sh, _seeds.sh, _training.sh: what command lines mean, what a failure ends, when a training is repeated."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from commands import ROOT

OPTIONS = """#!/usr/bin/env bash
# Runs:    script.sh
#          and no more
set -euo pipefail
source {root}/scripts/_options.sh
scale="" seeds=1 dry_run=no min_kept=0.98
options=(--scale= --seeds=N --dry-run --min-kept= {rest})
read_options "$@"
echo "$scale|$seeds|$dry_run|$min_kept|${{folders[*]-}}|${{more[*]-}}"
"""

SEEDS = """
set -euo pipefail
out=$1 seeds=3 jobs=$2
source {root}/scripts/_stages.sh
source {root}/scripts/_seeds.sh
work() {{
  echo "seed $1"
  [[ $1 != 2 ]] || eval "$body"
  [[ $1 != 3 ]] || sleep 300
  touch "$out/$1"
}}
body=$3
start_stages 1
stage train "three seeds" for_each_seed train work
"""

TRAINING = """
set -euo pipefail
models=$1/models common=() settings=""
more=("${{@:3}}")
fairseq-train() {{ echo "$*" >>"$models/../ran"; echo "trains on $1"; [[ ! -e $models/../killer ]]; }}
source {root}/scripts/_training.sh
train pretrained DATA --finetune-from-model "$1/denoiser.pt" --lr "$2"
"""


def run(folder: Path, text: str, *arguments: object, **values: str) -> subprocess.CompletedProcess[str]:
    script = folder / "script.sh"
    script.write_text(text.format(root=ROOT, **values))
    return subprocess.run(["bash", script, *map(str, arguments)], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["out"], "|1|no|0.98|out|"),
        (["--scale", "tiny", "a", "--seeds", "3", "b c", "--dry-run"], "tiny|3|yes|0.98|a b c|"),
        (["--seeds=12", "--min-kept=0", "out"], "|12|no|0|out|"),
        (["out", "--", "--fp16", "--seeds", "x"], "|1|no|0.98|out|--fp16 --seeds x"),
    ],
)
def test_options(tmp_path, arguments, shown):
    assert run(tmp_path, OPTIONS, *arguments, rest="--").stdout == f"{shown}\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--scale"], "--scale needs a value"),
        (["--seeds", "0"], "--seeds needs a whole number from 1 up"),
        (["--seeds", "two"], "--seeds needs a whole number from 1 up"),
        (["--sed", "2"], "there is no option --sed"),
        (["-x"], "there is no option -x"),
        (["--", "more"], "there is no option --"),
        (["--seeds=N --dry-run"], "--seeds needs a whole number from 1 up"),
    ],
)
def test_wrong_options_are_named(tmp_path, arguments, sentence):
    done = run(tmp_path, OPTIONS, *arguments, rest="")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == f"script: error: {sentence}\nRuns:    script.sh\n         and no more\n"


def test_help_is_the_head_of_the_script(tmp_path):
    done = run(tmp_path, OPTIONS, "--scale", "x", "-h", rest="")
    assert done.returncode == 0 and done.stdout == "Runs:    script.sh\n         and no more\n"


@pytest.mark.parametrize(
    ("body", "told"),
    [("false", "    seed 2"), ("echo 'x: error: no such thing'; false", "    x: error: no such thing")],
    ids=["without a word", "with a sentence"],
)
def test_a_command_that_fails_ends_its_seed_and_the_others(tmp_path, body, told):
    """In the middle of a seed's function; seed 3 would sleep for minutes."""
    out = tmp_path / "out"
    done = run(tmp_path, SEEDS, out, 2, body)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        told,
        f"    seed 2 failed; its log: {out}/logs/train.2.log",
        f"    stage 'train' failed; its log: {out}/logs/train.log",
    ]
    assert (out / "1").exists() and not (out / "2").exists() and not (out / "3").exists()
    assert not (out / ".done/train").exists()


def test_seeds_that_end_well(tmp_path):
    script = SEEDS.replace("sleep 300", "sleep 0")
    done = run(tmp_path, script, tmp_path / "out", 2, "true")
    assert done.returncode == 0 and (tmp_path / "out/logs/train.3.log").read_text() == "seed 3\n"


@pytest.mark.parametrize(("body", "status"), [("true", 0), ("false", 1)])
def test_seeds_that_end_at_the_same_moment(tmp_path, body, status):
    """bash's `wait -n` then forgets one of them now and then; this one always does."""
    forgetful = 'wait() {{ [[ $1 != -n ]] || builtin wait -n || true; builtin wait "$@"; }}\n'
    script = SEEDS.replace("sleep 300", "sleep 0").replace("work()", f"{forgetful}work()")
    done = run(tmp_path, script, tmp_path / "out", 3, body)
    assert done.returncode == status and ("seed 2 failed" in done.stderr) == (status == 1)


def test_a_training_is_repeated_when_its_options_or_what_it_starts_from_changed(tmp_path):
    start, ran = tmp_path / "denoiser.pt", tmp_path / "ran"

    def trained(rate: float) -> int:
        before = len(ran.read_text().splitlines()) if ran.exists() else 0
        assert run(tmp_path, TRAINING, tmp_path, rate).returncode == 0
        return len(ran.read_text().splitlines()) - before

    start.write_text("one")
    assert [trained(0.1), trained(0.1), trained(0.2), trained(0.2)] == [1, 0, 1, 0]
    start.write_text("another")
    assert [trained(0.2), trained(0.2)] == [1, 0]
    (tmp_path / "models/pretrained/starts").unlink()  # of a version that did not write it
    assert trained(0.2) == 0
    (tmp_path / "models/pretrained/finished").unlink()  # killed
    (tmp_path / "models/pretrained/checkpoint_last.pt").touch()
    assert trained(0.2) == 1 and (tmp_path / "models/pretrained/checkpoint_last.pt").exists()


def test_a_training_log_outlives_a_kill_and_reruns_but_not_another_recipe(tmp_path):
    (tmp_path / "denoiser.pt").touch()
    killer, log = tmp_path / "killer", tmp_path / "models/pretrained/train.log"
    killer.touch()
    assert run(tmp_path, TRAINING, tmp_path, 0.1).returncode == 1 and not (log.parent / "finished").exists()
    killer.unlink()
    for _ in range(2):
        assert run(tmp_path, TRAINING, tmp_path, 0.1).returncode == 0
    assert len(log.read_text().splitlines()) == 2
    assert run(tmp_path, TRAINING, tmp_path, 0.2).returncode == 0
    assert len(log.read_text().splitlines()) == 1


def test_what_a_user_adds_to_a_training_stands_last(tmp_path):
    (tmp_path / "denoiser.pt").touch()
    assert run(tmp_path, TRAINING, tmp_path, 0.1, "--lr", 7).returncode == 0
    assert (tmp_path / "ran").read_text().endswith(" --lr 0.1 --lr 7\n")
