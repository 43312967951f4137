"""The page in a headless Chromium, as a user meets it."""

from __future__ import annotations

import functools
import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_runs import REFUSED, RIGHT, WRONG, entry, write_many, write_run
from chromium import Page, chromium, find_chromium
from commands import program

pytestmark = pytest.mark.xdist_group("chromium")  # one browser for all

HOSTILE = "</script><script>document.title='owned'</script><img␣src=x␣onerror=\"document.title='owned'\">"
PAIRS = [
    ("read n ; $ print n ;", "int main ( ) { $ ~ int n ; cin >> n ; $ ~ cout << n ; $ }"),
    ("read m ; $ print twice m ;", "int main ( ) { $ ~ int m ; cin >> m ; $ ~ cout << 2 * m ; $ }"),
    ("print a word ;", 'int main ( ) { $ ~ cout << "a␣word" ; $ }'),
    ("stop ; <b>bold</b>", "int main ( ) { $ ~ return 0 ; $ }"),
]
GOLD = [gold for _, gold in PAIRS]
TYPED = GOLD[0].replace("int n", "string n")
CRASH = entry("runtime_error", "SIGSEGV", case=2, total=3, input="5\n", expected="10")
BLANK = {**WRONG, "detail": "6\n"}
# the denoiser repairs example 0, spoils 1, leaves 2 wrong but changed, and leaves 3 as it is
SYSTEMS: dict[str, tuple[list[str | None], list[dict[str, Any]]]] = {
    "pretrained": ([TYPED, GOLD[1], None, HOSTILE], [BLANK, RIGHT, entry("missing"), REFUSED]),
    "composed:base": ([TYPED, GOLD[1], "x", GOLD[3]], [WRONG, RIGHT, REFUSED, RIGHT]),
    "composed": ([GOLD[0], GOLD[1].replace("2", "3"), "y", GOLD[3]], [RIGHT, CRASH, REFUSED, RIGHT]),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium is installed (Debian: chromium-headless-shell, or chromium)")
    with chromium(executable) as page:
        yield page


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    for name, (outputs, verdicts) in SYSTEMS.items():
        write_run(folder / "evaluations", f"{name}.1.test", PAIRS, outputs, verdicts)
        write_run(folder / "evaluations", f"{name}.2.test", PAIRS, GOLD, [RIGHT] * 4)
        write_run(folder / "evaluations", f"{name}.1.ood", PAIRS[:2], ["x", "x"], [REFUSED, REFUSED])
    evaluations = sorted((folder / "evaluations").glob("*.json"))
    program("scripts/collect_results.py", *evaluations, "--dataset", "made", "--output", folder / "results.json")
    program("scripts/browse.py", "--results", folder, "--output", folder / "page.html")
    return folder


@pytest.fixture
def page(browser: Page, results: Path) -> Iterator[Page]:
    """The page, freshly opened; a test fails when the page has raised an error or asked the network for anything."""
    browser.errors.clear()
    browser.requests.clear()
    browser.open(results / "page.html")
    yield browser
    assert browser.errors == []
    assert {url.partition("#")[0] for url in browser.requests} <= {(results / "page.html").as_uri()}
    assert browser.evaluate("document.title") == "made: outputs"  # no program's text has become code


def shown(page: Page) -> list[str]:
    """The examples of the list, as SPLIT ID of seed 1 and SPLIT ID seed 2."""
    rows = "[...document.querySelectorAll('#rows > [role=row]')].sort((a, b) => a.offsetTop - b.offsetTop)"
    names = page.evaluate(f"{rows}.map((row) => row.querySelector('.id').innerText)")
    return [name.removesuffix(" seed 1") for name in names]


def value(page: Page, box: str) -> str:
    """What an input or a select holds."""
    found: str = page.evaluate(f"document.getElementById({box!r}).value")
    return found


def test_everything_is_in_the_list_at_first(page: Page) -> None:
    assert shown(page) == [*(f"test {i}" for i in range(4)), *(f"test {i} seed 2" for i in range(4)), "ood 0", "ood 1"]
    assert page.text("#found") == "10 of 10 examples"


def test_counts_are_those_of_results_json(page: Page, results: Path) -> None:
    records = json.loads((results / "results.json").read_text())
    for seed, split in itertools.product(("", "1", "2"), ("test", "ood")):
        page.choose("#seed", seed)
        page.choose("#split", split)
        head = ["n", *page.texts("#totals thead tr:nth-child(2) th")[1:]]
        for row in range(1, len(SYSTEMS) + 1):
            system = page.text(f"#totals tbody tr:nth-child({row}) th")
            cells = page.texts(f"#totals tbody tr:nth-child({row}) td")
            chosen = [record for record in records if (record["method"], record["split"]) == (system, split)]
            chosen = [record for record in chosen if seed in ("", str(record["seed"]))]
            if not chosen:
                assert not any(cells)
                continue
            counts = [str(sum(record[name.replace(" ", "_")] for record in chosen)) for name in head]
            assert [cell.split()[0] for cell in cells] == counts, (system, split, seed)
            assert head[1] == "correct"
            assert cells[1].split()[1] == f"{100 * int(counts[1]) / int(counts[0]):.1f}"


def test_filters(page: Page) -> None:
    page.choose("#seed", "1")
    page.choose("#split", "test")
    assert page.text("#found") == "4 of 4 examples"
    page.choose("#verdict", "runtime_error")
    assert shown(page) == ["test 1"]
    page.choose("#system", "pretrained")
    assert shown(page) == []
    page.choose("#verdict", "wrong")
    assert shown(page) == ["test 0", "test 2", "test 3"]
    page.click("#clear")
    assert page.text("#found") == "10 of 10 examples"


def test_a_number_at_the_top_shows_its_examples(page: Page) -> None:
    page.click("#totals tbody tr:nth-child(3) td:nth-of-type(4) .count")
    assert page.text("#totals thead tr:nth-child(2) th:nth-child(4)") == "runtime error"
    assert shown(page) == ["test 1"] and value(page, "system") == "composed"


def test_what_the_denoiser_did(page: Page) -> None:
    page.choose("#seed", "1")
    page.choose("#split", "test")
    effects = {"changed": [0, 1, 2], "kept": [3], "repaired": [0], "spoilt": [1]}
    for effect, examples in effects.items():
        page.choose("#effect", effect)
        assert shown(page) == [f"test {example}" for example in examples], effect


def test_one_system_right_and_another_wrong(page: Page) -> None:
    page.choose("#right", "composed")
    page.choose("#wrong", "pretrained")
    assert shown(page) == ["test 0", "test 3"]
    page.choose("#right", "pretrained")
    page.choose("#wrong", "composed")
    assert shown(page) == ["test 1"]


def test_search(page: Page) -> None:
    page.choose("#seed", "1")

    def found(words: str, where: str) -> list[str]:
        page.choose("#where", where)
        page.choose("#query", words)
        return shown(page)

    assert found("PRINT  twice", "") == ["test 1", "ood 1"]
    assert found("string n", "") == ["test 0"]
    assert found("string n", "gold") == found("string n", "pseudocode") == found("string n", "output") == []
    assert found("string n", "outputs") == ["test 0"]
    assert found("2 * m", "gold") == ["test 1", "ood 1"]
    assert found("was not declared", "messages") == ["test 2", "test 3", "ood 0", "ood 1"]
    assert found("a word", "gold") == ["test 2"]  # the blank of a literal is a blank
    assert found("3", "") == ["test 1", "test 3"]  # 3 * m, and an id


def test_order(page: Page) -> None:
    page.choose("#seed", "1")
    page.choose("#split", "test")
    page.choose("#sort", "right")
    assert shown(page) == ["test 2", "test 0", "test 1", "test 3"]
    page.click("#direction")
    assert shown(page) == ["test 1", "test 3", "test 0", "test 2"]
    page.evaluate("[...document.querySelectorAll('#head button')].find((b) => b.innerText === 'composed').click()")
    assert shown(page) == ["test 0", "test 3", "test 1", "test 2"]  # correct, runtime error, compile error
    assert page.evaluate("document.querySelectorAll('#head [aria-sort=ascending]').length") == 1


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


def test_the_address_keeps_the_view(page: Page, results: Path) -> None:
    page.choose("#split", "test")
    page.choose("#verdict", "wrong")
    page.choose("#query", "print")
    before = shown(page)
    page.click("#rows #row-0")
    address = page.evaluate("location.hash")
    page.open(results / "page.html", address)
    assert page.text("#name") == "test · seed 1 · 1"
    page.press("Escape")
    assert shown(page) == before == ["test 1", "test 2"]
    page.click("#rows #row-0")
    page.evaluate(
        "new Promise((done) => { addEventListener('popstate', () => done(), {once: true}); history.back(); })"
    )
    assert shown(page) == before
    page.open(results / "page.html", "#split=none&open=test.9.9&verdict=%00&sort=by+nothing")
    assert page.text("#found") == "10 of 10 examples"  # an address of another page does no harm


def test_code_that_got_into_the_page_would_not_run(page: Page) -> None:
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.owned = 1'}))"
    )
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<svg onload=\"window.owned = 1\"></svg>')")
    assert page.evaluate("window.owned") is None
    assert page.errors and all("Content Security Policy" in error for error in page.errors)
    page.errors.clear()


