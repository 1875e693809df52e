"""The other end of a topic: a read_committed consumer in a process of its own, and a watch of the
committed end that reads nothing."""
import json
import multiprocessing
import time

import confluent_kafka
from confluent_kafka.admin import AdminClient, NewTopic

from stack.processes import StackError, wait_until

# One partition: what arrives last was committed last.
PARTITION = 0
BATCH_WAIT_S = 0.005
READY_TIMEOUT_S = 30
CHECK_S = 0.5
CONFIGURATION = {
    "group.id": "bench", "enable.auto.commit": False, "isolation.level": "read_committed",
    "auto.offset.reset": "earliest", "enable.partition.eof": True,
    # Else the library waits a second before it fetches more into a queue that was full.
    "fetch.queue.backoff.ms": 1, "log_level": 2}


def make_topic(bootstrap, topic, partitions=1, settings=None):
    """Makes a topic."""
    client = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    made = client.create_topics([NewTopic(topic, num_partitions=partitions, replication_factor=1,
                                          config=settings or {})])
    made[topic].result(timeout=30)


def wait_for_leaders(bootstrap, topic, partitions):
    """Waits until every partition of a new topic is served: a broker says that it made a topic
    before it does."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, **CONFIGURATION})

    def served(partition):
        try:
            consumer.get_watermark_offsets(confluent_kafka.TopicPartition(topic, partition),
                                           timeout=5)
        except confluent_kafka.KafkaException:
            return False
        return True
    for partition in range(partitions):
        wait_until(lambda p=partition: served(p), READY_TIMEOUT_S, f"the leader of {topic}")
    consumer.close()


def open_consumer(bootstrap, topic, partitions=1):
    """A consumer that stands at the start of a topic."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, **CONFIGURATION})
    consumer.assign([confluent_kafka.TopicPartition(topic, number, 0)
                     for number in range(partitions)])
    return consumer


def take(consumer, batch, wait_s):
    """The next messages, and of how many partitions the end was met. A batch of 1 is polled for
    alone: a batched read waits for its batch, and would show that as latency."""
    if batch == 1:
        record = consumer.poll(wait_s)
        records = [] if record is None else [record]
    else:
        records = consumer.consume(batch, wait_s)
    errors = [record.error().code() for record in records if record.error() is not None]
    return ([record for record in records if record.error() is None],
            errors.count(confluent_kafka.KafkaError._PARTITION_EOF))


def _follow(bootstrap, topic, batch, last_key, last_value, pipe):
    """The consumer's process: says that it reads, reads up to the last message, hands all over."""
    consumer = open_consumer(bootstrap, topic)
    take(consumer, batch, 0.2)
    consumer.seek(confluent_kafka.TopicPartition(topic, PARTITION, 0))
    pipe.send("reads")
    messages = []
    came = over = False
    while not over:
        records, at_end = take(consumer, batch, 1.0 if batch == 1 else BATCH_WAIT_S)
        arrived = time.monotonic()
        for record in records:
            messages.append((arrived, record.key(), record.value()))
            came = came or (record.key() == last_key and last_value in (record.value() or b""))
        # Keys of one transaction come in their own order: the last one's are not over with it.
        over = came and at_end
    pipe.send(messages)
    consumer.close()


class Follower:
    """Reads a topic from its start in a process of its own, up to the end of the transaction with
    the message whose key is `last_key` and whose value contains `last_value`."""

    def __init__(self, bootstrap, topic, last_key, last_value, batch=1):
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_follow, args=(bootstrap, topic, batch, last_key, last_value, theirs),
            daemon=True)
        self._process.start()
        theirs.close()
        self._receive(READY_TIMEOUT_S, "the consumer to start")

    def _receive(self, timeout_s, what, check=lambda: None):
        deadline = time.monotonic() + timeout_s
        try:
            while not self._pipe.poll(CHECK_S):
                check()
                if time.monotonic() > deadline:
                    raise StackError(f"waited {timeout_s} s for {what}")
            return self._pipe.recv()
        except EOFError:
            raise StackError(f"the consumer ended while we waited for {what}") from None
        except StackError:
            self._process.kill()
            raise

    def wait(self, timeout_s, check=lambda: None):
        """All messages as (time of CLOCK_MONOTONIC, key, value). `check` throws when there is
        nothing to wait for any more."""
        messages = self._receive(timeout_s, "the last message", check)
        self._process.join()
        return messages


def state(messages):
    """key -> value that an upsert topic ends with, as parsed JSON; keys stay bytes."""
    found = {}
    for _, key, value in messages:
        found[key] = value
    return {key: json.loads(value) for key, value in found.items() if value is not None}


class CommittedEnd:
    """Where a topic ends for a read_committed consumer, all partitions together."""

    def __init__(self, bootstrap, topic, partitions=1):
        self._consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, **CONFIGURATION})
        self._partitions = [confluent_kafka.TopicPartition(topic, number)
                            for number in range(partitions)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._consumer.close()

    def offset(self):
        """Data and transaction markers before the first open transaction."""
        return sum(self._consumer.get_watermark_offsets(partition, timeout=10)[1]
                   for partition in self._partitions)

    def wait_for(self, offset, timeout_s, check=lambda: None):
        """Waits until the end is there or beyond."""
        return self.wait_settled(offset, timeout_s, check, quiet_s=0)

    def wait_settled(self, offset, timeout_s, check=lambda: None, quiet_s=2.0,
                     sample=lambda: None):
        """Waits until the end is at `offset` or beyond and has not moved for a while, for nobody
        knows how many markers there will be. The time at which it moved last, and what `sample`
        said then. `check` throws when there is nothing to wait for any more."""
        deadline = time.monotonic() + timeout_s
        end, moved, sampled = -1, time.monotonic(), None
        while True:
            check()
            now_at = self.offset()
            now = time.monotonic()
            if now_at != end:
                end, moved, sampled = now_at, now, sample()
            if end >= offset and now - moved >= quiet_s:
                return moved, sampled
            if now > deadline:
                raise StackError(f"the topic came to {end} within {timeout_s} s, not to {offset}")
            time.sleep(0.005)
