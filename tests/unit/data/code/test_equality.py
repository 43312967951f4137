"""Programs that are the same up to names and layout."""

import pytest

from fairseq_cft.data.code.equality import program_key

PROGRAM = "int main() { int a, b; cin >> a >> b; if (a < b) cout << max(a, b) + 1; }"


@pytest.mark.parametrize(
    "same",
    [
        PROGRAM.replace(" ", "\n"),
        PROGRAM.replace("cout << max(a, b) + 1;", "{ cout << max(a, b) + 1; }"),
        "int main() { int one, x; cin >> one >> x; /* c */ if (one < x) cout << max(one, x) + 1; }",
        PROGRAM.replace("b", "count"),  # a name that the library has, too
    ],
)
def test_names_layout_and_braces_do_not_count(same: str) -> None:
    assert program_key(same) == program_key(PROGRAM)


@pytest.mark.parametrize(
    "other",
    [
        PROGRAM.replace("max", "min"),
        PROGRAM.replace("1", "2"),
        PROGRAM.replace("a < b", "b < a"),
        PROGRAM.replace("int a", "long a"),
        PROGRAM.replace("int a, b;", "int a; int b;"),
    ],
)
def test_everything_else_does(other: str) -> None:
    assert program_key(other) != program_key(PROGRAM)


def test_templates_may_close_apart() -> None:
    assert program_key("vector<vector<int>> v;") == program_key("vector<vector<int> > w;")
