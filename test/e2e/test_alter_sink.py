"""ALTER SINK: what a sink reads, and how its producer works, changed under a running sink."""
import json
import threading
import time

import psycopg
import pytest

from harness.topics import read_topic
from stack.processes import wait_until


@pytest.fixture
def ready(engine, connect_kafka):
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text)", "CREATE TABLE u (id int NOT NULL, v text)")
    return engine


def _sink(engine, topic, rest="KEY (id) FORMAT JSON ENVELOPE DEBEZIUM", relation="t"):
    engine.run(f"CREATE SINK s FROM {relation} INTO KAFKA CONNECTION kafka (TOPIC '{topic}') {rest}")


def _after(messages):
    return [m.value_json["after"] for m in messages]


def _progress(kafka, engine):
    topic = engine.run("SELECT sink_progress_topic FROM mz_catalog.mz_kafka_connections")[0][0]
    return [json.loads(m.value) for m in read_topic(kafka.bootstrap, topic)
            if m.key.startswith(b"mz-sink-")]


def test_another_relation_from_the_cutover_on(ready, kafka, name, topic_reader):
    ready.run("INSERT INTO t VALUES (1, 't')", "INSERT INTO u VALUES (2, 'u')")
    _sink(ready, name)
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run("ALTER SINK s SET FROM u")
    ready.run("INSERT INTO t VALUES (3, 't')", "INSERT INTO u VALUES (4, 'u')", "DELETE FROM u WHERE id = 2")
    messages = reader.wait_count(3)
    assert _after(messages) == [{"id": 1, "v": "t"}, {"id": 4, "v": "u"}, None]
    assert messages[2].value_json["before"] == {"id": 2, "v": "u"}
    times = [m.time for m in messages]
    assert times == sorted(times)
    assert _progress(kafka, ready)[-1]["version"] == 1
    shown = ready.run("SHOW CREATE SINK s")[0][1]
    assert "FROM penstock.public.u" in shown and "VERSION" not in shown


def test_it_survives_restarts_and_drops_of_the_old_relation(ready, name, topic_reader):
    _sink(ready, name)
    ready.run("INSERT INTO t VALUES (1, 't')")
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run("ALTER SINK s SET FROM u")
    ready.crash()
    ready.run("DROP TABLE t", "INSERT INTO u VALUES (2, 'u')")
    reader.wait_count(2)
    ready.restart()
    ready.run("INSERT INTO u VALUES (3, 'u')")
    assert [row["id"] for row in _after(reader.wait_count(3))] == [1, 2, 3]


def test_a_relation_made_after_the_sink(ready, name, topic_reader):
    _sink(ready, name, "KEY (id) NOT ENFORCED FORMAT JSON ENVELOPE UPSERT")
    ready.run("INSERT INTO t VALUES (1, 't')")
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run("CREATE MATERIALIZED VIEW mv AS SELECT id, upper(v) AS v FROM t")
    ready.run("ALTER SINK s SET FROM mv", "INSERT INTO t VALUES (2, 't')")
    assert reader.wait_count(2)[1].value_json == {"id": 2, "v": "T"}


def test_a_sink_that_changes_over_again_and_again_loses_nothing(ready, name, topic_reader):
    _sink(ready, name)
    stop = threading.Event()
    written = []

    def write():
        with ready.connect() as sql:
            while not stop.is_set():
                number = len(written)
                # Both at one time: whichever the sink reads, it sees the change once.
                sql.execute("BEGIN")
                sql.execute(f"INSERT INTO t VALUES ({number}, 'x')")
                sql.execute("COMMIT")
                written.append(number)
    ready.run("CREATE MATERIALIZED VIEW twin AS SELECT id, v FROM t")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for i in range(10):
            ready.run(f"ALTER SINK s SET FROM {'twin' if i % 2 == 0 else 't'}")
    finally:
        stop.set()
        writer.join()
    messages = topic_reader(name).wait_count(len(written))
    assert sorted(row["id"] for row in _after(messages)) == written


