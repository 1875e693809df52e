"""DELIVERY GUARANTEE = 'at least once': no transactions, nothing lost whatever crashes, little repeated."""
import collections
import json

import psycopg
import pytest

from harness.topics import read_topic, upsert_state
from stack.processes import StackError, wait_until


@pytest.fixture
def ready(engine, connect_kafka):
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text)")
    return engine


def _sink(engine, topic, envelope="DEBEZIUM", guarantee="at least once"):
    engine.run(f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{topic}')"
               f" KEY (id) {'NOT ENFORCED ' if envelope == 'UPSERT' else ''}FORMAT JSON"
               f" ENVELOPE {envelope} WITH (DELIVERY GUARANTEE = '{guarantee}')")


def _ids(kafka, topic):
    return collections.Counter(m.key_json["id"] for m in read_topic(kafka.bootstrap, topic))


def _records(kafka, engine):
    topic = engine.run("SELECT sink_progress_topic FROM mz_catalog.mz_kafka_connections")[0][0]
    return [m for m in read_topic(kafka.bootstrap, topic) if m.key.startswith(b"mz-sink-")]


def test_messages_come_without_transactions(ready, kafka, name, topic_reader):
    _sink(ready, name)
    ready.run("INSERT INTO t VALUES (1, 'a')")
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run("INSERT INTO t VALUES (2, 'b')", "INSERT INTO t VALUES (3, 'c')")
    messages = reader.wait_count(3)
    # Markers of transactions would take offsets.
    assert [m.offset for m in messages] == [0, 1, 2]
    assert "DELIVERY GUARANTEE = 'at least once'" in ready.run("SHOW CREATE SINK s")[0][1]
    checks = {row[0]: row for row in ready.run("VALIDATE SINK s")}
    assert checks["transactions"][3] == "none are used: at least once"
    frontier = json.loads(_records(kafka, ready)[-1].value)["frontier"][0]
    assert frontier > messages[-1].time


@pytest.mark.parametrize("failpoint", [
    "sink.after_send", "sink.before_commit", "sink.after_commit_sent", "sink.after_commit_ack",
    "sink.after_ledger_write", "sink.snapshot_part"])
def test_whatever_dies_nothing_is_lost(ready, kafka, name, failpoint):
    ready.run("INSERT INTO t SELECT n, 'x' FROM generate_series(0, 9) AS n")
    _sink(ready, name)
    wait_until(lambda: len(_ids(kafka, name)) == 10, 60, "the snapshot")
    number, deaths = 9, 0
    for hit in (1, 2, 4):
        ready.stop()
        ready.begin(f"{failpoint}=kill@{hit}")
        # It may die at any line from here on: a sink that resumes sends before all is ready.
        try:
            ready.wait_ready()
            if failpoint == "sink.snapshot_part":
                ready.run("ALTER SINK s RESTART WITH SNAPSHOT")
            for _ in range(5):
                number += 1  # Never again: it may be committed although it is not answered.
                ready.run(f"INSERT INTO t VALUES ({number}, 'x')")
        except (StackError, psycopg.OperationalError):
            pass
        try:
            wait_until(lambda: ready.pid() is None, 3, "its death")
            deaths += 1
        except Exception:
            ready.kill()
        ready.up()
    assert deaths > 0
    committed = {row for row, in ready.run("SELECT id FROM t")}
    wait_until(lambda: set(_ids(kafka, name)) == committed, 60, "all that was committed")
    if failpoint != "sink.snapshot_part":
        assert max(_ids(kafka, name).values()) <= 1 + deaths


def test_an_upsert_topic_leads_to_the_table_after_crashes(ready, kafka, name):
    _sink(ready, name, "UPSERT")
    for round_ in range(5):
        ready.run(f"INSERT INTO t VALUES ({round_}, 'new')")
        ready.run(f"UPDATE t SET v = 'round {round_}'")
        if round_ % 2:
            ready.run("DELETE FROM t WHERE id = 0")
        ready.crash()
    expected = dict(ready.run("SELECT id, v FROM t"))

    def state():
        found = upsert_state(read_topic(kafka.bootstrap, name))
        return {json.loads(key)["id"]: json.loads(value)["v"] for key, value in found.items()}
    wait_until(lambda: state() == expected, 60, f"{expected}")


def test_the_guarantee_is_switched_while_the_sink_runs(ready, kafka, name):
    _sink(ready, name, guarantee="exactly once")
    number = 0
    for guarantee in ("at least once", "exactly once", "at least once"):
        ready.run(f"INSERT INTO t VALUES ({number}, 'x')")
        ready.run(f"ALTER SINK s SET (DELIVERY GUARANTEE = '{guarantee}')")
        ready.run(f"INSERT INTO t VALUES ({number + 1}, 'x')")
        number += 2
        expected = {n: 1 for n in range(number)}
        wait_until(lambda: _ids(kafka, name) == expected, 60, f"{number} messages, each once")
    ready.run("ALTER SINK s RESET (DELIVERY GUARANTEE)", f"INSERT INTO t VALUES ({number}, 'x')")
    wait_until(lambda: _ids(kafka, name) == {n: 1 for n in range(number + 1)}, 60, "the last")


def test_other_words_are_refused(ready, name):
    with pytest.raises(psycopg.Error, match="invalid DELIVERY GUARANTEE: at most once"):
        _sink(ready, name, guarantee="at most once")
