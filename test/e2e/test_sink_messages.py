"""What a message says beside key and rows: headers, Debezium's fields and tombstones, appended changes."""
import io
import json

import fastavro
import psycopg
import pytest

from harness.sinks import audit, wait_born
from stack.processes import wait_until

AVRO = "FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION csr"


@pytest.fixture
def ready(engine, connect_kafka):
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text, h map[text=>text])")
    return engine


def _sink(engine, topic, rest, relation="t", options=""):
    engine.run(f"CREATE SINK s FROM {relation} INTO KAFKA CONNECTION kafka"
               f" (TOPIC '{topic}'{options}) {rest}")
    wait_born(engine)


def _headers(messages):
    """The headers that follow the engine's own, which is always first."""
    assert all(m.headers[0][0] == "materialize-timestamp" for m in messages)
    return [m.headers[1:] for m in messages]


def _change(engine, reader, count, *statements):
    """Runs statements and waits until there are so many messages."""
    engine.run(*statements)
    return list(reader.wait_count(count))


def test_headers_follow_the_row_after_else_the_row_before(ready, name, topic_reader):
    ready.run("INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', '{}'), (3, 'c', '{x=>NULL}'),"
              " (4, 'd', '{y=>2,x=>1,materialize-timestamp=>3}')")
    _sink(ready, name, "KEY (id) NOT ENFORCED HEADERS h FORMAT JSON ENVELOPE UPSERT")
    reader = topic_reader(name)
    messages = list(reader.wait_count(4))
    assert {m.key_json["id"]: m.headers[1:] for m in messages} == {
        1: (), 2: (), 3: (("x", None),), 4: (("x", b"1"), ("y", b"2"))}
    assert messages[0].value_json.keys() == {"id", "v", "h"}
    messages = _change(ready, reader, 5, "UPDATE t SET h = '{z=>9}' WHERE id = 1")
    assert _headers(messages)[4] == (("z", b"9"),)
    messages = _change(ready, reader, 6, "DELETE FROM t WHERE id = 4")
    assert messages[5].value is None
    assert _headers(messages)[5] == (("x", b"1"), ("y", b"2"))


def test_a_list_of_pairs_keeps_order_and_repeats(ready, name, topic_reader):
    ready.run("CREATE TYPE header AS (key text, value bytea)",
              "CREATE TYPE headers AS LIST (ELEMENT TYPE = header)",
              "CREATE TABLE p (id int NOT NULL, h headers)")
    _sink(ready, name, "HEADERS h FORMAT JSON ENVELOPE DEBEZIUM WITH (EXCLUDE COLUMNS (h))", "p")
    ready.run(r"INSERT INTO p VALUES (1, LIST[ROW('b', '\xff'::bytea)::header,"
              r" ROW('a', NULL)::header, ROW('b', ''::bytea)::header]::headers)")
    message, = topic_reader(name).wait_count(1)
    assert message.headers[1:] == (("b", b"\xff"), ("a", None), ("b", b""))
    assert message.value_json == {"before": None, "after": {"id": 1}}


def test_a_pair_without_a_name_stalls_the_sink(ready, name, topic_reader):
    ready.run("CREATE TYPE header AS (key text, value text)",
              "CREATE TYPE headers AS LIST (ELEMENT TYPE = header)",
              "CREATE TABLE p (id int NOT NULL, h headers)")
    _sink(ready, name, "HEADERS h FORMAT JSON ENVELOPE DEBEZIUM", "p")
    reader = topic_reader(name)
    _change(ready, reader, 1, "INSERT INTO p VALUES (1, LIST[ROW('a', 'b')::header]::headers)")
    ready.run("INSERT INTO p VALUES (2, LIST[ROW(NULL, 'b')::header]::headers)")

    def told():
        status, error = ready.run("SELECT status, error FROM mz_internal.mz_sink_statuses")[0]
        return status == "stalled" and 'column "h" has a pair without a name' in error
    wait_until(told, 30, "the refusal")
    assert len(reader.read_to_end()) == 1


