"""README's table of options against what fairseq's own parser makes of the plugin; --help cannot show it."""

from __future__ import annotations

import dataclasses
import re
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import NamedTuple

import pytest
from fairseq import options
from fairseq.models import ARCH_MODEL_REGISTRY
from fairseq.models.transformer import TransformerModel
from fairseq.tasks.translation import TranslationConfig

import fairseq_cft
from fairseq_cft.criterions.composed_finetuning import ComposedFinetuningConfig
from fairseq_cft.criterions.denoiser_gate import DenoiserGateConfig
from fairseq_cft.models.composed_transformer import ComposedTransformerModel
from fairseq_cft.models.denoiser_gate import DenoiserGateModel
from fairseq_cft.tasks.code_denoising import CodeDenoisingConfig
from fairseq_cft.tasks.pseudocode_to_code import PseudocodeToCodeConfig

README = Path(fairseq_cft.__file__).parents[1] / "README.md"
# words of the table for these defaults
NOT_GIVEN = {"required": None, "none": None, "the noise's": None, "the encoder's": None, "off": False}


class Row(NamedTuple):
    owner: str  # --arch NAME, --criterion NAME or --task NAME
    option: str
    default: str


def table() -> list[Row]:
    """One row an option; where a line names several, its defaults are theirs in order, or one for all of them."""
    section = README.read_text(encoding="utf-8").split("### Options of this plugin")[1].split("\n#")[0]
    rows, owner = [], ""
    for line in re.findall(r"^\| (.+) \|$", section, re.MULTILINE)[1:]:
        names, default, *_ = (cell.strip() for cell in line.split("|"))
        if head := re.match(r"\*\*`(--\w+ \w+)`\*\*", names):
            owner = head[1]
            continue
        found = re.findall(r"`(--[a-z-]+)", names)
        values = default.split(", ")
        values = values if len(values) == len(found) else [default] * len(found)
        rows += [Row(owner, option, value.strip("`")) for option, value in zip(found, values, strict=True)]
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


def test_the_table_has_every_option_of_the_plugin():
    def dataclass_options(config, fairseqs=None) -> set[str]:
        inherited = {field.name for field in dataclasses.fields(fairseqs)} if fairseqs else set()
        mine = [field for field in dataclasses.fields(config) if field.name not in inherited]
        # "${...}" is another part's option
        return {f"--{field.name.replace('_', '-')}" for field in mine if not str(field.default).startswith("${")}

    def model_options(model) -> set[str]:
        parser = ArgumentParser(add_help=False)
        model.add_args(parser)
        return {flag for action in parser._actions for flag in action.option_strings}

    ours = {
        "--arch composed_transformer": model_options(ComposedTransformerModel) - model_options(TransformerModel),
        "--arch denoiser_gate": model_options(DenoiserGateModel),
        "--criterion composed_finetuning": dataclass_options(ComposedFinetuningConfig) - {"---name"},
        "--criterion denoiser_gate": dataclass_options(DenoiserGateConfig) - {"---name"},
        "--task pseudocode_to_code": dataclass_options(PseudocodeToCodeConfig, TranslationConfig),
        "--task code_denoising": dataclass_options(CodeDenoisingConfig, TranslationConfig) - {"--seed"},
    }
    found = {owner: {row.option for row in table() if row.owner == owner} for owner in ours}
    assert found == ours


def test_the_architectures_of_the_table_are_registered():
    section = README.read_text(encoding="utf-8").split("### Options of this plugin")[1]
    for family in ("composed_transformer", "transformer_cft"):
        (line,) = (line for line in section.splitlines() if line.startswith(f"| **`--arch {family}"))
        sizes = set(re.findall(r"_(spoc|synthetic|tiny)`", line))
        assert sizes == {"spoc", "synthetic", "tiny"}
        assert {f"{family}_{size}" for size in sizes} <= set(ARCH_MODEL_REGISTRY)
