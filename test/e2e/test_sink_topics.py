"""The topics that sinks make, with whose settings; those they find; and what becomes of progress."""
import os

import psycopg
import pytest

from harness.topics import (TopicReader, create_topic, delete_records, own_settings, partitions_of,
                            produce, read_topic, replicas_of)
from stack.kafka import Kafka
from stack.processes import wait_until

PATIENCE_S = 60
SINK = "KEY (id) FORMAT JSON ENVELOPE DEBEZIUM"


@pytest.fixture(scope="module")
def wide_kafka(run_directory):
    """A broker whose topics have three partitions unless something else is said."""
    broker = Kafka(os.path.join(run_directory, "wide-kafka")).create(settings={"num.partitions": 3})
    broker.up(leash=True)
    yield broker
    broker.kill()


@pytest.fixture
def table(engine):
    engine.run("CREATE TABLE t (id int NOT NULL, v text)", "INSERT INTO t VALUES (1, 'a')")
    return engine


def _connect(engine, broker, options="", name="kafka"):
    brokers = ", ".join(f"'{address}'" for address in broker.bootstrap.split(","))
    engine.run(f"CREATE CONNECTION {name} TO KAFKA (BROKERS ({brokers}),"
               f" SECURITY PROTOCOL PLAINTEXT{options})")


def _sink(engine, topic, options="", name="s", connection="kafka"):
    engine.run(f"CREATE SINK {name} FROM t INTO KAFKA CONNECTION {connection}"
               f" (TOPIC '{topic}'{options}) {SINK}")


def _ids(broker, topic, count):
    with TopicReader(broker.bootstrap, topic, PATIENCE_S) as reader:
        return [m.key_json["id"] for m in reader.wait_count(count, PATIENCE_S)]


def _wait_status(engine, status, text="", name="s"):
    seen = []

    def reached():
        seen[:] = engine.run("SELECT status, error FROM mz_internal.mz_sink_statuses"
                             f" WHERE name = '{name}'")
        return seen and seen[0][0] == status and text in (seen[0][1] or "")
    try:
        wait_until(reached, PATIENCE_S, f"status {status}")
    except Exception:
        assert seen == [(status, f"... {text} ...")]
        raise
    return seen[0][1]


def _progress_topic(engine, connection="kafka"):
    (topic,), = engine.run("SELECT k.sink_progress_topic FROM mz_catalog.mz_kafka_connections AS k"
                           " JOIN mz_catalog.mz_connections AS c ON c.id = k.id"
                           f" WHERE c.name = '{connection}'")
    return topic


def test_a_new_topic_has_what_the_broker_gives_it(table, wide_kafka, name):
    _connect(table, wide_kafka)
    _sink(table, name)
    assert _ids(wide_kafka, name, 1) == [1]
    assert len(partitions_of(wide_kafka.bootstrap, name)) == 3
    assert own_settings(wide_kafka.bootstrap, name) == {}


def test_a_new_topic_has_what_the_sink_says(table, wide_kafka, name):
    _connect(table, wide_kafka)
    _sink(table, name, ", TOPIC PARTITION COUNT 5, TOPIC REPLICATION FACTOR 1, TOPIC CONFIG"
          " MAP['cleanup.policy' => 'compact', 'retention.ms' => '86400000']")
    assert _ids(wide_kafka, name, 1) == [1]
    assert len(partitions_of(wide_kafka.bootstrap, name)) == 5
    assert own_settings(wide_kafka.bootstrap, name) == {"cleanup.policy": "compact",
                                                        "retention.ms": "86400000"}


def test_a_new_progress_topic_has_one_partition_and_is_compacted(table, wide_kafka, name):
    _connect(table, wide_kafka)
    _sink(table, name)
    assert _ids(wide_kafka, name, 1) == [1]
    progress = _progress_topic(table)
    assert partitions_of(wide_kafka.bootstrap, progress) == [0]
    # Compaction alone: neither size nor age deletes anything.
    assert own_settings(wide_kafka.bootstrap, progress) == {"cleanup.policy": "compact",
                                                            "segment.bytes": str(128 << 20)}


