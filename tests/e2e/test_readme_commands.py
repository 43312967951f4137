"""README's "By hand", command by command as it stands there, on small data and for one update a training."""

import json
import shutil

import pages
import pytest
from commands import PLUGIN, ROOT, call, fairseq_train, run

pytestmark = pytest.mark.xdist_group("chain")


def test_the_commands_of_the_readme_run_in_their_order(chain, tmp_path, monkeypatch, capsys):
    from fairseq_cli.generate import cli_main as generate

    for name in ("bpe.model", "test.inp", "test.out"):
        shutil.copy(chain.data / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    stands_for = {"PAIRS": chain.pairs, "PROGRAMS": chain.programs, "fairseq_cft": PLUGIN}
    stands_for |= {"transformer_cft_synthetic": "transformer_cft_tiny"}
    short = ("--max-update", 1, "--no-epoch-checkpoints", "--num-workers", 0)
    generation: list[object] = []  # what "..." stands for
    ran = []
    for name, *words in (command.words for command in pages.commands(ROOT / "README.md", "## By hand")):
        options = [stands_for.get(word, word) for word in words]
        if name == "fairseq-train":
            fairseq_train(*options, *short)
        elif name == "fairseq-cft":
            run(*options, "--min-clean-kept", 0)  # no denoiser is fit to be composed after one update
        elif name == "fairseq-generate":
            generation, first = ([*generation, *options[1:]], False) if options[0] == "..." else (options, True)
            capsys.readouterr()
            call(generate, *generation, "--num-workers", 0)
            if first:
                (tmp_path / "composed.log").write_text(capsys.readouterr().out)
        elif name == "fairseq-cft-evaluate":
            run("evaluate", *options, "--allow-unsafe")
        ran.append(name)
    assert ran.count("fairseq-train") == 3 and ran.count("fairseq-generate") == 2 and ran[-1] == "fairseq-cft-evaluate"
    assert len(json.loads((tmp_path / "composed.json").read_text())["verdicts"]) == 17
