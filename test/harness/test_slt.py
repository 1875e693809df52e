"""The golden runner itself, against a database whose answers are not in doubt."""
import psycopg
import pytest

from harness import slt

GOOD = """
# a comment
statement ok
CREATE TABLE t (a int, b text)

statement count 2
INSERT INTO t VALUES (2, 'x y'), (1, '')

query IT rowsort
SELECT a, b FROM t
----
1  (empty)
2  x y

query I
SELECT a FROM t ORDER BY a DESC
----
2
1

statement error [42703] column "c"
SELECT c FROM t

connection other
statement ok
DROP TABLE t
"""


@pytest.fixture
def connect(pg, postgres):
    return lambda: psycopg.connect(postgres.address, dbname=pg.info.dbname, autocommit=True)


def _run(connect, text):
    slt.Runner(connect, "file.slt").run(slt.parse(text))


def test_a_right_file_passes(connect):
    _run(connect, GOOD)


@pytest.mark.parametrize("right, wrong, says", [
    ("1  (empty)", "1  z", "expected:"),
    ("2\n1", "1\n2", "expected:"),
    ("query I\n", "query B\n", "column 1 has type 23"),
    ("query IT", "query I", "2 columns instead of 1"),
    ("count 2", "count 3", "2 rows instead of 3"),
    ("[42703]", "[22012]", "SQLSTATE 42703 instead of 22012"),
    ('column "c"', 'column "d"', "another error"),
    ("SELECT c FROM", "SELECT a FROM", "no error"),
    ("SELECT a, b", "SELECT nothing, b", "failed"),
])
def test_a_wrong_file_fails_and_names_the_line(connect, right, wrong, says):
    assert right in GOOD
    with pytest.raises(slt.Mismatch, match=r"file.slt:\d+: ") as failure:
        _run(connect, GOOD.replace(right, wrong))
    assert says in str(failure.value)


@pytest.mark.parametrize("text", ["query Q\nSELECT 1\n----\n1", "query I\nSELECT 1", "frobnicate",
                                  "query I sideways\nSELECT 1\n----\n1"])
def test_a_file_out_of_form_is_refused(text):
    with pytest.raises(slt.Mismatch):
        slt.parse(text)


def test_rewriting_puts_in_what_is_returned(connect):
    wrong = GOOD.replace("2  x y\n", "").replace("2\n1\n", "7\n7\n7\n")
    text = slt.rewrite(wrong, connect, "file.slt").replace("1 (empty)", "1  (empty)")
    assert text.replace("2 x y", "2  x y") == GOOD


def test_views_are_compared_too(connect):
    """PostgreSQL does not maintain its views, so a change after their making shows."""
    text = GOOD.replace("connection other\n", "").replace("DROP TABLE t", "SELECT 1")
    with pytest.raises(slt.Mismatch, match="as a view"):
        slt.ViewRunner(connect, "file.slt").run(slt.parse(text))