def test_replicas_are_the_brokers_or_as_many_as_asked(table, kafka_cluster, name):
    _connect(table, kafka_cluster)
    _connect(table, kafka_cluster, ", PROGRESS TOPIC REPLICATION FACTOR 2", "other")
    _sink(table, name)
    _sink(table, name + "-2", ", TOPIC REPLICATION FACTOR 2", "s2", "other")
    bootstrap = kafka_cluster.bootstrap
    assert _ids(kafka_cluster, name, 1) == _ids(kafka_cluster, name + "-2", 1) == [1]
    assert replicas_of(bootstrap, name) == replicas_of(bootstrap, _progress_topic(table)) == [3]
    assert replicas_of(bootstrap, name + "-2") == [2]
    assert replicas_of(bootstrap, _progress_topic(table, "other")) == [2]


def test_the_progress_topic_is_the_connections_and_all_its_sinks_write_there(table, kafka, name):
    _connect(table, kafka)
    _connect(table, kafka, f", PROGRESS TOPIC '{name}-progress'", "named")
    (environment, connection), = table.run(
        "SELECT mz_environment_id(), id FROM mz_catalog.mz_connections WHERE name = 'kafka'")
    assert _progress_topic(table) == f"_materialize-progress-{environment}-{connection}"
    assert _progress_topic(table, "named") == f"{name}-progress"
    for sink, through in (("s1", "kafka"), ("s2", "kafka"), ("s3", "named")):
        _sink(table, f"{name}-{sink}", name=sink, connection=through)
        assert _ids(kafka, f"{name}-{sink}", 1) == [1]
    ids = dict(table.run("SELECT name, id FROM mz_catalog.mz_sinks"))

    def keys(topic):
        return {m.key.decode() for m in read_topic(kafka.bootstrap, topic)
                if m.key.startswith(b"mz-sink-")}
    assert keys(_progress_topic(table)) == {f"mz-sink-{ids['s1']}", f"mz-sink-{ids['s2']}"}
    assert keys(f"{name}-progress") == {f"mz-sink-{ids['s3']}"}


def test_a_topic_made_by_hand_is_taken_as_it_is(table, kafka, name):
    settings = {"cleanup.policy": "compact,delete", "retention.ms": "3600000",
                "retention.bytes": "100000000"}
    create_topic(kafka.bootstrap, name, 7, settings)
    _connect(table, kafka)
    # What is said of new topics is not asked of one that is there.
    _sink(table, name, ", TOPIC PARTITION COUNT 2, TOPIC CONFIG MAP['cleanup.policy' => 'delete']")
    table.run("INSERT INTO t SELECT g, 'b' FROM generate_series(2, 50) AS g")
    assert sorted(_ids(kafka, name, 50)) == list(range(1, 51))
    assert len(partitions_of(kafka.bootstrap, name)) == 7
    assert own_settings(kafka.bootstrap, name) == settings


