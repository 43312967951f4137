"""clang-format, many files a process: one statement a line, bodies in braces."""

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ...errors import UserError

STYLE = {
    "BasedOnStyle": "Google",  # as SPoC's programs are laid out
    "ColumnLimit": "100000",  # a statement is one line
    "InsertBraces": "true",
    "AllowShortFunctionsOnASingleLine": "None",
    "AllowShortIfStatementsOnASingleLine": "Never",
    "AllowShortLoopsOnASingleLine": "false",
    "AllowShortBlocksOnASingleLine": "Never",
    "AllowShortCaseLabelsOnASingleLine": "false",
    "AccessModifierOffset": "-2",  # indents are whole levels
    "EmptyLineBeforeAccessModifier": "Never",
    "MaxEmptyLinesToKeep": "0",
    "SeparateDefinitionBlocks": "Never",
    "FixNamespaceComments": "false",  # nothing is put in or moved but braces
    "SortIncludes": "Never",
    "SortUsingDeclarations": "Never",
    "AlignEscapedNewlines": "DontAlign",
    "Standard": "Latest",
}
SECONDS = 60  # for all files of a call; a file takes a few milliseconds
SECONDS_ALONE = 5


def find_clang_format() -> str:
    """The program of the Python package of that name, else one on the PATH. UserError where there is none."""
    package = importlib.util.find_spec("clang_format")  # its own script would start another Python each time
    if package is not None and package.submodule_search_locations:
        program = Path(next(iter(package.submodule_search_locations)), "data", "bin", "clang-format")
        if program.exists():
            return str(program)
    found = shutil.which("clang-format")
    if found is None:
        raise UserError("clang-format is not installed, and this needs it: pip install 'fairseq_cft[code]'")
    return found


def formatted(program: str, sources: Sequence[str]) -> list[str | None]:
    """Each source laid out; None for one that ``program``, the path of clang-format, fails on."""
    with tempfile.TemporaryDirectory(prefix="cft-code-") as folder:
        paths = [Path(folder, f"{number}.cpp") for number in range(len(sources))]
        for path, source in zip(paths, sources, strict=True):
            path.write_text(source, encoding="utf-8", newline="\n")
        if not paths or _run(program, paths, SECONDS):
            return [path.read_text(encoding="utf-8") for path in paths]
        made: list[str | None] = []
        for path, source in zip(paths, sources, strict=True):
            path.write_text(source, encoding="utf-8", newline="\n")
            made.append(path.read_text(encoding="utf-8") if _run(program, [path], SECONDS_ALONE) else None)
        return made


def _run(program: str, paths: Sequence[Path], seconds: float) -> bool:
    style = "{" + ", ".join(f"{name}: {value}" for name, value in STYLE.items()) + "}"
    try:
        done = subprocess.run([program, "-i", f"--style={style}", *paths], capture_output=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return False
    except OSError as error:
        raise UserError(f"{program} does not run: {error.strerror}; pip install 'fairseq_cft[code]'") from error
    if b"nknown key" in done.stderr:
        raise UserError(f"{program} is older than version 15; pip install 'fairseq_cft[code]'")
    return done.returncode == 0
