"""Avro sinks: what a registry has been told, and what an independent reader makes of the messages."""
import datetime
import decimal
import json
import uuid

import psycopg
import pytest

from harness.proxy import TcpProxy
from stack.processes import free_ports, wait_until

AVRO = "FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION csr"


@pytest.fixture
def ready(engine, connect_kafka, connect_registry):
    connect_kafka(engine)
    connect_registry(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text)")
    return engine


def _sink(engine, topic, rest, relation="t", options="", name="s"):
    engine.run(f"CREATE SINK {name} FROM {relation} INTO KAFKA CONNECTION kafka"
               f" (TOPIC '{topic}'{options}) {rest}")


def _status(engine, name="s"):
    return engine.run("SELECT status, error FROM mz_internal.mz_sink_statuses"
                      f" WHERE name = '{name}'")[0]


def test_upsert(ready, name, topic_reader, schema_registry, decode):
    _sink(ready, name, f"KEY (id) NOT ENFORCED {AVRO} ENVELOPE UPSERT")
    ready.run("INSERT INTO t VALUES (1, 'a')")
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run("UPDATE t SET v = NULL")
    reader.wait_count(2)
    ready.run("DELETE FROM t")
    messages = reader.wait_count(3)
    assert [decode(m.key) for m in messages] == 3 * [{"id": 1}]
    assert [m.value and decode(m.value) for m in messages] == [
        {"id": 1, "v": "a"}, {"id": 1, "v": None}, None]
    assert json.loads(schema_registry.schema_text(name + "-key")) == {
        "type": "record", "name": "row", "fields": [{"name": "id", "type": "int"}]}
    assert json.loads(schema_registry.schema_text(name + "-value")) == {
        "type": "record", "name": "envelope", "fields": [
            {"name": "id", "type": "int"}, {"name": "v", "type": ["null", "string"]}]}


def test_debezium_with_names_defaults_and_docs(ready, name, topic_reader, schema_registry, decode):
    options = ("(AVRO KEY FULLNAME 'org.x.Key', AVRO VALUE FULLNAME 'org.x.Value', NULL DEFAULTS,"
               " DOC ON TYPE t = 'what is', VALUE DOC ON COLUMN t.v = 'a \"v\"')")
    _sink(ready, name, f"KEY (id) {AVRO} {options} ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES (1, 'a')")
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run("UPDATE t SET v = 'b'")
    ready.run("DELETE FROM t")
    messages = reader.wait_count(3)
    a, b = {"id": 1, "v": "a"}, {"id": 1, "v": "b"}
    assert [decode(m.value) for m in messages] == [
        {"before": None, "after": a}, {"before": a, "after": b}, {"before": b, "after": None}]
    assert json.loads(schema_registry.schema_text(name + "-key")) == {
        "type": "record", "name": "Key", "namespace": "org.x", "doc": "what is",
        "fields": [{"name": "id", "type": "int"}]}
    row = {"type": "record", "name": "row", "doc": "what is", "fields": [
        {"name": "id", "type": "int"},
        {"name": "v", "type": ["null", "string"], "default": None, "doc": 'a "v"'}]}
    assert json.loads(schema_registry.schema_text(name + "-value")) == {
        "type": "record", "name": "Value", "namespace": "org.x", "fields": [
            {"name": "before", "type": ["null", row], "default": None},
            {"name": "after", "type": ["null", "row"], "default": None}]}


VALUES = [
    ("boolean", "true", True),
    ("int2", "-3", -3),
    ("int4", "2147483647", 2147483647),
    ("int8", "-9223372036854775808", -9223372036854775808),
    ("uint2", "1", b"\0\1"),
    ("uint4", "3", b"\0\0\0\3"),
    ("uint8", "18446744073709551615", b"\xff" * 8),
    ("real", "0.5", 0.5),
    ("double precision", "-1.25e300", -1.25e300),
    ("numeric(10,2)", "-1.5", decimal.Decimal("-1.50")),
    ("numeric", "123456789012345678901234567890.123456789",
     decimal.Decimal("123456789012345678901234567890.123456789")),
    ("date", "1969-12-31", datetime.date(1969, 12, 31)),
    ("time", "01:02:03", 3723000000),
    ("timestamp(3)", "2011-11-11 11:11:11.123",
     datetime.datetime(2011, 11, 11, 11, 11, 11, 123000, datetime.timezone.utc)),
    ("timestamptz", "2011-11-11 11:11:11.123456+00",
     datetime.datetime(2011, 11, 11, 11, 11, 11, 123456, datetime.timezone.utc)),
    ("interval", "1 mon 2 days 3s", bytes.fromhex("0100000002000000c0c62d0000000000")),
    ("bytea", "\\x00ff", b"\0\xff"),
    ("text", "текст", "текст"),
    ("varchar(5)", "ab", "ab"),
    ("char(4)", "ab", "ab  "),
    ("jsonb", '{"b": [1, null], "a": 2}', '{"a":2,"b":[1,null]}'),
    ("uuid", "324373A5-7718-46b1-a7ea-4a7c9981fc4e",
     uuid.UUID("324373a5-7718-46b1-a7ea-4a7c9981fc4e")),
    ("int[]", "{1,NULL,2}", [1, None, 2]),
    ("text[]", "{}", []),
    ("oid", "4294967295", b"\xff" * 4),
]