@pytest.mark.parametrize("settings, warned", [
    ({"cleanup.policy": "delete"}, True),
    ({"cleanup.policy": "compact,delete"}, True),
    ({"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}, False),
    ({"cleanup.policy": "compact"}, False),
])
def test_a_progress_topic_that_may_lose_records_is_told_of(table, kafka, name, settings, warned):
    create_topic(kafka.bootstrap, f"{name}-progress", 1, settings)
    _connect(table, kafka, f", PROGRESS TOPIC '{name}-progress'")
    text = "its retention may delete the last progress record: the sink would stall"
    notices = []
    with table.connect() as sql:
        sql.add_notice_handler(lambda notice: notices.append(notice.message_primary))
        sql.execute(f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}') {SINK}")
    assert any(text in notice for notice in notices) == warned
    assert _ids(kafka, name, 1) == [1]
    assert own_settings(kafka.bootstrap, f"{name}-progress") == settings
    found = {check: (result, told) for check, _, result, told, _ in table.run("VALIDATE SINK s")}
    assert found["progress topic"] == (
        ("warning", text) if warned else ("ok", "is there, with one partition"))


def test_topics_that_may_lose_what_they_acknowledged_are_told_of(table, kafka_cluster, name):
    create_topic(kafka_cluster.bootstrap, name + "-bad", 1, {
        "min.insync.replicas": "1", "unclean.leader.election.enable": "true"})
    create_topic(kafka_cluster.bootstrap, name + "-good")
    _connect(table, kafka_cluster)

    def notices(topic, options=""):
        found = []
        with table.connect() as sql:
            sql.add_notice_handler(lambda notice: found.append(notice.message_primary))
            sql.execute(f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{topic}'{options}) {SINK}")
        table.run("DROP SINK s")
        return found
    assert notices(name + "-good") == []
    assert notices(name + "-bad") == [
        f"topic {name}-bad: min.insync.replicas is 1: a message may be acknowledged by one broker, and"
        " be lost with it",
        f"topic {name}-bad: unclean.leader.election.enable is true: what was committed may be lost"]
    assert notices(name + "-new", ", TOPIC REPLICATION FACTOR 1") == [f"topic {name}-new: would have 1 replica"]


def test_an_empty_progress_topic_that_had_records_once_will_do(table, kafka, name):
    progress = f"{name}-progress"
    create_topic(kafka.bootstrap, progress)
    produce(kafka.bootstrap, progress, 3)
    delete_records(kafka.bootstrap, progress, 3)
    _connect(table, kafka, f", PROGRESS TOPIC '{progress}'")
    _sink(table, name)
    assert _ids(kafka, name, 1) == [1]
    table.restart()
    table.run("INSERT INTO t VALUES (2, 'b')")
    assert _ids(kafka, name, 2) == [1, 2]


def test_lost_progress_is_told_and_nothing_is_sent_twice(table, kafka, name):
    create_topic(kafka.bootstrap, f"{name}-progress")
    _connect(table, kafka, f", PROGRESS TOPIC '{name}-progress'")
    _sink(table, name)
    assert _ids(kafka, name, 1) == [1]
    table.stop()
    with TopicReader(kafka.bootstrap, f"{name}-progress", isolation="read_uncommitted") as reader:
        end = reader.ends()[0]
    delete_records(kafka.bootstrap, f"{name}-progress", end)
    table.up()
    error = _wait_status(table, "stalled", "committed progress at offset ")
    assert error.startswith("kafka: ") and "is gone: the progress topic holds offsets" in error
    (hints,), = table.run("SELECT details->>'hints' FROM mz_internal.mz_sink_statuses")
    assert "ALTER SINK ... ADOPT PROGRESS" in hints
    table.run("INSERT INTO t VALUES (2, 'b')")
    table.restart()
    _wait_status(table, "stalled", "committed progress at offset ")
    assert len(read_topic(kafka.bootstrap, name)) == 1


def test_a_sink_made_anew_begins_anew_in_the_same_topic(table, kafka, name):
    _connect(table, kafka)
    _sink(table, name)
    assert _ids(kafka, name, 1) == [1]
    (before,), = table.run("SELECT id FROM mz_catalog.mz_sinks")
    progress = _progress_topic(table)
    table.run("DROP SINK s")
    keys = {f"{kind}-sink-{before}".encode() for kind in ("mz", "penstock")}

    def last():
        return {m.key: m.value for m in read_topic(kafka.bootstrap, progress) if m.key in keys}
    wait_until(lambda: last() == dict.fromkeys(keys), PATIENCE_S, "its progress to be taken back")
    _sink(table, name)
    assert _ids(kafka, name, 2) == [1, 1]
    (after,), = table.run("SELECT id FROM mz_catalog.mz_sinks")
    assert before != after


def test_several_sinks_may_write_to_one_topic(table, kafka, name):
    _connect(table, kafka)
    _sink(table, name)
    _sink(table, name, name="s2")
    assert _ids(kafka, name, 2) == [1, 1]
    table.run("INSERT INTO t VALUES (2, 'b')")
    assert sorted(_ids(kafka, name, 4)) == [1, 1, 2, 2]


def test_topics_stay_as_they_are_when_a_sink_cannot_be_created(table, kafka, name):
    _connect(table, kafka)
    with pytest.raises(psycopg.Error, match="upsert key could not be validated as unique"):
        table.run(f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}') KEY (id)"
                  " FORMAT JSON ENVELOPE UPSERT")
    assert partitions_of(kafka.bootstrap, name) == []
    assert partitions_of(kafka.bootstrap, _progress_topic(table)) == []
