"""What a user sees of a sink at work: its transactions, the offsets that it wrote, its lag, its snapshot."""
import datetime

import psycopg
import pytest

from harness.topics import read_topic
from stack.processes import wait_until

JSON = "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM"


@pytest.fixture
def ready(engine, connect_kafka):
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text)")
    return engine


def _sink(engine, topic, options="", into=""):
    engine.run(f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{topic}'{into}) {JSON}"
               + (f" WITH ({options})" if options else ""))


def _row(engine, relation):
    """The sink's row of a system relation as a dictionary, numbers as such; none if it has none."""
    with engine.connect() as connection:
        cursor = connection.execute(f"SELECT * FROM mz_internal.{relation} WHERE id = (SELECT id FROM mz_sinks)")
        names = [column.name for column in cursor.description]
        rows = cursor.fetchall()
    if not rows:
        return None
    return {name: int(value) if isinstance(value, str) and value.isdigit() else value
            for name, value in zip(names, rows[0])}


def _wait(engine, relation, wanted, what, seconds=30):
    wait_until(lambda: (row := _row(engine, relation)) is not None and wanted(row), seconds, what)
    return _row(engine, relation)


def test_a_transaction_from_its_beginning_to_its_commit(ready, name, topic_reader):
    _sink(ready, name, "COMMIT INTERVAL = '3s'")
    idle = _wait(ready, "mz_sink_lag", lambda row: row["frontier"] is not None, "the sink to run")
    assert idle["rows_behind"] == 0
    quiet = _row(ready, "mz_sink_transactions")
    assert quiet["state"] == "none" and quiet["committed"] == 0
    assert [quiet[name] for name in ("open_since", "open_messages", "last_commit_at", "last_abort_cause")] == 4 * [None]
    ready.run("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    row = _wait(ready, "mz_sink_transactions", lambda row: row["state"] == "open", "the open transaction")
    assert row["open_messages"] == 2 and row["open_bytes"] > 40
    assert isinstance(row["open_since"], datetime.datetime) and 0 <= row["open_age_ms"] < 30_000
    first = row["open_first_timestamp"]
    lag = _row(ready, "mz_sink_lag")
    done = _wait(ready, "mz_sink_transactions", lambda row: row["committed"] == 1, "the commit")
    assert done["state"] == "none" and done["open_since"] is None
    assert done["last_commit_messages"] == 2 and done["last_commit_bytes"] == row["open_bytes"]
    assert done["last_commit_latency_us"] > 0 and done["last_commit_at"] > row["open_since"]
    messages = topic_reader(name).wait_count(2)
    assert first == messages[0].time and done["last_commit_frontier"] > first
    # While the transaction was open, its rows were not yet in the topic.
    assert lag["rows_behind"] == 2 and lag["bytes_behind"] > 0 and lag["input_frontier"] >= lag["frontier"]
    caught_up = _wait(ready, "mz_sink_lag", lambda row: row["rows_behind"] == 0, "the sink to catch up")
    assert caught_up["frontier"] > lag["frontier"]


def test_the_offsets_of_each_partition(ready, name, topic_reader):
    _sink(ready, name, into=", TOPIC PARTITION COUNT 3")
    ready.run("INSERT INTO t SELECT g, 'x' FROM generate_series(1, 50) AS g")
    reader = topic_reader(name)
    reader.wait_count(50)
    ready.run("UPDATE t SET v = 'y' WHERE id < 5")
    messages = reader.wait_count(54)
    partitions = ("SELECT partition, last_offset, messages::int8 FROM mz_internal.mz_sink_partitions"
                  " WHERE last_written_at > now() - INTERVAL '1 hour' ORDER BY partition")
    wait_until(lambda: sum(row[2] for row in ready.run(partitions)) == 54, 20, "all commits to be counted")
    for partition, last_offset, count in ready.run(partitions):
        offsets = [m.offset for m in messages if m.partition == partition]
        assert (last_offset, count) == (max(offsets), len(offsets))


def test_an_aborted_transaction_is_told_with_its_cause(make_engine, connect_kafka, name, topic_reader):
    engine = make_engine().up("sink.before_commit=error@1")
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text)", "INSERT INTO t VALUES (1, 'a')")
    _sink(engine, name)
    topic_reader(name).wait_count(1)
    row = _wait(engine, "mz_sink_transactions", lambda row: row["committed"] == 1, "the second try")
    assert row["aborted"] == 1 and row["last_abort_at"] < row["last_commit_at"]
    assert row["last_abort_cause"] == "kafka: Transaction error: failpoint sink.before_commit"


def test_a_snapshot_shows_its_progress_and_goes_on_after_a_crash(ready, kafka, name):
    ready.run("INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(1, 2000) AS g")
    # About 160 bytes a message: the whole takes 16 seconds at this rate.
    _sink(ready, name, "SNAPSHOT RATE LIMIT = 20000")
    row = _wait(ready, "mz_sink_snapshots", lambda row: row["transactions"] >= 2, "two transactions")
    assert row["state"] == "running" and row["rows_total"] == 2000 and 0 < row["rows_done"] < 2000
    assert row["rate_limit_bytes"] == 20_000 and row["finished_at"] is None
    assert row["rows_per_second"] > 0 and row["time_left_ms"] > 0
    assert "SNAPSHOT RATE LIMIT = 20000" in ready.run("SHOW CREATE SINK s")[0][1]
    ready.run("INSERT INTO t VALUES (0, 'later')")
    assert _row(ready, "mz_sink_lag")["rows_behind"] == 1
    ready.crash()
    again = _wait(ready, "mz_sink_snapshots", lambda row: row["transactions"] >= 1, "it to go on")
    assert again["rows_total"] == 2000 and row["rows_done"] < again["rows_done"] < 2000
    ready.run("ALTER SINK s SET (SNAPSHOT RATE LIMIT = 30000)")
    slow = _wait(ready, "mz_sink_snapshots", lambda row: row["transactions"] >= 1, "it to go on slowly")
    assert slow["rate_limit_bytes"] == 30_000 and again["rows_done"] < slow["rows_done"] < 2000
    ready.run("ALTER SINK s RESET (SNAPSHOT RATE LIMIT)")
    done = _wait(ready, "mz_sink_snapshots", lambda row: row["state"] == "done", "its end")
    assert (done["rows_done"], done["rows_total"], done["time_left_ms"]) == (2000, 2000, 0)
    assert done["finished_at"] >= done["started_at"] and done["rate_limit_bytes"] is None
    _wait(ready, "mz_sink_lag", lambda row: row["rows_behind"] == 0, "the sink to catch up")
    messages = read_topic(kafka.bootstrap, name)
    assert sorted(m.key_json["id"] for m in messages) == list(range(2001))


def test_a_rate_limit_must_make_sense(ready, name):
    with pytest.raises(psycopg.Error, match="SNAPSHOT RATE LIMIT must be at least 1024 bytes a second, not 5"):
        _sink(ready, name, "SNAPSHOT RATE LIMIT = 5")
