"""The C++ compiler with everything that makes it fast: a precompiled header and the gold linker."""

import hashlib
import re
import shutil
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path

from ...errors import InfraError, UsageError
from ..sandbox.cachedir import built, cache_folder
from ..sandbox.workfolder import work_folder

HEADER = "bits/stdc++.h"
PROLOGUE = f"#include <{HEADER}>\nusing namespace std;\n"
OWN_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include\b", re.MULTILINE)
BUILD_SECONDS = 120


def prologue_of(source: str) -> str:
    """What is put in front of a program: the two customary lines, or nothing where it has an #include of its own."""
    return "" if OWN_INCLUDE.search(source) else PROLOGUE


@dataclass(frozen=True)
class Toolchain:
    """A C++ compiler and its options; `header` is the folder of the precompiled header, `linker` "" or "gold"."""

    compiler: str
    version: str
    standard: str | None
    optimize: str
    header: Path | None = None
    linker: str = ""

    def flags(self) -> list[str]:
        """Options that the precompiled header and the programs must share."""
        return [*([f"-std={self.standard}"] if self.standard else []), f"-O{self.optimize}"]

    def command(self, source: str, output: str) -> list[str]:
        """The command line that compiles `source` into the executable `output`."""
        # without -fno-lto a program could bring objects of its own, as data, for the compiler to take in when it links
        line = [self.compiler, *self.flags(), "-fno-lto", "-w", "-fmax-errors=5", "-fdiagnostics-color=never"]
        if self.header is not None:
            line.append(f"-I{self.header}")
        if self.linker:
            line.append(f"-fuse-ld={self.linker}")
        return [*line, source, "-o", output]

    @property
    def signature(self) -> str:
        """Compiler, version and options; the header and the linker are left out, since they change no verdict."""
        return f"{Path(self.compiler).name}-{self.version}|std:{self.standard or 'default'}|opt:{self.optimize}"


def find_toolchain(
    standard: str | None = "gnu++11", optimize: str = "0", compiler: str = "g++", plain: bool = False
) -> Toolchain:
    """Looks the compiler up and builds the precompiled header if it is not there yet (3 s, once).

    With `plain` neither header nor linker is used: the published way. Raises InfraError without a compiler and
    UsageError for a standard that it does not know.
    """
    path = shutil.which(compiler)
    if path is None:
        raise InfraError(f"the C++ compiler {compiler} is not installed: install g++ (apt-get install g++)")
    version = _output([path, "-dumpfullversion", "-dumpversion"]).strip()
    toolchain = Toolchain(path, version, standard, optimize)
    _require_options(toolchain)
    if plain:
        return toolchain
    linker = _fast_linker(toolchain)
    try:
        return Toolchain(path, version, standard, optimize, _precompiled(toolchain), linker)
    except InfraError as error:
        warnings.warn(f"no precompiled header, compiling will be slow: {error}", stacklevel=2)
        return Toolchain(path, version, standard, optimize, None, linker)


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=BUILD_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InfraError(f"{command[0]} does not run ({error})") from error
    if done.returncode != 0:
        raise InfraError(f"{' '.join(command)} fails: {done.stderr.strip()[:1000]}")
    return done.stdout + done.stderr


def _compiles(toolchain: Toolchain, text: str) -> bool:
    with work_folder("cft-toolchain-") as folder:
        source = Path(folder, "main.cpp")
        source.write_text(text)
        try:
            _output(toolchain.command(str(source), str(Path(folder, "main"))))
        except InfraError:
            return False
        return True


def _require_options(toolchain: Toolchain) -> None:
    if not _compiles(toolchain, "int main() { return 0; }\n"):
        raise UsageError(
            f"{toolchain.compiler} {toolchain.version} cannot compile an empty program with "
            f"{' '.join(toolchain.flags())}: try another --std or --optimize"
        )


def _fast_linker(toolchain: Toolchain) -> str:
    """Gold where it works: a sixth of the time of the default linker."""
    with_gold = Toolchain(toolchain.compiler, toolchain.version, toolchain.standard, toolchain.optimize, None, "gold")
    return "gold" if shutil.which("ld.gold") and _compiles(with_gold, "int main() { return 0; }\n") else ""


def _precompiled(toolchain: Toolchain) -> Path:
    """Folder that holds the precompiled header for these flags, in the user's cache."""
    key = "\0".join([toolchain.compiler, toolchain.version, *toolchain.flags(), _output([toolchain.compiler, "-v"])])
    folder = cache_folder() / f"header-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    if not (folder / f"{HEADER}.gch").exists():
        with built(folder) as temporary:
            (temporary / "bits").mkdir()
            copy = temporary / HEADER
            shutil.copyfile(_plain_header(toolchain), copy)
            _output([toolchain.compiler, *toolchain.flags(), "-w", "-x", "c++-header", str(copy), "-o", f"{copy}.gch"])
    _require_use(toolchain, folder)
    return folder


def _plain_header(toolchain: Toolchain) -> Path:
    with work_folder("cft-toolchain-") as folder:
        source = Path(folder, "main.cpp")
        source.write_text(f"#include <{HEADER}>\n")
        listing = _output([toolchain.compiler, *toolchain.flags(), "-M", str(source)])
    for word in listing.replace("\\\n", " ").split():
        if word.endswith(HEADER):
            return Path(word)
    raise InfraError(f"{toolchain.compiler} has no <{HEADER}>")


def _require_use(toolchain: Toolchain, folder: Path) -> None:
    """GCC passes over a precompiled header that does not fit without a word: ask it which one it takes."""
    checked = folder / "checked"
    if checked.exists():
        return
    with work_folder("cft-toolchain-") as work:
        source = Path(work, "main.cpp")
        source.write_text(f"#include <{HEADER}>\nint main() {{ return 0; }}\n")
        options = ["-w", "-Winvalid-pch", "-H", f"-I{folder}", "-fsyntax-only"]
        said = _output([toolchain.compiler, *toolchain.flags(), *options, str(source)])
    if f"! {folder}/{HEADER}.gch" not in said:
        raise InfraError(f"{toolchain.compiler} does not take the precompiled header in {folder}")
    checked.touch()