CONTRAST = """(() => {
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const behind = (each) => {
    for (; each; each = each.parentElement) {
      const color = parse(getComputedStyle(each).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return null;
  };
  const low = [];
  for (const each of document.querySelectorAll("body *")) {
    if (!each.offsetParent || ![...each.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    const [a, b] = [parse(getComputedStyle(each).color), behind(each)].map(luminance).sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push(`${each.tagName}.${each.className}: ${each.innerText.slice(0, 20)}`);
  }
  return low;
})()"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_colours_and_widths(page: Page, results: Path, dark: bool, width: int) -> None:
    """Contrast of at least 4.5 (WCAG AA), nothing wider than the window, a name for everything that takes input."""
    for address in ("", "#open=test.1.0", "#open=test.1.1&left=pretrained"):
        page.open(results / "page.html", address, width=width, dark=dark)
        assert page.evaluate(CONTRAST) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        nameless = "(each) => !each.labels.length && !each.getAttribute('aria-label')"
        assert page.evaluate(f"[...document.querySelectorAll('input, select')].filter({nameless}).length") == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)"
    )


def test_long_lists_stay_small_in_the_document(browser: Page, tmp_path: Path) -> None:
    write_many(tmp_path, ["pretrained", "composed:base", "composed"], examples=2000)
    program("scripts/browse.py", "--results", tmp_path, "--output", tmp_path / "page.html")
    browser.open(tmp_path / "page.html")
    assert browser.text("#found") == "2000 of 2000 examples"
    assert 10 < len(shown(browser)) < 100
    for top in range(0, 60_000, 3_000):
        browser.evaluate(
            f"new Promise((done) => {{ scrollTo(0, {top}); requestAnimationFrame(() => setTimeout(done)); }})"
        )
    assert "test 1665" in shown(browser) and len(shown(browser)) < 100
    browser.press("End")
    assert shown(browser)[-1] == "test 1999" and len(shown(browser)) < 100
    browser.press("Enter")
    assert browser.text("#position") == "2000 of 2000"
    browser.press("Escape")
    assert "test 1999" in shown(browser)
    browser.choose("#verdict", "correct")
    count = browser.evaluate("document.querySelector('#totals tbody tr:last-child .count').innerText")
    assert browser.text("#found") == f"{count} of 2000 examples"


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
    program("scripts/browse.py", "--results", tmp_path, "--output", tmp_path / "page.html")
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
