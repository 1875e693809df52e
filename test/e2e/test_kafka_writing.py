"""What our Kafka client writes, as other clients and the broker's own tools read it."""
import random
import re

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from harness.kafka_clients import (ABORT, COMMIT, FLUSH, KafkaProbe, dump_log, dump_logs, line,
                                   read_confluent, read_console)
from stack.kafka import run_tool

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
# A broker's message.max.bytes unless it is configured, and what a batch of one record without key
# and headers needs beside a value of about that size: 61 + the record's length in 3 bytes, attributes,
# two deltas, a key's and a value's length (1 and 3), the number of headers.
BROKER_LIMIT = 1048588
AROUND_VALUE = 61 + 3 + 1 + 2 + 1 + 3 + 1


@pytest.fixture
def probe(kafka):
    """Our client at the broker of this run."""
    return KafkaProbe(kafka.bootstrap)


@pytest.fixture
def make_topic(kafka, name):
    """A function that makes a topic of a name that begins with the test's."""
    def make(suffix="", partitions=1, **config):
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        topic = NewTopic(name + suffix, partitions, 1,
                         config={key.replace("_", "."): str(value) for key, value in config.items()})
        admin.create_topics([topic])[name + suffix].result(timeout=30)
        return name + suffix
    return make


@pytest.fixture
def set_version(kafka):
    """A function that sets the broker's transaction.version; afterwards it is 2 again."""
    def change(how, version):
        run_tool("org.apache.kafka.tools.FeatureCommand", "--bootstrap-server", kafka.bootstrap, how,
                 "--feature", f"transaction.version={version}")
    downgraded = []

    def set_to(version):
        change("upgrade" if version == 2 else "downgrade", version)
        downgraded[:] = [] if version == 2 else [version]
    yield set_to
    if downgraded:
        change("upgrade", 2)


def contents(records):
    """What a writer decides of its records."""
    return [(record.partition, record.key, record.value, record.headers) for record in records]


def wanted(lines):
    """`contents` of (partition, key, value, headers), as a reader gives them by partition."""
    return sorted(lines, key=lambda each: each[0])


def sample(partition, seed):
    """Records that have every kind of null and emptiness, and sizes from 0 to 100,000 bytes."""
    rng = random.Random(seed)
    kinds = [None, b"", b"\0", b"text\twith\\ every, sort: of\n\xff\xfe"]
    headers = [(), (("h", None),), (("h", b""),), (("", b"no name"),),
               (("h", b"1"), ("h", None), ("h", b"1"), ("\u00e4\u4e2d", b"\x80")),
               tuple((f"h{i}", rng.randbytes(i)) for i in range(200))]
    records = [(partition, key, value, given) for key in kinds for value in kinds
               for given in headers]
    for size in (1, 2, 63, 64, 127, 128, 8191, 8192, 16383, 16384, 65535, 65536, 100_000):
        records.append((partition, rng.randbytes(size), rng.randbytes(size), ()))
        records.append((partition, None, bytes(size), ()))
    rng.shuffle(records)
    return records


def lines_of(topic, records):
    return [line(topic, *record) for record in records]


def check_batches(batches):
    """Everything that the broker's tool can find fault with in batches of transactions."""
    following = {}
    for batch in batches:
        assert batch["isvalid"] == "true" and batch["magic"] == "2", batch
        assert batch["isTransactional"] == "true", batch
        if batch["isControl"] == "true":
            continue
        identity = (batch["producerId"], batch["producerEpoch"])
        first, last = int(batch["baseSequence"]), int(batch["lastSequence"])
        assert first == following.get(identity, 0), f"{first} is no continuation: {batch}"
        assert last - first + 1 == int(batch["count"]) == len(batch["records"])
        assert [int(record["sequence"]) for record in batch["records"]] == list(range(first, last + 1))
        following[identity] = last + 1


