"""What the catalog, the statuses, the metrics and the log say about sinks."""
import json
import re

import pytest

from stack.processes import wait_until

JSON = "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM"
NOBODY = "127.0.0.1:1"  # No broker listens there.


@pytest.fixture
def ready(engine, connect_kafka):
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text)")
    return engine


def _sink(engine, topic, rest=JSON, sink="s", relation="t", cluster=""):
    engine.run(f"CREATE SINK {sink} {cluster} FROM {relation} INTO KAFKA CONNECTION kafka (TOPIC '{topic}') {rest}")


def _status(engine):
    rows = engine.run("SELECT status, error, details FROM mz_internal.mz_sink_statuses WHERE name = 's'")
    return rows[0] if rows else None


def _runs(engine):
    wait_until(lambda: _status(engine) == ("running", None, None), 30, "the sink to run")


def _history(engine):
    return [row[0] for row in engine.run(
        "SELECT status FROM mz_internal.mz_sink_status_history ORDER BY occurred_at")]


def test_the_catalog_describes_sinks(ready, name):
    ready.run("CREATE CLUSTER sinks (SIZE '1')", "CREATE TABLE one (v text)")
    _sink(ready, name, "KEY (id) NOT ENFORCED KEY FORMAT TEXT VALUE FORMAT JSON ENVELOPE UPSERT", "s1")
    _sink(ready, name + "b", "KEY (v) NOT ENFORCED FORMAT TEXT ENVELOPE UPSERT", "s2", "one")
    _sink(ready, name + "c", JSON, "s3", cluster="IN CLUSTER sinks")
    _sink(ready, name + "d", "FORMAT JSON ENVELOPE DEBEZIUM", "s4")
    ready.run("COMMENT ON SINK s3 IS 'the third'")
    described = ready.run(
        "SELECT s.name, s.type, s.size, envelope_type, format, key_format, value_format, c.name, k.topic"
        " FROM mz_sinks AS s JOIN mz_clusters AS c ON c.id = s.cluster_id"
        " JOIN mz_kafka_sinks AS k ON k.id = s.id ORDER BY s.name")
    assert described == [
        ("s1", "kafka", None, "upsert", "key-text-value-json", "text", "json", "quickstart", name),
        ("s2", "kafka", None, "upsert", "key-text-value-text", "text", "text", "quickstart", name + "b"),
        ("s3", "kafka", None, "debezium", "json", "json", "json", "sinks", name + "c"),
        ("s4", "kafka", None, "debezium", "json", None, "json", "quickstart", name + "d")]
    (brokers, topic), = ready.run("SELECT brokers, sink_progress_topic FROM mz_kafka_connections")
    assert len(brokers) == 1 and topic.startswith("_materialize-progress-")
    with ready.connect() as connection:
        cursor = connection.execute("SHOW SINKS IN CLUSTER sinks")
        assert [column.name for column in cursor.description] == ["name", "type", "cluster", "comment"]
        assert cursor.fetchall() == [("s3", "kafka", "sinks", "the third")]
    assert [row[0] for row in ready.run("SHOW SINKS LIKE '%1'")] == ["s1"]
    shown = ready.run("SHOW CREATE SINK s3")
    assert shown[0][0] == "penstock.public.s3"
    assert f"TOPIC = '{name}c'" in shown[0][1] and shown[0][1].endswith(";")
    ready.run(f"CREATE SINK s5 FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}e', PARTITION BY = id + 4711) {JSON}")
    assert "4711" in ready.run("SHOW CREATE SINK s5")[0][1]
    assert "4711" not in ready.run("SHOW REDACTED CREATE SINK s5")[0][1]
    assert ready.run("SELECT redacted_create_sql LIKE '%4711%' FROM mz_sinks WHERE name = 's5'") == [(False,)]


def test_a_stall_names_its_cause_and_is_remembered(ready, kafka, name):
    _sink(ready, name)
    _runs(ready)
    ready.run(f"ALTER CONNECTION kafka SET (BROKER '{NOBODY}') WITH (VALIDATE = false)")
    wait_until(lambda: _status(ready)[0] == "stalled", 40, "the stall")
    status, error, details = _status(ready)
    assert error.startswith("kafka: ") and NOBODY in error
    assert details["namespaced"] == {"kafka": error.removeprefix("kafka: ")} and "hints" in details
    before = _history(ready)
    assert before[0] == "starting" and before[-1] == "stalled"
    ready.restart()
    # The last five of before are there, and what came after them.
    after = _history(ready)
    assert after[:len(before[-5:])] == before[-5:]
    ready.run(f"ALTER CONNECTION kafka SET (BROKER '{kafka.bootstrap}')")
    _runs(ready)


