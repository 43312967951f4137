"""The C++ compiler with everything that makes it fast: precompiled headers and the gold linker."""

import hashlib
import re
import shutil
import subprocess
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import InfraError, UsageError
from ..sandbox.cachedir import built, cache_folder
from ..sandbox.workfolder import work_folder

HEADER = "bits/stdc++.h"
PROLOGUE = f"#include <{HEADER}>\nusing namespace std;\n"
OWN_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include\b", re.MULTILINE)
BUILD_SECONDS = 120
# What these leave to be instantiated at the end of every program takes a third of the time that a small one compiles
HEAVY_INCLUDES = re.compile(r"^#\s*include\s*<(regex|future|thread)>.*", re.MULTILINE)
WORD = re.compile(r"[A-Za-z_]\w*")
HIDDEN_WORD = re.compile(r"\\\s*\n|##|%:|\?\?|\\[uU]")  # a name in pieces, or pasted, or spelt otherwise


def prologue_of(source: str) -> str:
    """What is put in front of a program: the two customary lines, or nothing where it has an #include of its own."""
    return "" if OWN_INCLUDE.search(source) else PROLOGUE


@dataclass(frozen=True)
class Toolchain:
    """A C++ compiler and its options.

    Attributes:
        header: folder of the precompiled headers: ``full``, and ``light`` without HEAVY_INCLUDES.
        heavy: every word that the light one lacks.
        linker: "" or "gold".
    """

    compiler: str
    version: str
    standard: str | None
    optimize: str
    header: Path | None = None
    heavy: frozenset[str] = frozenset()
    linker: str = ""

    def flags(self) -> list[str]:
        """Options that the precompiled header and the programs must share."""
        return [*([f"-std={self.standard}"] if self.standard else []), f"-O{self.optimize}"]

    def include(self, text: str) -> list[str]:
        """Names a precompiled header for a program: the light one where no word tells the difference."""
        if self.header is None:
            return []
        light = not HIDDEN_WORD.search(text) and self.heavy.isdisjoint(WORD.findall(text))
        return [f"-I{self.header / ('light' if light else 'full')}"]

    def command(self, text: str, source: str, output: str) -> list[str]:
        """The command line that compiles the file `source`, which holds `text`, into the executable `output`."""
        # without -fno-lto a program could bring objects of its own, as data, for the compiler to take in when it links
        line = [self.compiler, *self.flags(), "-fno-lto", "-w", "-fmax-errors=5", "-fdiagnostics-color=never"]
        line += self.include(text)
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
    """Looks the compiler up and builds the precompiled headers if they are not there yet (some seconds, once).

    With `plain` neither headers nor linker are used: the published way. Raises InfraError without a compiler and
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
    toolchain = replace(toolchain, linker=_fast_linker(toolchain))
    try:
        header = _precompiled(toolchain)
    except InfraError as error:
        warnings.warn(f"no precompiled header, compiling will be slow: {error}", stacklevel=2)
        return toolchain
    return replace(toolchain, header=header, heavy=frozenset((header / "heavy").read_text().split()))


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
            _output(toolchain.command(text, str(source), str(Path(folder, "main"))))
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
    with_gold = replace(toolchain, linker="gold")
    return "gold" if shutil.which("ld.gold") and _compiles(with_gold, "int main() { return 0; }\n") else ""


def _precompiled(toolchain: Toolchain) -> Path:
    """Folder that holds the precompiled headers for these flags, in the user's cache."""
    key = "\0".join([toolchain.compiler, toolchain.version, *toolchain.flags(), _output([toolchain.compiler, "-v"])])
    folder = cache_folder() / f"headers-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    if not folder.is_dir():
        with built(folder) as temporary:
            plain = _plain_header(toolchain).read_text()
            full = _precompile(toolchain, temporary / "full" / HEADER, plain)
            light = _precompile(toolchain, temporary / "light" / HEADER, HEAVY_INCLUDES.sub("", plain))
            (temporary / "heavy").write_text("\n".join(sorted(full - light)))
    for name in ("full", "light"):
        _require_use(toolchain, folder / name)
    return folder


def _precompile(toolchain: Toolchain, header: Path, text: str) -> set[str]:
    """Writes and precompiles a header; every word that it brings, macros and what they stand for among them."""
    header.parent.mkdir(parents=True)
    header.write_text(text)
    command = [toolchain.compiler, *toolchain.flags(), "-w", "-x", "c++-header", str(header)]
    _output([*command, "-o", f"{header}.gch"])
    return set(WORD.findall(_output([*command, "-E", "-dD", "-P"])))


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
