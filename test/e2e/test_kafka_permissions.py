"""Our client as a user who may not do all: each missing permission is told by its name, and as soon as
it is there, the work goes on."""
import pytest

from harness.acls import grant
from harness.kafka_clients import ABORT, COMMIT
from harness.probe import ProbeError, ask, listener, read, record, write
from harness.topics import create_topic
from stack.processes import wait_until
from stack.secured_kafka import GUEST

PATIENCE_S = 20


@pytest.fixture
def guest(secured_kafka, name):
    """Our client as the guest, who may do nothing with the topic `name`, which is there."""
    create_topic(secured_kafka.bootstrap, name)
    return listener(secured_kafka, "SASL", "PLAIN", GUEST)


@pytest.fixture
def allow(secured_kafka, name):
    """A function that gives the guest rights on what is called like the test."""
    return lambda *rights: grant(secured_kafka.bootstrap, GUEST,
                                 *[(kind, name, operation) for kind, operation in rights])


def _refused(call, *arguments):
    with pytest.raises(ProbeError) as caught:
        call(*arguments)
    return caught.value


def _in_force(call, *arguments):
    """What the call returns once a new permission has reached the broker."""
    results = []

    def allowed():
        try:
            results.append(call(*arguments))
        except ProbeError as error:
            assert error.code.endswith("AUTHORIZATION_FAILED"), error
        return results
    return wait_until(allowed, PATIENCE_S, "the permission")[0]


def test_a_transactional_id_needs_write(guest, allow, name):
    allow(("topic", "write"), ("topic", "describe"))
    _in_force(ask, guest, "partition-count", name)
    error = _refused(write, guest, name, [record(name, "v"), COMMIT])
    assert error.code == "TRANSACTIONAL_ID_AUTHORIZATION_FAILED"
    assert "Transactional Id authorization failed" in error.message
    assert error.fault == "fatal"
    allow(("transactional id", "write"))
    assert _in_force(write, guest, name, [record(name, "v"), COMMIT]) == [{"committed": True}]


def test_a_topic_needs_write(guest, allow, name):
    allow(("transactional id", "write"), ("topic", "describe"))
    _in_force(ask, guest, "partition-count", name)
    error = _refused(write, guest, name, [record(name, "v"), COMMIT])
    assert error.code == "TOPIC_AUTHORIZATION_FAILED"
    assert "Topic authorization failed" in error.message and name in error.message
    assert error.fault == "fatal"
    allow(("topic", "write"))
    lines = [record(name, "gone"), ABORT, record(name, "v"), COMMIT]
    assert _in_force(write, guest, name, lines)[-1] == {"committed": True}


def test_a_topic_that_may_not_be_seen_is_forbidden_and_not_unknown(guest, allow, name):
    allow(("transactional id", "write"))
    for call in (lambda: ask(guest, "partition-count", name), lambda: read(guest, name),
                 lambda: write(guest, name, [record(name, "v"), COMMIT])):
        error = _refused(call)
        assert error.code == "TOPIC_AUTHORIZATION_FAILED"
        assert "Topic authorization failed" in error.message


def test_reading_needs_read(secured_kafka, guest, allow, name):
    write(listener(secured_kafka, "SASL", "PLAIN"), name, [record(name, "v"), COMMIT])
    allow(("topic", "describe"))
    _in_force(ask, guest, "partition-count", name)
    error = _refused(read, guest, name)
    assert error.code == "TOPIC_AUTHORIZATION_FAILED"
    assert "Topic authorization failed" in error.message and name in error.message
    assert error.fault == "fatal"
    allow(("topic", "read"))
    assert _in_force(read, guest, name) == ["v"]


def test_making_a_topic_needs_create(guest, allow, name):
    topic = {"name": name, "partitions": 1, "replication": 1}
    error = _refused(ask, guest, "create-topic", topic)
    assert error.code == "TOPIC_AUTHORIZATION_FAILED"
    assert "Topic authorization failed" in error.message
    allow(("topic", "create"))
    assert _in_force(ask, guest, "create-topic", topic) == "existed"


def test_a_topics_settings_need_describe_configs(guest, allow, name):
    allow(("topic", "describe"))
    _in_force(ask, guest, "partition-count", name)
    error = _refused(ask, guest, "topic-config", name)
    assert "Topic authorization failed" in error.message
    allow(("topic", "describe_configs"))
    assert "cleanup.policy" in _in_force(ask, guest, "topic-config", name)
