"""Programs for the tests: SPoC's, where the shared data are at hand, and hard ones written for this project."""

import os
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from fairseq_cft.data.spoc import Program, read_programs

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = Path(os.environ.get("CFT_SHARED_DATA", ROOT.parent / "shared" / "data"))
TABLES = [
    *("train/split/spoc-train-eval.tsv", "train/split/spoc-train-test.tsv"),
    *("test/spoc-testw.tsv", "test/spoc-testp.tsv"),
]


def spoc_programs(count: int | None = None) -> list[Program]:
    """SPoC's programs (``count`` of them at random, always the same); skips the test without the data."""
    programs: list[Program] = []
    for name in TABLES:
        path = SHARED_DATA / "spoc" / name
        if not path.is_file():
            pytest.skip(f"no {path}; name the folder of the shared data by CFT_SHARED_DATA")
        lines = path.read_text(encoding="utf-8").split("\n")
        programs += [item for item in read_programs(lines, name) if isinstance(item, Program)]
    return programs if count is None else random.Random(1).sample(programs, count)


def source_of(program: Program) -> str:
    """The code as the table has it."""
    return "".join(f"{'  ' * row.indent}{row.code}\n" for row in program.rows)


def compile_errors(sources: Sequence[str], standard: str = "gnu++17") -> str:
    """What g++ says about the programs, all in one run: each gets a namespace of its own."""
    parts = [f"namespace program_{number} {{\n{source}\n}}\n" for number, source in enumerate(sources)]
    text = "#include <bits/stdc++.h>\nusing namespace std;\n" + "".join(parts)
    command = ["g++", f"-std={standard}", "-fsyntax-only", "-w", "-x", "c++", "-"]
    return subprocess.run(command, input=text, text=True, capture_output=True, check=False).stderr


# Each of these loses its meaning when its tokens are set apart, or its white space folded, without care.
HARD_PROGRAM = r"""
#include <cstdio>
# define SQUARE(x) ((x)*(x))
#define NOT_A_FUNCTION (1)
#define LONG_MACRO(a, b) \
  ((a) + \
     (b))
#define HEADER <vector>
#define PASTE(a, b) a ## b
#define TEXT(x) #x
#include HEADER
#if __has_include(<string>) && !defined(NO_STRING) // a  comment
#include <string>
static_assert(SQUARE(3) == 9 && NOT_A_FUNCTION == 1 && LONG_MACRO(1, 2) == 3, "two  blanks");
#else
#error no <string>
#endif
static_assert(sizeof("a  b") == 5 && sizeof("a	b") == 4 && sizeof(" ~ $ ") == 6, "");
static_assert(sizeof(R"x( )"  $
  ~ )x") == 12, "a raw string with a quote, blanks and a newline");
static_assert(sizeof("né\"") > 4 && sizeof("con\
tinued") == 10, "");
static_assert('\'' == 39 && ' ' == 32 && '~' == 126 && '\\' == 92 && '$' == 36, "");
static_assert(0x1p-3 == 0.125 && 1e+2 == 100. && .5f == 5e-1f && 0b1'01 == 5 && 1'000'000LL == 1000000, "");
static_assert(~~(0 ^ 5) == 5 && ~ 0 == -1 && (8 >> 1 | 1) == 5, "~ is no indent");
struct Destroyed { ~Destroyed() {} /* two
    lines  */ int member = 0; };
struct Derived : ::Destroyed { int * pointer ; };
template <class T, int N = (4 > 2)> struct Box { T value[N <= 1 ? 1 : 2]; };
std::vector<std::vector<int>> nested; std::vector<::std::string> rooted;
Box<Box<int>> boxes[2] = {};
inline unsigned long long operator ""_mile(unsigned long long x) { return x; }
int PASTE(va, riable) = 5, $dollar = 1, été = 2, value = 10_mile;
int arrow(Destroyed* d, int Destroyed::* m) { return d->*m + (*d).*m + (value <<= 1, value >>= 1, value ^= 3); }
const char *joined = "one" " two"
  "three";
int a<:2:> = {1, 2};
auto lambda = [](auto... rest) -> int { return sizeof...(rest); };
int main() { const char *s = TEXT(x y); return val\
ue; }
"""
