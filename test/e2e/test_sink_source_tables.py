"""Sinks over tables of a source: their upstream keys are known, and their changes are written."""
import psycopg
import pytest

from harness import upstream


@pytest.fixture
def followed(engine, pg, connect_postgres, connect_kafka):
    """Tables t, with keys of every kind, and bare, without any."""
    pg.execute("CREATE TABLE t (id int PRIMARY KEY, u text NOT NULL UNIQUE, n text UNIQUE,"
               " d text UNIQUE NULLS NOT DISTINCT, v text)")
    pg.execute("CREATE TABLE bare (id int NOT NULL, v text)")
    for table in ("t", "bare"):
        pg.execute(f"ALTER TABLE {table} REPLICA IDENTITY FULL")
    pg.execute("CREATE PUBLICATION p FOR ALL TABLES")
    pg.execute("INSERT INTO t VALUES (1, 'u1', NULL, 'd1', 'a'), (2, 'u2', NULL, NULL, 'b')")
    connect_postgres(engine, pg.info.dbname)
    connect_kafka(engine)
    upstream.follow(engine, "t", "bare")
    engine.run("SELECT * FROM t")
    return engine


def _sink(engine, topic, key, relation="t", sink="sink"):
    engine.run(f"CREATE SINK {sink} FROM {relation} INTO KAFKA CONNECTION kafka (TOPIC '{topic}')"
               f" KEY ({key}) FORMAT JSON ENVELOPE UPSERT")


def test_primary_keys_and_unique_columns_that_are_never_null_are_keys(followed, name):
    for number, key in enumerate(("id", "u", "d", "v, id", "u, n")):
        _sink(followed, f"{name}-{number}", key, sink=f"sink{number}")
    for key in ("n", "v", "n, v"):
        with pytest.raises(psycopg.Error, match="upsert key could not be validated as unique") as raised:
            _sink(followed, name, key)
        for known in ('("id")', '("u")', '("d")'):
            assert known in raised.value.diag.message_detail
    with pytest.raises(psycopg.Error, match="upsert key could not be validated as unique") as raised:
        _sink(followed, name, "id", "bare")
    assert raised.value.diag.message_detail.endswith("No unique key of it is known.")


def test_changes_upstream_are_messages(followed, pg, name, topic_reader):
    _sink(followed, name, "id")
    reader = topic_reader(name)
    reader.wait_count(2)
    with pg.transaction():
        pg.execute("UPDATE t SET v = 'c' WHERE id = 1")
        pg.execute("DELETE FROM t WHERE id = 2")
        pg.execute("INSERT INTO t VALUES (3, 'u3', 'n3', 'd3', 'd')")
    messages = reader.wait_count(5)[2:]
    assert [(m.key_json["id"], m.value_json and m.value_json["v"]) for m in messages] == [
        (1, "c"), (2, None), (3, "d")]
    # One transaction upstream is one time.
    assert len({m.time for m in messages}) == 1
