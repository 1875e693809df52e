"""Reading topics as a careful consumer does: read_committed, from the start, to the end."""
import dataclasses
import json
import time

import confluent_kafka
from confluent_kafka.admin import AdminClient, ConfigResource, ConfigSource, NewTopic

from stack.processes import StackError, wait_until

TIMESTAMP_HEADER = "materialize-timestamp"


@dataclasses.dataclass(frozen=True)
class Message:
    """One record of a topic as bytes, with the engine's time when the header is there."""
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple
    time: int | None

    @property
    def key_json(self):
        return None if self.key is None else json.loads(self.key)

    @property
    def value_json(self):
        return None if self.value is None else json.loads(self.value)

    @staticmethod
    def of(record):
        headers = tuple(record.headers() or ())
        times = [value for name, value in headers if name == TIMESTAMP_HEADER]
        return Message(record.partition(), record.offset(), record.key(), record.value(), headers,
                       int(times[0]) if times else None)


def create_topic(bootstrap, topic, partitions=1, config=None):
    """Makes a topic of as many replicas as is usual there."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(topic, partitions, config=config or {})])[topic].result(30)


def own_settings(bootstrap, topic):
    """name -> value of the settings that the topic does not have from the broker."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    admin = AdminClient({"bootstrap.servers": bootstrap})
    entries = admin.describe_configs([resource])[resource].result(30)
    return {name: entry.value for name, entry in entries.items()
            if entry.source == ConfigSource.DYNAMIC_TOPIC_CONFIG.value}


def replicas_of(bootstrap, topic):
    """How many replicas each partition has, by its number."""
    metadata = AdminClient({"bootstrap.servers": bootstrap}).list_topics(topic, timeout=10)
    return [len(partition.replicas) for _, partition in
            sorted(metadata.topics[topic].partitions.items())]


def produce(bootstrap, topic, count):
    """Puts records into the first partition that mean nothing to an engine."""
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap})
    for number in range(count):
        producer.produce(topic, key=f"nobody-{number}", value="{}", partition=0)
    producer.flush(30)


def delete_records(bootstrap, topic, before):
    """Deletes what the first partition has before an offset, as retention does."""
    place = confluent_kafka.TopicPartition(topic, 0, before)
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.delete_records([place])[place].result(30)


def partitions_of(bootstrap, topic):
    """The partition numbers of a topic; none when it does not exist."""
    metadata = AdminClient({"bootstrap.servers": bootstrap}).list_topics(topic, timeout=10)
    found = metadata.topics[topic]
    return [] if found.error else sorted(found.partitions)


def partitions_in_sync(bootstrap, replicas):
    """Whether every partition of the cluster has that many replicas in sync."""
    metadata = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}).list_topics(timeout=10)
    return all(len(partition.isrs) == replicas for topic in metadata.topics.values()
               for partition in topic.partitions.values())


def leaders(bootstrap):
    """(topic, partition) -> the id of the broker that leads it, below zero when nobody does."""
    metadata = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2}).list_topics(timeout=10)
    return {(name, number): partition.leader for name, topic in metadata.topics.items()
            for number, partition in topic.partitions.items()}


def leader_of(bootstrap, topic, partition=0):
    """The id of the broker that leads a partition; none when nobody knows of one."""
    metadata = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2}).list_topics(
        topic, timeout=10)
    found = metadata.topics[topic].partitions.get(partition)
    return None if found is None or found.leader < 0 else found.leader


class TopicReader:
    """Reads every partition of one topic from its start and keeps what it saw in `messages`."""

    def __init__(self, bootstrap, topic, timeout_s=30, isolation="read_committed"):
        self.topic = topic
        self.messages = []
        self._ends = {}
        self._consumer = confluent_kafka.Consumer({
            "bootstrap.servers": bootstrap, "group.id": f"reader-{topic}",
            "enable.auto.commit": False, "auto.offset.reset": "earliest",
            "isolation.level": isolation, "enable.partition.eof": True,
            "fetch.wait.max.ms": 20, "fetch.queue.backoff.ms": 5, "fetch.error.backoff.ms": 20,
            "reconnect.backoff.max.ms": 500, "log_level": 2})
        self._partitions = wait_until(lambda: partitions_of(bootstrap, topic), timeout_s,
                                      f"topic {topic}")
        self._consumer.assign([confluent_kafka.TopicPartition(topic, partition, 0)
                               for partition in self._partitions])

    def close(self):
        self._consumer.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ends(self, timeout_s=30):
        """partition -> offset at which it ends now for a reader of this isolation: for
        read_committed the first open transaction."""
        found = {}

        def told(partition):
            found[partition] = self.end(partition)
            return found[partition] is not None
        for partition in self._partitions:
            wait_until(lambda: told(partition), timeout_s, f"the end of {self.topic}")
        return found

    def end(self, partition):
        """The end of one partition, or None while the broker cannot tell it."""
        try:
            return self._consumer.get_watermark_offsets(
                confluent_kafka.TopicPartition(self.topic, partition), timeout=10)[1]
        except confluent_kafka.KafkaException:
            return None

    def read_to(self, ends, timeout_s=30):
        """Reads until every partition has come to its offset in `ends`; all messages so far."""
        deadline = time.monotonic() + timeout_s
        for partition, end in ends.items():
            while self._ends.get(partition, 0) < end:
                if time.monotonic() > deadline:
                    raise StackError(f"{self.topic} did not come to {ends} within {timeout_s} s, "
                                     f"but to {self._ends}; {len(self.messages)} messages read")
                self._take()
        return self.messages

    def read_to_end(self, timeout_s=30):
        """Reads up to the end that every partition has at the call."""
        return self.read_to(self.ends(timeout_s), timeout_s)

    def wait_for(self, condition, timeout_s=30, what=None):
        """Reads until `condition(messages)` holds and returns the messages."""
        deadline = time.monotonic() + timeout_s
        while not condition(self.messages):
            if time.monotonic() > deadline:
                last = [(m.key, m.value) for m in self.messages[-5:]]
                raise StackError(f"waited {timeout_s} s for {what or 'messages'} in {self.topic}: "
                                 f"{len(self.messages)} read, the last: {last}")
            self._take()
        return self.messages

    def wait_count(self, count, timeout_s=30):
        """Reads until there are at least `count` messages."""
        return self.wait_for(lambda found: len(found) >= count, timeout_s, f"{count} messages")

    def _take(self):
        record = self._consumer.poll(0.1)
        while record is not None:
            if record.error() is None:
                self.messages.append(Message.of(record))
            elif record.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                self._ends[record.partition()] = record.offset()
            elif record.error().fatal():
                raise StackError(f"{self.topic}: {record.error()}")
            record = self._consumer.poll(0)


def read_topic(bootstrap, topic, timeout_s=30, isolation="read_committed"):
    """All messages of a topic up to its present end."""
    with TopicReader(bootstrap, topic, timeout_s, isolation) as reader:
        return reader.read_to_end(timeout_s)


def upsert_state(messages):
    """key -> value that a compacting reader of an upsert topic ends with, both as JSON text."""
    state = {}
    for message in messages:
        if message.value is None:
            state.pop(message.key, None)
        else:
            state[message.key] = message.value
    return state
