"""Debezium's own transformation, behind Kafka Connect's own converter, reads a sink's topic."""
import json
import os
import subprocess

import pytest

from harness.sinks import audit
from stack.kafka_jars import DEBEZIUM, java

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Unwrap.java")


@pytest.fixture
def unwrap(kafka):
    """A function that gives, for so many messages of a topic, what a connector gets: (key, value) as JSON
    is read, or None for what the transformation drops."""
    def run(topic, count, *options):
        command = java(PROGRAM, [kafka.bootstrap, topic, str(count), *options], release=DEBEZIUM)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=150)
        assert done.returncode == 0, done.stderr[-3000:]
        lines = [line for line in done.stdout.splitlines() if line.startswith(("{", "null", "dropped"))]
        return [None if line == "dropped" else
                tuple(json.loads(part) for part in line.split(" ", 1)) for line in lines]
    return run


@pytest.fixture
def changed(engine, connect_kafka, name, topic_reader):
    """A row of the snapshot, one inserted, updated and deleted, and the deletion's tombstone: five messages."""
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text, n numeric(10, 2), f float8, b bytea, at timestamp,"
               " l int list, m map[text=>bool])")
    engine.run("INSERT INTO t VALUES (1, 'ä', 1.50, 0.5, '\\x00ff', '2020-01-02 03:04:05', LIST[1, NULL],"
               " '{x=>true}')")
    engine.run(f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}') KEY (id) NOT ENFORCED"
               " FORMAT JSON ENVELOPE DEBEZIUM (FIELDS (op, ts_ms, source, transaction), TOMBSTONES)"
               " WITH (JSON SCHEMAS)")
    reader = topic_reader(name)
    for count, statement in ((1, None), (2, "INSERT INTO t (id, v) VALUES (2, 'b')"),
                             (3, "UPDATE t SET v = 'c' WHERE id = 2"), (5, "DELETE FROM t WHERE id = 2")):
        if statement:
            engine.run(statement)
        reader.wait_count(count)
    return engine


def _row(**values):
    return {**dict.fromkeys(("id", "v", "n", "f", "b", "at", "l", "m")), **values}


FIRST = _row(id=1, v="ä", n="1.5", f=0.5, b=[0, 255], at="1577934245000.000", l=[1, None], m={"x": True})


def test_changes_become_rows(changed, name, unwrap):
    rows = unwrap(name, 5, "add.fields=op,source.table,source.snapshot",
                  "delete.tombstone.handling.mode=rewrite")
    told = {"__source_table": "t", "__source_snapshot": "false", "__deleted": "false"}
    assert rows == [
        ({"id": 1}, {**FIRST, **told, "__op": "r", "__source_snapshot": "true"}),
        ({"id": 2}, {**_row(id=2, v="b"), **told, "__op": "c"}),
        ({"id": 2}, {**_row(id=2, v="c"), **told, "__op": "u"}),
        ({"id": 2}, {**_row(id=2, v="c"), **told, "__op": "d", "__deleted": "true"}),
        None]


def test_a_deletion_becomes_a_tombstone(changed, name, unwrap):
    rows = unwrap(name, 5, "delete.tombstone.handling.mode=tombstone")
    assert rows == [({"id": 1}, FIRST), ({"id": 2}, _row(id=2, v="b")), ({"id": 2}, _row(id=2, v="c")),
                    ({"id": 2}, None), None]


def test_an_audit_reads_them_too(changed):
    assert audit(changed) == []
