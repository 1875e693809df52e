"""What other clients write, as our Kafka client reads it: the same as they do."""
import json
import os
import random
import subprocess
import time

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic

from harness.kafka_clients import (COMMIT, KafkaProbe, dump_log, line, read_confluent,
                                   read_console)
from stack.kafka import java, run_tool
from stack.processes import wait_until

WRITER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "KafkaWriter.java")
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
ISOLATIONS = ["read_committed", "read_uncommitted"]
DAY_MS = 86_400_000


@pytest.fixture
def probe(kafka):
    """Our client at the broker of this run."""
    return KafkaProbe(kafka.bootstrap)


@pytest.fixture
def admin(kafka):
    """An admin client that is not ours."""
    return AdminClient({"bootstrap.servers": kafka.bootstrap})


@pytest.fixture
def make_topic(admin, name):
    """A function that makes the topic of a test, in which records of any age stay."""
    def make(partitions=1, **config):
        config["retention.ms"] = -1
        topic = NewTopic(name, partitions, 1,
                         config={key.replace("_", "."): str(value) for key, value in config.items()})
        admin.create_topics([topic])[name].result(timeout=30)
        return name
    return make


@pytest.fixture
def make_producer(kafka):
    """A function that makes producers of librdkafka; transactional if they get an id."""
    def make(transactional_id=None, **config):
        config = {key.replace("_", "."): value for key, value in config.items()}
        if transactional_id:
            config["transactional.id"] = transactional_id
        producer = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap, **config})
        if transactional_id:
            producer.init_transactions(60)
        return producer
    return make


def marks(kafka, topic, partition, isolation="read_uncommitted"):
    """The first offset and the end of the log, as librdkafka hears of them."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "marks",
                                         "isolation.level": isolation})
    try:
        return consumer.get_watermark_offsets(confluent_kafka.TopicPartition(topic, partition),
                                              timeout=30)
    finally:
        consumer.close()


def wait_ended(kafka, topic, partitions):
    """Markers follow the acknowledgement of a transaction's end: waits until none is missing."""
    wait_until(lambda: all(marks(kafka, topic, partition, "read_committed") == marks(kafka, topic, partition)
                           for partition in range(partitions)), 30, f"the transactions in {topic} to end")


def check_same(kafka, probe, topic, partitions, offsets=(0,)):
    """Our reader gives what librdkafka gives, and comes as far; how many records each isolation
    shows from the first of the offsets on."""
    counts = dict.fromkeys(ISOLATIONS, 0)
    for partition in range(partitions):
        low, high = marks(kafka, topic, partition)
        for isolation in ISOLATIONS:
            for offset in offsets:
                theirs, end = read_confluent(kafka.bootstrap, topic, partition, offset, isolation)
                ours, came = probe.read(topic, partition, offset, isolation)
                assert ours == theirs, f"{isolation} from {offset}"
                assert came == {"position": end, "low": low, "high": high}
                if offset == offsets[0]:
                    counts[isolation] += len(theirs)
    return counts


def write_by_java(kafka, topic, rounds, records):
    """See KafkaWriter.java."""
    command = java(WRITER, [kafka.bootstrap, topic, str(rounds), str(records)])
    subprocess.run(command, check=True, timeout=150, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)


def test_java_transactions(kafka, probe, make_topic):
    """Transactions of two producers at a time, one committed and one aborted, every codec."""
    topic = make_topic(partitions=len(CODECS))
    write_by_java(kafka, topic, rounds=6, records=50)
    counts = check_same(kafka, probe, topic, len(CODECS), offsets=(0, 37, 201))
    assert counts == {"read_committed": 5 * 300, "read_uncommitted": 5 * 600}
    by_java = read_console(kafka.bootstrap, topic, 5 * 300)
    ours = sum((probe.read(topic, partition)[0] for partition in range(len(CODECS))), [])
    assert by_java == ours


def test_confluent_transactions(kafka, probe, make_topic, make_producer):
    topic = make_topic(partitions=2)
    rng = random.Random(5)
    producers = [make_producer(f"{topic}-{codec}", compression_type=codec, linger_ms=1)
                 for codec in CODECS]
    for _ in range(6):
        counts = []
        for producer in producers:
            producer.begin_transaction()
            counts.append(rng.randrange(40))
        for producer, count in zip(producers, counts, strict=True):
            for i in range(count):
                producer.produce(topic, rng.choice([None, b"", rng.randbytes(i)]), partition=i % 2,
                                 key=rng.choice([None, b"", b"key %d" % i]),
                                 timestamp=rng.randrange(1, 1_700_000_000_000),
                                 headers=[("h", rng.choice([None, b"", b"x"])) for _ in range(i % 3)])
            producer.flush(30)
        rng.shuffle(producers)
        for producer in producers[:3]:
            producer.abort_transaction(60)
        for producer in producers[3:]:
            producer.commit_transaction(60)
    wait_ended(kafka, topic, 2)
    counts = check_same(kafka, probe, topic, 2, offsets=(0, 19))
    assert 0 < counts["read_committed"] < counts["read_uncommitted"]