def test_a_dropped_sink_is_remembered(ready, name):
    _sink(ready, name)
    _runs(ready)
    sink_id = ready.run("SELECT id FROM mz_sinks")[0][0]
    ready.run("DROP SINK s")
    last = ("SELECT sink_id, status, error, replica_id FROM mz_internal.mz_sink_status_history"
            " ORDER BY occurred_at DESC LIMIT 1")
    assert ready.run(last) == [(sink_id, "dropped", None, None)]
    assert ready.run("SELECT * FROM mz_internal.mz_sink_statuses") == []
    ready.restart()
    assert ready.run(last) == [(sink_id, "dropped", None, None)]


def test_statistics_frontiers_and_hydration(ready, name):
    _sink(ready, name)
    ready.run("INSERT INTO t VALUES (1, 'a')")
    statistics = ("SELECT messages_staged::int8, messages_committed::int8, bytes_staged = bytes_committed,"
                  " replica_id FROM mz_internal.{}")
    wait_until(lambda: ready.run(statistics.format("mz_sink_statistics")) == [(1, 1, True, None)], 30, "one message")
    assert ready.run(statistics.format("mz_sink_statistics_raw")) == [(1, 1, True, None)]
    _runs(ready)
    of_sink = " JOIN mz_sinks AS s ON s.id = object_id"
    assert ready.run("SELECT hydrated FROM mz_internal.mz_hydration_statuses" + of_sink) == [(True,)]
    (frontier,), = ready.run("SELECT write_frontier FROM mz_internal.mz_frontiers" + of_sink)
    assert int(frontier) > 1_600_000_000_000
    rows = ready.run("SELECT r.name, f.write_frontier >= {} FROM mz_cluster_replica_frontiers AS f"
                     " JOIN mz_cluster_replicas AS r ON r.id = f.replica_id".format(frontier) + of_sink)
    assert rows == [("r1", True)]


def test_metrics_go_with_their_sink(ready, name, topic_reader):
    ready.run("INSERT INTO t SELECT g, 'x' FROM generate_series(1, 10) AS g")
    _sink(ready, name)
    topic_reader(name).wait_count(10)
    sink_id = ready.run("SELECT id FROM mz_sinks")[0][0]

    def metric(metric_name):
        found = re.search(rf'^{metric_name}{{sink_id="{sink_id}"(?:,worker_id="0")?}} (\S+)$', ready.get("/metrics"), re.M)
        return float(found.group(1)) if found else None
    wait_until(lambda: metric("mz_sink_messages_committed") == 10, 20, "the committed messages")
    assert metric("mz_sink_messages_staged") == 10
    assert metric("mz_sink_bytes_staged") == metric("mz_sink_bytes_committed") > 100
    assert metric("mz_sink_partition_count") == 1
    assert metric("mz_sink_oustanding_progress_records") == 0
    assert metric("mz_sink_rdkafka_msg_cnt") == metric("mz_sink_rdkafka_msg_size") == 0
    for counted in ("txmsgs", "txmsg_bytes", "tx", "tx_bytes", "connects"):
        assert metric("mz_sink_rdkafka_" + counted) > 0, counted
    for there in ("waitresp_cnt", "txerrs", "txretries", "disconnects"):
        assert metric("mz_sink_rdkafka_" + there) >= 0, there
    assert f'penstock_sink_commit_seconds_count{{sink="{sink_id}"}}' in ready.get("/metrics")
    ready.restart()
    _runs(ready)
    wait_until(lambda: metric("mz_sink_consumed_progress_records") > 0, 20, "the progress that was read")
    ready.run("DROP SINK s")
    text = ready.get("/metrics")
    assert f'"{sink_id}"' not in text


def test_the_log_tells_of_starts_and_commits(make_engine, connect_kafka, name, topic_reader):
    engine = make_engine("--log-level", "debug", environment={"PENSTOCK_LOG_FORMAT": "json"}).up()
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text)", "INSERT INTO t VALUES (1, 'a')")
    _sink(engine, name)
    topic_reader(name).wait_count(1)
    _runs(engine)
    sink_id = engine.run("SELECT id FROM mz_sinks")[0][0]
    lines = [json.loads(line) for line in engine.log_tail(100_000).splitlines() if line.startswith("{")]

    def said(message):
        return [line for line in lines if line.get("message") == message]
    fetching = said("fetching the latest progress record")[0]
    assert fetching["key"] == f"penstock-sink-{sink_id}" and int(fetching["low"]) <= int(fetching["high"])
    resumed = said("resumed")[0]
    assert resumed["name"] == "s" and 0 < int(resumed["as_of"]) <= int(resumed["frontier"])
    assert int(said("committing")[0]["frontier"]) > int(resumed["as_of"])
