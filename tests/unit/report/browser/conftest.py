"""A headless Chromium, a small run of three systems, and its page."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_runs import GOLD, PAIRS, REFUSED, RIGHT, SYSTEMS, write_run
from chromium import Page, chromium, find_chromium
from commands import run


@pytest.fixture(scope="session")
def browser() -> Iterator[Page]:
    executable = find_chromium()
    if executable is None:
        pytest.skip("no Chromium is installed (Debian: chromium-headless-shell, or chromium)")
    with contextlib.ExitStack() as stack:
        try:
            page = stack.enter_context(chromium(executable))
        except (RuntimeError, OSError):  # the other worker's hostile programs may have left it no room to start in
            page = stack.enter_context(chromium(executable))
        yield page


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    for name, (outputs, verdicts) in SYSTEMS.items():
        write_run(folder / "evaluations", f"{name}.1.test", PAIRS, outputs, verdicts)
        write_run(folder / "evaluations", f"{name}.2.test", PAIRS, GOLD, [RIGHT] * 4)
        write_run(folder / "evaluations", f"{name}.1.ood", PAIRS[:2], ["x", "x"], [REFUSED, REFUSED])
    evaluations = sorted((folder / "evaluations").glob("*.json"))
    run("collect", *evaluations, "--dataset", "made", "--output", folder / "results.json")
    run("browse", "--results", folder, "--output", folder / "page.html")
    return folder


@pytest.fixture
def page(browser: Page, results: Path) -> Iterator[Page]:
    """The page, freshly opened; a test fails when the page has raised an error or asked the network for anything."""
    browser.errors.clear()
    browser.requests.clear()
    browser.open(results / "page.html")
    yield browser
    settled = "new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(document.title))))"
    assert browser.evaluate(settled) == "made: outputs"  # no program's text has become code
    assert browser.errors == []
    assert {url.partition("#")[0] for url in browser.requests} <= {(results / "page.html").as_uri()}