def test_every_type_is_read_as_it_was_written(ready, name, topic_reader, decode):
    columns = [f"c{i} {kind}" for i, (kind, _, _) in enumerate(VALUES)]
    ready.run(f"CREATE TABLE every ({', '.join(columns)})")
    _sink(ready, name, f"{AVRO} ENVELOPE DEBEZIUM", "every")
    texts = ", ".join(f"'{text}'::{kind}" for kind, text, _ in VALUES)
    ready.run(f"INSERT INTO every SELECT {texts}")
    ready.run("INSERT INTO every (c0) VALUES (false)")
    full, empty = (decode(m.value)["after"] for m in topic_reader(name).wait_count(2))
    for i, (kind, _, expected) in enumerate(VALUES):
        assert full[f"c{i}"] == expected, kind
    assert [empty[f"c{i}"] for i in range(1, len(VALUES))] == [None] * (len(VALUES) - 1)


def test_a_keys_partition_does_not_depend_on_its_schemas_number(ready, name, topic_reader):
    # SeaHash of the body alone: 6215326323105245339 for id 1, 11107982111527004974 for id 2.
    _sink(ready, name, f"KEY (id) {AVRO} ENVELOPE DEBEZIUM", options=", TOPIC PARTITION COUNT 4")
    ready.run("INSERT INTO t VALUES (1, 'a'), (2, 'a')")
    found = {m.key[5:]: m.partition for m in topic_reader(name).wait_count(2)}
    assert found == {b"\2": 3, b"\4": 2}


def test_a_key_and_a_value_of_two_formats(ready, name, topic_reader, schema_registry, decode):
    _sink(ready, name, "KEY (id) KEY FORMAT JSON VALUE " + AVRO + " ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES (1, 'a')")
    message = topic_reader(name).wait_count(1)[0]
    assert message.key == b'{"id":1}'
    assert decode(message.value)["after"] == {"id": 1, "v": "a"}
    assert schema_registry.versions(name + "-key") == []
    assert ready.run("SELECT format, key_format, value_format FROM mz_catalog.mz_sinks"
                     " WHERE name = 's'") == [("key-json-value-avro", "json", "avro")]


def test_a_schema_that_is_there_keeps_its_number(ready, name, topic_reader):
    _sink(ready, name, f"KEY (id) {AVRO} ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES (1, 'a')")
    first = topic_reader(name).wait_count(1)[0]
    ready.restart()
    ready.run("INSERT INTO t VALUES (1, 'a')")
    second = topic_reader(name).wait_count(2)[1]
    assert (first.key, first.value) == (second.key, second.value)


def test_an_incompatible_schema_stalls_the_sink_until_it_may_be(ready, name, topic_reader,
                                                                schema_registry, decode):
    schema_registry.ask("POST", f"/subjects/{name}-value/versions", {"schema": json.dumps(
        {"type": "record", "name": "envelope", "fields": [{"name": "other", "type": "int"}]})})
    schema_registry.ask("PUT", f"/config/{name}-value", {"compatibility": "FULL"})
    _sink(ready, name, f"KEY (id) NOT ENFORCED {AVRO} ENVELOPE UPSERT")
    ready.run("INSERT INTO t VALUES (1, 'a')")
    wait_until(lambda: _status(ready)[0] == "stalled", 30, "the sink to stall")
    assert _status(ready)[1].endswith(
        "unable to publish schema to registry in kafka sink: "
        "schema being registered is incompatible with an earlier schema")
    schema_registry.ask("PUT", f"/config/{name}-value", {"compatibility": "NONE"})
    assert decode(topic_reader(name).wait_count(1, timeout_s=60)[0].value) == {"id": 1, "v": "a"}
    wait_until(lambda: _status(ready) == ("running", None), 30, "the sink to run")


def test_a_compatibility_level_is_set_where_there_is_none(ready, name, topic_reader, schema_registry):
    schema_registry.ask("POST", f"/subjects/{name}-key/versions", {"schema": json.dumps(
        {"type": "record", "name": "row", "fields": [{"name": "id", "type": "int"}]})})
    schema_registry.ask("PUT", f"/config/{name}-key", {"compatibility": "FORWARD"})
    options = "(KEY COMPATIBILITY LEVEL 'full', VALUE COMPATIBILITY LEVEL 'full_transitive')"
    _sink(ready, name, f"KEY (id) {AVRO} {options} ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES (1, 'a')")
    topic_reader(name).wait_count(1)
    level = {side: schema_registry.ask("GET", f"/config/{name}-{side}")["compatibilityLevel"]
             for side in ("key", "value")}
    assert level == {"key": "FORWARD", "value": "FULL_TRANSITIVE"}