def test_what_is_refused(ready, name):
    _sink(ready, name)
    ready.run("CREATE VIEW v AS SELECT * FROM t", "CREATE TABLE w (other int)")
    for statement, text in [
            ("SET FROM v", "view v cannot be exported as a sink"),
            ("SET FROM nothing", "unknown catalog item 'nothing'"),
            ("SET FROM w", "column referenced in KEY does not exist: id"),
            ("SET FROM mz_catalog.mz_tables",
             "creating a sink directly on a catalog object not yet supported"),
            ("SET (SNAPSHOT = false)", r"ALTER SINK ... SET \(SNAPSHOT\) not yet supported"),
            ("RESET (SNAPSHOT)", r"ALTER SINK ... RESET \(SNAPSHOT\) not yet supported"),
            ("RESET (COMMIT INTERVAL)", "cannot RESET COMMIT INTERVAL: option is not set"),
            ("SET (MAX MESSAGE BYTES = 5)", "MAX MESSAGE BYTES must be between"),
    ]:
        with pytest.raises(psycopg.Error, match=text):
            ready.run(f"ALTER SINK s {statement}")
    with pytest.raises(psycopg.Error, match="unknown catalog item 'nobody'"):
        ready.run("ALTER SINK nobody SET FROM u")
    ready.run("ALTER SINK IF EXISTS nobody SET FROM u")


def test_an_alter_that_waits_can_be_cancelled(engine, connect_kafka, kafka, name):
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL)", "CREATE TABLE u (id int NOT NULL)")
    engine.run(f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}')"
               " FORMAT JSON ENVELOPE DEBEZIUM")
    engine.run("INSERT INTO t VALUES (1)")
    wait_until(lambda: engine.run("SELECT messages_committed::int8 FROM mz_internal.mz_sink_statistics")
               == [(1,)], 30, "the message")
    # From now on it cannot send: what it reads next waits for a broker that nobody is.
    engine.run("ALTER CONNECTION kafka SET (BROKER '127.0.0.1:1') WITH (VALIDATE = false)",
               "INSERT INTO t VALUES (2)")
    with engine.connect() as sql:
        timer = threading.Timer(1, sql.cancel)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled,
                           match="canceling statement due to user request"):
            sql.execute("ALTER SINK s SET FROM u")
        timer.join()
    engine.run(f"ALTER CONNECTION kafka SET (BROKER '{kafka.bootstrap}')")
    engine.run("ALTER SINK s SET FROM u")


def test_a_commit_interval_gathers_changes_into_fewer_transactions(ready, kafka, name, topic_reader):
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM WITH (COMMIT INTERVAL = '2s')")
    ready.run("INSERT INTO t VALUES (0, 'first')")
    topic_reader(name).wait_count(1)
    before, began = len(_progress(kafka, ready)), time.monotonic()
    for number in range(1, 21):
        ready.run(f"INSERT INTO t VALUES ({number}, 'x')")
    messages = topic_reader(name).wait_count(21)
    most = (time.monotonic() - began) / 2 + 2
    # Offsets have a gap behind each transaction: the marker.
    assert sum(1 for a, b in zip(messages[1:], messages[2:]) if b.offset > a.offset + 1) < most
    assert len(_progress(kafka, ready)) - before <= most
    ready.run("ALTER SINK s SET (COMMIT INTERVAL = '0s', MAX MESSAGE BYTES = 2000)")
    shown = ready.run("SHOW CREATE SINK s")[0][1]
    assert "COMMIT INTERVAL = '0s'" in shown and "MAX MESSAGE BYTES = 2000" in shown
    ready.run("INSERT INTO t VALUES (21, 'last')")
    topic_reader(name).wait_count(22)


def test_a_limit_that_is_raised_lets_a_large_message_go(ready, name, topic_reader):
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM WITH (MAX MESSAGE BYTES = 2000)")
    ready.run("INSERT INTO t VALUES (1, 'small')")
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run("INSERT INTO t SELECT 2, repeat('x', 3000)")
    wait_until(lambda: ready.run("SELECT status FROM mz_internal.mz_sink_statuses") == [("stalled",)],
               30, "the sink to stall")
    ready.run("ALTER SINK s SET (MAX MESSAGE BYTES = 4000)")
    assert _after(reader.wait_count(2))[1]["id"] == 2
