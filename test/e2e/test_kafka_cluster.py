"""Our client at three nodes of which some die: every transaction that it said to be committed is there
once, and no other."""
import pytest

from harness.kafka_clients import KafkaProbe
from harness.probe import record, writer
from harness.topics import create_topic, leader_of, read_topic
from stack.processes import wait_until

ROUNDS = 20
# Whoever leads one of these coordinates transactions.
STATE = [("__transaction_state", partition) for partition in range(4)]


@pytest.fixture
def cluster(kafka_cluster):
    """The nodes, all up again when the test ends."""
    yield kafka_cluster
    kafka_cluster.up(leash=True)


def _living(cluster):
    return ",".join(node.bootstrap for node in cluster.nodes.values() if node.pid())


def _commit_rounds(producer, topic, first):
    """ROUNDS transactions of one record, numbered from `first`."""
    for number in range(first, first + ROUNDS):
        assert producer.transaction(record(topic, str(number))) == {"committed": True}


@pytest.mark.parametrize("end", ["kill", "end"])
def test_the_leader_goes_while_transactions_are_written(cluster, name, end):
    create_topic(cluster.bootstrap, name)
    with writer(KafkaProbe(cluster.bootstrap), name) as producer:
        _commit_rounds(producer, name, 0)
        leader = leader_of(cluster.bootstrap, name)
        getattr(cluster.nodes[leader], end)()
        _commit_rounds(producer, name, ROUNDS)
        assert leader_of(_living(cluster), name) != leader
        cluster.nodes[leader].up(leash=True)
        _commit_rounds(producer, name, 2 * ROUNDS)
    assert [m.value.decode() for m in read_topic(cluster.bootstrap, name)] \
        == [str(number) for number in range(3 * ROUNDS)]


def test_leaders_move_while_transactions_are_written(cluster, name):
    create_topic(cluster.bootstrap, name)
    with writer(KafkaProbe(cluster.bootstrap), name) as producer:
        _commit_rounds(producer, name, 0)
        for number, moving in enumerate(([(name, 0)], STATE), 1):
            goals = {each: leader_of(cluster.bootstrap, *each) % 3 + 1 for each in moving}
            cluster.move_leaders(goals)
            for each, goal in goals.items():
                wait_until(lambda: leader_of(cluster.bootstrap, *each) == goal, 30, "the move")
            _commit_rounds(producer, name, number * ROUNDS)
    assert [m.value.decode() for m in read_topic(cluster.bootstrap, name)] \
        == [str(number) for number in range(3 * ROUNDS)]
