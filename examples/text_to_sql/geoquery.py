"""A user file: GeoQuery's SQL. A checker that executes queries, and a noise of the mistakes that models make in them.

Nobody trusts these queries: the database can only be read, by what a list allows, within bounds on time, rows, memory.
"""

import os
import re
import sqlite3
import time
from collections import Counter
from functools import cache
from pathlib import Path

from fairseq_cft.user import Verdict, register_checker, register_noise

COLUMNS = {
    "STATE": ("STATE_NAME", "CAPITAL", "POPULATION", "AREA", "COUNTRY_NAME", "DENSITY"),
    "BORDER_INFO": ("STATE_NAME", "BORDER"),
    "CITY": ("CITY_NAME", "STATE_NAME", "POPULATION", "COUNTRY_NAME"),
    "HIGHLOW": ("STATE_NAME", "HIGHEST_POINT", "HIGHEST_ELEVATION", "LOWEST_POINT", "LOWEST_ELEVATION"),
    "RIVER": ("RIVER_NAME", "LENGTH", "TRAVERSE", "COUNTRY_NAME"),
    "MOUNTAIN": ("MOUNTAIN_NAME", "MOUNTAIN_ALTITUDE", "STATE_NAME", "COUNTRY_NAME"),
    "LAKE": ("LAKE_NAME", "AREA", "STATE_NAME", "COUNTRY_NAME"),
}
NUMBERS = {"POPULATION", "AREA", "DENSITY", "HIGHEST_ELEVATION", "LOWEST_ELEVATION", "LENGTH", "MOUNTAIN_ALTITUDE"}
STATES = {  # the columns that name a state: tables are joined by them
    "STATE": ("STATE_NAME",),
    "BORDER_INFO": ("STATE_NAME", "BORDER"),
    "CITY": ("STATE_NAME",),
    "HIGHLOW": ("STATE_NAME",),
    "RIVER": ("TRAVERSE",),
    "MOUNTAIN": ("STATE_NAME",),
    "LAKE": ("STATE_NAME",),
}
THRESHOLDS = {"POPULATION": 150000, "AREA": 750, "LENGTH": 750}  # the data set's "major" cities, lakes and rivers

TIME_LIMIT = 1.0  # seconds a query
ROW_LIMIT = 10_000
MOST_CHARACTERS = 100_000  # of any text or blob that a query makes
HEAP = 64 << 20  # bytes, of all that SQLite holds
STEPS_BETWEEN_LOOKS = 1_000  # of SQLite's virtual machine
FUNCTIONS = {"count", "sum", "avg", "min", "max", "abs", "round", "lower", "upper", "length"}
ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}  # so no ATTACH, PRAGMA, WITH RECURSIVE, nor any writing
FOLDER = "GEOQUERY"  # environment variable that names the folder of geography.sqlite


class QueryError(Exception):
    """The query does not execute; the text says why."""


def database_path():
    """Raises FileNotFoundError where there is no database."""
    path = Path(os.environ.get(FOLDER, "out/geoquery")) / "geography.sqlite"
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}; run examples/text_to_sql/download.sh and set {FOLDER}")
    return path.resolve()


@cache
def connection(path):
    """A connection that can only read, and only what ``ALLOWED`` and ``FUNCTIONS`` name."""
    opened = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
    opened.execute(f"PRAGMA hard_heap_limit = {HEAP}")
    opened.execute("PRAGMA temp_store = MEMORY")  # so that the heap's limit holds for it, too
    if hasattr(opened, "setlimit"):  # Python 3.11
        opened.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_CHARACTERS)
    opened.text_factory = lambda data: data.decode("utf-8", "replace")
    opened.set_authorizer(_authorize)
    return opened


def _authorize(action, first, second, *_):
    allowed = action in ALLOWED or (action == sqlite3.SQLITE_FUNCTION and second.lower() in FUNCTIONS)
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def execute(query):
    """The rows of one query, as tuples.

    Raises QueryError for what is no query, is not allowed, takes over ``TIME_LIMIT`` or gives over ``ROW_LIMIT`` rows.
    """
    end = time.monotonic() + TIME_LIMIT
    asked = connection(database_path())
    asked.set_progress_handler(lambda: time.monotonic() > end, STEPS_BETWEEN_LOOKS)
    try:
        cursor = asked.execute(query)
        rows = cursor.fetchmany(ROW_LIMIT + 1)
        cursor.close()
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError) as error:
        late = time.monotonic() > end
        raise QueryError(f"over {TIME_LIMIT:g} s" if late else str(error) or type(error).__name__) from error
    if len(rows) > ROW_LIMIT:
        raise QueryError(f"over {ROW_LIMIT} rows")
    return rows


