"""AUDIT SINK against a real broker: silent about what is right, and every planted fault is told."""
import time

import confluent_kafka
import psycopg
import pytest
from confluent_kafka.admin import AdminClient

from harness.registered import Coder, Confluent, Glue
from harness.sinks import wait_born
from harness.topics import create_topic, partitions_of, read_topic
from stack.processes import wait_until


@pytest.fixture
def ready(engine, connect_kafka):
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text)",
               "CREATE MATERIALIZED VIEW u AS SELECT id, max(v) AS v FROM t GROUP BY id")
    return engine


def _sink(engine, topic, rest="KEY (id) FORMAT JSON ENVELOPE UPSERT", relation="u", name="s"):
    engine.run(f"CREATE SINK {name} FROM {relation} INTO KAFKA CONNECTION kafka"
               f" (TOPIC '{topic}', TOPIC PARTITION COUNT 2) {rest}")
    wait_born(engine, name)


def _changes(engine):
    """Changes of every kind, one tick each."""
    engine.run("INSERT INTO t VALUES (1, 'a'), (2, 'a'), (3, 'a')")
    engine.run("UPDATE t SET v = 'b' WHERE id = 1")
    engine.run("DELETE FROM t WHERE id = 2")
    engine.run("INSERT INTO t VALUES (4, 'a')")


def _audit(engine, statement="AUDIT SINK s"):
    """(problem, key) of every row, and the notices."""
    notices = []
    with engine.connect() as connection:
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary))
        rows = connection.execute(statement).fetchall()
    return [(row[0], row[1]) for row in rows], notices


def _wait_for_rows(engine, count, messages):
    """Audits until the sink has sent `messages` messages: its place is told within a second."""
    def audited():
        try:
            problems, notices = _audit(engine)
        except psycopg.errors.ObjectNotInPrerequisiteState:
            return None  # It has not made its topic, or its snapshot is under way.
        told = f"read {messages} messages in 2 partitions of topic" in notices[0] \
            and f"with {count} rows" in notices[0]
        return (problems, notices) if told else None
    return wait_until(audited, 30, f"an audit of {messages} messages")


