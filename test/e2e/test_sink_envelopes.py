"""Which messages changes become, by envelope and key: pairs, moves between keys, copies, constants."""
import pytest

from harness.sinks import wait_born
from harness.topics import partitions_of
from stack.processes import wait_until


@pytest.fixture
def ready(engine, connect_kafka):
    connect_kafka(engine)
    engine.run("CREATE TABLE t (a int NOT NULL, b int NOT NULL)",
               "CREATE MATERIALIZED VIEW maxima AS SELECT a, max(b) AS b FROM t GROUP BY a")
    return engine


def _sink(engine, topic, rest, relation="t", name="s"):
    engine.run(f"CREATE SINK {name} FROM {relation} INTO KAFKA CONNECTION kafka (TOPIC '{topic}')"
               f" {rest}")
    wait_born(engine, name)


def _row(message):
    """(key, value) as JSON text."""
    return tuple(side and side.decode() for side in (message.key, message.value))


def _rows(messages):
    return sorted(map(_row, messages), key=str)


def test_a_group_that_changes_without_its_key_changing(ready, name, topic_reader):
    _sink(ready, name, "KEY (a) FORMAT JSON ENVELOPE UPSERT", "maxima")
    ready.run("INSERT INTO t VALUES (1, 1), (2, 2)")
    reader = topic_reader(name)
    assert _rows(reader.wait_count(2)) == [('{"a":1}', '{"a":1,"b":1}'), ('{"a":2}', '{"a":2,"b":2}')]
    ready.run("INSERT INTO t VALUES (3, 1), (4, 2)")
    reader.wait_count(4)
    ready.run("INSERT INTO t VALUES (1, 7)")
    messages = reader.wait_count(5)
    assert _row(messages[4]) == ('{"a":1}', '{"a":1,"b":7}')
    # The view does not change, and so nobody is told.
    ready.run("DELETE FROM t WHERE a = 1 AND b = 1", "INSERT INTO t VALUES (5, 5)")
    messages = reader.wait_count(6)
    assert _row(messages[5]) == ('{"a":5}', '{"a":5,"b":5}')
    times = [m.time for m in messages]
    assert times == sorted(times) and len(set(times)) == 4


def test_a_row_that_moves_to_another_key_is_deleted_from_its_old_one(ready, name, topic_reader):
    _sink(ready, name, "KEY (b, a) FORMAT JSON ENVELOPE UPSERT", "maxima")
    ready.run("INSERT INTO t VALUES (1, 1)")
    reader = topic_reader(name)
    assert _rows(reader.wait_count(1)) == [('{"b":1,"a":1}', '{"a":1,"b":1}')]
    ready.run("INSERT INTO t VALUES (1, 7)")
    moved = reader.wait_count(3)[1:]
    assert _rows(moved) == [('{"b":1,"a":1}', None), ('{"b":7,"a":1}', '{"a":1,"b":7}')]
    assert len({m.time for m in moved}) == 1


def test_a_key_that_is_not_enforced_is_paired_all_the_same(ready, name, topic_reader):
    _sink(ready, name, "KEY (a) NOT ENFORCED FORMAT JSON ENVELOPE UPSERT")
    ready.run("INSERT INTO t VALUES (1, 1), (2, 1)")
    reader = topic_reader(name)
    reader.wait_count(2)
    ready.run("UPDATE t SET b = 2")
    assert _rows(reader.wait_count(4)[2:]) == [('{"a":1}', '{"a":1,"b":2}'), ('{"a":2}', '{"a":2,"b":2}')]
    ready.run("DELETE FROM t")
    assert _rows(reader.wait_count(6)[4:]) == [('{"a":1}', None), ('{"a":2}', None)]


def test_debezium_without_a_key_pairs_by_the_key_that_the_relation_has(ready, name, topic_reader):
    _sink(ready, name, "FORMAT JSON ENVELOPE DEBEZIUM", "maxima", "keyed")
    _sink(ready, name + "-bare", "FORMAT JSON ENVELOPE DEBEZIUM", "t", "bare")
    ready.run("INSERT INTO t VALUES (1, 1)")
    keyed, bare = topic_reader(name), topic_reader(name + "-bare")
    keyed.wait_count(1)
    bare.wait_count(1)
    ready.run("UPDATE t SET b = 2")
    assert _rows(keyed.wait_count(2)[1:]) == [
        (None, '{"before":{"a":1,"b":1},"after":{"a":1,"b":2}}')]
    assert _rows(bare.wait_count(3)[1:]) == [(None, '{"before":null,"after":{"a":1,"b":2}}'),
                                             (None, '{"before":{"a":1,"b":1},"after":null}')]


def test_a_row_that_is_there_twice_is_two_messages(ready, name, topic_reader):
    _sink(ready, name, "KEY (b) FORMAT JSON ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES (1, 1), (1, 1)")
    reader = topic_reader(name)
    assert _rows(reader.wait_count(2)) == 2 * [('{"b":1}', '{"before":null,"after":{"a":1,"b":1}}')]
    ready.run("DELETE FROM t")
    assert _rows(reader.wait_count(4)[2:]) == 2 * [('{"b":1}', '{"before":{"a":1,"b":1},"after":null}')]


def test_what_comes_and_goes_within_one_transaction_is_no_message(ready, name, topic_reader):
    _sink(ready, name, "KEY (a) FORMAT JSON ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES (1, 1)")
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run("UPDATE t SET b = b", "INSERT INTO t VALUES (2, 2)")
    assert [m.key_json["a"] for m in reader.wait_count(2)] == [1, 2]


def test_constants_are_written_once_and_without_a_snapshot_never(ready, kafka, name, topic_reader):
    ready.run("CREATE MATERIALIZED VIEW constant AS SELECT 1 AS a, 'x' AS b")
    _sink(ready, name, "KEY (b) FORMAT JSON ENVELOPE UPSERT", "constant")
    _sink(ready, name + "-none", "KEY (b) FORMAT JSON ENVELOPE UPSERT WITH (SNAPSHOT = false)",
          "constant", "none")
    reader = topic_reader(name)
    assert _rows(reader.wait_count(1)) == [('{"b":"x"}', '{"a":1,"b":"x"}')]
    ready.restart()
    wait_until(lambda: {status for status, in ready.run(
        "SELECT status FROM mz_internal.mz_sink_statuses")} == {"running"}, 30, "both to run")
    assert len(reader.read_to_end()) == 1
    wait_until(lambda: partitions_of(kafka.bootstrap, name + "-none"), 30, "the other topic")
    assert topic_reader(name + "-none").read_to_end() == []


def test_a_comment_in_between_is_in_the_schema_of_later_sinks_only(ready, connect_registry, name,
                                                                   topic_reader):
    connect_registry(ready)
    avro = "KEY (a) FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION csr ENVELOPE DEBEZIUM"
    _sink(ready, name, avro)
    ready.run("INSERT INTO t VALUES (1, 1)")
    reader = topic_reader(name)
    (first,) = reader.wait_count(1)
    ready.run("COMMENT ON TABLE t IS 'with a comment'")
    _sink(ready, name, avro, name="s2")
    second = reader.wait_count(2)[1]
    assert first.value[5:] == second.value[5:] and first.key[5:] == second.key[5:]
    shown = {sink: ready.run(f"SHOW CREATE SINK {sink}")[0][1] for sink in ("s", "s2")}
    assert "DOC ON" not in shown["s"]
    assert "DOC ON TYPE penstock.public.t = 'with a comment'" in shown["s2"]
