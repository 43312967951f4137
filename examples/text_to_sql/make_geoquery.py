"""Makes the data of a comparison from GeoQuery: questions and their SQL, and SQL alone from a generator.

Writes {train,valid,test,ood}.{src,tgt} and unlabeled.tgt. The data set is split by questions and by query shapes:
train, test and a part of valid share their shapes (query split "train"), divided by the question split: test holds
new questions. ood holds the questions of the query split "test": their shapes are in no other file, unlabeled.tgt
included. The other part of valid is the query split "dev". Questions whose SQL does not execute are left out.
"""

import argparse
import json
import os
import re
from pathlib import Path

import numpy as np
from geoquery import COLUMNS, FOLDER, NUMBERS, STATES, THRESHOLDS, QueryError, execute

OF_KNOWN_SHAPES = {"train": "train", "dev": "valid", "test": "test"}  # by the question split
OF_NEW_SHAPES = {"dev": "valid", "test": "ood"}  # by the query split
DEEPEST = 3  # queries inside one another
EXTREMES = ("MAX", "MIN")


# Questions ------------------------------------------------------------------------------------------------------


def questions(shapes):
    """(split, question, SQL) of every question whose SQL executes."""
    for shape in shapes:
        for sentence in shape["sentences"]:
            split = OF_NEW_SHAPES.get(shape["query-split"], OF_KNOWN_SHAPES[sentence["question-split"]])
            values = {variable["name"]: variable["example"] for variable in shape["variables"]} | sentence["variables"]
            question, query = (filled(text, values) for text in (sentence["text"], shape["sql"][0]))
            if executes(query):
                yield split, question, query


def filled(text, values):
    """The text with its variables replaced."""
    return re.sub(r"\b[a-z_]+\d+\b", lambda found: values.get(found[0], found[0]), text)


def executes(query):
    try:
        execute(query)
    except QueryError:
        return False
    return True


def shape_of(query):
    """The query without its values and the numbers of its aliases."""
    return re.sub(r'"[^"]*"|\b\d+(\.\d+)?\b|(?<=alias)\d+', "0", query)


# The generator --------------------------------------------------------------------------------------------------


