"""A user file: restaurant orders as JSON records. What makes one valid, a noise that breaks it, a checker that judges.

{"table": 4, "items": [{"count": 2, "dish": "soup", "size": "large", "price": 9}]}
"""

import json
import re

from fairseq_cft.user import Verdict, register_checker, register_noise

SIZES = ("small", "medium", "large")
MENU = {  # dish: price of each size
    "soup": (5, 7, 9),
    "salad": (6, 8, 11),
    "pizza": (8, 12, 16),
    "pasta": (9, 11, 14),
    "curry": (10, 13, 17),
    "burger": (7, 10, 13),
    "steak": (15, 21, 28),
    "pie": (4, 6, 10),
    "tart": (3, 5, 8),
    "tea": (2, 3, 4),
    "juice": (3, 4, 6),
    "coffee": (1, 2, 5),
}
ITEM_KEYS = {"count", "dish", "size", "price"}


def trouble(order):
    """What is wrong with a parsed record, as words; empty for a valid one."""
    if not isinstance(order, dict) or set(order) != {"table", "items"}:
        return "an order has the keys table and items"
    if type(order["table"]) is not int or not isinstance(order["items"], list) or not order["items"]:
        return "table is a number, items a list that is not empty"
    for item in order["items"]:
        if not isinstance(item, dict) or set(item) != ITEM_KEYS or type(item["count"]) is not int:
            return "an item has the keys count (a number), dish, size and price"
        if not isinstance(item["dish"], str) or item["dish"] not in MENU or item["size"] not in SIZES:
            return f"{item['dish']!r}, {item['size']!r} is not on the menu"
        price = MENU[item["dish"]][SIZES.index(item["size"])]
        if item["price"] != price:
            return f"a {item['size']} {item['dish']} costs {price}, not {item['price']!r}"
    return ""


@register_checker("order")
def check(output, case):
    """compile_error: not valid; wrong_output: valid, but another order; the order of keys does not matter."""
    try:
        order = json.loads(output)
    except (ValueError, RecursionError) as error:  # all that json.loads raises, whatever a model writes
        return Verdict.COMPILE_ERROR, f"no JSON: {error}"
    wrong = trouble(order)
    if wrong:
        return Verdict.COMPILE_ERROR, wrong
    return order == json.loads(case.expected)


def drop_sign(line, rng):
    """A bracket, quote, colon or comma is missing."""
    return replace_one(r'[][{}":,]', lambda found: "", line, rng)


def double_sign(line, rng):
    """A bracket or comma stands twice."""
    return replace_one(r"[][{},]", lambda found: found[0] * 2, line, rng)


def wrong_price(line, rng):
    """Another price, or none at all: it follows from dish and size."""
    return replace_one(r"(?<=\"price\": )\d+", lambda found: str(rng.integers(1, 30)), line, rng)


def drop_price(line, rng):
    """The field is missing."""
    return replace_one(r', "price": \d+', lambda found: "", line, rng)


def quote_number(line, rng):
    """A number is written as a string."""
    return replace_one(r"(?<=: )\d+", lambda found: f'"{found[0]}"', line, rng)


MISTAKES = (drop_sign, double_sign, wrong_price, drop_price, quote_number)


@register_noise("order")
def break_order(line, rng):
    """One mistake. A share of records is left clean and others get several: fairseq_cft sees to that."""
    return MISTAKES[rng.integers(len(MISTAKES))](line, rng)


def replace_one(pattern, replacement, line, rng):
    """Replaces one of the places where the pattern matches, each as likely as another."""
    places = list(re.finditer(pattern, line))
    if not places:
        return line
    found = places[rng.integers(len(places))]
    return line[: found.start()] + replacement(found) + line[found.end() :]
