"""Whatever a sink stalls of for good, a statement leads out, told beforehand by EXPLAIN; afterwards the topic
is right, also when the process dies in the middle."""
import contextlib
import shutil

import confluent_kafka
import psycopg
import pytest
from confluent_kafka.admin import AdminClient

from harness.registered import Coder, Confluent, Glue
from harness.sinks import audit
from harness.topics import read_topic, upsert_state
from stack.processes import wait_until


@pytest.fixture
def ready(engine, connect_kafka):
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text)",
               "CREATE MATERIALIZED VIEW u AS SELECT id, max(v) AS v FROM t GROUP BY id")
    return engine


def _sink(engine, topic, rest="KEY (id) FORMAT JSON ENVELOPE UPSERT", relation="u"):
    engine.run(f"CREATE SINK s FROM {relation} INTO KAFKA CONNECTION kafka"
               f" (TOPIC '{topic}', TOPIC PARTITION COUNT 2) {rest}")


def _status(engine):
    rows = engine.run("SELECT status, coalesce(error, '') || coalesce(details::text, '')"
                      " FROM mz_internal.mz_sink_statuses WHERE name = 's'")
    return rows[0] if rows else (None, "")


def _wait_stalled(engine, *texts):
    wait_until(lambda: _status(engine)[0] == "stalled", 60, "the sink to stall")
    said = _status(engine)[1]
    assert all(text in said for text in texts), said


def _wait_right(engine):
    """Until an audit says that the topic is what is there."""
    def right():
        try:
            return engine.run("AUDIT SINK s") == []
        except psycopg.errors.ObjectNotInPrerequisiteState:
            return False
    wait_until(right, 60, "the topic to be right")


def _progress_topic(engine):
    return engine.run("SELECT sink_progress_topic FROM mz_catalog.mz_kafka_connections")[0][0]


def _wait_state(kafka, topic, count):
    wait_until(lambda: len(upsert_state(read_topic(kafka.bootstrap, topic))) == count, 60,
               f"{count} keys in the topic")


def _restored(engine, kafka, topic):
    """A sink whose directory was restored from a backup, behind what it wrote meanwhile."""
    engine.run("INSERT INTO t VALUES (1, 'a'), (2, 'a')")
    _sink(engine, topic)
    _wait_state(kafka, topic, 2)
    engine.stop()
    backup = engine.mark + ".backup"
    shutil.copytree(engine.mark, backup)
    engine.up()
    engine.run("INSERT INTO t VALUES (3, 'lost')", "UPDATE t SET v = 'z' WHERE id = 1")
    _wait_state(kafka, topic, 3)
    engine.kill()
    shutil.rmtree(engine.mark)
    shutil.move(backup, engine.mark)
    engine.up()
    engine.run("INSERT INTO t VALUES (4, 'a')")
    _wait_stalled(engine, "another writer left", "ALTER SINK ... ADOPT PROGRESS")


def test_a_restored_directory_sends_the_difference(ready, kafka, name):
    _restored(ready, kafka, name)
    told = dict(ready.run("EXPLAIN ALTER SINK s RESTART WITH SNAPSHOT AS DIFFERENCE"))
    assert "another copy of this data directory" in told["last progress"]
    assert "2 partitions" in told["topic"] and "the topic lacks" in told["will be sent"]
    before = len(read_topic(kafka.bootstrap, name))
    ready.run("ALTER SINK s RESTART WITH SNAPSHOT AS DIFFERENCE")
    _wait_right(ready)
    # 1 back to 'a', 3 gone, 4 new.
    assert len(read_topic(kafka.bootstrap, name)) == before + 3
    ready.run("DELETE FROM t WHERE id = 2")
    _wait_right(ready)


