"""The audit reads a real broker's logs right, under both transaction protocols, and knows what a
reader would have seen when markers are missing."""
import contextlib

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from harness.marker_audit import (Audit, Batch, Decision, match, open_messages, segments,
                                  visible_batches)
from harness.topics import create_topic, leader_of, partitions_in_sync, read_topic
from stack.kafka import run_tool
from stack.processes import wait_until


@pytest.fixture
def topic(kafka, name):
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.create_topics([NewTopic(name, 2, 1)])[name].result()
    return name


def _write(kafka, topic, verdicts):
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap,
                                         "transactional.id": topic})
    producer.init_transactions(30)
    for number, commit in enumerate(verdicts):
        producer.begin_transaction()
        for key in range(3):
            producer.produce(topic, key=f"{number}-{key}", value="v")
        producer.flush(30)
        (producer.commit_transaction if commit else producer.abort_transaction)(30)


def test_with_all_markers_it_sees_what_a_committed_reader_sees(kafka, topic):
    _write(kafka, topic, [True, True, False, True, False, False, True])
    audit = Audit(kafka, [topic])
    committed = read_topic(kafka.bootstrap, topic)
    uncommitted = read_topic(kafka.bootstrap, topic, isolation="read_uncommitted")
    assert audit.lost == []
    assert len(committed) == 12 and len(uncommitted) == 21
    for late in (False, True):
        assert set(audit.visible(uncommitted, topic, late)) == set(committed)


def test_transactions_of_version_2_are_matched(kafka, topic):
    run_tool("org.apache.kafka.tools.ProducerPerformance", "--topic", topic, "--num-records",
             "300", "--record-size", "20", "--throughput", "1500", "--transactional-id",
             topic, "--transaction-duration-ms", "20", "--bootstrap-server", kafka.bootstrap)
    audit = Audit(kafka, [topic])
    committed = read_topic(kafka.bootstrap, topic)
    assert len(audit.decisions[topic, 0] + audit.decisions[topic, 1]) > 2
    assert audit.lost == []
    assert len(audit.visible(committed, topic, False)) == 300


def test_a_lost_abort_is_found_and_mended(kafka, topic):
    _write(kafka, topic, [True, False, True])
    audit = Audit(kafka, [topic])
    committed = read_topic(kafka.bootstrap, topic)
    for batches in audit.partitions.values():
        batches[:] = [batch for batch in batches if batch.marker is not False]
    assert list(audit._lost())
    uncommitted = read_topic(kafka.bootstrap, topic, isolation="read_uncommitted")
    # All three are of one epoch: that the transaction was aborted is known, which batch of the
    # two between the markers it wrote is not.
    readings = [set(audit.visible(uncommitted, topic, late)) for late in (False, True)]
    assert all(len(reading) < len(uncommitted) for reading in readings)
    assert any(reading <= set(committed) for reading in readings)


def test_a_transaction_is_open_until_its_marker_is_in_the_log(kafka, topic):
    folder = f"{kafka.data}/{topic}-0"
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap,
                                         "transactional.id": topic})
    producer.init_transactions(30)
    assert not open_messages(folder)
    producer.begin_transaction()
    for value in "vw":
        producer.produce(topic, value=value, partition=0)
    producer.flush(30)
    assert list(open_messages(folder).values()) == [2]
    producer.commit_transaction(30)
    wait_until(lambda: not open_messages(folder), 30, "the marker")


@contextlib.contextmanager
def _away(cluster, number):
    cluster.nodes[number].kill()
    try:
        yield
    finally:
        cluster.nodes[number].up(leash=True)


def test_a_follower_that_is_behind_has_lost_nothing(kafka_cluster, name):
    create_topic(kafka_cluster.bootstrap, name)
    wait_until(lambda: partitions_in_sync(kafka_cluster.bootstrap, 3), 60, "all replicas")
    leader = leader_of(kafka_cluster.bootstrap, name)
    follower = leader % 3 + 1
    _write(kafka_cluster, name, [True])
    with _away(kafka_cluster, follower):
        _write(kafka_cluster, name, [True, False])
        found, = segments(kafka_cluster, [name])
        assert found.startswith(kafka_cluster.nodes[leader].data)
        audit = Audit(kafka_cluster, [name])
        assert audit.lost == [] and len(audit.decisions[name, 0]) == 3
        markers = [batch.marker for batch in audit.partitions[name, 0] if batch.marker is not None]
        assert markers == [True, True, False]
    wait_until(lambda: partitions_in_sync(kafka_cluster.bootstrap, 3), 60, "all replicas")


DATA = None


def _log(*parts):
    """Batches of producer 7 from (epoch, marker) pairs."""
    return [Batch(place, place, 7, epoch, marker) for place, (epoch, marker) in enumerate(parts)]


def _offsets(batches):
    return [batch.first for batch in batches]


def test_a_lost_commit_before_an_abort_of_another_epoch():
    log = _log((1, DATA), (2, DATA), (3, False))
    decisions = [Decision(7, 2, True), Decision(7, 3, False)]
    assert [marker for _, marker in match(log, decisions)] == [None, log[2]]
    assert _offsets(visible_batches(log, decisions, late=True)) == [0]


def test_a_lost_abort_before_a_commit_of_another_epoch():
    log = _log((1, DATA), (4, DATA), (4, True))
    decisions = [Decision(7, 2, False), Decision(7, 4, True)]
    for late in (False, True):
        assert _offsets(visible_batches(log, decisions, late)) == [1]


def test_a_marker_lost_at_the_end():
    log = _log((1, DATA), (2, True), (2, DATA))
    decisions = [Decision(7, 2, True), Decision(7, 3, True)]
    assert match(log, decisions)[1] == (decisions[1], None)
    assert _offsets(visible_batches(log, decisions, late=False)) == [0, 2]


def test_markers_written_twice_are_not_taken_for_lost_ones():
    log = _log((1, DATA), (1, True), (1, True), (1, DATA), (2, False))
    decisions = [Decision(7, 1, True), Decision(7, 2, False)]
    assert all(marker for _, marker in match(log, decisions))
    assert _offsets(visible_batches(log, decisions, late=False)) == [0]


def test_what_was_never_decided_is_not_visible():
    log = _log((1, DATA), (1, True), (1, DATA))
    assert _offsets(visible_batches(log, [Decision(7, 1, True)], late=False)) == [0]
