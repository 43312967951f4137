"""The table of the options used most against what fairseq's own parser makes of the plugin; README's tree."""

import re
from argparse import Namespace
from pathlib import Path
from typing import NamedTuple

import pytest
from fairseq import options
from fairseq.models import ARCH_MODEL_REGISTRY

import fairseq_cft

fairseq_cft.register()  # whichever tests came before

README = Path(fairseq_cft.__file__).parents[1] / "README.md"
FOLDERS = {"docs", "examples", "preprocess", "scripts", "tests"}
NOT_GIVEN = {"required": None, "off": False}  # words of the table for these defaults


class Row(NamedTuple):
    owner: str  # --arch NAME, --criterion NAME or --task NAME
    option: str
    default: str


def table() -> list[Row]:
    page = README.parent / "docs/README.md"
    section = page.read_text(encoding="utf-8").split("## Options used most")[1].split("\n#")[0]
    rows = []
    for line in re.findall(r"^\| (.+) \|$", section, re.MULTILINE)[1:]:
        option, owner, default, *_ = (cell.strip().strip("`") for cell in line.split("|"))
        rows.append(Row(owner, option.split()[0], default))
    return rows


def parsed(owner: str) -> Namespace:
    """What fairseq-train makes of no options but these."""
    given = {"--arch": "transformer_cft", "--criterion": "cross_entropy", "--task": "translation"}
    given |= dict([owner.split()])
    flags = [part for pair in given.items() for part in pair]
    return options.parse_args_and_arch(options.get_training_parser(), ["data", *flags])


@pytest.mark.parametrize("row", table(), ids=lambda row: row.option)
def test_an_option_of_the_table_exists_with_its_default(row):
    args = vars(parsed(row.owner))
    name = row.option[2:].replace("-", "_")
    assert name in args, f"{row.owner} knows no {row.option}"
    if row.default in NOT_GIVEN:
        assert args[name] is NOT_GIVEN[row.default]
    else:
        assert args[name] == type(args[name])(row.default)


def test_the_architectures_that_are_named_are_registered():
    named = re.findall(r"`((?:composed_transformer|transformer_cft)\w*)`", README.read_text(encoding="utf-8"))
    assert len(named) > 2 and set(named) <= set(ARCH_MODEL_REGISTRY)


def test_the_tree_names_what_there_is():
    """Names in the first column; those that are indented stand in fairseq_cft/."""
    root = README.parent
    tree = README.read_text(encoding="utf-8").split("## What is where")[1].split("```")[1].strip("\n")
    named = [(line.startswith(" "), line.split()[0]) for line in tree.splitlines()]
    missing = [name for inner, name in named if not (root / "fairseq_cft" / name if inner else root / name).exists()]
    assert missing == []
    folders = {path.name + "/" for path in root.iterdir() if (path / "__init__.py").exists() or path.name in FOLDERS}
    assert folders <= {name for _, name in named}