def test_every_codec(kafka, probe, make_topic):
    """Every partition with another codec, in batches of several sizes."""
    topic = make_topic(partitions=len(CODECS))
    records = []
    for partition, codec in enumerate(CODECS):
        batch = sample(partition, seed=partition)
        records += batch
        probe.commit_all(f"{topic}-{codec}", lines_of(topic, batch), compression=codec,
                         batch_bytes=200_000)
    logs = dump_logs(kafka, topic, range(len(CODECS)))
    for partition, codec in enumerate(CODECS):
        expected = wanted(each for each in records if each[0] == partition)
        assert contents(read_confluent(kafka.bootstrap, topic, partition)[0]) == expected
        assert contents(probe.read(topic, partition)[0]) == expected
        batches = logs[partition]
        check_batches(batches)
        data = [batch for batch in batches if batch["isControl"] == "false"]
        # What a codec makes no smaller is left as it is.
        assert {codec} <= {batch["compresscodec"] for batch in data} <= {codec, "none"}
        assert len(data) > 1 and max(int(batch["count"]) for batch in data) > 10
        assert [record["endTxnMarker"] for record in batches[-1]["records"]] == ["COMMIT"]
    read = read_console(kafka.bootstrap, topic, len(records))
    assert contents(read) == wanted(records)


def test_a_hundred_thousand_records(kafka, probe, make_topic):
    topic = make_topic()
    records = [(0, b"%d" % i, b"v%d" % (i * i), ()) for i in range(100_000)]
    probe.commit_all(topic, lines_of(topic, records))
    assert contents(read_confluent(kafka.bootstrap, topic, 0)[0]) == records
    batches = dump_log(kafka, topic, 0)
    check_batches(batches)
    assert max(int(batch["count"]) for batch in batches) > 10_000


def test_the_largest_record(kafka, probe, make_topic):
    """The broker takes a batch of exactly its limit, and the first byte more is an error that says
    which topic it is about."""
    topic = make_topic()
    limits = {"compression": "none", "message_max_bytes": 2 * BROKER_LIMIT}
    largest = random.Random(1).randbytes(BROKER_LIMIT - AROUND_VALUE)
    probe.commit_all(topic, [line(topic, 0, None, largest)], **limits)
    assert [record.value for record in read_confluent(kafka.bootstrap, topic, 0)[0]] == [largest]
    assert [record.value for record in probe.read(topic, 0)[0]] == [largest]
    assert int(dump_log(kafka, topic, 0)[0]["size"]) == BROKER_LIMIT

    [answer] = probe.produce(topic, [line(topic, 0, None, largest + b"x"), COMMIT], **limits)
    assert answer["error"]["fault"] == "fatal"
    assert answer["error"]["code"] == "MESSAGE_TOO_LARGE"
    assert topic in answer["error"]["message"]
    [answer] = probe.produce(topic, [line(topic, 0, b"1", b"2345"), COMMIT], message_max_bytes=4)
    assert answer["error"]["code"] == "MESSAGE_TOO_LARGE"
    assert answer["error"]["message"].startswith("message of 5 bytes exceeds the limit of 4")
    assert topic in answer["error"]["message"]
    assert len(read_confluent(kafka.bootstrap, topic, 0)[0]) == 1


def test_aborted_and_committed(kafka, probe, make_topic):
    """Transactions over partitions of two topics, every second one aborted after all of it was
    written: other clients see the committed ones whole and nothing of the rest."""
    topics = [make_topic("-1", 3), make_topic("-2", 2)]
    partitions = [(topics[0], 0), (topics[0], 1), (topics[0], 2), (topics[1], 0), (topics[1], 1)]
    script, visible = [], {each: [] for each in partitions}
    for i in range(20):
        aborts = i % 2 == 1 or i == 4
        for topic, partition in partitions[i % 3:]:
            script += [line(topic, partition, b"k", b"%d-%d" % (i, n)) for n in range(3)]
            if not aborts:
                visible[topic, partition] += [b"%d-%d" % (i, n) for n in range(3)]
        script += [FLUSH, ABORT if aborts else COMMIT]
    answers = probe.produce(topics[0], script)
    assert len(answers) == 40 and {"flushed": False} not in answers
    assert answers.count({"aborted": True}) == 11
    for topic, partition in partitions:
        read, _ = read_confluent(kafka.bootstrap, topic, partition)
        assert [record.value for record in read] == visible[topic, partition]
        read, _ = read_confluent(kafka.bootstrap, topic, partition, isolation="read_uncommitted")
        assert len(read) > len(visible[topic, partition])
    for topic, count in zip(topics, (3, 2), strict=True):
        for batches in dump_logs(kafka, topic, range(count)).values():
            check_batches(batches)
    read = read_console(kafka.bootstrap, topics[0], sum(len(visible[topics[0], p]) for p in range(3)))
    assert [record.value for record in read] == sum((visible[topics[0], p] for p in range(3)), [])