class Generator:
    """Random queries over the schema; each one is drawn from one generator of random numbers."""

    def __init__(self, rng):
        self.rng = rng
        self.values = {
            (table, column): [row[0] for row in execute(f"SELECT DISTINCT {column} FROM {table}") if row[0]]
            for table, columns in COLUMNS.items()
            for column in columns
            if column not in NUMBERS
        }

    def query(self):
        self.aliases, self.fields = {}, 0
        make = self.pick((self.plain, self.plain, self.plain, self.joined, self.ranked, self.grouped, self.most_often))
        return f"{make()} ;"

    def pick(self, options):
        return options[int(self.rng.integers(len(options)))]

    def chance(self, share):
        return self.rng.random() < share

    def alias(self, table):
        number = self.aliases[table] = self.aliases.get(table, -1) + 1
        return f"{table}alias{number}"

    def table(self, having=lambda table: True):
        table = self.pick([table for table in COLUMNS if having(table)])
        return table, self.alias(table)

    def column(self, table, numbers=None):
        fit = [column for column in COLUMNS[table] if numbers is None or (column in NUMBERS) == numbers]
        return self.pick(fit)

    def plain(self):
        """SELECT what FROM table WHERE conditions."""
        table, alias = self.table()
        what = self.what(table, alias)
        return f"SELECT {what} FROM {table} AS {alias}{self.where(table, alias, 1)}"

    def what(self, table, alias):
        column = f"{alias}.{self.column(table)}"
        if self.chance(0.2):
            return f"COUNT( {'DISTINCT ' * self.chance(0.3)}{column} )"
        numbers = [column for column in COLUMNS[table] if column in NUMBERS]
        if numbers and self.chance(0.2):
            name = self.pick(("MAX", "MIN", "SUM"))
            return f"{name}( {alias}.{self.pick(numbers)} )"
        return f"{'DISTINCT ' * self.chance(0.15)}{column}"

    def where(self, table, alias, depth):
        conditions = [self.condition(table, alias, depth) for _ in range(int(self.rng.choice(3, p=(0.15, 0.6, 0.25))))]
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    def condition(self, table, alias, depth):
        kinds = [self.equal, self.equal, self.link]
        if any(column in NUMBERS for column in COLUMNS[table]):
            kinds += [self.extreme, self.extreme, self.threshold]
        if depth >= DEEPEST:
            kinds = [self.equal]
        return self.pick(kinds)(table, alias, depth)

    def equal(self, table, alias, _):
        column = self.column(table, numbers=False)
        sign = "<>" if self.chance(0.05) else "="
        return f'{alias}.{column} {sign} "{self.pick(self.values[table, column])}"'

    def threshold(self, table, alias, _):
        column = self.column(table, numbers=True)
        return f"{alias}.{column} {self.pick('><')} {THRESHOLDS.get(column, 0)}"

    def extreme(self, table, alias, depth):
        """The largest or smallest, of all or of those that a link allows, which then stands outside as well."""
        column = self.column(table, numbers=True)
        inner = self.alias(table)
        head = f"{alias}.{column} = ( SELECT {self.pick(EXTREMES)}( {inner}.{column} ) FROM {table} AS {inner}"
        if self.chance(0.6):
            return f"{head} )"
        state = self.pick(STATES[table])
        if self.chance(0.5):
            value = self.pick(self.values[table, state])
            return f'{head} WHERE {inner}.{state} = "{value}" ) AND {alias}.{state} = "{value}"'
        before = dict(self.aliases)
        random_state = self.rng.bit_generator.state
        inside = f"{inner}.{state} IN {self.states(depth + 1)}"
        self.rng.bit_generator.state = random_state  # the same once more, with aliases of its own
        self.aliases = {name: max(before.get(name, -1), number) for name, number in self.aliases.items()}
        outside = f"{alias}.{state} IN {self.states(depth + 1)}"
        return f"{head} WHERE {inside} ) AND {outside}"

    def link(self, table, alias, depth):
        sign = self.pick(("IN", "IN", "IN", "IN", "=", "NOT IN"))
        return f"{alias}.{self.pick(STATES[table])} {sign} {self.states(depth + 1)}"

    def states(self, depth):
        """A subquery that names states."""
        table, alias = self.table()
        state = self.pick(STATES[table])
        return f"( SELECT {alias}.{state} FROM {table} AS {alias}{self.where(table, alias, depth)} )"

    def joined(self):
        """Two tables, joined by their states."""
        (left, one), (right, two) = self.table(), self.table()
        what, on = self.what(left, one), f"{two}.{self.pick(STATES[right])} = {one}.{self.pick(STATES[left])}"
        condition = self.condition(right, two, 2)
        first, second = (condition, on) if self.chance(0.5) else (on, condition)
        return f"SELECT {what} FROM {left} AS {one} , {right} AS {two} WHERE {first} AND {second}"

    def ranked(self):
        """The first by a number."""
        table, alias = self.table(lambda table: any(column in NUMBERS for column in COLUMNS[table]))
        what, where = self.column(table, numbers=False), self.where(table, alias, 2)
        order = f"{alias}.{self.column(table, numbers=True)}{' DESC' * self.chance(0.7)}"
        return f"SELECT {alias}.{what} FROM {table} AS {alias}{where} ORDER BY {order} LIMIT 1"

    def grouped(self):
        """The first by what is counted or summed up in groups."""
        table, alias = self.table()
        group, where = self.column(table, numbers=False), self.where(table, alias, 2)
        order = self.pick((f"COUNT( {'DISTINCT ' * self.chance(0.4)}{alias}.{self.column(table)} )", "COUNT( 1 )"))
        if any(column in NUMBERS for column in COLUMNS[table]) and self.chance(0.4):
            order = f"{self.pick(('SUM(', 'AVG ('))} {alias}.{self.column(table, numbers=True)} )"
        return (
            f"SELECT {alias}.{group} FROM {table} AS {alias}{where} GROUP BY {alias}.{group} "
            f"ORDER BY {order}{' DESC' * self.chance(0.7)} LIMIT 1"
        )

    def most_often(self):
        """Those with the most or fewest rows: what is outside uses the names that groups were found for."""
        table, alias = self.table()
        group = self.pick(STATES[table])
        extreme, (inner, other) = self.pick(EXTREMES), (self.alias(table), "DERIVED_TABLEalias0")
        counted = f"SELECT {inner}.{group} , COUNT( 1 ) AS DERIVED_FIELDalias0 FROM {table} AS {inner}"
        groups = f"( {counted} GROUP BY {inner}.{group} ) AS {other}"
        most = f"( SELECT {extreme}( {other}.DERIVED_FIELDalias0 ) FROM {groups} )"
        names = f"SELECT {alias}.{group} FROM {table} AS {alias} GROUP BY {alias}.{group} HAVING COUNT( 1 ) = {most}"
        if self.chance(0.5):
            return names
        outer, outer_alias = self.table()
        what = self.what(outer, outer_alias)
        return (
            f"SELECT {what} FROM {outer} AS {outer_alias} WHERE {outer_alias}.{self.pick(STATES[outer])} IN ( {names} )"
        )


def generated(count, seed, excluded):
    """That many different queries, each of which executes; none has a shape that is excluded."""
    generator, found = Generator(np.random.default_rng(seed)), {}
    while len(found) < count:
        query = generator.query()
        if query not in found and shape_of(query) not in excluded and executes(query):
            found[query] = None
    return list(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, required=True, metavar="DIR", help="what download.sh has written")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--unlabeled", type=int, default=10_000, metavar="N", help="generated queries (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.environ[FOLDER] = str(options.source)
    made = list(questions(json.loads((options.source / "geography.json").read_text(encoding="utf-8"))))
    options.out.mkdir(parents=True, exist_ok=True)
    for split in ("train", "valid", "test", "ood"):
        pairs = [(question, query) for name, question, query in made if name == split]
        write(options.out / f"{split}.src", [question for question, _ in pairs])
        write(options.out / f"{split}.tgt", [spaced(query) for _, query in pairs])
        print(f"{split}: {len(pairs)} questions")
    excluded = {shape_of(query) for name, _, query in made if name == "ood"}
    unlabeled = generated(options.unlabeled, options.seed, excluded)
    write(options.out / "unlabeled.tgt", map(spaced, unlabeled))
    print(f"unlabeled: {options.unlabeled} queries")


def spaced(query):
    """The query with its quotes set apart: a name is cut into the same pieces in questions and queries."""
    return re.sub(r'"([^"]*)"', r'" \1 "', query)


def write(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
