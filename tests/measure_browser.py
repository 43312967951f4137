"""Measures the browser of outputs on a made-up results folder: python tests/measure_browser.py [EXAMPLES [SYSTEMS]]"""

import json
import sys
import tempfile
import time
from pathlib import Path

from browser_runs import write_many
from chromium import Page, chromium, find_chromium

from fairseq_cft.report.browser import page_data, read_results, render

SYSTEMS = ["direct", "direct+denoise", "pretrained", "pretrained+denoise", "bart_style", "bart_style+denoise",
           "composed:base", "composed", "backtranslation", "backtranslation+denoise"]  # fmt: skip

# sets a box to each of VALUES and waits until the changed page has been painted; gives the longest wait
CHANGE = """(async () => {
  const times = [];
  for (const value of VALUES) {
    const box = document.getElementById(ID);
    const began = performance.now();
    box.value = value;
    box.dispatchEvent(new Event(box.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    times.push(performance.now() - began);
  }
  return Math.max(...times);
})()"""

# scrolls the list by STEP pixels a frame, 100 times; gives the median time between frames
SCROLL = """(async () => {
  window.scrollTo(0, 0);
  const times = [];
  let before = performance.now();
  for (let frame = 0; frame < 100; frame += 1) {
    window.scrollBy(0, STEP);
    await new Promise((done) => requestAnimationFrame(done));
    times.push(performance.now() - before);
    before = performance.now();
  }
  return times.sort((a, b) => a - b)[50];
})()"""

# goes to the next example 20 times; gives the mean time
NEXT = """(async () => {
  const began = performance.now();
  for (let step = 0; step < 20; step += 1) {
    document.getElementById("next").click();
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  }
  return (performance.now() - began) / 20;
})()"""


def busy(page: Page) -> float:
    """Milliseconds of processor time that the page's main thread has used; unlike a clock, it knows no other load."""
    metrics = {each["name"]: each["value"] for each in page.send("Performance.getMetrics")["metrics"]}
    return 1000 * float(metrics["TaskDuration"])


def measure(page: Page, what: str, expression: str, times: int = 1) -> None:
    """Prints processor time (the mean of `times` steps) and the time that the expression itself gives."""
    before = busy(page)
    waited = page.evaluate(expression)
    print(f"{what}: {(busy(page) - before) / times:.0f} ms of processor time, {waited:.0f} ms by the clock")


def change(box: str, *values: str) -> str:
    return CHANGE.replace("VALUES", json.dumps(values)).replace("ID", json.dumps(box))


def main(examples: int = 5000, systems: int = 10) -> None:
    executable = find_chromium()
    if executable is None:
        raise SystemExit("measure_browser.py: no Chromium is installed")
    with tempfile.TemporaryDirectory() as name, chromium(executable) as page:
        folder = Path(name)
        write_many(folder, SYSTEMS[:systems], examples)
        began = time.monotonic()
        file = folder / "page.html"
        file.write_text(render(page_data(read_results(folder), "made up")), encoding="utf-8")
        print(f"{examples} examples, {systems} systems: page of {file.stat().st_size / 1e6:.1f} MB "
              f"in {time.monotonic() - began:.1f} s")  # fmt: skip
        page.send("Performance.enable", timeDomain="threadTicks")
        page.open(file)
        print(f"loaded: {busy(page):.0f} ms of processor time")
        time.sleep(2)
        measure(page, "search, a letter", change("query", "v", "va", "var_1 +", "var_1 + 77", ""), 5)
        measure(page, "filter by verdict", change("verdict", "wrong", "correct", "compile_error", ""), 4)
        measure(page, "filter by what the denoiser did", change("effect", "changed", "repaired", ""), 3)
        measure(page, "sort", change("sort", "right", "length", f"by {SYSTEMS[0]}", ""), 4)
        for step in (60, 1400):
            measure(page, f"scroll by {step} px, a frame", SCROLL.replace("STEP", str(step)), 100)
        page.evaluate("location.hash = 'open=test.1.7'")
        measure(page, "next example", NEXT, 20)
        page.evaluate("location.hash = ''")
        print("elements in the document:", page.evaluate("document.querySelectorAll('*').length"))
        if page.errors:
            raise SystemExit(f"the page has errors: {page.errors}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
