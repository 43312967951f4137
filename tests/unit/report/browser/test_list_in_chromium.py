"""The page in a headless Chromium, as a user meets it: the list of examples, its filters, the page as a whole."""

import itertools
import json
from pathlib import Path

import pytest
from browser_runs import SYSTEMS, write_many
from chromium import Page, shown, value
from commands import run

pytestmark = pytest.mark.xdist_group("chromium")  # one browser for all


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


def test_a_browser_that_refuses_addresses_still_shows_what_was_asked_for(page: Page) -> None:
    """Firefox and Safari refuse when there were many in a short time, as in fast typing."""
    page.evaluate("history.replaceState = history.pushState = () => { throw new DOMException('', 'SecurityError'); }")
    page.choose("#query", "twice")
    assert shown(page) == ["test 1", "test 1 seed 2", "ood 1"]
    page.click("#rows #row-0")
    assert page.text("#name") == "test · seed 1 · 1"


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
    run("browse", "--results", tmp_path, "--output", tmp_path / "page.html")
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


def test_kinds_of_failure_are_counted_and_lead_to_their_examples(page: Page) -> None:
    page.evaluate("document.getElementById('failures-part').open = true")
    assert page.texts("#kinds thead th") == ["kind of failure", *SYSTEMS]
    counts = dict(zip(page.texts("#kinds tbody th"), range(1, 9), strict=False))
    undeclared = counts["compile error: … was not declared in this scope"]
    assert page.texts(f"#kinds tbody tr:nth-child({undeclared}) td") == ["3", "3", "3"]
    page.choose("#split", "test")
    assert page.texts(f"#kinds tbody tr:nth-child({undeclared}) td") == ["1", "1", "1"]
    page.click(f"#kinds tbody tr:nth-child({undeclared}) td:nth-child(2) button")
    assert shown(page) == ["test 3"] and value(page, "kind") == "compile error: … was not declared in this scope"


def test_what_denoising_changed_leads_to_an_example(page: Page) -> None:
    page.evaluate("document.getElementById('failures-part').open = true")
    assert page.texts("#changes tbody tr") == ["composed\t1\ttest 0\t1\ttest 1"]
    page.click("#changes tbody tr td:nth-child(4) button")
    assert shown(page) == ["test 1"] and value(page, "effect") == "spoilt"
    page.click("#changes tbody tr td:nth-child(3) button")
    assert page.text("#name") == "test · seed 1 · 0"
    assert [value(page, f"choose-{side}") for side in ("left", "right")] == ["composed:base", "composed"]
