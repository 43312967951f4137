"""The example examples/text_to_sql: hostile queries harm nothing, the checker compares rows, data are what is said."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from commands import ROOT

from fairseq_cft.evaluation import Settings, TestCase, evaluate
from fairseq_cft.evaluation.user_checker import Case
from fairseq_cft.noise import item_rng, make_noise
from fairseq_cft.user_files import read_user_files

pytestmark = pytest.mark.usefixtures("forget_user_files")
FOLDER = ROOT / "examples/text_to_sql"
REAL = Path(os.environ.get("CFT_SHARED_DATA", ROOT.parent / "shared/data")) / "geoquery"
QUERY = (
    "SELECT CITYalias0.CITY_NAME FROM CITY AS CITYalias0 WHERE CITYalias0.POPULATION = "
    '( SELECT MAX( CITYalias1.POPULATION ) FROM CITY AS CITYalias1 WHERE CITYalias1.STATE_NAME = "texas" ) ;'
)
HOSTILE = {  # query -> what the answer says of it
    "ATTACH 'stolen.sqlite' AS other": "not authorized",
    "PRAGMA temp_store_directory = '/tmp'": "not authorized",
    "UPDATE CITY SET POPULATION = 0": "not authorized",
    "DROP TABLE CITY": "not authorized",
    "CREATE TEMP TABLE own AS SELECT 1": "not authorized",
    "VACUUM INTO 'copy.sqlite'": "denied",
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n": "not authorized",
    "SELECT randomblob(1000000000)": "not authorized",
    "SELECT zeroblob(1000000000)": "not authorized",
    "SELECT printf('%1000000000d', 1)": "not authorized",
    "SELECT load_extension('x')": "not authorized",
    "SELECT group_concat(CITY_NAME) FROM CITY": "not authorized",
    "SELECT CITY_NAME FROM CITY; DROP TABLE CITY": "one statement",
    "SELECT count(*) FROM " + " , ".join(f"CITY AS c{n}" for n in range(9)): "over 1 s",
    "SELECT c0.CITY_NAME FROM " + " , ".join(f"CITY AS c{n}" for n in range(3)): "over 10000 rows",
    "SELECT DISTINCT * FROM " + " , ".join(f"CITY AS c{n}" for n in range(4)) + " ORDER BY 1": "(?i)memory|over 1 s",
    "SELECT " + "(" * 5000 + "1" + ")" * 5000: "overflow|depth",
    "SELECT 1" + " + 1" * 50_000: "depth|too big|overflow",
    "SELECT '" + "x" * 200_000 + "'": "too big",
    "SELECT \0": "null|unrecognized|incomplete",
    "\udce9": "surrogate|encode",
    "SELEC 1": "syntax error",
}


@pytest.fixture
def geoquery(tmp_path, monkeypatch) -> ModuleType:
    """The user file, with a database of its own: 40 cities with as many inhabitants as their number, in two states."""
    database = sqlite3.connect(tmp_path / "geography.sqlite")
    database.execute("CREATE TABLE city (city_name text, population int, country_name text, state_name text)")
    rows = [(f"city {n}", n, "usa", ("texas", "ohio")[n % 2]) for n in range(40)]
    database.executemany("INSERT INTO city VALUES (?, ?, ?, ?)", rows)
    database.commit()
    database.close()
    monkeypatch.setenv("GEOQUERY", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    read_user_files(FOLDER / "geoquery.py")
    (module,) = (module for name, module in sys.modules.items() if name.endswith("_geoquery"))
    return module


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_query_is_an_error_and_nothing_else(geoquery, tmp_path, query):
    before = (tmp_path / "geography.sqlite").read_bytes()
    start = time.monotonic()
    with pytest.raises(geoquery.QueryError, match=HOSTILE[query]):
        geoquery.execute(query)
    assert time.monotonic() - start < 5
    assert [path.name for path in tmp_path.iterdir()] == ["geography.sqlite"]
    assert (tmp_path / "geography.sqlite").read_bytes() == before
    assert geoquery.execute("SELECT count(*) FROM CITY") == [(40,)]  # and the next one is answered
    limit = sqlite3.connect(":memory:").execute("PRAGMA hard_heap_limit").fetchone()  # it holds for the whole process
    assert limit == (geoquery.HEAP,)


@pytest.mark.parametrize(
    ("output", "expected", "verdict"),
    [
        (QUERY, QUERY, "correct"),
        ('SELECT CITY_NAME FROM CITY WHERE CITY_NAME = "city 38"', QUERY, "correct"),  # other words, same rows
        (QUERY.replace("texas", "ohio"), QUERY, "wrong_output"),
        (QUERY.replace("CITYalias1.STATE_NAME", "CITYalias2.STATE_NAME"), QUERY, "compile_error"),
        ("SELECT STATE_NAME FROM CITY", "SELECT DISTINCT STATE_NAME FROM CITY", "wrong_output"),  # rows are counted
        ("SELECT CITY_NAME FROM CITY ORDER BY 1", "SELECT CITY_NAME FROM CITY", "correct"),  # in any order, unless
        ("SELECT CITY_NAME FROM CITY", "SELECT CITY_NAME FROM CITY ORDER BY POPULATION DESC", "wrong_output"),
        ('SELECT CITY_NAME FROM CITY WHERE CITY_NAME = ""', 'SELECT 1 FROM CITY WHERE CITY_NAME = "y"', "wrong_output"),
        ('select 1  from CITY WHERE CITY_NAME = "y"', 'SELECT 1 FROM CITY WHERE CITY_NAME = "y"', "correct"),
    ],
)
def test_an_output_is_right_that_gives_the_rows_of_the_reference(geoquery, output, expected, verdict):
    settings = Settings(checker="geoquery", decode="plain")
    report = evaluate([output], [[TestCase(b"", expected.encode())]], settings)
    assert report.judgements[0].verdict == verdict


def test_without_a_database_the_sentence_says_what_to_run(geoquery, tmp_path, monkeypatch):
    monkeypatch.setenv("GEOQUERY", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match=r"run examples/text_to_sql/download\.sh and set GEOQUERY"):
        geoquery.execute("SELECT 1")


def test_every_mistake_of_the_noise_is_made_and_most_queries_no_longer_execute(geoquery):
    query = QUERY.replace(" ;", " AND CITYalias0.COUNTRY_NAME = CITYalias0.COUNTRY_NAME ;")
    for mistake in geoquery.MISTAKES:
        assert {mistake(query, np.random.default_rng(seed)) for seed in range(30)} - {query}, mistake.__name__
    noise = make_noise("sql", clean_share=0.0)
    judged = Counter(geoquery.check(noise(QUERY, item_rng(1, 1, n)), Case("", QUERY)) is True for n in range(200))
    assert judged[True] < 30, "the noise should break what it touches"


def test_quotes_may_stand_apart(geoquery):
    apart = QUERY.replace('"texas"', '" texas "')
    assert geoquery.check(apart, Case("", QUERY)) is True and geoquery.check(QUERY, Case("", apart)) is True
    assert geoquery.check(apart.replace("texas", "ohio"), Case("", apart)) is False


@pytest.mark.skipif(not REAL.is_dir(), reason=f"GeoQuery is not at {REAL} (CFT_SHARED_DATA)")
def test_the_data(tmp_path):
    """Shapes of ood are in no other file; the same seed writes the same."""
    made = [tmp_path / "one", tmp_path / "two"]
    for out in made:
        command = [sys.executable, str(FOLDER / "make_geoquery.py"), "--source", str(REAL), "--out", str(out)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
        done = subprocess.run([*command, "--unlabeled", "300"], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    lines = {path.name: path.read_text().splitlines() for path in made[0].iterdir()}
    assert {name: len(text) for name, text in lines.items() if name.endswith("src")} == {
        "train.src": 330, "valid.src": 190, "test.src": 170, "ood.src": 182
    }  # fmt: skip
    assert lines == {path.name: path.read_text().splitlines() for path in made[1].iterdir()}
    shapes = {name: {shape(query) for query in text} for name, text in lines.items() if name.endswith("tgt")}
    assert not shapes["ood.tgt"] & (shapes["train.tgt"] | shapes["valid.tgt"] | shapes["unlabeled.tgt"])
    assert shapes["test.tgt"] <= shapes["train.tgt"] | shapes["test.tgt"]
    assert len(set(lines["unlabeled.tgt"])) == 300
    quoted = [word for name, text in lines.items() if name.endswith("tgt") for line in text for word in line.split()]
    assert {word for word in quoted if '"' in word} == {'"'}  # so that a name is cut alike on both sides


def shape(query: str) -> str:
    return re.sub(r"alias\d+", "alias", re.sub(r'"[^"]*"', "V", query))


def test_download_checks_what_it_gets(tmp_path):
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("there is no curl")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/geography.json").write_text("[]")
    environment = {**os.environ, "GEOQUERY_URL": tmp_path.as_uri()}
    command = [str(FOLDER / "download.sh"), str(tmp_path / "out")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1 and "is not the file that was expected" in done.stderr
    assert not (tmp_path / "out/geography.json").exists()
    if REAL.is_dir():
        shutil.copy(REAL / "geography.json", tmp_path / "data/geography.json")
        shutil.copy(REAL / "geography.sqlite", tmp_path / "data/geography-db.added-in-2020.sqlite")
        subprocess.run(command, env=environment, check=True)
        assert (tmp_path / "out/geography.sqlite").stat().st_size == 65536