def test_without_transactions(kafka, probe, make_topic, make_producer):
    """Plain and idempotent producers, records of a megabyte, times by the broker's clock."""
    topic = make_topic(partitions=len(CODECS), max_message_bytes=3_000_000)
    run_tool("org.apache.kafka.tools.VerifiableProducer", "--bootstrap-server", kafka.bootstrap,
             "--topic", topic, "--max-messages", "500", "--message-create-time", "1600000000000")
    for partition, codec in enumerate(CODECS):
        producer = make_producer(compression_type=codec, enable_idempotence=partition % 2 == 0,
                                 linger_ms=20, message_max_bytes=3_000_000)
        for i in range(300):
            producer.produce(topic, b"%d" % i * (i % 50), partition=partition, key=b"%d" % i)
        for size in (1, 100_000, 2_500_000):
            producer.produce(topic, random.Random(size).randbytes(size), partition=partition)
        producer.flush(60)
    counts = check_same(kafka, probe, topic, len(CODECS))
    assert counts == dict.fromkeys(ISOLATIONS, 500 + 5 * 303)


def test_log_append_time(kafka, probe, make_topic, make_producer):
    """The batch's time stands for each of its records."""
    topic = make_topic(message_timestamp_type="LogAppendTime")
    before = int(time.time() * 1000)
    producer = make_producer(linger_ms=50, compression_type="lz4")
    for i in range(10):
        producer.produce(topic, b"%d" % i, timestamp=1000 + i)
    producer.flush(30)
    assert check_same(kafka, probe, topic, 1)["read_committed"] == 10
    times = {record.timestamp_ms for record in probe.read(topic, 0)[0]}
    assert len(times) == 1 and before <= times.pop() <= before + DAY_MS


def test_open_transaction(kafka, probe, make_topic, make_producer):
    """Read committed, nothing behind an open transaction is shown and the position stays before it;
    the watermark is beyond. When it is over, all is there."""
    topic = make_topic()
    probe.commit_all(topic, [line(topic, 0, None, b"before")])
    producer = make_producer(f"{topic}-open")
    producer.begin_transaction()
    producer.produce(topic, b"open", partition=0)
    producer.flush(30)
    probe.commit_all(topic, [line(topic, 0, None, b"behind")])
    ours, end = probe.read(topic, 0, at_most_ms=3000)
    assert [record.value for record in ours] == [b"before"]
    assert end == {"position": 2, "low": 0, "high": 5}
    assert read_confluent(kafka.bootstrap, topic, 0)[1] == 2
    ours, end = probe.read(topic, 0, isolation="read_uncommitted")
    assert [record.value for record in ours] == [b"before", b"open", b"behind"]
    assert end["position"] == 5
    producer.commit_transaction(60)
    wait_until(lambda: read_confluent(kafka.bootstrap, topic, 0)[1] == 6, 30, "the marker")
    assert check_same(kafka, probe, topic, 1) == dict.fromkeys(ISOLATIONS, 3)


def test_deleted_records(kafka, probe, make_topic, make_producer, admin):
    """The low watermark may lie in the middle of a batch."""
    topic = make_topic()
    producer = make_producer(linger_ms=50)
    for i in range(100):
        producer.produce(topic, b"%d" % i, partition=0)
    producer.flush(30)
    [done] = admin.delete_records([confluent_kafka.TopicPartition(topic, 0, 42)]).values()
    assert done.result(30).low_watermark == 42
    assert check_same(kafka, probe, topic, 1, offsets=(42, 77)) == dict.fromkeys(ISOLATIONS, 58)
    assert probe.read(topic, 0, "earliest")[0][0].offset == 42
    answer = probe.run("read", "--topic", topic, "--offset", 41)
    assert answer[-1]["error"]["code"] == "OFFSET_OUT_OF_RANGE"


