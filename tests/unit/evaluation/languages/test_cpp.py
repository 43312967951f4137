"""The fast way to compile gives the verdicts of the plain one, and falls back to it."""

import dataclasses
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from unit.evaluation.conftest import sandbox_or_skip
from unit.evaluation.gold import SHARED_DATA, gold_programs

from fairseq_cft.errors import InfraError
from fairseq_cft.evaluation import Settings, Verdict, evaluate
from fairseq_cft.evaluation.languages import cpp as cpp_module
from fairseq_cft.evaluation.languages import toolchain
from fairseq_cft.evaluation.languages.cpp import Cpp
from fairseq_cft.evaluation.languages.language import Prepared, Rejected
from fairseq_cft.evaluation.languages.toolchain import PROLOGUE, Toolchain, find_toolchain
from fairseq_cft.evaluation.sandbox.cachedir import cache_folder
from fairseq_cft.evaluation.sandbox.tiers import Sandbox
from fairseq_cft.evaluation.testcases import TestCaseFolder

TABLE = SHARED_DATA / "spoc/test/spoc-testw.tsv"
needs_spoc = pytest.mark.skipif(not TABLE.is_file(), reason=f"no SPoC programs in {SHARED_DATA}")

PROGRAMS = [
    "int main() { return 0; }",
    "int main() { char s[9]; gets(s); puts(s); }",  # gone since C++14
    "int main() { int a = 1 cout << a; }",
    "int main() { cout << undeclared; }",
    "int main() { string s = 5; }",
    "int main() { vector<int> a = {1, 2}; for (auto x : a) cout << x; }",
    "int main() { auto f = [](auto x) { return x; }; cout << f(1); }",
    "int gcd(int a, int b) { return b ? gcd(b, a % b) : a; } int main() { cout << gcd(4, 6); }",
    "int count; int main() { cin >> count; }",  # ambiguous with std::count
    "#include <iostream>\nint main() { std::cout << 1; }",
    "int missing(); int main() { return missing(); }",  # fails in the linker
    "int main() {",
    "}",
]


def accepted(language: Cpp, source: str, folder: Path, sandbox: Sandbox) -> bool:
    folder.mkdir()
    folder.chmod(0o755)
    return isinstance(language.prepare(source, folder, sandbox), Prepared)


@pytest.fixture
def any_sandbox() -> Sandbox:
    return sandbox_or_skip("none")


def test_header_and_linker_change_no_verdict(open_folder: Path, any_sandbox: Sandbox, toolchain: Toolchain) -> None:
    assert toolchain.header is not None
    slow = Cpp(dataclasses.replace(toolchain, header=None, linker=""))
    fast = Cpp(toolchain)
    results = {
        source: (
            accepted(fast, source, open_folder / f"fast{number}", any_sandbox),
            accepted(slow, source, open_folder / f"slow{number}", any_sandbox),
        )
        for number, source in enumerate(PROGRAMS)
    }
    assert [source for source, (quick, plain) in results.items() if quick != plain] == []
    assert sum(quick for quick, _ in results.values()) == 5


@pytest.mark.parametrize(
    ("program", "header"),
    [
        ("int main() { cout << 1; }", "light"),
        ("int main() { int count; vector<int> v; }", "light"),
        ("int regex; int main() { return regex; }", "full"),  # ambiguous: std::regex
        ("int main() { thread t; }", "full"),
        ("int main() { fut\\\nure<int> f; }", "full"),
        ("#define J(a, b) a##b\nint main() { J(fut, ure)<int> f; }", "full"),
    ],
)
def test_the_light_header_is_taken_where_no_word_tells_the_difference(
    toolchain: Toolchain, program: str, header: str
) -> None:
    assert toolchain.include(program) == [f"-I{toolchain.header}/{header}"]
    options = [*toolchain.flags(), "-w", "-fsyntax-only", "-x", "c++", "-"]

    def passes(*include: str) -> bool:
        source = (PROLOGUE + program).encode()
        return (
            subprocess.run([toolchain.compiler, *include, *options], input=source, capture_output=True).returncode == 0
        )

    assert passes(*toolchain.include(program)) == passes()
    if header == "full":
        assert passes(f"-I{toolchain.header}/light") != passes()


def test_diagnostics_are_those_of_the_program_as_it_stands(
    open_folder: Path, any_sandbox: Sandbox, toolchain: Toolchain
) -> None:
    rejected = Cpp(toolchain).prepare("#include <iostream>\nint main() { return x; }", open_folder, any_sandbox)
    assert isinstance(rejected, Rejected)
    assert "main.cpp:2:" in rejected.detail


