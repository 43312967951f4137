"""Runs the project's programs and fairseq's command lines in this process."""

import contextlib
import runpy
import sys
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

ROOT = Path(__file__).parents[1]
PLUGIN = str(ROOT / "fairseq_cft")
SMALL = [
    *(["--encoder-layers", "1", "--decoder-layers", "1", "--encoder-embed-dim", "16", "--decoder-embed-dim", "16"]),
    *(["--encoder-ffn-embed-dim", "32", "--decoder-ffn-embed-dim", "32"]),
    *(["--encoder-attention-heads", "2", "--decoder-attention-heads", "2"]),
]
OPTIMIZER = [
    *("--optimizer", "adam", "--lr", "5e-3", "--max-tokens", "1000", "--num-workers", "0"),
    *("--log-format", "json", "--log-interval", "1"),
]


def alive_in(folder: Path) -> list[bytes]:
    """Command lines of processes with this folder in their command line or their program's path."""
    alive = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes()
            own = str((entry / "exe").readlink()) if (entry / "exe").is_symlink() else ""
            if str(folder).encode() in command or str(folder) in own:
                alive.append(command)
    return alive


def call(main, *arguments: object) -> None:
    """Runs a command line's main in this process."""
    with mock.patch.object(sys, "argv", ["command", *map(str, arguments)]):
        main()


def program(path: str, *arguments: object) -> None:
    """Runs one of the repository's programs in this process; it must succeed."""
    whole, beside = str(ROOT / path), str((ROOT / path).parent)
    as_a_user = mock.patch.multiple(sys, argv=[whole, *map(str, arguments)], path=[beside, *sys.path])
    with as_a_user, pytest.raises(SystemExit) as status:
        runpy.run_path(whole, run_name="__main__")
    assert status.value.code in (0, None)


def run(name: str, *arguments: object) -> None:
    """A command of ``fairseq-cft`` in this process; it must succeed."""
    command = import_module(f"fairseq_cft.commands.{name.replace('-', '_')}")
    assert not command.main([*map(str, arguments)])


def train_options(data: Path, save_dir: Path, *options: object) -> list[str]:
    return [str(x) for x in (data, "--user-dir", PLUGIN, "--save-dir", save_dir, *OPTIMIZER, *options)]


def train(data: Path, save_dir: Path, *options: object) -> None:
    fairseq_train(*train_options(data, save_dir, *options))


def fairseq_train(*arguments: object) -> None:
    from fairseq.checkpoint_utils import save_checkpoint
    from fairseq_cli.train import cli_main

    vars(save_checkpoint).pop("best", None)  # fairseq would go on with the best loss of the process's last training
    call(cli_main, *arguments)


def generate(data: Path, path: object, *options: object, capsys) -> list[str]:
    """Hypotheses of fairseq-generate in the order of the data."""
    from fairseq_cli.generate import cli_main

    capsys.readouterr()
    call(cli_main, data, "--user-dir", PLUGIN, "--path", path, "--num-workers", 0, *options)
    return hypotheses(capsys.readouterr().out)


def hypotheses(log: str) -> list[str]:
    found = [line.split("\t") for line in log.splitlines() if line.startswith("H-")]
    return [text for _, text in sorted((int(name[2:]), text) for name, _, text in found)]


def composed_options(chain: Any) -> list[object]:
    return [
        "--task", "pseudocode_to_code", "--eval-exact-match", "--arch", "composed_transformer",
        "--denoiser-path", chain.denoiser, "--criterion", "composed_finetuning",
    ]  # fmt: skip