@pytest.mark.parametrize("action", ["ADOPT PROGRESS", "RESTART WITH SNAPSHOT AS DIFFERENCE"])
def test_dying_in_the_middle_changes_nothing(ready, kafka, name, action):
    _restored(ready, kafka, name)
    ready.restart("sink.order_committed=kill@1")
    with contextlib.suppress(psycopg.OperationalError):  # It may die before it has answered.
        ready.run(f"ALTER SINK s {action}")
    wait_until(lambda: ready.pid() is None, 30, "the process to die")
    ready.up()
    wait_until(lambda: _status(ready)[0] == "running", 60, "the sink to run")
    ready.run("INSERT INTO t VALUES (5, 'a')")
    if "DIFFERENCE" in action:
        _wait_right(ready)
        _wait_state(kafka, name, 4)
    else:
        # What the lost branch wrote stays, and what came behind it is there once.
        wait_until(lambda: b'{"id":5}' in upsert_state(read_topic(kafka.bootstrap, name)), 60, "5")
        ids = [m.key_json["id"] for m in read_topic(kafka.bootstrap, name)]
        assert sorted(ids) == [1, 1, 2, 3, 4, 5]
        problems = {(row[0], row[1]) for row in ready.run("AUDIT SINK s")}
        assert problems == {("differs", '{"id":1}'), ("extra", '{"id":3}')}


def test_after_its_progress_topic_was_deleted_a_sink_goes_on(ready, kafka, name):
    ready.run("INSERT INTO t VALUES (1, 'a')")
    _sink(ready, name)
    _wait_state(kafka, name, 1)
    topic = _progress_topic(ready)
    ready.stop()
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.delete_topics([topic])[topic].result(30)
    wait_until(lambda: topic not in admin.list_topics(timeout=10).topics, 30, "the topic to go")
    ready.up()
    ready.run("INSERT INTO t VALUES (2, 'b')")
    _wait_stalled(ready, "is gone", "ALTER SINK ... RESTART WITH SNAPSHOT")
    told = dict(ready.run("EXPLAIN ALTER SINK s ADOPT PROGRESS"))
    assert told["last progress"] == "none" and told["state"].startswith("stalled")
    ready.run("ALTER SINK s ADOPT PROGRESS")
    _wait_state(kafka, name, 2)
    assert len(read_topic(kafka.bootstrap, name)) == 2
    assert "VERSION" not in ready.run("SHOW CREATE SINK s")[0][1]


def test_after_its_topic_was_deleted_everything_is_sent_again(ready, kafka, name):
    ready.run("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    _sink(ready, name)
    _wait_state(kafka, name, 2)
    ready.stop()
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.delete_topics([name])[name].result(30)
    wait_until(lambda: name not in admin.list_topics(timeout=10).topics, 30, "the topic to go")
    ready.up()
    _wait_stalled(ready, "does not exist", "RESTART WITH SNAPSHOT")
    assert "is not there" in dict(ready.run("EXPLAIN ALTER SINK s RESTART WITH SNAPSHOT"))["topic"]
    ready.run("ALTER SINK s RESTART WITH SNAPSHOT")
    wait_until(lambda: _status(ready)[0] == "running", 60, "the sink to run")
    _wait_state(kafka, name, 2)


def test_released_history_is_no_end(make_engine, connect_kafka, kafka, name):
    engine = make_engine("--system-parameter", "max_retained_bytes=300000")
    engine.up()
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text)",
               "CREATE MATERIALIZED VIEW u AS SELECT id, max(v) AS v FROM t GROUP BY id",
               "INSERT INTO t VALUES (1, 'a')")
    _sink(engine, name)
    _wait_state(kafka, name, 1)
    engine.run("ALTER CONNECTION kafka SET (BROKER '127.0.0.1:1') WITH (VALIDATE = false)")
    for _ in range(20):
        engine.run("INSERT INTO t SELECT 2, repeat('x', 40000)", "DELETE FROM t WHERE id = 2")

    def released():
        engine.run("INSERT INTO t SELECT 2, repeat('x', 40000)", "DELETE FROM t WHERE id = 2")
        return "history released" in _status(engine)[1]
    wait_until(released, 60, "the history to be released")
    assert "RESTART WITH SNAPSHOT" in _status(engine)[1]
    engine.run(f"ALTER CONNECTION kafka SET (BROKER '{kafka.bootstrap}')",
               "INSERT INTO t VALUES (3, 'c')")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="has been released"):
        engine.run("ALTER SINK s ADOPT PROGRESS")
    engine.run("ALTER SINK s RESTART WITH SNAPSHOT AS DIFFERENCE")
    _wait_right(engine)
    _wait_state(kafka, name, 2)


@pytest.mark.parametrize("envelope, rest", [
    ("UPSERT", "KEY (id) FORMAT JSON ENVELOPE UPSERT"),
    ("DEBEZIUM", "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM"),
    ("rows", "FORMAT JSON ENVELOPE DEBEZIUM"),
    ("text", "KEY (id) KEY FORMAT TEXT VALUE FORMAT JSON ENVELOPE UPSERT")])