def test_diagnostics_name_the_line(open_folder: Path, any_sandbox: Sandbox, toolchain: Toolchain) -> None:
    rejected = Cpp(toolchain).prepare("int main() { return x; }", open_folder, any_sandbox)
    assert isinstance(rejected, Rejected)
    assert "main.cpp:3:" in rejected.detail
    assert str(open_folder) not in rejected.detail


def as_assembler(object_file: Path) -> str:
    """The sections of a compiled file that the linker's plug-in for optimisation reads, as data in a program."""
    listing = subprocess.run(["readelf", "-SW", object_file], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"\] (\.gnu\.lto_\S+)\s+PROGBITS\s+\S+ (\S+) (\S+)", listing)
    data = object_file.read_bytes()
    lines = []
    for name, offset, size in found:
        lines.append(f'.section {name},"e",@progbits')
        lines += [f".byte {byte}" for byte in data[int(offset, 16) : int(offset, 16) + int(size, 16)]]
    return "\n".join([*lines, ".text", ".comm __gnu_lto_slim,1,1"])


def test_objects_hidden_in_a_program_are_not_linked(
    open_folder: Path, any_sandbox: Sandbox, toolchain: Toolchain
) -> None:
    (open_folder / "hidden.cpp").write_text('#include <cstdio>\nint main() { std::puts("unseen"); }\n')
    flags = ["-flto", "-fno-fat-lto-objects", "-c", "hidden.cpp", "-o", "hidden.o"]
    subprocess.run([toolchain.compiler, *flags], cwd=open_folder, check=True)
    source = f'asm(R"({as_assembler(open_folder / "hidden.o")})");'
    rejected = Cpp(toolchain).prepare(source, open_folder, any_sandbox)
    assert isinstance(rejected, Rejected)
    assert "undefined reference to `main'" in rejected.detail or "undefined reference to 'main'" in rejected.detail


class Linking(Toolchain):
    """A compiler that leaves a link to a file of ours where the executable should be."""

    def command(self, text: str, source: str, output: str) -> list[str]:
        return ["/bin/ln", "-s", "/etc/passwd", output]


def test_a_link_in_the_place_of_the_executable_is_not_followed(
    open_folder: Path, any_sandbox: Sandbox, toolchain: Toolchain
) -> None:
    linking = Linking(**vars(toolchain))
    rejected = Cpp(linking).prepare("int main() { }", open_folder, any_sandbox)
    assert (open_folder / "output/program").is_symlink()
    assert rejected == Rejected(Verdict.COMPILE_ERROR, "the compiler wrote no executable")


def test_a_full_disk_is_no_compile_error(
    open_folder: Path, any_sandbox: Sandbox, toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cpp_module.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(InfraError, match="is full: make room"):
        Cpp(toolchain).prepare("int main() {", open_folder, any_sandbox)


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o757])
def test_a_cache_that_others_can_change_is_refused(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    """They could put their own compiler's output there, to be run as ours."""
    monkeypatch.setenv("FAIRSEQ_CFT_CACHE", str(open_folder))
    assert cache_folder() == open_folder
    open_folder.chmod(mode)
    with pytest.raises(InfraError, match="can be changed by other users"):
        cache_folder()


def test_no_precompiled_header_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Toolchain) -> Path:
        raise InfraError("the disk is full")

    monkeypatch.setattr(toolchain, "_precompiled", refuse)
    with pytest.warns(UserWarning, match="compiling will be slow: the disk is full"):
        found = find_toolchain()
    assert found.header is None
    assert not any(option.startswith("-I") for option in found.command("", "a.cpp", "a"))


def test_a_header_that_gcc_passes_over_is_noticed(tmp_path: Path, toolchain: Toolchain) -> None:
    (tmp_path / "bits").mkdir()
    (tmp_path / "bits/stdc++.h").write_text("#include <iostream>\n")
    (tmp_path / "bits/stdc++.h.gch").write_bytes(b"not a header")
    with pytest.raises(InfraError, match="does not take the precompiled header"):
        from fairseq_cft.evaluation.languages.toolchain import _require_use

        _require_use(toolchain, tmp_path)


@needs_spoc
def test_gold_programs_are_correct() -> None:
    """The programs that people handed in, with all test cases; 999A reads beyond its array and is no fair question."""
    gold = [(name, source) for name, source in gold_programs(TABLE) if not name.startswith("999A-")][::150]
    folder = TestCaseFolder(SHARED_DATA / "spoc/testcases")
    cases = [folder.of(name.split("-")[0]) for name, _ in gold]
    report = evaluate([source for _, source in gold], cases, Settings(decode="plain", allow_unsafe=True))
    assert len(gold) >= 6
    assert report.counts["correct"] == len(gold), report.as_text()
