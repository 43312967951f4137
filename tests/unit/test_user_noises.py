"""The example of docs/own_data.md: its records, noise and checker hold what the page says about them."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from commands import ROOT

from fairseq_cft import user_files
from fairseq_cft.evaluation import Settings, TestCase, evaluate
from fairseq_cft.noise import item_rng, make_noise

pytestmark = pytest.mark.usefixtures("forget_user_files")

EXAMPLE = ROOT / "examples/own_data"
SETTINGS = Settings(checker="order", user_file=EXAMPLE / "orders.py", decode="plain")

COUNTS = ["one", "two", "three", "four", "five", "six"]
SIZES = {"small": "small", "little": "small", "medium": "medium", "normal": "medium", "large": "large", "big": "large"}
ITEM = re.compile(rf"({'|'.join(COUNTS)}) ({'|'.join(SIZES)}) (\w+)")


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("orders")
    counts = ["--train", "30", "--valid", "30", "--test", "30", "--ood", "30", "--unlabeled", "300"]
    subprocess.run([sys.executable, EXAMPLE / "make_orders.py", "--out", out, *counts], check=True)
    return out


def judged(outputs: list[str], expected: list[str]) -> list[str]:
    cases = [[TestCase(b"", line.encode())] for line in expected]
    return [str(judgement.verdict) for judgement in evaluate(outputs, cases, SETTINGS).judgements]


def test_every_record_is_valid_and_is_what_was_said(data: Path) -> None:
    for split, count in (("train", 30), ("ood", 30)):
        records = (data / f"{split}.tgt").read_text().splitlines()
        spoken = (data / f"{split}.src").read_text().splitlines()
        assert len(records) == len(spoken) == count and judged(records, records) == ["correct"] * count
        for line, words in zip(records, spoken, strict=True):
            order = json.loads(line)
            found = ITEM.findall(words)
            assert f"table {order['table']}" in words and len(found) == len(order["items"])
            for item, (count, size, dish) in zip(order["items"], found, strict=True):
                assert (item["count"], item["size"], item["dish"]) == (COUNTS.index(count) + 1, SIZES[size], dish)


def test_the_noise_breaks_records_that_the_checker_then_refuses(data: Path) -> None:
    user_files.read_user_files(EXAMPLE / "orders.py")
    records = (data / "unlabeled.tgt").read_text().splitlines()
    noise = make_noise("order", clean_share=0.0, errors=(1, 1))
    broken = [noise(line, item_rng(1, 0, index)) for index, line in enumerate(records)]
    verdicts = Counter(judged(broken, records))
    # only a price that is drawn again by chance, 1 in 29 of a fifth, leaves a record as it was: 2 of 300 on average
    assert verdicts["correct"] <= 10 and verdicts["compile_error"] >= 290 and verdicts["wrong_output"] == 0
    dishes = [[item["dish"] for item in json.loads(line)["items"]] for line in records]
    assert all(all(dish in line.replace('"', "") for dish in names) for line, names in zip(broken, dishes, strict=True))


@pytest.mark.parametrize(
    ("output", "verdict"),
    [
        ('{"items": [{"price": 9, "size": "large", "dish": "soup", "count": 2}], "table": 4}', "correct"),
        ('{"table": 5, "items": [{"count": 2, "dish": "soup", "size": "large", "price": 9}]}', "wrong_output"),
        ('{"table": 4, "items": [{"count": 2, "dish": "soup", "size": "large", "price": 8}]}', "compile_error"),
        ('{"table": 4, "items": [{"count": 2, "dish": "soup", "size": ["large"], "price": 9}]}', "compile_error"),
        ('{"table": 4, "items": [{"count": 2, "dish": ["soup"], "size": "large", "price": 9}]}', "compile_error"),
        ('{"table": 4, "items": [{"count": true, "dish": "soup", "size": "large", "price": 9}]}', "compile_error"),
        ('{"table": 4, "items": [3]}', "compile_error"),
        ('{"table": 4, "items": []}', "compile_error"),
        ("[]", "compile_error"),
        ("null", "compile_error"),
        ("", "compile_error"),
        ("[" * 100_000, "compile_error"),
    ],
)
def test_the_checker(output: str, verdict: str) -> None:
    expected = '{"table": 4, "items": [{"count": 2, "dish": "soup", "size": "large", "price": 9}]}'
    assert judged([output], [expected]) == [verdict]