def test_each_transaction_raises_the_epoch(kafka, probe, make_topic):
    """Transactions of version 2 (KIP-890): an epoch each, and the marker of the next."""
    topic = make_topic()
    ends = [COMMIT, ABORT, COMMIT, COMMIT, ABORT, ABORT, COMMIT]
    script = sum(([line(topic, 0, None, b"1"), FLUSH, end] for end in ends), [])
    probe.produce(topic, script)
    batches = dump_log(kafka, topic, 0)
    check_batches(batches)
    said = [(int(batch["producerEpoch"]), batch["records"][0].get("endTxnMarker"))
            for batch in batches]
    expected = []
    for i, end in enumerate(ends):
        expected += [(i, None), (i + 1, "COMMIT" if end is COMMIT else "ABORT")]
    assert said == expected
    described = run_tool("org.apache.kafka.tools.TransactionsCommand", "--bootstrap-server",
                         kafka.bootstrap, "describe", "--transactional-id", topic)
    heading, row = [re.split(r"\t", each) for each in described.splitlines() if "\t" in each]
    described = {key.strip(): value.strip() for key, value in zip(heading, row, strict=True)}
    assert described["ProducerEpoch"] == str(len(ends))
    assert described["TransactionState"] == "CompleteCommit"
    assert described["ProducerId"] == batches[0]["producerId"]


def test_brokers_that_look_into_batches(kafka, probe, make_topic):
    """A topic with a codec of its own makes the broker unpack the records, examine each, and pack
    them anew; so does a compacted one for the sake of the keys."""
    topics = {codec: make_topic(f"-{codec}", cleanup_policy="compact",
                                compression_type="uncompressed" if codec == "none" else codec)
              for codec in CODECS}
    records = [record for record in sample(0, seed=11) if record[1] is not None]
    for codec in CODECS:
        lines = sum((lines_of(topic, records) for topic in topics.values()), [])
        probe.commit_all(f"{topics['none']}-{codec}", lines, compression=codec, batch_bytes=300_000)
    for topic in topics.values():
        assert contents(read_confluent(kafka.bootstrap, topic, 0)[0]) == records * len(CODECS)
        assert contents(probe.read(topic, 0)[0]) == records * len(CODECS)


def test_refused_records(kafka, probe, make_topic):
    """A record without a key in a compacted topic: the error names the topic, nothing is visible, and
    the next transaction succeeds."""
    topic = make_topic(cleanup_policy="compact")
    [answer] = probe.produce(topic, [line(topic, 0, b"k", b"1"), line(topic, 0, None, b"2"), COMMIT])
    assert answer["error"]["fault"] == "fatal" and answer["error"]["code"] == "INVALID_RECORD"
    assert topic in answer["error"]["message"]
    probe.commit_all(topic, [line(topic, 0, b"k", b"3")])
    assert [record.value for record in read_confluent(kafka.bootstrap, topic, 0)[0]] == [b"3"]


def test_one_id_in_turn(kafka, probe, make_topic):
    """Our producer and librdkafka's with the same transactional id: each fences the other and aborts
    what it left open."""
    topic = make_topic()
    with probe.start_producer(topic) as ours:
        ours.say(line(topic, 0, None, b"ours, open"), FLUSH)
        assert ours.answer() == {"flushed": True}
        theirs = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap,
                                           "transactional.id": topic})
        theirs.init_transactions(60)
        ours.say(COMMIT)
        assert ours.answer()["error"]["fault"] == "fenced"
    theirs.begin_transaction()
    theirs.produce(topic, b"theirs", partition=0)
    theirs.commit_transaction(60)
    theirs.begin_transaction()
    theirs.produce(topic, b"theirs, open", partition=0)
    theirs.flush(30)
    probe.commit_all(topic, [line(topic, 0, None, b"ours")])
    with pytest.raises(confluent_kafka.KafkaException) as fenced:
        theirs.commit_transaction(60)
    assert fenced.value.args[0].fatal()
    read, _ = read_confluent(kafka.bootstrap, topic, 0)
    assert [record.value for record in read] == [b"theirs", b"ours"]
    read, _ = read_confluent(kafka.bootstrap, topic, 0, isolation="read_uncommitted")
    assert [record.value for record in read] == [b"ours, open", b"theirs", b"theirs, open", b"ours"]


