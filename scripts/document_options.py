"""Writes docs/options.md from what the plugin registers with fairseq, and from the parsers of the other programs.

fairseq's --help never shows a plugin's options. tests/unit/test_docs.py compares the page with what this writes.
"""

import argparse
import dataclasses
import os
import re
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from fairseq import options as fairseq_options
from fairseq.criterions import CRITERION_DATACLASS_REGISTRY, CRITERION_REGISTRY
from fairseq.dataclass import FairseqDataclass
from fairseq.dataclass.utils import gen_parser_from_dataclass
from fairseq.models import ARCH_MODEL_INV_REGISTRY, MODEL_REGISTRY
from fairseq.models.transformer import TransformerModel
from fairseq.tasks import TASK_DATACLASS_REGISTRY, TASK_REGISTRY

import fairseq_cft
from fairseq_cft.__main__ import command_names
from fairseq_cft.files import write_together
from fairseq_cft.modules.architecture import DROPOUT, SIZES
from fairseq_cft.modules.unsupported import GENERATION, TRAINING
from fairseq_cft.noise import make_noise, noise_names

ROOT = Path(fairseq_cft.__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "options.md"
DEFAULT = re.compile(r"\s*\(?\bdefault: ((?:[^()]|\([^()]*\))+)\)?$")

HEAD = """# Options

Every option of the plugin and of the programs beside it. Written by `python scripts/document_options.py` from what they
register; a test compares, so after a change of options run it again. `fairseq-train --help` cannot show a plugin's
options: it prints before it reads `--user-dir`.

Besides these, every option of fairseq itself applies: `fairseq-train --help`, `fairseq-generate --help`.
"""
COMMANDS = """## Commands

`fairseq-cft COMMAND`, also `python -m fairseq_cft COMMAND`. `fairseq-cft-evaluate` and `fairseq-cft-translate` are two
of them, `preprocess/*.py` four more, under names of their own.
"""


def main() -> int:
    parser = ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=PAGE, metavar="FILE.md", help="(default: docs/options.md)")
    options = parser.parse_args()
    with write_together(options.output) as (file,):
        file.write(page())
    return 0


def page() -> str:
    """The whole page."""
    sections = [HEAD, "## In fairseq's commands, with `--user-dir fairseq_cft`"]
    sections += [section(title, lead, rows) for title, lead, rows in plugin_parts()]
    sections += [sizes(), unsupported(), noises(), COMMANDS]
    for name, parser in programs():
        lead = sentence((parser.description or "").strip().split("\n\n")[0])
        parts = subcommands(parser)
        if parts:
            sections.append(f"### {name}\n\n{lead}")
            sections += [section(f"{name} {part}", "", argparse_rows(sub)) for part, sub in parts.items()]
        else:
            sections.append(section(name, lead, argparse_rows(parser)))
    sections.append("## Scripts\n\nWhat each prints with `-h`.")
    sections += [f"### {path}\n\n```\n{usage_text(path)}\n```" for path in scripts()]
    sections.append(make_targets())
    return "\n\n".join(part.strip("\n") for part in sections) + "\n"


def section(title: str, lead: str, rows: list[tuple[str, str, str]]) -> str:
    """Options under a heading: name, default, meaning."""
    if not rows:
        return "\n\n".join(part for part in (f"### {title}", lead, "No options of its own.") if part)
    return table(f"### {title}", lead, "option | default | meaning", rows)


