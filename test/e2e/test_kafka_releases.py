"""Our client's transactions, in both versions of the protocol: against the present line of brokers and
the one before it."""
import pytest

from harness.kafka_clients import ABORT, COMMIT, KafkaProbe
from harness.probe import ProbeError, ask, read, record, write, writer
from harness.topics import create_topic, read_topic
from stack.processes import wait_until

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
MANY = 2000


@pytest.fixture(params=["kafka", "kafka3"])
def broker(request):
    """A broker of either line."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def plain(broker):
    """Our client at it."""
    return KafkaProbe(broker.bootstrap)


def test_what_was_aborted_is_not_seen(broker, plain, name):
    create_topic(broker.bootstrap, name)

    def all_of_it():
        return read(plain, name, isolation="read_uncommitted")
    with writer(plain, name) as first:
        assert first.transaction(record(name, "a")) == {"committed": True}
        for number in (1, 2):
            # What is aborted before it has left the client would prove nothing.
            first.send(record(name, "gone"))
            wait_until(lambda: all_of_it().count("gone") == number, 20, "the record")
            assert read(plain, name, at_most_ms=1000)[-1] != "gone"
            assert first.transaction(end=ABORT) == {"aborted": True}
            assert first.transaction(record(name, "b")) == {"committed": True}
    assert all_of_it() == ["a", "gone", "b", "gone", "b"]
    assert read(plain, name) == ["a", "b", "b"]
    assert [m.value for m in read_topic(broker.bootstrap, name)] == [b"a", b"b", b"b"]


def test_a_transaction_that_is_open_is_not_seen_and_the_next_producer_ends_it(broker, plain, name):
    create_topic(broker.bootstrap, name)
    with writer(plain, name) as first:
        first.transaction(record(name, "a"))
        first.send(record(name, "open"))
        wait_until(lambda: read(plain, name, isolation="read_uncommitted")[-1] == "open", 20,
                   "the record")
    assert read(plain, name, at_most_ms=1000) == ["a"]
    write(plain, name, [record(name, "b"), COMMIT])
    assert read(plain, name) == ["a", "b"]


def test_a_second_producer_of_the_name_ends_the_first(broker, plain, name):
    create_topic(broker.bootstrap, name)
    with writer(plain, name) as first:
        first.transaction(record(name, "first"))
        write(plain, name, [record(name, "second"), COMMIT])
        with pytest.raises(ProbeError) as caught:
            first.transaction(record(name, "late"))
    assert caught.value.fault == "fenced"
    assert read(plain, name) == ["first", "second"]


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_is_read_by_all(broker, plain, name, codec):
    create_topic(broker.bootstrap, name, 2)
    values = [f"{number} {'x' * (number % 50)}" for number in range(MANY)]
    lines = [record(name, value, f"k{number}", number % 2) for number, value in enumerate(values)]
    write(plain, name, [*lines, COMMIT], compression=codec)
    found = [read(plain, name, partition) for partition in (0, 1)]
    assert found == [values[0::2], values[1::2]]
    theirs = read_topic(broker.bootstrap, name)
    assert sorted(m.value.decode() for m in theirs) == sorted(values)


def test_topics_are_made_and_described(plain, name):
    topic = {"name": name, "partitions": 3, "config": {"cleanup.policy": "compact"}}
    assert ask(plain, "create-topic", topic) == "created"
    assert ask(plain, "create-topic", topic) == "existed"
    assert ask(plain, "partition-count", name) == 3
    assert ask(plain, "topic-config", name)["cleanup.policy"] == "compact"
