"""Makes the data of docs/own_data.md: spoken orders and their JSON records, one a line.

Writes {train,valid,test,ood}.{src,tgt} and unlabeled.tgt; `ood` says it in other sentences.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from orders import MENU, SIZES

COUNTS = ("one", "two", "three", "four", "five", "six")
SENTENCES = ("table {table} wants {items}", "{items} for table {table}", "table {table} : {items} please")
OTHER_SENTENCES = ("bring {items} to table {table}", "{items} please , table {table} wants that")
SIZE_WORDS = {"small": ("small", "little"), "medium": ("medium", "normal"), "large": ("large", "big")}
MOST_ITEMS = 3
TABLES = 20


def record(rng):
    """A valid order."""
    dishes = rng.choice(list(MENU), size=rng.integers(1, MOST_ITEMS + 1), replace=False)
    items = []
    for dish in map(str, dishes):
        size = int(rng.integers(len(SIZES)))
        count = int(rng.integers(1, len(COUNTS) + 1))
        items.append({"count": count, "dish": dish, "size": SIZES[size], "price": MENU[dish][size]})
    return {"table": int(rng.integers(1, TABLES + 1)), "items": items}


def spoken(order, sentences, rng):
    """What a guest says; the price is not said."""
    items = [
        f"{COUNTS[item['count'] - 1]} {rng.choice(SIZE_WORDS[item['size']])} {item['dish']}" for item in order["items"]
    ]
    return str(rng.choice(sentences)).format(table=order["table"], items=" and ".join(items))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seed", type=int, default=1)
    for name, count in (("train", 100), ("valid", 100), ("test", 200), ("ood", 200), ("unlabeled", 5000)):
        parser.add_argument(f"--{name}", type=int, default=count, metavar="N", help="orders (default: %(default)s)")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    for split in ("train", "valid", "test", "ood"):
        orders = [record(rng) for _ in range(getattr(options, split))]
        if not orders:
            continue
        sentences = OTHER_SENTENCES if split == "ood" else SENTENCES
        write(options.out / f"{split}.src", [spoken(order, sentences, rng) for order in orders])
        write(options.out / f"{split}.tgt", map(json.dumps, orders))
    write(options.out / "unlabeled.tgt", [json.dumps(record(rng)) for _ in range(options.unlabeled)])


def write(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
