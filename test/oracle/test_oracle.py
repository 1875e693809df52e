"""Random queries over random tables: what PostgreSQL answers is right, directly and as a view that
was made before the tables changed. A difference is made smaller and printed so that it can be
repeated by hand; `--oracle-seed` repeats a batch. PENSTOCK_ORACLE_QUERIES says how many to ask."""
import os
import random

import psycopg
import pytest

from oracle.comparison import Oracle
from oracle.queries import Queries
from stack.engine import Engine

QUERIES_PER_SEED = 20
QUERIES = 600
DIFFERENCES_MAX = 3


def pytest_generate_tests(metafunc):
    if "seed" not in metafunc.fixturenames:
        return
    seed = metafunc.config.getoption("--oracle-seed", default=None)
    count = metafunc.config.getoption("--oracle-queries", default=None) or int(
        os.environ.get("PENSTOCK_ORACLE_QUERIES", QUERIES))
    seeds = [seed] if seed is not None else range(count // QUERIES_PER_SEED)
    metafunc.parametrize("seed", seeds)


@pytest.fixture(scope="session")
def engine_for_all(run_directory):
    engine = Engine(os.path.join(run_directory, "oracle"))
    yield engine
    engine.kill()


@pytest.fixture
def both(pg, engine_for_all):
    pg.execute("SET statement_timeout = '5s'")
    pg.execute("SET timezone = 'UTC'")
    if engine_for_all.pid() is None:
        engine_for_all.up()
    with engine_for_all.connect() as connection:
        # Views of one name and many shapes: their queries must not be prepared statements.
        connection.prepare_threshold = None
        yield pg, connection


@pytest.mark.timeout(600)
def test_answers_are_those_of_postgres(both, seed):
    queries = Queries(random.Random(seed))
    oracle = Oracle(*both, queries.tables())
    oracle.create()
    found = []
    try:
        oracle.fill()
        for number in range(QUERIES_PER_SEED):
            query = queries.query(oracle.tables)
            for as_view in (False, True):
                if oracle.difference(query, as_view):
                    how = "as a view" if as_view else "asked directly"
                    found.append(f"seed {seed} query {number}, {how}:\n"
                                 + oracle.report(query, as_view))
                    break
            if len(found) >= DIFFERENCES_MAX:
                break
    finally:
        oracle.drop()
    assert not found, "\n\n".join(found)


class _Wrong:
    """A system that answers as PostgreSQL does, but has no rows where `word` is asked."""

    def __init__(self, connection, word):
        self.connection, self.word, self.closed = connection, word, False

    def execute(self, sql):
        if self.word in sql.decode() and sql.startswith(b"SELECT"):
            sql = b"SELECT * FROM (" + sql + b") AS nothing WHERE false"
        return self.connection.execute(sql)


def test_a_wrong_answer_is_found_and_made_small(pg, postgres):
    with psycopg.connect(postgres.address, dbname="postgres", autocommit=True) as other:
        queries = Queries(random.Random(5))
        oracle = Oracle(pg, _Wrong(other, "DISTINCT"), queries.tables())
        try:
            oracle.create()
            oracle.fill()
            wrong = None
            while wrong is None:
                query = queries.query(oracle.tables)
                if oracle.difference(query, as_view=False):
                    wrong = query
            small = oracle.minimise(wrong, as_view=False)
            assert "DISTINCT" in small.sql and len(small.sql) <= len(wrong.sql)
            assert "PostgreSQL: types" in oracle.report(wrong, as_view=False)
        finally:
            oracle.drop()
