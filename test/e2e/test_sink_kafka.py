"""What a consumer finds in the topic of a sink: envelopes, keys, headers, snapshots, progress."""
import json

import psycopg
import pytest

from harness.topics import read_topic, upsert_state
from stack.processes import wait_until


@pytest.fixture
def ready(engine, connect_kafka):
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text)")
    return engine


def _sink(engine, topic, rest, relation="t", options=""):
    engine.run(f"CREATE SINK s FROM {relation} INTO KAFKA CONNECTION kafka"
               f" (TOPIC '{topic}'{options}) {rest}")


def _pairs(messages):
    return [(m.key_json, m.value_json) for m in messages]


def test_debezium_shows_both_sides_of_every_change(ready, name, topic_reader):
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES (1, 'a')")
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run("UPDATE t SET v = 'b'")
    reader.wait_count(2)
    ready.run("DELETE FROM t")
    messages = reader.wait_count(3)
    a, b = {"id": 1, "v": "a"}, {"id": 1, "v": "b"}
    assert _pairs(messages) == [({"id": 1}, {"before": None, "after": a}),
                                ({"id": 1}, {"before": a, "after": b}),
                                ({"id": 1}, {"before": b, "after": None})]
    times = [m.time for m in messages]
    assert times == sorted(times) and None not in times


def test_upsert_ends_a_key_with_a_tombstone(ready, name, topic_reader):
    ready.run("CREATE MATERIALIZED VIEW v AS SELECT id, count(*) AS n FROM t GROUP BY id")
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE UPSERT", "v")
    ready.run("INSERT INTO t VALUES (1, 'a'), (2, 'a')")
    reader = topic_reader(name)
    reader.wait_count(2)
    ready.run("INSERT INTO t VALUES (1, 'b')")
    reader.wait_count(3)
    ready.run("DELETE FROM t WHERE id = 1")
    messages = reader.wait_count(4)
    assert _pairs(messages)[2:] == [({"id": 1}, {"id": 1, "n": 2}), ({"id": 1}, None)]
    assert upsert_state(messages) == {b'{"id":2}': b'{"id":2,"n":1}'}


def test_the_snapshot_comes_first_and_at_one_time(ready, name, topic_reader):
    ready.run("INSERT INTO t SELECT g, 'x' FROM generate_series(1, 500) AS g")
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM")
    reader = topic_reader(name)
    snapshot = list(reader.wait_count(500))
    ready.run("INSERT INTO t VALUES (501, 'later')")
    messages = reader.wait_count(501)
    assert len({m.time for m in snapshot}) == 1
    assert {m.key_json["id"] for m in snapshot} == set(range(1, 501))
    assert messages[-1].time > snapshot[0].time


def test_without_a_snapshot_only_later_changes_come(ready, name, topic_reader):
    ready.run("INSERT INTO t VALUES (1, 'old')")
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM WITH (SNAPSHOT = false)")
    reader = topic_reader(name)
    ready.run("INSERT INTO t VALUES (2, 'new')")
    assert _pairs(reader.wait_count(1)) == [
        ({"id": 2}, {"before": None, "after": {"id": 2, "v": "new"}})]


def test_without_a_key_messages_have_none_and_rows_keep_their_number(ready, name, topic_reader):
    _sink(ready, name, "FORMAT JSON ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES (1, 'a'), (1, 'a')")
    messages = topic_reader(name).wait_count(2)
    assert _pairs(messages) == 2 * [(None, {"before": None, "after": {"id": 1, "v": "a"}})]


def test_an_upsert_key_must_be_provable_or_declared(ready, name):
    with pytest.raises(psycopg.Error, match="upsert key could not be validated as unique"):
        _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE UPSERT")
    with pytest.raises(psycopg.Error, match="upsert sinks must specify a key"):
        _sink(ready, name, "FORMAT JSON ENVELOPE UPSERT")
    _sink(ready, name, "KEY (id) NOT ENFORCED FORMAT JSON ENVELOPE UPSERT")


def test_partitions_are_as_asked_and_a_key_stays_in_its_own(ready, name, topic_reader):
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM",
          options=", TOPIC PARTITION COUNT 4")
    ready.run("INSERT INTO t SELECT g, 'x' FROM generate_series(1, 100) AS g")
    reader = topic_reader(name)
    reader.wait_count(100)
    ready.run("UPDATE t SET v = 'y'")
    messages = reader.wait_count(200)
    places = {}
    for message in messages:
        places.setdefault(message.key, set()).add(message.partition)
    assert all(len(found) == 1 for found in places.values())
    assert len({m.partition for m in messages}) == 4


def test_partition_by_an_expression(ready, name, topic_reader):
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM",
          options=", TOPIC PARTITION COUNT 4, PARTITION BY = id")
    ready.run("INSERT INTO t SELECT g, 'x' FROM generate_series(1, 20) AS g")
    for message in topic_reader(name).wait_count(20):
        assert message.partition == message.key_json["id"] % 4


def test_progress_is_recorded_beside_the_data(ready, kafka, name, topic_reader):
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES (1, 'a')")
    last = topic_reader(name).wait_count(1)[-1]
    (sink_id, progress_topic), = ready.run(
        "SELECT s.id, c.sink_progress_topic FROM mz_sinks s JOIN mz_kafka_connections c"
        " ON s.connection_id = c.id")
    assert progress_topic.startswith("_materialize-progress-")
    records = {m.key: m for m in read_topic(kafka.bootstrap, progress_topic)}
    progress = json.loads(records[f"mz-sink-{sink_id}".encode()].value)
    assert progress["frontier"][0] > last.time and progress["version"] == 0
    assert f"penstock-sink-{sink_id}".encode() in records


