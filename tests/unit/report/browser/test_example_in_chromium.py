"""One example of the page in a headless Chromium: its panes, their differences from gold, what went wrong."""

import functools
import random
from pathlib import Path

import pytest
from browser_runs import REFUSED, entry, write_run
from chromium import Page, value
from commands import run

pytestmark = pytest.mark.xdist_group("chromium")  # one browser for all


def test_an_example_by_the_keyboard(page: Page) -> None:
    page.press("j", "ArrowDown", "k", "Enter")
    assert page.text("#name") == "test · seed 1 · 1" and page.text("#position") == "2 of 10"
    assert page.evaluate("document.activeElement.id") == "name"
    page.press("k")
    assert page.text("#name") == "test · seed 1 · 0"
    page.press("j", "j", "ArrowLeft", "Escape")
    assert not page.evaluate("document.getElementById('overview').hidden")
    assert page.evaluate("document.querySelector('#rows .current .id').innerText").startswith("test 1")
    page.press("/", "t", "w", "i")
    assert page.text("#found") == "3 of 10 examples"
    page.press("Escape", "Enter")
    assert page.text("#position") == "1 of 3"


def panes(page: Page) -> list[str]:
    """The code of the four panes, without line numbers."""
    return page.texts("#panes .code pre:not(.numbers)")


def test_an_example_shows_both_stages_and_gold(page: Page) -> None:
    page.click("#rows #row-0")
    source, base, composed, gold = panes(page)
    assert source == "read n ;\nprint n ;"
    assert composed == gold == "int main ( ) {\n  int n ; cin >> n ;\n  cout << n ;\n}"
    assert base.replace("‸", "").replace("missing: int", "").split() == gold.replace("int n", "string n").split()
    assert (
        page.texts("#panes ins") == ["string"]
        and page.evaluate("document.querySelector('del').title") == "missing: int"
    )
    assert page.evaluate("[...document.querySelectorAll('#panes select')].map((s) => s.value)") == [
        "composed:base",
        "composed",
    ]
    assert page.texts("#panes .badge .word") == ["wrong output", "correct"]
    assert page.texts("#panes .field") == ["Input\n3\n", "Expected\n6", "Got\n7"]
    assert "white space" not in page.text("#panes")
    page.choose("#choose-left", "pretrained")
    assert "The two differ in white space alone." in page.text("#panes")


def test_every_system_can_be_chosen(page: Page) -> None:
    page.evaluate("location.hash = 'open=test.1.3'")
    page.choose("#choose-left", "pretrained")
    assert panes(page)[1].replace("‸", "").startswith("</script><script>")
    assert page.texts("#panes .field") == [
        "Compiler\nline 2: error: ‘x’ was not declared in this scope\n    2 | x = 1 ;\n      | ^"
    ]
    page.evaluate("[...document.querySelectorAll('#chips button')][1].click()")
    assert value(page, "choose-right") == "composed:base"
    page.choose("#marks", "none")
    assert page.texts("#panes ins") == []
    page.choose("#marks", "each")
    assert page.texts("#panes ins") != [] and page.texts("#panes section:last-child ins") == []


def test_a_crash_and_a_missing_output(page: Page) -> None:
    page.evaluate("location.hash = 'open=test.1.1'")
    assert "First failing case: 2 of 3" in page.text("#panes")
    assert page.texts("#panes section:nth-child(3) ins") == ["3"]
    assert page.texts("#panes section:last-child ins") == ["2"]
    assert page.texts("#panes .field") == ["Input\n5\n", "Expected\n10", "Ended by\nSIGSEGV"]
    page.evaluate("location.hash = 'open=test.1.2&left=pretrained'")
    assert page.texts("#panes section:nth-child(2) .note") == ["none"]


def test_what_a_checker_said(browser: Page, tmp_path: Path) -> None:
    """Nothing was compiled, nothing printed; what the checker saw is shown where it stands in no other pane."""
    pairs = [("one soup", '{"soup": 1}'), ("two", '{"tea": 2}'), ("f", "return 1")]
    verdicts = [
        entry("compile_error", "no JSON:\n1 | x", case=1, input="", expected='{"soup": 1}'),
        entry("wrong_output", case=1, input="two", expected='{"tea": 2}'),
        entry("wrong_output", "it gave 2", case=1, input="21", expected="42"),
    ]
    write_run(tmp_path, "mine.1.test", pairs, ["{", "{}", "return 2"], verdicts, signature="checker:c|decode:plain")
    run("browse", "--results", tmp_path, "--output", tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    assert "compiled" not in browser.text("main:not([hidden])") and "Pseudocode" not in browser.text("body")
    fields = [["The checker says\nno JSON:\n1 | x"], [], ["Input\n21", "Expected\n42", "The checker says\nit gave 2"]]
    for index, expected in enumerate(fields):
        browser.evaluate(f"location.hash = 'open=test.1.{index}'")
        browser.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        assert browser.texts("#panes section:nth-child(2) .field") == expected
    assert browser.text("#panes section:first-child h3") == "Source" and browser.errors == []


def longest_common(left: list[str], right: list[str]) -> int:
    """Length of the longest common subsequence, by its definition."""

    @functools.cache
    def of(i: int, j: int) -> int:
        if i == len(left) or j == len(right):
            return 0
        return of(i + 1, j + 1) + 1 if left[i] == right[j] else max(of(i + 1, j), of(i, j + 1))

    return of(0, 0)


def test_marks_are_those_of_a_longest_common_subsequence(browser: Page, tmp_path: Path) -> None:
    generator = random.Random(1)
    programs = [[generator.choice(["a", "b", "<<=", "1.5", '"x"']) for _ in range(12)] for _ in range(20)]
    golds, outputs = programs[:10], programs[10:]
    pairs = [("say", " ".join(gold)) for gold in golds]
    write_run(tmp_path, "mine.1.test", pairs, [" ".join(output) for output in outputs], [REFUSED] * 10)
    run("browse", "--results", tmp_path, "--output", tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    for index, (gold, output) in enumerate(zip(golds, outputs, strict=True)):
        browser.evaluate(f"location.hash = 'open=test.1.{index}'")
        browser.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
        parts = browser.evaluate(
            "[...document.querySelector('#panes section:nth-child(2) .code pre:not(.numbers)').childNodes]"
            ".map((part) => [part.nodeName, part.title ?? '', part.textContent])"
        )
        kept = [word for kind, _, text in parts if kind == "#text" for word in text.split()]
        extra = [text for kind, _, text in parts if kind == "INS"]
        assert len(kept) == longest_common(gold, output) and len(kept) + len(extra) == len(output)
        restored = [title.removeprefix("missing: ") if kind == "DEL" else text
                    for kind, title, text in parts if kind != "INS"]  # fmt: skip
        assert " ".join(restored).split() == gold