def test_a_running_sink_is_told_to_send_its_snapshot_again(ready, kafka, name, envelope, rest):
    ready.run("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    _sink(ready, name, rest)
    wait_until(lambda: len(read_topic(kafka.bootstrap, name)) == 2, 60, "the snapshot")
    ready.run("ALTER SINK s RESTART WITH SNAPSHOT")
    wait_until(lambda: len(read_topic(kafka.bootstrap, name)) == 4, 60, "the second snapshot")
    ready.run("INSERT INTO t VALUES (3, 'c')")
    wait_until(lambda: len(read_topic(kafka.bootstrap, name)) == 5, 60, "the next change")
    # A state is there; a row that was counted twice is once too many.
    ready.run("ALTER SINK s RESTART WITH SNAPSHOT AS DIFFERENCE", "INSERT INTO t VALUES (4, 'd')")
    more = 3 if envelope == "rows" else 1
    wait_until(lambda: len(read_topic(kafka.bootstrap, name)) == 5 + more, 60, "the difference")


def _plant(kafka, topic, time, messages):
    """(key, value) by a producer that has nothing to do with the engine, stamped as a sink's are."""
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap})
    for key, value in messages:
        producer.produce(topic, key=key, value=value, partition=0,
                         headers=[("materialize-timestamp", str(time))])
    assert producer.flush(30) == 0


def _avro_state(coder, messages):
    """id -> row, as a reader has it in the end who leaves out what it cannot read."""
    state = {}
    for message in sorted(messages, key=lambda m: (m.time, m.partition, m.offset)):
        try:
            key, value = coder.decode(message.key), coder.decode(message.value)
        except Exception:
            continue
        if value is not None and "after" in value:
            if value["before"] is not None:
                assert value["before"] == state.get(key["id"]), message
            value = value["after"]
        state[key["id"]] = value
    return {key: row for key, row in state.items() if row is not None}


@pytest.fixture(params=["confluent", "glue"])
def registry(request, ready):
    """A registry that the engine has a connection to."""
    made = Glue() if request.param == "glue" else Confluent(request.getfixturevalue("schema_registry"))
    made.connect(ready)
    yield made
    made.close()


@pytest.mark.parametrize("envelope", ["UPSERT", "DEBEZIUM", "DEBEZIUM (FIELDS (op, source), TOMBSTONES)"])
def test_a_topic_in_avro_is_repaired(ready, kafka, registry, name, envelope):
    ready.run("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')")
    _sink(ready, name, f"KEY (id) {registry.format} ENVELOPE {envelope}")
    _wait_right(ready)
    coder = Coder(registry, name)
    written = {coder.decode(m.key)["id"]: m for m in read_topic(kafka.bootstrap, name)}
    time = max(m.time for m in written.values()) + 1

    def value(before, after):
        if envelope == "UPSERT":
            return after and coder.encode("value", after)
        one = coder.decode(written[1].value)
        return coder.encode("value", {**one, "before": before, "after": after})
    row = {i: {"id": i, "v": v} for i, v in zip((1, 2, 3, 4, 6, 9), "abcdfx")}
    _plant(kafka, name, time, [
        (written[1].key, value(row[1], {"id": 1, "v": "wrong"})),
        (written[2].key, value(row[2], None)),
        (written[3].key, written[3].value[1:]),  # It has no head.
        (coder.encode("key", {"id": 9}), value(None, row[9])),
        (b"no key", written[4].value)])
    ready.run("INSERT INTO t VALUES (6, 'f')")
    wait_until(lambda: {problem for problem, *_ in audit(ready)} >= {"malformed", "extra"}, 30,
               "the sink to be behind what was planted")
    before = len(read_topic(kafka.bootstrap, name))
    ready.run("ALTER SINK s RESTART WITH SNAPSHOT AS DIFFERENCE", "INSERT INTO t VALUES (5, 'e')")
    row[5] = {"id": 5, "v": "e"}
    del row[9]
    wait_until(lambda: _avro_state(coder, read_topic(kafka.bootstrap, name)) == row, 60, "the topic to be right")
    more = 6 if "TOMBSTONES" in envelope else 5
    assert len(read_topic(kafka.bootstrap, name)) == before + more
    told = {problem for problem, *_ in audit(ready)}
    assert not told & {"missing", "extra", "differs"}