def test_a_large_tick_and_a_snapshot_in_parts_keep_headers(ready, name, topic_reader):
    """The first is sorted on disk, the second goes over a crash."""
    ready.run("INSERT INTO t SELECT g, repeat('x', 2000), MAP['n' => g::text]"
              " FROM generate_series(1, 10000) AS g")
    _sink(ready, name, "KEY (id) NOT ENFORCED HEADERS h FORMAT JSON ENVELOPE UPSERT"
                       " WITH (EXCLUDE COLUMNS (h))")
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.crash()
    reader.wait_count(10000, 60)
    ready.run("UPDATE t SET v = repeat('y', 2000)")
    messages = reader.wait_count(20000, 60)
    assert all(m.headers[1:] == (("n", str(m.key_json["id"]).encode()),) for m in messages)
    assert len({m.time for m in messages}) == 2
    assert "h" not in messages[-1].value_json


def test_one_column_beside_its_headers_is_text(ready, name, topic_reader):
    _sink(ready, name, "KEY (id) NOT ENFORCED HEADERS h FORMAT TEXT ENVELOPE UPSERT"
                       " WITH (EXCLUDE COLUMNS (id, h))")
    ready.run("INSERT INTO t VALUES (1, 'a', '{x=>1}')")
    message, = topic_reader(name).wait_count(1)
    assert (message.key, message.value, message.headers[1:]) == (b"1", b"a", (("x", b"1"),))


FIELDS = "KEY (id) NOT ENFORCED FORMAT JSON ENVELOPE DEBEZIUM"


def test_debezium_fields_and_tombstones(ready, name, topic_reader):
    ready.run("INSERT INTO t VALUES (1, 'a', NULL)")
    _sink(ready, name, f"{FIELDS} (FIELDS (op, ts_ms, source, transaction), TOMBSTONES)"
                       " WITH (EXCLUDE COLUMNS (h))")
    reader = topic_reader(name)
    reader.wait_count(1)
    _change(ready, reader, 2, "INSERT INTO t VALUES (2, 'b', NULL)")
    _change(ready, reader, 3, "UPDATE t SET v = 'c' WHERE id = 2")
    messages = _change(ready, reader, 5, "DELETE FROM t WHERE id = 2")
    a, b, c = {"id": 1, "v": "a"}, {"id": 2, "v": "b"}, {"id": 2, "v": "c"}
    told = [(m.value_json["before"], m.value_json["after"], m.value_json["op"],
             m.value_json["source"]["snapshot"]) for m in messages[:4]]
    assert told == [(None, a, "r", "true"), (None, b, "c", "false"), (b, c, "u", "false"),
                    (c, None, "d", "false")]
    assert messages[4].value is None and messages[4].key_json == {"id": 2}
    assert messages[4].time == messages[3].time
    for message in messages[:4]:
        value = message.value_json
        assert list(value) == ["before", "after", "source", "op", "ts_ms", "transaction"]
        assert value["ts_ms"] == value["source"]["ts_ms"] == message.time
        assert value["transaction"] == {"id": str(message.time)}
        source = {**value["source"]}
        assert source.pop("version") and source.pop("ts_ms") and source.pop("snapshot")
        assert source == {"connector": "penstock", "name": "s", "db": "penstock",
                          "schema": "public", "table": "t"}
    assert audit(ready) == []


def test_debezium_fields_as_avro(ready, name, topic_reader, schema_registry, connect_registry):
    connect_registry(ready)
    _sink(ready, name, f"KEY (id) {AVRO} ENVELOPE DEBEZIUM"
                       " (FIELDS (op, ts_ms, source, transaction)) WITH (EXCLUDE COLUMNS (h))")
    ready.run("INSERT INTO t VALUES (1, 'a', NULL)")
    message, = topic_reader(name).wait_count(1)
    schema = json.loads(schema_registry.schema_text(name + "-value"))
    assert (schema["namespace"], schema["name"]) == (name, "Envelope")
    body = io.BytesIO(message.value[5:])
    value = fastavro.schemaless_reader(body, fastavro.parse_schema(schema))
    assert body.read() == b""
    assert value.pop("source").items() >= {"connector": "penstock", "snapshot": "false",
                                           "ts_ms": message.time, "table": "t"}.items()
    assert value == {"before": None, "after": {"id": 1, "v": "a"}, "op": "c",
                     "transaction": {"id": str(message.time)}, "ts_ms": message.time}
    key = json.loads(schema_registry.schema_text(name + "-key"))
    assert (key["namespace"], key["name"]) == (name, "Key")


