"""Translates pseudocode to programs, from a file, a pipe or at a prompt."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Terminated, UserError
from ..files import decode_lines, read_lines
from ..inference.config import is_exported
from ..inference.diff import diff, faint, visible, wants_colour

if TYPE_CHECKING:
    from ..inference.translator import Translation, Translator

NAME = "fairseq-cft translate"
COLOURS = ("auto", "always", "never")


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(
        prog=NAME,
        description="Translates pseudocode to programs by an exported model; a denoiser takes programs in its place. "
        "Without FILE it reads standard input; on a terminal it asks, and Ctrl-D ends it.",
    )
    root.add_argument("file", nargs="?", type=Path, metavar="FILE", help="pseudocode, UTF-8")
    root.add_argument("--model", type=Path, required=True, metavar="FOLDER", help="made by fairseq-cft export")
    root.add_argument(
        "--format",
        choices=("line", "text"),
        default="line",
        help="line: one program a line; text: one step a line, two spaces a level, a blank line ends a program "
        "(default: %(default)s)",
    )
    root.add_argument(
        "--output-format",
        choices=("cpp", "line"),
        default="cpp",
        help="cpp: indented source, a blank line between programs; line: one program a line (default: %(default)s)",
    )
    root.add_argument("--trace", action="store_true", help="show what the denoiser changed, and log-probabilities")
    root.add_argument("--beam", type=int, default=1, metavar="N", help="hypotheses of the search (default: 1, greedy)")
    root.add_argument(
        "--color", choices=COLOURS, default="auto", help="of --trace (default: %(default)s: on a terminal)"
    )
    root.add_argument("--device", metavar="NAME", help="cpu, cuda, ... (default: cuda where there is one)")
    return root


def programs_of(lines: Sequence[str], as_text: bool) -> list[str]:
    """The programs of an input's lines: each line, or each run of lines between blank ones."""
    if not as_text:
        return list(lines)
    programs: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            programs[-1].append(line)
        elif programs[-1]:
            programs.append([])
    return ["\n".join(program) for program in programs if program]


@dataclass
class _Printer:
    """How outputs are shown."""

    trace: bool
    as_cpp: bool
    colour: bool
    safe: bool  # on a terminal: control characters are spelled out
    printed: int = 0

    def show(self, result: Translation | str) -> None:
        if self.printed and (self.trace or self.as_cpp):
            print()
        self.printed += 1
        if isinstance(result, str):
            self._print(result)
            return
        print(faint(f"// {self.printed}: {_summary(result)}{_copied(result)}", self.colour))
        if result.changed and result.base is not None:
            print(diff(self._safely(result.base), self._safely(result.output), self.colour), end="")
        else:
            self._print(result.output)

    def _print(self, text: str) -> None:
        print(self._safely(text), end="" if text.endswith("\n") else "\n")

    def _safely(self, text: str) -> str:
        return visible(text) if self.safe else text


def _summary(result: Translation) -> str:
    if result.base is None:
        return f"log-probability {result.output_score:.2f} nats"
    change = f"{'changed' if result.changed else 'unchanged'} by the denoiser; log-probability"
    if result.base_score is None:
        return f"{change} {result.output_score:.2f} nats"
    return f"{change} {result.base_score:.2f} nats (base predictor), {result.output_score:.2f} (denoiser)"


def _copied(result: Translation) -> str:
    """Of a model that copies: how much of the output, and runs of pieces that it took together."""
    share = result.copied_share
    if share is None:
        return ""
    runs: list[list[int]] = []
    for _, place in result.pieces:
        if place is not None and runs and place == runs[-1][-1] + 1:
            runs[-1][-1] = place
        elif place is not None:
            runs.append([place, place])
    places = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
    return f"; {share:.0%} of {len(result.pieces)} pieces copied" + (f" from {places}" if places else "")


def main(arguments: Sequence[str] | None = None) -> None:
    """Reads, asks the model, and prints; on a terminal it goes on until Ctrl-D."""
    root = parser()
    options = root.parse_args(arguments)
    if options.beam < 1:
        root.error(f"--beam is {options.beam}; it must be 1 (greedy) or more")
    if not is_exported(options.model):
        raise UserError(f"--model {options.model} is no exported model; make one with fairseq-cft export RUN OUT")
    asks = options.file is None and sys.stdin.isatty()
    as_text = options.format == "text"
    programs = [] if asks else programs_of(_input_lines(options.file), as_text)
    with _only_our_warnings():
        if asks:
            print(f"loading {options.model}", file=sys.stderr)
        model = _load(options.model, options.device)
        ask: Callable[..., Any] = model.denoise if model.config.kind == "denoiser" else model.translate
        colour = wants_colour(options.color, sys.stdout, os.environ)
        printer = _Printer(options.trace, options.output_format == "cpp", colour, sys.stdout.isatty())

        def answer(texts: list[str]) -> None:
            for result in ask(texts, options.beam, format=options.output_format, trace=options.trace):
                printer.show(result)
            sys.stdout.flush()

        if not asks:
            answer(programs)
            return
        what = "a program" if model.config.kind == "denoiser" else "pseudocode"
        end = "a blank line ends it" if as_text else "one program a line"
        print(f"{what}, {end}; Ctrl-D ends", file=sys.stderr)
        for program in _asked(as_text):
            try:
                answer([program])
            except UserError as error:
                print(f"{NAME}: {error}", file=sys.stderr)
        print(file=sys.stderr)


def _input_lines(file: Path | None) -> list[str]:
    return decode_lines(sys.stdin.buffer.read(), "standard input") if file is None else read_lines(file)


def _asked(as_text: bool) -> Iterator[str]:
    """Programs typed at the prompt; Ctrl-C forgets the one under way, Ctrl-D ends."""
    lines: list[str] = []
    while True:
        try:
            line = _ask("... " if lines else ">>> ")
        except Terminated:
            raise
        except KeyboardInterrupt:
            lines = []
            print(file=sys.stderr)
            continue
        except EOFError:
            if lines:
                yield "\n".join(lines)
            return
        except UnicodeDecodeError as error:
            print(f"{NAME}: that line is not UTF-8 (byte 0x{error.object[error.start]:02x})", file=sys.stderr)
            continue
        if line.strip() and as_text:
            lines.append(line)
        elif line.strip() or lines:
            yield "\n".join(lines) or line
            lines = []


def _ask(prompt: str) -> str:
    if sys.stdout.isatty():
        import readline  # noqa: F401  gives input() its line editing

        return input(prompt)
    sys.stderr.write(prompt)
    sys.stderr.flush()
    if line := sys.stdin.readline():
        return line.rstrip("\n")
    raise EOFError


def _load(folder: Path, device: str | None) -> Translator:
    import torch

    from ..inference.folder import load_model

    chosen = device or ("cuda" if torch.cuda.is_available() else "cpu")
    model = load_model(folder)
    try:
        return model.to(chosen)
    except (RuntimeError, AssertionError) as error:
        raise UserError(f"--device {chosen} cannot be used: {str(error).splitlines()[0]}") from error


@contextmanager
def _only_our_warnings() -> Iterator[None]:
    """Unknown text is told in a line on standard error; torch's and fairseq's warnings are not for this reader."""

    def show(message: Any, *_: Any) -> None:
        print(f"{NAME}: note: {message}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ..inference.translator import UnknownTextWarning

        warnings.simplefilter("always", UnknownTextWarning)
        warnings.showwarning = show  # type: ignore[assignment]
        yield