@pytest.mark.parametrize("rest", ["KEY (id) FORMAT JSON ENVELOPE UPSERT WITH (JSON SCHEMAS)", "FORMAT JSON ENVELOPE APPEND",
                                  "KEY (id) {avro} ENVELOPE APPEND", "{avro} ENVELOPE DEBEZIUM"])
def test_a_difference_knows_every_format(ready, kafka, schema_registry, name, rest):
    registry = Confluent(schema_registry)
    registry.connect(ready)
    ready.run("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    _sink(ready, name, rest.format(avro=registry.format))
    _wait_right(ready)
    (lost, *_) = read_topic(kafka.bootstrap, name)
    _plant(kafka, name, lost.time, [(lost.key, lost.value)])
    assert {problem for problem, *_ in audit(ready)} in ({"extra"}, {"duplicate"})
    ready.run("ALTER SINK s RESTART WITH SNAPSHOT AS DIFFERENCE", "INSERT INTO t VALUES (3, 'c')")
    wait_until(lambda: len(read_topic(kafka.bootstrap, name)) == (4 if "UPSERT" in rest else 5), 60, "the rest")
    assert not {problem for problem, *_ in audit(ready)} & {"missing", "extra", "differs"}


@pytest.mark.parametrize("envelope", ["UPSERT", "DEBEZIUM"])
def test_a_difference_after_another_relation(ready, kafka, schema_registry, name, envelope):
    """What the sink sent of the old relation is in the topic, by another schema: the difference repairs it where it
    can be told, and is refused where not."""
    registry = Confluent(schema_registry)
    registry.connect(ready)
    ready.run("INSERT INTO t VALUES (1, 'a'), (2, 'b')",
              "CREATE MATERIALIZED VIEW u2 AS SELECT id, max(v) AS renamed FROM t WHERE id = 1 GROUP BY id")
    _sink(ready, name, f"KEY (id) {registry.format} (VALUE COMPATIBILITY LEVEL 'NONE') ENVELOPE {envelope}")
    _wait_right(ready)
    ready.run("ALTER SINK s SET FROM u2")
    if envelope == "DEBEZIUM":
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="it had other columns"):
            ready.run("ALTER SINK s RESTART WITH SNAPSHOT AS DIFFERENCE")
        return
    ready.run("ALTER SINK s RESTART WITH SNAPSHOT AS DIFFERENCE")
    coder = Coder(registry, name)
    wait_until(lambda: _avro_state(coder, read_topic(kafka.bootstrap, name)) == {1: {"id": 1, "renamed": "a"}},
               60, "the topic to be right")
    # All of it is judged again.
    assert audit(ready) == []
    ready.run("DELETE FROM t")
    _wait_right(ready)
    (*_, last) = sorted(read_topic(kafka.bootstrap, name), key=lambda m: m.time)
    assert coder.decode(last.key) == {"id": 1} and last.value is None


def test_what_is_refused(ready, kafka, name):
    ready.run("INSERT INTO t VALUES (1, 'a')")
    _sink(ready, name)
    _wait_state(kafka, name, 1)
    for statement, text in [
            ("ALTER SINK s ADOPT PROGRESS", "goes on by itself: there is no progress to adopt"),
            ("EXPLAIN ALTER SINK s ADOPT PROGRESS", "goes on by itself"),
            ("EXPLAIN ALTER SINK s RENAME TO r", "not yet supported"),
            ("ALTER SINK nobody ADOPT PROGRESS", "unknown catalog item 'nobody'"),
            ("ALTER SINK u ADOPT PROGRESS", "u is not a sink"),
            ("ALTER SINK s RESTART", "Expected WITH"),
            ("ALTER SINK s ADOPT", "Expected PROGRESS")]:
        with pytest.raises(psycopg.Error, match=text):
            ready.run(statement)
    ready.run("ALTER SINK IF EXISTS nobody ADOPT PROGRESS",
              f"CREATE SINK other FROM u INTO KAFKA CONNECTION kafka (TOPIC '{name}')"
              " KEY (id) FORMAT JSON ENVELOPE UPSERT")
    with pytest.raises(psycopg.Error, match='has the messages of sink "other", too'):
        ready.run("ALTER SINK s RESTART WITH SNAPSHOT AS DIFFERENCE")
