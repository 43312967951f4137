"""Compares systems on your own text files, with a noise and a checker or a language of yours."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import UserError
from ..evaluation.compare import COMPARISONS
from ..evaluation.settings import Settings
from ..experiments import own_data
from ..experiments.own_data import OwnData
from ..experiments.plan import chosen_systems
from ..experiments.starting import (
    add_benchmark_options,
    add_systems_option,
    execute,
    require_tools,
    split_arguments,
    whole_number,
)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="fairseq-cft compare",
        description=__doc__,
        epilog="What follows -- are options of every fairseq-train, such as --fp16; they win over these.",
    )
    made.add_argument("out", type=Path, metavar="OUT", help="where everything goes; done stages are skipped")
    made.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="{train,valid,test}.{src,tgt}, unlabeled.tgt, ood too"
    )
    made.add_argument("--noise", required=True, metavar="NAME", help="what the denoiser learns to undo")
    judge = made.add_mutually_exclusive_group(required=True)
    judge.add_argument("--checker", metavar="NAME", help="decides which outputs are right")
    judge.add_argument("--language", metavar="NAME", help="outputs are programs; SPLIT.inp and SPLIT.out judge them")
    made.add_argument("--user-file", metavar="FILE.py", help="Python files that register these, colon-separated")
    made.add_argument("--decode", default="plain", metavar="NAME", help="format of programs (default: %(default)s)")
    comparisons = "how what programs print is compared (default: %(default)s)"
    made.add_argument("--compare", choices=list(COMPARISONS), default="exact", help=comparisons)
    add_systems_option(made)
    made.add_argument(
        "--architecture", choices=("tiny", "synthetic", "spoc"), default="tiny", help="(default: %(default)s)"
    )
    made.add_argument("--copy-attention", action="store_true", help="every model copies from its source")
    made.add_argument(
        "--subwords",
        choices=tuple(own_data.LEARNED),
        default="unlabeled",
        help="learned from the sources and the unlabeled outputs (default), or from the training pairs alone",
    )
    made.add_argument("--clean-share", type=float, default=0.4, help="of outputs left clean (default: %(default)s)")
    for name, default in (
        ("vocab-size", 200),
        ("max-tokens", 2500),
        ("denoiser-updates", 2500),
        ("updates", 500),
        ("composed-updates", 150),
    ):
        made.add_argument(f"--{name}", type=whole_number, default=default, metavar="N", help="(default: %(default)s)")
    made.add_argument(
        "--most-untrained",
        type=float,
        default=0,
        metavar="SHARE",
        help="of a test set's inputs that may hold a piece that training never saw (default: %(default)s)",
    )
    add_benchmark_options(made)
    return made


def user_option(given: str | None) -> tuple[str, ...]:
    """--user-file with absolute paths, for checkpoints remember them."""
    if given is None:
        return ()
    paths = [Path(part) for part in given.split(":")]
    for path in paths:
        if not path.is_file():
            raise UserError(f"{path} does not exist; --user-file names a Python file")
    return ("--user-file", ":".join(str(path.absolute()) for path in paths))


def own_data_of(options: argparse.Namespace) -> OwnData:
    if not options.data.is_dir():
        raise UserError(f"{options.data} does not exist; --data names the folder of your text files")
    user = user_option(options.user_file)
    programs = ("--language", options.language, "--compare", options.compare)
    kind = ("--checker", options.checker) if options.checker else programs
    return OwnData(
        raw=options.data.resolve(),
        out=options.out.absolute(),
        noise=("--noise", options.noise, "--clean-share", str(options.clean_share), *user),
        judge=("--decode", options.decode, *user, *kind),
        user=user,
        checker=options.checker,
        language=options.language,
        decode=options.decode,
        compare=options.compare,
        subwords=options.subwords,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    given, more = split_arguments(arguments)
    options = parser().parse_args(given)
    systems = chosen_systems(options.systems)
    own = own_data_of(options)
    own.require_files()
    sizes = own_data.recipe(
        architecture=options.architecture,
        vocabulary=options.vocab_size,
        max_tokens=options.max_tokens,
        denoiser_updates=options.denoiser_updates,
        updates=options.updates,
        composed_updates=options.composed_updates,
        copies=options.copy_attention,
    )
    x = own_data.experiment(own, sizes, seeds=options.seeds, allow_unsafe=options.allow_unsafe, more=more)
    text = own_data.text_of(own, sizes)
    stages = [*own_data.stages(x, text, systems, options.min_clean_kept, options.most_untrained)]
    if not options.dry_run:
        require_tools("fairseq-train")
        require_judge(own, allow_unsafe=options.allow_unsafe)
        print(f"compare: {x.dataset}, {x.seeds} seeds, {' '.join(systems)}, into {x.out}")
    return execute(stages, x.out, jobs=options.jobs, dry_run=options.dry_run)


def require_judge(own: OwnData, *, allow_unsafe: bool) -> None:
    """That checker, language and sandbox are there, before anything is trained."""
    user_file = own.user[1] if own.user else None
    settings = Settings(checker=own.checker, user_file=user_file, allow_unsafe=allow_unsafe)
    (settings if own.checker else replace(settings, language=own.language or "")).judge()