def test_cluster_changes_its_version(kafka, probe, make_topic, set_version):
    """transaction.version goes down and up while producers are at work. Each stays with the version
    that it began with, whose traces are in the epochs, and nothing is lost or shown that was
    aborted."""
    topic = make_topic()
    visible = []

    def run(producer, word, end):
        producer.say(line(topic, 0, None, word.encode()), FLUSH, end)
        assert producer.answer() == {"flushed": True}
        assert producer.answer() == {"committed" if end is COMMIT else "aborted": True}
        if end is COMMIT:
            visible.append(word.encode())
    with probe.start_producer(topic) as producer:
        run(producer, "2", COMMIT)
        set_version(1)
        run(producer, "2, then 1", COMMIT)
        run(producer, "2, then 1, aborted", ABORT)
    with probe.start_producer(topic) as producer:
        run(producer, "1", COMMIT)
        run(producer, "1, aborted", ABORT)
        producer.say(line(topic, 0, None, b"1 and 2"), FLUSH)
        assert producer.answer() == {"flushed": True}
        set_version(2)
        producer.say(COMMIT)
        assert producer.answer() == {"committed": True}
        visible.append(b"1 and 2")
        run(producer, "1, then 2", COMMIT)
    with probe.start_producer(topic) as producer:
        run(producer, "2 again", COMMIT)
    assert [record.value for record in read_confluent(kafka.bootstrap, topic, 0)[0]] == visible
    batches = dump_log(kafka, topic, 0)
    check_batches(batches)
    raised = [int(marker["producerEpoch"]) - int(data["producerEpoch"])
              for data, marker in zip(batches[::2], batches[1::2], strict=True)]
    assert raised == [1, 1, 1, 0, 0, 0, 0, 1]


def test_batches_too_large_for_their_topic(kafka, probe, make_topic):
    """A topic may take less than a batch of ours: then batches are divided, and each record comes
    once and in its order. A record that is too large by itself is an error."""
    topic = make_topic(max_message_bytes=20_000)
    rng = random.Random(3)
    records = []
    for codec in CODECS:
        batch = [(0, b"%d" % i, rng.randbytes(rng.randrange(9_000)), (("h", None),))
                 for i in range(200)]
        records += batch
        probe.commit_all(topic, lines_of(topic, batch), compression=codec)
    assert contents(read_confluent(kafka.bootstrap, topic, 0)[0]) == records
    batches = dump_log(kafka, topic, 0)
    check_batches(batches)
    assert all(int(batch["size"]) <= 20_000 for batch in batches)
    [answer] = probe.produce(topic, [line(topic, 0, None, rng.randbytes(20_000)), COMMIT])
    assert answer["error"]["code"] == "MESSAGE_TOO_LARGE"
    assert topic in answer["error"]["message"]
    assert len(read_confluent(kafka.bootstrap, topic, 0)[0]) == len(records)


def test_timestamps_are_the_time_of_writing(kafka, probe, make_topic):
    """As CreateTime, between the times of the broker's records around."""
    topic = make_topic()
    for i in range(3):
        probe.commit_all(topic, [line(topic, 0, None, b"%d" % i)])
    batches = dump_log(kafka, topic, 0)
    times = [int(batch["CreateTime"]) for batch in batches]
    # A marker's time is the broker's.
    assert times == sorted(times) and len(times) == 6
    read, _ = read_confluent(kafka.bootstrap, topic, 0)
    assert [record.timestamp_ms for record in read] == times[::2]
