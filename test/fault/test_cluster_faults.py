"""The faults of a cluster are counted only when they had their effect."""
import collections
import random

import confluent_kafka
import pytest

import cluster_faults
from cluster_faults import ClusterFaults
from harness.topics import create_topic, leaders, partitions_in_sync
from stack.processes import StackError, wait_until


@pytest.fixture
def faults(kafka_cluster, name):
    """Faults of a cluster with a topic of data, one of progress, and transactions in both."""
    topics = [name, f"{name}-progress"]
    for topic in topics:
        create_topic(kafka_cluster.bootstrap, topic, 2)
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka_cluster.bootstrap,
                                         "transactional.id": name})
    producer.init_transactions(30)
    producer.begin_transaction()
    for topic in topics:
        producer.produce(topic, value="v")
    producer.commit_transaction(30)
    wait_until(lambda: partitions_in_sync(kafka_cluster.bootstrap, 3), 60, "all replicas")
    yield ClusterFaults(kafka_cluster, random.Random(name), collections.Counter(), None, name)
    kafka_cluster.up(leash=True)
    wait_until(lambda: partitions_in_sync(kafka_cluster.bootstrap, 3), 60, "all replicas")


def test_leaders_and_coordinators_move(faults, kafka_cluster):
    faults.check_replication()
    before = leaders(kafka_cluster.bootstrap)
    faults.move_leaders()
    faults.move_coordinator()
    after = leaders(kafka_cluster.bootstrap)
    moved = {place[0] for place in before if after[place] != before[place]}
    assert {"__transaction_state", f"{faults.topic}-progress", faults.topic} <= moved
    assert faults.counts == {"leaders moved": 1, "coordinator moved": 1}


def test_leaders_move_while_a_broker_is_away(faults, kafka_cluster):
    before = leaders(kafka_cluster.bootstrap)
    faults.move_while_away(1, faults.kill)
    faults.wait_in_sync()
    after = leaders(kafka_cluster.bootstrap)
    assert all(after[place] not in (1, before[place]) for place in before)


@pytest.mark.parametrize("fault", ["move_leaders", "move_coordinator"])
def test_a_move_without_effect_is_noticed(faults, kafka_cluster, monkeypatch, fault):
    # An election keeps whoever leads, also where somebody else was preferred before.
    kafka_cluster.prefer_leaders(leaders(kafka_cluster.bootstrap))
    monkeypatch.setattr(cluster_faults, "PATIENCE_S", 2)
    monkeypatch.setattr(faults.cluster, "prefer_leaders", lambda leaders: None)
    with pytest.raises(StackError, match="the leaders"):
        getattr(faults, fault)()
    assert not faults.counts


@pytest.mark.parametrize("fault", ["kill_broker", "stop_broker", "end_coordinator"])
def test_an_outage_without_effect_is_noticed(faults, monkeypatch, fault):
    monkeypatch.setattr(cluster_faults, "PATIENCE_S", 2)
    for end in ("kill", "stop"):
        monkeypatch.setattr(faults, end, lambda node: None)
    with pytest.raises(StackError, match="other leaders"):
        getattr(faults, fault)()
    assert not faults.counts


def test_topics_of_fewer_replicas_are_noticed(faults, kafka_cluster):
    topic = confluent_kafka.admin.NewTopic(f"{faults.topic}-single", 1, 1)
    faults.admin.create_topics([topic])[topic.topic].result(30)
    wait_until(lambda: (topic.topic, 0) in leaders(kafka_cluster.bootstrap), 30, "the topic")
    try:
        with pytest.raises(StackError, match="not 3 replicas: .*-single"):
            faults.check_replication()
    finally:
        faults.admin.delete_topics([topic.topic])[topic.topic].result(30)
        wait_until(lambda: (topic.topic, 0) not in leaders(kafka_cluster.bootstrap), 30, "its end")