def test_status_is_running_and_recovers(ready, name, topic_reader):
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM")
    status = "SELECT status FROM mz_internal.mz_sink_statuses WHERE name = 's'"
    wait_until(lambda: ready.run(status) == [("running",)], 30, "the status running")


def test_what_the_kafka_client_does_can_be_seen(ready, name, topic_reader):
    ready.run("INSERT INTO t SELECT g, repeat('x', 100) FROM generate_series(1, 500) AS g")
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM")
    topic_reader(name).wait_count(500)

    def requests(api):
        rows = ready.run("SELECT r.requests, r.answered, r.lost, r.latency_max_us"
                         " FROM mz_internal.mz_kafka_request_statistics AS r"
                         " JOIN mz_sinks AS s ON s.id = r.object_id"
                         f" WHERE s.name = 's' AND r.api = '{api}'")
        return [int(value) for value in rows[0]] if rows else None
    wait_until(lambda: requests("EndTxn") and requests("EndTxn")[1] > 0, 20, "an answered EndTxn")
    sent, answered, lost, slowest = requests("Produce")
    assert sent == answered > 0 and lost == 0 and slowest > 0
    records, raw, batch_bytes, sent_bytes = map(int, ready.run(
        "SELECT batch_records, batch_record_bytes, batch_bytes, sent_bytes"
        " FROM mz_internal.mz_kafka_client_statistics")[0])
    # Each row, and at least one progress record.
    assert records > 500
    assert 500 * 100 < raw and batch_bytes < raw / 2 and batch_bytes < sent_bytes
    text = ready.get("/metrics")
    assert 'penstock_kafka_request_seconds_count{api="Produce"}' in text
    assert "penstock_kafka_sent_bytes_total" in text


def test_a_dropped_sink_leaves_its_topic(ready, kafka, name, topic_reader):
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES (1, 'a')")
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run("DROP SINK s", "INSERT INTO t VALUES (2, 'b')")
    ready.restart()
    assert len(read_topic(kafka.bootstrap, name)) == 1


def test_restarts_neither_repeat_nor_omit(ready, kafka, name, topic_reader):
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM")
    reader = topic_reader(name)
    for number in range(6):
        ready.run(f"INSERT INTO t VALUES ({number}, 'x')")
        if number % 2:
            ready.crash()
        else:
            ready.restart()
    reader.wait_count(6)
    ready.run("INSERT INTO t VALUES (6, 'x')")
    assert sorted(m.key_json["id"] for m in reader.wait_count(7)) == list(range(7))


def test_values_of_every_type(ready, name, topic_reader):
    ready.run("CREATE TABLE kinds (c1 bool, c2 bool, c3 int, c4 int8, c5 float8, c6 numeric,"
              " c7 timestamp, c8 timestamptz, c9 date, c10 text, c11 numeric(39, 3), c12 float4)")
    _sink(ready, name, "FORMAT JSON ENVELOPE DEBEZIUM", "kinds")
    ready.run("INSERT INTO kinds VALUES (true, false, NULL, 9007199254740993, 1e16, 1234.567800,"
              " '2011-11-11 11:11:11.12345', '2011-11-11 11:11:11.12345+12', '2011-11-11',"
              " 'a\"\\' || chr(10) || 'é', 7, 1.5), (NULL, NULL, -1, 0, 'NaN', 'NaN',"
              " '1969-12-31 23:59:59.4995', NULL, '0044-03-15 BC', '', NULL, -0.00001)")
    texts = sorted(m.value.decode() for m in topic_reader(name).wait_count(2))
    first, second = texts if '"c1":true' in texts[1] else texts[::-1]
    assert second == (
        '{"before":null,"after":{"c1":true,"c2":false,"c3":null,"c4":9007199254740993,'
        '"c5":1e+16,"c6":"1234.5678","c7":"1321009871123.450","c8":"1320966671123.450",'
        '"c9":"2011-11-11","c10":"a\\"\\\\\\né","c11":"7","c12":1.5}}')
    assert '"c4":0,"c5":null,"c6":"NaN","c7":"-501.500","c8":null,"c9":"-0043-03-15","c10":""' \
        in first


def test_errors_in_the_collection_hold_the_sink_back(ready, name, topic_reader):
    """Rule K7: nothing of the time of an error is sent; afterwards the net change is, at once."""
    ready.run("CREATE TABLE d (id int NOT NULL, divisor int)", "INSERT INTO d VALUES (1, 1)",
              "CREATE MATERIALIZED VIEW v AS SELECT id, max(10 / divisor) AS q FROM d GROUP BY id")
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM", "v")
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run("INSERT INTO d VALUES (2, 0)", "INSERT INTO d VALUES (3, 5)",
              "UPDATE d SET divisor = 2 WHERE id = 1", "INSERT INTO d VALUES (4, 1)",
              "DELETE FROM d WHERE id = 4")
    status = "SELECT status, error FROM mz_internal.mz_sink_statuses WHERE name = 's'"
    wait_until(lambda: ready.run(status)[0][0] == "stalled" and
               "division by zero" in ready.run(status)[0][1], 30, "the stall")
    assert len(reader.read_to_end()) == 1
    ready.crash()
    assert len(reader.read_to_end()) == 1
    ready.run("DELETE FROM d WHERE id = 2")
    messages = reader.wait_count(3)
    assert sorted(_pairs(messages)[1:], key=str) == sorted([
        ({"id": 1}, {"before": {"id": 1, "q": 10}, "after": {"id": 1, "q": 5}}),
        ({"id": 3}, {"before": None, "after": {"id": 3, "q": 2}})], key=str)
    assert len({m.time for m in messages[1:]}) == 1
    wait_until(lambda: ready.run(status)[0][0] == "running", 30, "the sink to run")