def test_compacted_topic(kafka, probe, make_topic, make_producer, admin):
    """After the cleaner: batches with holes, without their last records, and without any."""
    topic = make_topic(cleanup_policy="compact", min_cleanable_dirty_ratio=0.001, segment_ms=100,
                       delete_retention_ms=0, min_compaction_lag_ms=0, max_compaction_lag_ms=100)
    rng = random.Random(9)
    kept = make_producer(f"{topic}-kept", linger_ms=20, compression_type="zstd")
    dropped = make_producer(f"{topic}-dropped")
    for i in range(12):
        for producer in (kept, dropped):
            producer.begin_transaction()
            for _ in range(40):
                producer.produce(topic, rng.choice([None, b"%d" % i]), key=b"%d" % rng.randrange(30),
                                 partition=0)
            producer.flush(30)
        kept.commit_transaction(60)
        dropped.abort_transaction(60)
    written = marks(kafka, topic, 0)[1]
    assert written >= 12 * 82

    def cleaned():
        # Only what is not the last segment is cleaned, and a segment ends with a record after its time.
        probe.commit_all(topic, [line(topic, 0, b"roll", b"x")])
        left, _ = read_confluent(kafka.bootstrap, topic, 0, isolation="read_uncommitted")
        return [record for record in left if record.offset < written] if len(left) < 60 else None
    left = wait_until(cleaned, 120, "the cleaner", poll_s=0.3)
    # The cleaner rests while the readers are compared.
    admin.incremental_alter_configs([ConfigResource("topic", topic, incremental_configs=[ConfigEntry(
        "cleanup.policy", "delete", incremental_operation=AlterConfigOpType.SET)])])
    batches = dump_log(kafka, topic, 0)
    assert any(batch["count"] == "0" for batch in batches)
    assert any(0 < int(batch["count"]) and batch["records"][-1]["offset"] != batch["lastOffset"]
               for batch in batches)
    offsets = [0, *(record.offset + 1 for record in left[:8])]
    counts = check_same(kafka, probe, topic, 1, offsets)
    assert counts["read_committed"] > 1


def test_where_reading_starts(kafka, probe, make_topic, make_producer):
    topic = make_topic()
    producer = make_producer()
    for time_ms in (1000, 3000, 2000, 5000):
        producer.produce(topic, b"%d" % time_ms, partition=0, timestamp=time_ms)
        producer.flush(30)

    def first(offset):
        read, end = probe.read(topic, 0, offset)
        assert end == {"position": 4, "low": 0, "high": 4}
        return read[0].offset if read else None
    assert [first(offset) for offset in ("earliest", "latest", 0, 3, 4)] == [0, None, 0, 3, None]
    # The first record that is as late, wherever later ones stand; the end if there is none.
    asked = (0, 1000, 1001, 3001, 5000, 5001)
    consumer = confluent_kafka.Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "times"})
    for time_ms in asked:
        [theirs] = consumer.offsets_for_times(
            [confluent_kafka.TopicPartition(topic, 0, time_ms)], timeout=30)
        assert first(f"time:{time_ms}") == (None if theirs.offset < 0 else theirs.offset)
    consumer.close()
    assert [first(f"time:{time_ms}") for time_ms in asked] == [0, 0, 1, 3, 3, None]


def test_out_of_range(probe, make_topic):
    """An offset that the topic does not have is an error that says so, and whose it is."""
    topic = make_topic()
    probe.commit_all(topic, [line(topic, 0, None, b"1")])
    for offset in (3, 1_000_000):
        [answer] = probe.run("read", "--topic", topic, "--offset", offset)
        assert answer["error"]["fault"] == "fatal"
        assert answer["error"]["code"] == "OFFSET_OUT_OF_RANGE"
        assert topic in answer["error"]["message"]


def test_a_topic_made_anew_while_it_is_read(kafka, probe, admin, make_topic):
    """The position belongs to the topic that was: going on from it would leave records out."""
    topic = make_topic()
    probe.commit_all(topic, [line(topic, 0, None, b"%d" % i) for i in range(5)])
    reader = subprocess.Popen([*probe.command, "read", "--topic", topic, "--at-most-ms", "60000"],
                              stdout=subprocess.PIPE, text=True)
    try:
        for i in range(5):
            assert f'"offset":{i},' in reader.stdout.readline()
        admin.delete_topics([topic])[topic].result(30)
        make_topic()
        probe.commit_all(topic, [line(topic, 0, None, b"%d" % i) for i in range(12)])
        error = json.loads(reader.stdout.readline())["error"]
        assert error["code"] == "INCONSISTENT_TOPIC_ID" and error["fault"] == "fatal"
        assert topic in error["message"]
    finally:
        reader.kill()
        reader.communicate()
    assert check_same(kafka, probe, topic, 1) == dict.fromkeys(ISOLATIONS, 12)


def test_a_topic_that_grows_while_it_is_read(kafka, make_topic):
    """A reader that waits at the end gets what comes, once."""
    topic = make_topic()
    probe = KafkaProbe(kafka.bootstrap)
    reader = subprocess.Popen([*probe.command, "read", "--topic", topic, "--at-most-ms", "60000"],
                              stdout=subprocess.PIPE, text=True)
    try:
        for i in range(5):
            probe.produce(topic, [line(topic, 0, None, b"%d" % i), COMMIT])
            assert f'"offset":{2 * i},' in reader.stdout.readline()
    finally:
        reader.kill()
        reader.communicate()
