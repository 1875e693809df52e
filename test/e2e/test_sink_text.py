"""FORMAT TEXT and FORMAT BYTES: one column as PostgreSQL sends it."""
import struct

import pytest


@pytest.fixture
def ready(engine, connect_kafka):
    connect_kafka(engine)
    return engine


def _sink(engine, topic, rest, relation="t"):
    engine.run(f"CREATE SINK s FROM {relation} INTO KAFKA CONNECTION kafka (TOPIC '{topic}') {rest}")


def test_text_as_key_and_value(ready, name, topic_reader):
    ready.run("CREATE TABLE t (value text)")
    _sink(ready, name, "KEY (value) NOT ENFORCED FORMAT TEXT ENVELOPE UPSERT")
    ready.run("INSERT INTO t VALUES ('banana')")
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run("DELETE FROM t")
    reader.wait_count(2)
    ready.run("INSERT INTO t VALUES (NULL)")
    messages = reader.wait_count(3)
    assert [(m.key, m.value) for m in messages] == [
        (b"banana", b"banana"), (b"banana", None), (b"", b"")]
    assert ready.run("SELECT format FROM mz_catalog.mz_sinks") == [("key-text-value-text",)]


def test_a_text_key_beside_a_json_value(ready, name, topic_reader):
    ready.run("CREATE TABLE t (a text, b int NOT NULL)")
    _sink(ready, name, "KEY (b) KEY FORMAT TEXT VALUE FORMAT JSON ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES ('x', 2)")
    message = topic_reader(name).wait_count(1)[0]
    assert message.key == b"2"
    assert message.value_json == {"before": None, "after": {"a": "x", "b": 2}}


@pytest.mark.parametrize("kind, text, expected", [
    ("bytea", "\\x00ff", b"\0\xff"),
    ("text", "текст", "текст".encode()),
    ("boolean", "true", b"\1"),
    ("int4", "-2", struct.pack(">i", -2)),
    ("uint8", "5", struct.pack(">Q", 5)),
    ("double precision", "0.5", struct.pack(">d", 0.5)),
    ("date", "2000-01-02", struct.pack(">i", 1)),
    ("interval", "1 mon 2 days 3s", struct.pack(">qii", 3_000_000, 2, 1)),
    ("jsonb", '{"a": 2}', b'\1{"a":2}'),
    ("numeric", "1.5", struct.pack(">hhhhhh", 2, 0, 0, 1, 1, 5000)),
])
def test_bytes_are_postgresqls_binary_form(ready, name, topic_reader, kind, text, expected):
    ready.run(f"CREATE TABLE t (v {kind})")
    _sink(ready, name, "KEY (v) NOT ENFORCED KEY FORMAT JSON VALUE FORMAT BYTES ENVELOPE UPSERT")
    ready.run(f"INSERT INTO t VALUES ('{text}')")
    assert topic_reader(name).wait_count(1)[0].value == expected