def table(heading: str, lead: str, columns: str, rows: Iterable[Iterable[object]]) -> str:
    lines = [f"| {columns} |", "|---" * len(columns.split(" | ")) + "|"]
    lines += [f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n\n".join(part for part in (heading, lead, "\n".join(lines)) if part)


# The plugin's part -----------------------------------------------------------------------------------------------


def plugin_parts() -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
    """Title, lead and options of each model, criterion and task that this package registers."""
    for name, model in sorted(MODEL_REGISTRY.items()):
        if not ours(model):
            continue
        names = " ".join(f"`{arch}`" for arch in ARCH_MODEL_INV_REGISTRY[name])
        base = foreign_base(model)
        inherited = " All options of fairseq's `--arch transformer`, and" if base is TransformerModel else ""
        lead = f"{summary(model)} Architectures: {names}.{inherited}"
        yield f"--arch {name}", lead, own_rows(model_parser(model), model_parser(base), "--arch", name)
    for kind, classes, configs in (
        ("--criterion", CRITERION_REGISTRY, CRITERION_DATACLASS_REGISTRY),
        ("--task", TASK_REGISTRY, TASK_DATACLASS_REGISTRY),
    ):
        for name, made in sorted(classes.items()):
            if ours(made):
                config = configs[name]
                rows = own_rows(config_parser(config), config_parser(foreign_base(config)), kind, name)
                yield f"{kind} {name}", summary(made), rows


def own_rows(mine: ArgumentParser, inherited: ArgumentParser, kind: str, name: str) -> list[tuple[str, str, str]]:
    """The options that ``mine`` has over ``inherited``, with the defaults that fairseq-train arrives at."""
    given = {"--arch": "transformer_cft", "--criterion": "cross_entropy", "--task": "translation", kind: name}
    flags = [part for pair in given.items() for part in pair]
    parsed = vars(fairseq_options.parse_args_and_arch(fairseq_options.get_training_parser(), ["DATA", *flags]))
    known = {flag for action in inherited._actions for flag in action.option_strings}
    rows = []
    for action in mine._actions:
        if action.option_strings and action.option_strings[0] not in known:
            rows.append(row(action, parsed.get(action.dest, action.default)))
    return rows


def ours(made: type) -> bool:
    return made.__module__.split(".")[0] == fairseq_cft.__name__


def foreign_base(made: type) -> Any:
    """The nearest class above that is not of this package."""
    return next(base for base in made.__mro__ if not ours(base))


def model_parser(model: Any) -> ArgumentParser:
    parser = ArgumentParser()
    model.add_args(parser)
    return parser


def config_parser(config: type[FairseqDataclass]) -> ArgumentParser:
    """What a dataclass of options makes; fields that point at another part's option are left out."""
    parser = ArgumentParser()
    pointers = {field.name for field in dataclasses.fields(config) if str(field.default).startswith("${")}
    gen_parser_from_dataclass(parser, config(), delete_default=False)
    parser._actions = [action for action in parser._actions if action.dest not in pointers]
    return parser


def sizes() -> str:
    lead = (
        "Where the command line says nothing else; pre-norm and shared embeddings in all of them. A composed model "
        "takes its stages' sizes from their checkpoints; with `--base-predictor-path random` these are the base "
        "predictor's."
    )
    columns = "name ends in | layers | width | feed-forward | heads | dropout | attention dropout | activation dropout"
    rows = []
    for name, size in SIZES.items():
        shape = (f"{size['layers']} + {size['layers']}", size["embed_dim"], size["ffn_embed_dim"])
        rows.append([f"`_{name}`", *shape, size["attention_heads"], *DROPOUT[name].values()])
    return table("### Sizes of the architectures", lead, columns, rows)


def unsupported() -> str:
    lead = (
        "Options of fairseq that `--arch composed_transformer` cannot honour end in one sentence. Of generation: for "
        "the composed stage. *Checkpoints*: those trained with the option are no stage of a composed model."
    )
    rows = [
        (f"`{each.flag}`", where, each.why, each.instead, "refused" if each.in_files else "")
        for where, listed in (("training", TRAINING), ("generation", GENERATION))
        for each in listed
    ]
    columns = "option | in | why | instead | checkpoints"
    return table("### Options that a composed model refuses", lead, columns, rows)


def noises() -> str:
    lead = "Of `--task code_denoising` and `fairseq-cft corrupt`; the defaults of their `--clean-share` and `--errors`."
    rows = []
    for name in noise_names():
        noise: Any = make_noise(name)
        errors = "-".join(map(str, noise.errors)) if hasattr(noise, "errors") else ""
        rows.append((f"`{name}`", f"{noise.clean_share:g}", errors, summary(type(noise))))
    return table("### Values of --noise", lead, "noise | clean share | errors | what it does", rows)


# Programs ----------------------------------------------------------------------------------------------------------


def programs() -> Iterator[tuple[str, ArgumentParser]]:
    """Every command with its parser."""
    for name in command_names():
        yield f"fairseq-cft {name}", import_module(f"fairseq_cft.commands.{name.replace('-', '_')}").parser()


def subcommands(parser: ArgumentParser) -> dict[str, ArgumentParser]:
    choices = [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(choices[0]) if choices else {}


def argparse_rows(parser: ArgumentParser) -> list[tuple[str, str, str]]:
    return [row(action, action.default) for action in parser._actions if action.dest != "help"]


def row(action: argparse.Action, default: Any) -> tuple[str, str, str]:
    """Name with its value, default, meaning. A default that the help spells out comes before the parser's."""
    meaning = (action.help or "") % {"default": "" if default is None else default, "prog": ""}
    if said := DEFAULT.search(meaning):
        meaning = meaning[: said.start()].rstrip(";, ")
    meaning = meaning.replace(" (default)", "").removesuffix("; required")
    if action.option_strings:
        value = " " + str(action.metavar) if action.metavar and action.nargs != 0 else ""
        name = f"`{action.option_strings[-1]}{value}`"
    else:
        name = f"`{action.metavar or action.dest}`"
    if action.choices:
        meaning = f"{meaning}; " if meaning else ""
        meaning += "one of " + ", ".join(f"`{choice}`" for choice in action.choices)
    return name, shown(action, default, said[1].strip() if said else ""), meaning


def shown(action: argparse.Action, default: Any, said: str) -> str:
    if action.required or "; required" in (action.help or "") or (not action.option_strings and action.nargs != "?"):
        return "required"
    if action.nargs == 0:
        return "on" if default else "off"
    if said and default != said and "%(default)" not in (action.help or ""):
        return said if " " in said else f"`{said}`"  # in words, or what depends on the machine
    if default is None or default == []:
        return ""
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def scripts() -> list[str]:
    """Those that people start, sorted."""
    return sorted(f"scripts/{file.name}" for file in ROOT.glob("scripts/*.sh") if file.name != "find_python.sh")


def usage_text(path: str) -> str:
    """What a script prints with -h."""
    program = sys.executable if path.endswith(".py") else "bash"  # a test asks examples/own_data, too
    environment = {**os.environ, "COLUMNS": "100"}
    done = subprocess.run([program, path, "-h"], cwd=ROOT, capture_output=True, text=True, timeout=60, env=environment)
    if done.returncode != 0:
        raise AssertionError(f"{path} -h ends with status {done.returncode}: {done.stderr}")
    return done.stdout.rstrip("\n")


def make_targets() -> str:
    targets = re.findall(r"^(\w+):.*?## (.+)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    return table("## make", "", "target | what", [(f"`make {name}`", what) for name, what in targets])


def summary(made: type) -> str:
    """The first paragraph of a docstring, on one line."""
    return sentence((made.__doc__ or "").strip().split("\n\n")[0])


def sentence(text: str) -> str:
    return " ".join(text.replace("``", "`").split())


if __name__ == "__main__":
    sys.exit(main())
