"""Makes a noise of the mistakes that a model makes, for its denoiser to learn from."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..errors import UsageError, UserError
from ..evaluation.outputs import parse_pairs, read_log
from ..files import write_together
from ..noise import noise_names
from ..noise.learned import find_mistakes
from ..user_files import NAME

_FILE = '''"""The noise {name!r}: {times} mistakes of {kinds} kinds that a model made in {outputs} outputs."""

from fairseq_cft.noise.learned import noise_of_mistakes
from fairseq_cft.user import register_noise

MISTAKES = [  # how often; the words, between their neighbours; what was written instead
{mistakes}]
register_noise({name!r})(noise_of_mistakes(MISTAKES))
'''


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="fairseq-cft learn-noise",
        description="Compares what a model wrote with the references, and writes a noise that makes the same mistakes "
        "in other programs: a Python file for --user-file.",
        epilog="Take outputs for training pairs, of a model that is not yet good at them; those for a test set would "
        "teach the denoiser the test.",
    )
    made.add_argument("logs", type=Path, nargs="+", metavar="LOG", help="what fairseq-generate wrote, with references")
    made.add_argument("--output", type=Path, required=True, metavar="FILE.py", help="where to write the noise")
    made.add_argument("--name", default="learned", help="what --noise calls it (default: %(default)s)")
    return made


def _pairs(log: Path) -> list[tuple[str, str]]:
    outputs = read_log(log)
    _, references = parse_pairs(log.read_bytes())
    pairs = [(references[sentence], best) for sentence, (best,) in outputs.items() if sentence in references]
    if not pairs:
        raise UsageError(f"{log} holds no references (lines T-<id>); give a log of fairseq-generate without --quiet")
    return pairs


def main(arguments: Sequence[str] | None = None) -> int:
    made = parser()
    options = made.parse_args(arguments)
    if not NAME.fullmatch(options.name) or options.name in noise_names():
        made.error(
            f"--name: a noise cannot be called {options.name!r}; take letters, digits, _, - and dots, no name of ours"
        )
    pairs = [pair for log in options.logs for pair in _pairs(log)]
    mistakes = find_mistakes(pairs)
    if not mistakes:
        raise UserError(f"the {len(pairs)} outputs hold no mistakes of a few words; give those of a model trained less")
    times = sum(mistake.times for mistake in mistakes)
    text = _FILE.format(
        name=options.name,
        times=times,
        kinds=len(mistakes),
        outputs=len(pairs),
        mistakes="".join(f"    {tuple(mistake)!r},\n" for mistake in mistakes),
    )
    with write_together(options.output) as (file,):
        file.write(text)
    print(f"{options.output}: {times} mistakes of {len(mistakes)} kinds in {len(pairs)} outputs")
    return 0