def _rewrite(kafka, topic, messages):
    """The topic anew, with just these messages."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    partitions = len(partitions_of(kafka.bootstrap, topic))
    admin.delete_topics([topic])[topic].result(30)

    def created():
        try:
            create_topic(kafka.bootstrap, topic, partitions)
        except confluent_kafka.KafkaException:
            return False  # What is being deleted is there for a moment.
        return True
    wait_until(created, 30, f"topic {topic} anew")
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap})
    for message in messages:
        producer.produce(topic, key=message.key, value=message.value, partition=message.partition,
                         headers=list(message.headers))
    assert producer.flush(30) == 0


@pytest.fixture(params=["confluent", "glue"])
def registry(request, ready):
    """A registry that the engine has a connection to."""
    made = Glue() if request.param == "glue" else Confluent(request.getfixturevalue("schema_registry"))
    made.connect(ready)
    yield made
    made.close()


@pytest.mark.parametrize("envelope", ["UPSERT", "DEBEZIUM"])
def test_what_a_sink_wrote_is_right_whatever_happens(ready, name, envelope):
    ready.run("INSERT INTO t VALUES (7, 'before')")
    _sink(ready, name, f"KEY (id) FORMAT JSON ENVELOPE {envelope}")
    _changes(ready)
    ready.crash()
    ready.run("UPDATE t SET v = 'c' WHERE id = 1", "DELETE FROM t WHERE id = 7")
    ready.restart()
    problems, notices = _wait_for_rows(ready, 3, 9)
    assert problems == []
    assert len(notices) == 1 and notices[0].endswith("no problems")


def test_rows_without_a_key_are_counted(ready, name):
    _sink(ready, name, "FORMAT JSON ENVELOPE DEBEZIUM", "t")
    ready.run("INSERT INTO t VALUES (1, 'a'), (1, 'a'), (2, 'b')", "DELETE FROM t WHERE id = 2")
    problems, _ = _wait_for_rows(ready, 1, 4)
    assert problems == []


FAULTS = {
    "missing": lambda found: [m for m in found if m.key != b'{"id":4}'],
    "duplicate": lambda found: [m for m in found for _ in range(2 if m.key == b'{"id":3}' else 1)],
    "differs": lambda found: [m if m.key != b'{"id":4}' else _with(m, value=b'{"id":4,"v":"x"}')
                              for m in found],
    "extra": lambda found: [m for m in found if m.value is not None],
    "out of order": lambda found: sorted(found, key=lambda m: -m.time),
    "foreign": lambda found: [*found, _with(found[0], headers=())],
}


def _with(message, **fields):
    return type(message)(**{**{name: getattr(message, name) for name in
                               ("partition", "offset", "key", "value", "headers", "time")},
                            **fields})


def test_planted_faults_are_told(ready, kafka, name):
    _sink(ready, name)
    _changes(ready)
    assert _wait_for_rows(ready, 3, 6)[0] == []
    written = sorted(read_topic(kafka.bootstrap, name), key=lambda m: (m.time, m.offset))
    _rewrite(kafka, name, written)
    assert _audit(ready)[0] == []
    for problem, plant in FAULTS.items():
        _rewrite(kafka, name, plant(written))
        problems, notices = _audit(ready)
        assert problem in {told for told, _ in problems}, (problem, problems)
        assert problem in notices[0]


def test_a_lost_tombstone_is_an_extra_key(ready, kafka, name):
    _sink(ready, name)
    _changes(ready)
    _wait_for_rows(ready, 3, 6)
    _rewrite(kafka, name, [m for m in read_topic(kafka.bootstrap, name) if m.value is not None])
    with ready.connect() as connection:
        (row,) = connection.execute("AUDIT SINK s").fetchall()
    assert row[:2] == ("extra", '{"id":2}')
    assert row[5:] == (None, '{"id":2,"v":"a"}', 1)


def test_without_a_snapshot_rows_without_a_message_are_not_judged(ready, name):
    ready.run("INSERT INTO t VALUES (1, 'old'), (2, 'old')")
    _sink(ready, name, "KEY (id) FORMAT JSON ENVELOPE UPSERT WITH (SNAPSHOT = false)")
    _wait_for_rows(ready, 2, 0)
    ready.run("UPDATE t SET v = 'new' WHERE id = 2")
    problems, notices = _wait_for_rows(ready, 2, 1)
    assert problems == []
    assert notices[1].startswith("not judged: 1 rows without a message")


def test_what_cannot_be_audited_is_said(ready, name):
    _sink(ready, name)
    _wait_for_rows(ready, 0, 0)
    with pytest.raises(psycopg.errors.WrongObjectType, match="t is not a sink"):
        ready.run("AUDIT SINK t")
    with pytest.raises(psycopg.errors.UndefinedTable, match="unknown catalog item 'nosuch'"):
        ready.run("AUDIT SINK nosuch")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="has not sent everything"):
        ready.run(f"AUDIT SINK s AT {10 ** 15}")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="no longer known at 1"):
        ready.run("AUDIT SINK s AT 1")
    _sink(ready, name, name="other")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match='sink "other", too'):
        ready.run("AUDIT SINK s")


ENVELOPES = {
    "UPSERT": "ENVELOPE UPSERT",
    "UPSERT at least once": "ENVELOPE UPSERT WITH (DELIVERY GUARANTEE = 'at least once')",
    "DEBEZIUM": "ENVELOPE DEBEZIUM",
    "DEBEZIUM fields": "ENVELOPE DEBEZIUM (FIELDS (op, ts_ms, source, transaction), TOMBSTONES)",
    "APPEND": "ENVELOPE APPEND",
}


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_what_a_sink_wrote_in_avro_is_right(ready, registry, name, envelope):
    ready.run("INSERT INTO t VALUES (7, 'before')")
    _sink(ready, name, f"KEY (id) {registry.format} {ENVELOPES[envelope]}")
    _changes(ready)
    ready.crash()
    ready.run("UPDATE t SET v = NULL WHERE id = 1", "DELETE FROM t WHERE id = 7")
    # An update is two messages of APPEND, a deletion one more with TOMBSTONES, which is not counted apart.
    messages = {"APPEND": 11, "DEBEZIUM fields": 11}.get(envelope, 9)
    problems, _ = _wait_for_rows(ready, 3, messages)
    assert problems == []


@pytest.mark.parametrize("formats", [
    "KEY FORMAT TEXT VALUE {avro} ENVELOPE UPSERT", "KEY {avro} VALUE FORMAT JSON ENVELOPE UPSERT",
    "KEY FORMAT BYTES VALUE {avro} ENVELOPE UPSERT",
    "KEY {avro} VALUE FORMAT JSON ENVELOPE UPSERT WITH (JSON SCHEMAS)"])
def test_key_and_value_have_each_their_format(ready, schema_registry, name, formats):
    registry = Confluent(schema_registry)
    registry.connect(ready)
    _sink(ready, name, f"KEY (id) {formats.format(avro=registry.format)}")
    _changes(ready)
    assert _wait_for_rows(ready, 3, 6)[0] == []


def _coded(coder, message, **sides):
    """A message with a side encoded anew, by somebody else."""
    return _with(message, **{side: coder.encode(side, value) for side, value in sides.items()})


@pytest.mark.parametrize("envelope", ["UPSERT", "DEBEZIUM", "DEBEZIUM fields"])
def test_faults_planted_in_avro_are_told(ready, kafka, registry, name, envelope):
    _sink(ready, name, f"KEY (id) {registry.format} {ENVELOPES[envelope]}")
    _changes(ready)
    _wait_for_rows(ready, 3, 7 if "fields" in envelope else 6)
    coder = Coder(registry, name)
    written = sorted(read_topic(kafka.bootstrap, name), key=lambda m: (m.time, m.offset))

    def replaced(id_, change):
        found = [change(m) if coder.decode(m.key) == {"id": id_} else [m] for m in written]
        return [message for messages in found for message in messages]

    def wrong(message):
        value = coder.decode(message.value)
        (value if envelope == "UPSERT" else value["after"])["v"] = "wrong"
        return [_coded(coder, message, value=value)]
    # Whose deletion is lost, and what comes behind it.
    deletion = {"UPSERT": lambda m: m.value is not None}.get(
        envelope, lambda m: m.value is not None and coder.decode(m.value)["after"] is not None)
    size = registry.head_bytes
    planted = {
        "nothing": ([_coded(coder, m, key=coder.decode(m.key)) for m in written], set()),
        "missing": (replaced(4, lambda m: []), {("missing", "\\x08")}),
        "duplicate": (replaced(3, lambda m: [m, m]), {("duplicate", "\\x06")}),
        "differs": (replaced(4, wrong), {("differs", "\\x08")}),
        "lost tombstone": (replaced(2, lambda m: [m] if deletion(m) else []), {("extra", "\\x04")}),
        "no head": (replaced(4, lambda m: [_with(m, value=m.value[size:])]), {("malformed", "\\x08")}),
        "cut head": (replaced(4, lambda m: [_with(m, value=m.value[:size - 1])]), {("malformed", "\\x08")}),
        "wrong magic": (replaced(4, lambda m: [_with(m, value=b"\7" + m.value[1:])]),
                        {("malformed", "\\x08")}),
        "no key": (replaced(4, lambda m: [_with(m, key=b"\7" + m.key[1:])]),
                   {("malformed", "\\x07" + replaced(4, lambda m: [])[0].key[1:size].hex() + "08"),
                    ("missing", "\\x08")}),
    }
    if envelope != "UPSERT":
        planted["no change"] = (replaced(4, lambda m: [_with(m, value=m.value + b"x")]),
                                {("malformed", "\\x08")})
    for fault, (messages, told) in planted.items():
        _rewrite(kafka, name, messages)
        assert set(_audit(ready)[0]) == told, fault


def test_another_schema_id_is_no_other_value(ready, kafka, schema_registry, name):
    """A registry that publishes a schema anew gives it another number."""
    registry = Confluent(schema_registry)
    registry.connect(ready)
    _sink(ready, name, f"KEY (id) {registry.format} ENVELOPE DEBEZIUM")
    _changes(ready)
    _wait_for_rows(ready, 3, 6)
    written = sorted(read_topic(kafka.bootstrap, name), key=lambda m: (m.time, m.offset))
    _rewrite(kafka, name, [_with(m, key=b"\0\0\0\x7f\1" + m.key[5:], value=b"\0\0\0\x7f\2" + m.value[5:])
                           if number % 2 else m for number, m in enumerate(written)])
    assert _audit(ready)[0] == []


@pytest.mark.parametrize("envelope", ["UPSERT", "DEBEZIUM"])
@pytest.mark.parametrize("avro", [False, True])
def test_what_an_altered_sink_sent_before_is_not_judged(ready, schema_registry, name, envelope, avro):
    registry = Confluent(schema_registry)
    registry.connect(ready)
    level = " (VALUE COMPATIBILITY LEVEL 'NONE')"
    ready.run("CREATE TABLE t2 (id int NOT NULL, n bigint)",
              "CREATE MATERIALIZED VIEW u2 AS SELECT id, max(n) AS n, 'x' AS more FROM t2 GROUP BY id",
              "INSERT INTO t2 VALUES (2, 2), (3, 3), (9, 9)")
    _sink(ready, name, f"KEY (id) {registry.format + level if avro else 'FORMAT JSON'} ENVELOPE {envelope}")
    _changes(ready)
    _wait_for_rows(ready, 3, 6)
    ready.run("ALTER SINK s SET FROM u2")
    problems, notices = _wait_for_rows(ready, 3, 0)
    assert problems == []
    assert notices[1].startswith("not judged: 3 rows without a message that may never have had one, since the"
                                 " sink read another relation before ")
    assert notices[1].endswith(": its 6 messages were passed over")
    ready.run("UPDATE t2 SET n = 4 WHERE id = 3", "DELETE FROM t2 WHERE id = 9")
    ready.crash()
    ready.run("INSERT INTO t2 VALUES (5, 5)")
    problems, notices = _wait_for_rows(ready, 3, 3)
    assert problems == []
    assert notices[1].startswith("not judged: 1 rows")


def test_a_topic_is_shared_whatever_its_brokers_are_called(ready, kafka, name):
    _sink(ready, name)
    _wait_for_rows(ready, 0, 0)
    port = kafka.bootstrap.rsplit(":", 1)[1]
    ready.run(f"CREATE CONNECTION same TO KAFKA (BROKER 'localhost:{port}', SECURITY PROTOCOL PLAINTEXT,"
              f" PROGRESS TOPIC 'progress-{name}')",
              f"CREATE SINK other FROM u INTO KAFKA CONNECTION same (TOPIC '{name}')"
              " KEY (id) FORMAT JSON ENVELOPE UPSERT")
    for statement in ("AUDIT SINK s", "ALTER SINK s RESTART WITH SNAPSHOT AS DIFFERENCE"):
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match='sink "other", too'):
            ready.run(statement)
    ready.run("DROP SINK other")
    assert _audit(ready)[0] == []


def test_an_audit_that_waits_for_a_transaction_can_be_ended(ready, kafka, name):
    _sink(ready, name)
    _changes(ready)
    _wait_for_rows(ready, 3, 6)
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap,
                                         "transactional.id": f"somebody-{name}"})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(name, value=b"not committed", partition=0)
    producer.flush(30)
    began = time.monotonic()
    with ready.connect() as connection:
        connection.execute("SET statement_timeout = '1s'")
        with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
            connection.execute("AUDIT SINK s")
    assert time.monotonic() - began >= 1
    producer.abort_transaction(30)
    assert _audit(ready)[0] == []
