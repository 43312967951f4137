"""Learns subword pieces, splits lines into them, joins them again; text -> pieces -> text gives back the same bytes."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from ..data.references import SEPARATOR
from ..data.subwords import LEAST_COUNT, Subwords, fairseq_dictionary, train
from ..errors import UserError
from ..files import read_lines, write_together


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="fairseq-cft subwords", description=__doc__)
    commands = root.add_subparsers(dest="command", required=True, help="what is done")
    learn = commands.add_parser("train", help="write P.model, and P.dict.txt for fairseq-preprocess --srcdict")
    learn.add_argument("--input", type=Path, nargs="+", required=True, metavar="F", help="text, one line an example")
    learn.add_argument("--model-prefix", required=True, metavar="P", help="where to write, without the ending")
    learn.add_argument(
        "--vocab-size", type=int, required=True, metavar="V", help="pieces to learn; the 256 byte pieces come on top"
    )
    learn.add_argument("--across-words", action="store_true", help="let a piece span spaces: shorter sequences")
    for name, text in (("encode", "text -> pieces"), ("decode", "pieces -> text")):
        command = commands.add_parser(name, help=text)
        command.add_argument("--model", type=Path, required=True, metavar="P.model", help="what train wrote")
        command.add_argument("--input", type=Path, nargs="+", required=True, metavar="F", help="files to read")
        command.add_argument(
            "--output", type=Path, nargs="+", required=True, metavar="G", help="files to write, one for each input"
        )
        command.add_argument(
            "--references", action="store_true", help="a line holds several texts, set apart by tabs, which stay"
        )
    return root


def learn_model(options: argparse.Namespace) -> None:
    """Write ``P.model`` and ``P.dict.txt``."""
    lines = [line for path in options.input for line in read_lines(path)]
    try:
        trained = train(lines, options.vocab_size, across_words=options.across_words)
    except ValueError as error:
        names = " ".join(map(str, options.input))
        raise UserError(f"no model from {names}: {error}; give other files or another --vocab-size") from error
    dictionary = fairseq_dictionary(Subwords(trained.model), lines)
    prefix = options.model_prefix
    with write_together(f"{prefix}.model", f"{prefix}.dict.txt", binary=True) as (model, table):
        model.write(trained.model)
        table.write("".join(f"{line}\n" for line in dictionary).encode())
    if trained.used < options.vocab_size:
        print(f"{options.vocab_size} pieces were asked for; {trained.used} occur {LEAST_COUNT} times or are characters")
    print(f"{prefix}.model: {trained.used} pieces and 256 bytes")


def convert(options: argparse.Namespace, change: Callable[[str], str]) -> None:
    """Write the output files, all or none, one line for each line of the input file."""
    with write_together(*options.output) as streams:
        for path, stream in zip(options.input, streams, strict=True):
            stream.writelines(f"{change(line)}\n" for line in read_lines(path))


def main(arguments: Sequence[str] | None = None) -> None:
    """Does what the first argument says."""
    root = parser()
    options = root.parse_args(arguments)
    if options.command == "train" and options.vocab_size < 1:
        root.error(f"--vocab-size must be 1 or more, not {options.vocab_size}")
    if options.command != "train" and len(options.input) != len(options.output):
        root.error(f"--input names {len(options.input)} files but --output {len(options.output)}")
    if options.command == "train":
        learn_model(options)
    else:
        subwords = Subwords.load(options.model)
        each = subwords.encode if options.command == "encode" else subwords.decode
        several = options.references
        convert(options, (lambda line: SEPARATOR.join(map(each, line.split(SEPARATOR)))) if several else each)