def test_a_registry_that_is_away_is_waited_for(engine, connect_kafka, name, topic_reader,
                                               schema_registry, decode):
    connect_kafka(engine)
    port = free_ports(1)[0]
    proxy = TcpProxy(port, schema_registry.port)
    try:
        url = schema_registry.url.replace(str(schema_registry.port), str(port))
        engine.run(f"CREATE CONNECTION csr TO CONFLUENT SCHEMA REGISTRY (URL '{url}')",
                   "CREATE TABLE t (id int NOT NULL, v text)")
        _sink(engine, name, f"KEY (id) {AVRO} ENVELOPE DEBEZIUM")
        engine.run("INSERT INTO t VALUES (1, 'a')")
        reader = topic_reader(name)
        reader.wait_count(1)
        # In the middle it is not needed.
        proxy.cut()
        engine.run("INSERT INTO t VALUES (2, 'b')")
        reader.wait_count(2)
        # At a start it is.
        engine.restart()
        engine.run("INSERT INTO t VALUES (3, 'c')")
        wait_until(lambda: _status(engine)[0] == "stalled", 60, "the sink to stall")
        assert "unable to publish schema to registry in kafka sink: transport: " in _status(engine)[1]
        with pytest.raises(psycopg.Error,
                           match="CONFLUENT SCHEMA REGISTRY validation: list subjects failed"):
            _sink(engine, name + "2", f"{AVRO} ENVELOPE DEBEZIUM", name="s2")
        proxy.heal()
        messages = reader.wait_count(3, timeout_s=60)
        assert [decode(m.value)["after"]["id"] for m in messages] == [1, 2, 3]
    finally:
        proxy.close()


def test_what_a_decimal_has_no_room_for_stalls_the_sink_and_is_named(ready, name, topic_reader, decode):
    ready.run("CREATE TABLE n (id int NOT NULL, x numeric(39, 2))",
              "CREATE MATERIALIZED VIEW total AS SELECT id, sum(x) AS x FROM n GROUP BY id")
    _sink(ready, name, f"KEY (id) {AVRO} ENVELOPE UPSERT", "total")
    ready.run("INSERT INTO n VALUES (1, 1.25)")
    reader = topic_reader(name)
    assert decode(reader.wait_count(1)[0].value) == {"id": 1, "x": decimal.Decimal("1.25")}
    nines = "9" * 37
    ready.run("INSERT INTO n SELECT 1, " + nines + " FROM generate_series(1, 90)")
    wait_until(lambda: _status(ready)[0] == "stalled", 30, "the sink to stall")
    assert 'a value cannot be encoded: column "x" is ' in _status(ready)[1]
    # Nothing of that time, and nothing after it, has been sent.
    assert len(reader.read_to_end()) == 1


def test_connections_to_registries_are_validated(engine, schema_registry):
    port = free_ports(1)[0]
    with pytest.raises(psycopg.Error, match="transport: "):
        engine.run(f"CREATE CONNECTION r TO CONFLUENT SCHEMA REGISTRY (URL 'http://127.0.0.1:{port}')")
    url = schema_registry.url.replace("/apis/ccompat/v7", "/nowhere")
    with pytest.raises(psycopg.Error, match="server error 404"):
        engine.run(f"CREATE CONNECTION r TO CONFLUENT SCHEMA REGISTRY (URL '{url}')")
    engine.run(f"CREATE CONNECTION r TO CONFLUENT SCHEMA REGISTRY (URL '{schema_registry.url}')",
               "VALIDATE CONNECTION r")


def test_a_sink_follows_its_altered_registry(ready, name, topic_reader, schema_registry, decode):
    _sink(ready, name, f"KEY (id) {AVRO} ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES (1, 'a')")
    topic_reader(name).wait_count(1)
    port = free_ports(1)[0]
    ready.run(f"ALTER CONNECTION csr SET (URL = 'http://127.0.0.1:{port}') WITH (VALIDATE = false)")
    ready.run("INSERT INTO t VALUES (2, 'b')")
    wait_until(lambda: _status(ready)[0] == "stalled", 60, "the sink to stall")
    ready.run(f"ALTER CONNECTION csr SET (URL = '{schema_registry.url}')")
    messages = topic_reader(name).wait_count(2, timeout_s=60)
    assert [decode(m.value)["after"]["id"] for m in messages] == [1, 2]