@register_checker("geoquery")
def check(output, case):
    """compile_error: does not execute. Correct is who gives the rows of the reference, in any order without ORDER BY.

    Where the reference gives no row, any nonsense would: only the reference itself is right.
    """
    output, right = (re.sub(r'" ?([^"]*?) ?"', r'"\1"', query) for query in (output, case.expected))  # as make_geoquery
    try:
        found = execute(output)
    except QueryError as error:
        return Verdict.COMPILE_ERROR, str(error)
    expected = reference(right)
    if not expected:
        return output.upper().split() == right.upper().split()
    if "ORDER BY" in outermost(right):
        return found == expected
    return Counter(found) == Counter(expected)


@cache
def reference(query):
    """The rows of a reference; a reference that does not execute is a fault of the data, and ends the evaluation."""
    return execute(query)


def outermost(query):
    """The query without what stands in brackets."""
    depth, kept = 0, []
    for part in re.split(r"([()])", query):
        depth += (part == "(") - (part == ")")
        kept.append(part if depth == 0 else "")
    return "".join(kept)


def other_table(line, rng):
    """FROM names another table than the alias says."""
    return replace_one(r"\b([A-Z_]+)(?= AS \1alias)", lambda found: pick(COLUMNS, rng), line, rng)


def other_alias(line, rng):
    """A column of an alias that may not be there."""
    return replace_one(
        r"\b[A-Z_]+alias\d+(?=\.)", lambda found: f"{pick(COLUMNS, rng)}alias{rng.integers(3)}", line, rng
    )


def other_number(line, rng):
    """The number of an alias is off."""
    return replace_one(r"(?<=alias)\d+", lambda found: str(rng.integers(4)), line, rng)


def other_column(line, rng):
    """A column of another table, or of this one where the rest of the query says which it must be."""
    everything = sorted({column for columns in COLUMNS.values() for column in columns})
    return replace_one(r"(?<=\.)[A-Z_]+\b", lambda found: pick(everything, rng), line, rng)


def drop_alias(line, rng):
    """An alias is never introduced, or not named before its column."""
    return replace_one(r" AS [A-Z_]+alias\d+|\b[A-Z_]+alias\d+\.", lambda found: "", line, rng)


def drop_condition(line, rng):
    """A join or another condition between AND and AND is missing on one side."""
    return replace_one(r"[\w.]+ (=|>|<|<>) (?=[\w.]+)|(?<=[=>]) [\w.]+(?= (AND|\)|;))", lambda found: "", line, rng)


def sign(line, rng):
    """A bracket, quote, comma or dot is missing or stands twice."""
    return replace_one(r'[()",.]', lambda found: found[0] * 2 * int(rng.integers(2)), line, rng)


def aggregate(line, rng):
    """An aggregate is another one, or missing before its bracket."""
    names = ("COUNT", "MAX", "MIN", "SUM", "AVG", "")
    return replace_one(r"\b(COUNT|MAX|MIN|SUM|AVG)(?= ?\()", lambda found: pick(names, rng), line, rng)


def keyword(line, rng):
    """A keyword is missing or stands twice."""
    pattern = r"\b(SELECT|FROM|WHERE|AND|IN|AS|GROUP BY|ORDER BY|HAVING|LIMIT 1|DISTINCT|NOT) "
    return replace_one(pattern, lambda found: found[0] * 2 * int(rng.integers(2)), line, rng)


def drop_subquery(line, rng):
    """The head of a subquery is missing."""
    return replace_one(r"(?<=\( )SELECT (\w+ ?\( [^()]+ \)|[^()]+) FROM ", lambda found: "", line, rng)


def repeat(line, rng):
    """Some words are written twice, or left out."""
    words = line.split(" ")
    start = int(rng.integers(len(words)))
    length = int(rng.integers(1, 5))
    piece = words[start : start + length]
    return " ".join(words[:start] + piece * 2 * int(rng.integers(2)) + words[start + length :]) or line


MISTAKES = (
    *(other_table, other_alias, other_number, other_column, drop_alias, drop_condition),
    *(sign, aggregate, keyword, drop_subquery, repeat),
)


@register_noise("sql")
def break_query(line, rng):
    """One mistake; another kind where the query offers no place for this one."""
    for place in rng.permutation(len(MISTAKES)):
        broken = MISTAKES[place](line, rng)
        if broken != line and broken.strip():
            return broken
    return line


def pick(names, rng):
    return list(names)[int(rng.integers(len(names)))]


def replace_one(pattern, replacement, line, rng):
    """Replaces one of the places where the pattern matches, each as likely as another."""
    places = list(re.finditer(pattern, line))
    if not places:
        return line
    found = places[int(rng.integers(len(places)))]
    return line[: found.start()] + replacement(found) + line[found.end() :]