def test_append_tells_each_change_by_itself(ready, name, topic_reader):
    ready.run("INSERT INTO t VALUES (1, 'a', NULL), (1, 'a', NULL)")
    _sink(ready, name, "FORMAT JSON ENVELOPE APPEND WITH (EXCLUDE COLUMNS (h))")
    reader = topic_reader(name)
    reader.wait_count(2)
    messages = _change(ready, reader, 6, "UPDATE t SET v = 'b'")
    a, b = {"id": 1, "v": "a"}, {"id": 1, "v": "b"}
    told = [m.value_json for m in messages]
    assert told[:2] == 2 * [{**a, "op": "insert"}]
    assert sorted(told[2:], key=str) == sorted(
        2 * [{**a, "op": "delete"}, {**b, "op": "insert"}], key=str)
    assert {m.key for m in messages} == {None}
    assert audit(ready) == []
    assert ready.run("SELECT envelope_type FROM mz_sinks") == [("append",)]


def test_append_by_key_has_the_deletion_first(ready, name, topic_reader):
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE APPEND (OPERATION COLUMN = 'change')"
                       " WITH (EXCLUDE COLUMNS (h))", options=", TOPIC PARTITION COUNT 3")
    ready.run("INSERT INTO t VALUES (1, 'a', NULL)")
    reader = topic_reader(name)
    reader.wait_count(1)
    messages = _change(ready, reader, 3, "UPDATE t SET v = 'b'")
    assert [(m.key_json, m.value_json) for m in messages] == [
        ({"id": 1}, {"id": 1, "v": "a", "change": "insert"}),
        ({"id": 1}, {"id": 1, "v": "a", "change": "delete"}),
        ({"id": 1}, {"id": 1, "v": "b", "change": "insert"})]


def test_append_as_avro(ready, name, topic_reader, schema_registry, connect_registry):
    connect_registry(ready)
    _sink(ready, name, f"{AVRO} ENVELOPE APPEND WITH (EXCLUDE COLUMNS (h))")
    ready.run("INSERT INTO t VALUES (1, 'a', NULL)")
    message, = topic_reader(name).wait_count(1)
    schema = fastavro.parse_schema(json.loads(schema_registry.schema_text(name + "-value")))
    assert fastavro.schemaless_reader(io.BytesIO(message.value[5:]), schema) == {
        "id": 1, "v": "a", "op": "insert"}


def test_a_sink_shows_what_it_was_created_with(ready, name):
    _sink(ready, name, f"{FIELDS} (FIELDS (op, source), TOMBSTONES) WITH (EXCLUDE COLUMNS (h))")
    shown, = ready.run("SHOW CREATE SINK s")
    assert "ENVELOPE DEBEZIUM (FIELDS = (op, source), TOMBSTONES)" in shown[1]
    assert "EXCLUDE COLUMNS = (h)" in shown[1]
    with pytest.raises(psycopg.Error, match="EXCLUDE COLUMNS.*not yet supported"):
        ready.run("ALTER SINK s SET (EXCLUDE COLUMNS (v))")


def test_a_sink_is_not_altered_to_a_relation_without_its_columns(ready, name):
    ready.run("CREATE TABLE bare (id int NOT NULL, v text)")
    _sink(ready, name, "HEADERS h FORMAT JSON ENVELOPE DEBEZIUM WITH (EXCLUDE COLUMNS (h))")
    with pytest.raises(psycopg.Error, match=r"HEADERS column \(h\) is unknown"):
        ready.run("ALTER SINK s SET FROM bare")


def test_columns_left_out_do_not_keep_a_row_from_being_found(ready, name, topic_reader):
    """AUDIT compares what messages have."""
    _sink(ready, name, "KEY (id) NOT ENFORCED HEADERS h FORMAT JSON ENVELOPE UPSERT"
                       " WITH (EXCLUDE COLUMNS (h))")
    ready.run("INSERT INTO t VALUES (1, 'a', '{x=>1}'), (2, 'b', NULL)")
    topic_reader(name).wait_count(2)
    assert audit(ready) == []
