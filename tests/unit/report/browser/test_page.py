"""The data of the page, and that no text of a program can become part of the page's own code."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from browser_runs import REFUSED, RIGHT, WRONG, entry, write_run
from commands import run

from fairseq_cft.errors import UserError
from fairseq_cft.report.browser import page_data, read_results, render

HOSTILE = "</script><script>alert(1)</script><!--<script> {{script}} \\1 & &lt; \"' \u2028 ␛0;"
PAIRS = [("read n ;", "int n ;"), ("print n ;", "cout << n ;"), (HOSTILE, HOSTILE)]


class Elements(HTMLParser):
    """The text of each script and style element, and the attributes of every element."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.styles: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self._within = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self._within == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = (attributes, text + data)
        elif self._within == "style":
            self.styles.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._within = ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    outputs = {
        "composed": (["int n ;", "cout << m ;", None], [RIGHT, WRONG, entry("missing")]),
        "composed:base": (["int n ;", "m ;", "\udcff"], [RIGHT, REFUSED, entry("runtime_error", "SIGSEGV", case=1)]),
        "pretrained+denoise": (["x", "y", "z"], [REFUSED] * 3),
    }
    for name, (lines, verdicts) in outputs.items():
        write_run(tmp_path, f"{name}.1.test", PAIRS, lines, verdicts)
    write_run(tmp_path, "composed.2.test", PAIRS, ["int n ;", "a", "b"], [RIGHT] * 3)
    write_run(tmp_path, "composed.1.ood", PAIRS[:1], ["int n ;"], [RIGHT])
    return tmp_path


@pytest.fixture
def data(folder: Path) -> dict[str, Any]:
    return page_data(read_results(folder), "made")


def verdicts(data: dict[str, Any], run: dict[str, Any]) -> list[str]:
    return [data["verdicts"][ord(letter) - ord("a")] for letter in run["verdicts"]]


def test_systems_know_what_they_are_without_the_denoiser(data: dict[str, Any]) -> None:
    assert [(each["name"], each["before"]) for each in data["systems"]] == [
        ("pretrained+denoise", None),  # pretrained itself was not run
        ("composed:base", None),
        ("composed", 1),
    ]
    assert data["systems"][1]["meaning"].endswith("its base predictor alone")


def test_groups_hold_each_system_in_the_order_of_the_examples(data: dict[str, Any]) -> None:
    first, second, ood = data["groups"]
    assert [(group["split"], group["seed"]) for group in data["groups"]] == [("test", 1), ("test", 2), ("ood", 1)]
    texts = data["texts"]
    _, base, composed = first["runs"]
    assert verdicts(data, composed) == ["correct", "wrong_output", "missing"]
    assert [texts[index] if index >= 0 else None for index in composed["outputs"]] == ["int n ;", "cout << m ;", None]
    assert [texts[index] for index in first["sources"]][:2] == ["read n ;", "print n ;"]
    assert composed["failed"] == {1: [1, 1, texts.index("3\n"), texts.index("6")]}
    assert texts[composed["details"][1]] == "7" and texts[base["details"][2]] == "SIGSEGV"
    assert base["failed"] == {2: [1, 1, -1, -1]}  # an evaluation of before the case was kept
    assert texts[base["details"][1]].startswith("line 2: error:")
    assert second["runs"][:2] == [None, None] and ood["ids"] == ["0"]
    assert base["outputs"][0] == composed["outputs"][0] == first["references"][0]  # one text, kept once
    assert len(set(texts)) == len(texts)
    assert list(data["splits"]) == ["test", "ood"]


def test_texts_stay_texts(data: dict[str, Any]) -> None:
    page = render(data)
    elements = Elements(page)
    (attributes, content), (_, code) = elements.scripts
    assert attributes == {"type": "application/json", "id": "data"}
    assert json.loads(content) == json.loads(json.dumps(data).replace("\\udcff", "\ufffd"))  # a byte that is no UTF-8
    assert "alert(1)" not in code and "<" not in content


def test_what_is_no_text_does_not_stop_the_page(tmp_path: Path) -> None:
    """A checker may say, and a file of ids may hold, half of a character."""
    verdict = entry("wrong_output", "no \ud83d of ours \udc80")
    write_run(tmp_path, "composed.1.test", PAIRS[:1], ["x"], [verdict], ids=["7\ud83d"])
    page = render(page_data(read_results(tmp_path), "made")).encode("utf-8").decode("utf-8")
    assert "no \ufffd of ours \ufffd" in page and '"7\ufffd"' in page


def test_a_gap_in_one_systems_dictionary_does_not_hide_what_another_log_says(folder: Path) -> None:
    gaps = [("read <unk> ;", "int <unk> ;"), PAIRS[1], PAIRS[2]]
    write_run(folder, "direct.1.test", gaps, ["x", "y", "z"], [REFUSED] * 3)  # direct comes first
    write_run(folder, "transfer.1.test", gaps, ["x", "y", "z"], [REFUSED] * 3)
    data = page_data(read_results(folder), "made")
    first = data["groups"][0]
    assert [data["texts"][first[name][0]] for name in ("sources", "references")] == ["read n ;", "int n ;"]


def test_the_policy_allows_the_pages_own_code_alone(data: dict[str, Any]) -> None:
    page = render({**data, "dataset": '<b>"made"</b> {{data}}'})
    elements = Elements(page)
    policy = next(value for tag, name, value in elements.attributes if tag == "meta" and "default-src" in str(value))

    def digest(text: str) -> str:
        return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

    rules = dict(rule.split(" ", 1) for rule in str(policy).split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'sha256-{digest(elements.scripts[1][1])}'"
    assert rules["style-src"] == f"'sha256-{digest(''.join(elements.styles))}'"
    assert "<title>&lt;b&gt;&quot;made&quot;&lt;/b&gt; {{data}}: outputs</title>" in page


def test_nothing_is_loaded_from_elsewhere(data: dict[str, Any]) -> None:
    elements = Elements(render(data))
    assert not [each for each in elements.attributes if each[1] in ("src", "href", "style") or each[1].startswith("on")]
    assert not re.search(r"url\(|@import|https?:", "".join(elements.styles) + elements.scripts[1][1])
    assert "innerHTML" not in elements.scripts[1][1]


def test_the_program_writes_the_page(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("browse", "--results", folder, "--output", tmp_path / "made/page.html")
    assert "7 examples, 3 systems" in capsys.readouterr().out
    assert (tmp_path / "made/page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(UserError, match="no evaluations to show"):
        page_data([], "none")
