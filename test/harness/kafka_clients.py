"""Records as different Kafka clients see them: our own (kafka_probe), librdkafka by confluent-kafka,
the Java console consumer, and the broker's own dump of its log. All give the same `Record`s."""
import base64
import contextlib
import dataclasses
import glob
import json
import os
import re
import subprocess
import time

import confluent_kafka

from stack.engine import binary
from stack.kafka import run_tool
from stack.processes import StackError

TIMEOUT_S = 60
# What the console consumer prints for null; no value of a test has this text.
JAVA_NULL = "-null-"
JAVA_BYTES = "org.apache.kafka.common.serialization.BytesDeserializer"


@dataclasses.dataclass(frozen=True)
class Record:
    """`headers` are (name, bytes or None) in order."""
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple
    timestamp_ms: int


def encoded(data):
    return None if data is None else base64.b64encode(data).decode()


def decoded(text):
    return None if text is None else base64.b64decode(text)


def line(topic, partition, key, value, headers=()):
    """What tells the probe to send a record."""
    return {"topic": topic, "partition": partition, "key": encoded(key), "value": encoded(value),
            "headers": [[name, encoded(data)] for name, data in headers]}


COMMIT, ABORT, FLUSH = {"commit": True}, {"abort": True}, {"flush": True}


class KafkaProbe:
    """Our client. `options` are those of the connection: `protocol="ssl"`."""

    def __init__(self, bootstrap, **options):
        self.bootstrap = bootstrap
        program = os.path.join(os.path.dirname(binary()), "kafka_probe")
        self.command = [program, "--bootstrap", bootstrap, *_flags(options)]

    def run(self, *arguments, lines=()):
        """The lines that a command prints."""
        done = subprocess.run([*self.command, *map(str, arguments)], timeout=2 * TIMEOUT_S,
                              input="".join(json.dumps(each) + "\n" for each in lines),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode not in (0, 1):
            raise StackError(f"kafka_probe: {done.returncode} {done.stderr}")
        return [json.loads(each) for each in done.stdout.splitlines()]

    def produce(self, transactional_id, lines, **options):
        """The answers to the ends of transactions; an error is the last."""
        return self.run("produce", "--transactional-id", transactional_id, *_flags(options),
                        lines=lines)

    @contextlib.contextmanager
    def start_producer(self, transactional_id, **options):
        """A `RunningProducer` that lives as long as the context."""
        command = [*self.command, "produce", "--transactional-id", transactional_id,
                   *_flags(options)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            yield RunningProducer(process)
        finally:
            process.kill()
            process.communicate()

    def commit_all(self, transactional_id, lines, **options):
        """Sends the lines in one transaction and commits it."""
        answers = self.produce(transactional_id, [*lines, COMMIT], **options)
        if answers != [{"committed": True}]:
            raise StackError(f"not committed: {answers}")

    def read(self, topic, partition, offset="earliest", isolation="read_committed", **options):
        """The records up to the present end, and {"position", "low", "high"} or {"error"}."""
        *lines, end = self.run("read", "--topic", topic, "--partition", partition, "--offset", offset,
                               "--isolation", isolation, "--until-end", *_flags(options))
        return [Record(each["partition"], each["offset"], decoded(each["key"]),
                       decoded(each["value"]),
                       tuple((name, decoded(data)) for name, data in each["headers"]),
                       each["timestamp_ms"]) for each in lines], end


class RunningProducer:
    """A producer of ours to whom one can talk."""

    def __init__(self, process):
        self._process = process
        self.pid = process.pid

    def say(self, *lines):
        self._process.stdin.write("".join(json.dumps(each) + "\n" for each in lines))
        self._process.stdin.flush()

    def answer(self):
        """The next line that it prints; waits for it."""
        return json.loads(self._process.stdout.readline())


def _flags(options):
    return [part for name, value in options.items()
            for part in ("--" + name.replace("_", "-"), str(value))]


def confluent_consumer(bootstrap, isolation="read_committed"):
    """A consumer that tells where a partition ends."""
    return confluent_kafka.Consumer({
        "bootstrap.servers": bootstrap, "group.id": "interop", "enable.auto.commit": False,
        "auto.offset.reset": "error", "isolation.level": isolation, "enable.partition.eof": True,
        "fetch.wait.max.ms": 20, "fetch.queue.backoff.ms": 5})


def read_confluent(bootstrap, topic, partition, offset=0, isolation="read_committed"):
    """librdkafka's records up to the end that it sees, and the offset of that end."""
    consumer = confluent_consumer(bootstrap, isolation)
    try:
        consumer.assign([confluent_kafka.TopicPartition(topic, partition, offset)])
        records = []
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is None:
                continue
            if message.error() is None:
                records.append(_of_confluent(message))
            elif message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                return records, message.offset()
            else:
                raise StackError(str(message.error()))
        raise StackError(f"{topic} has no end: {len(records)} records")
    finally:
        consumer.close()


def _of_confluent(message):
    return Record(message.partition(), message.offset(), message.key(), message.value(),
                  tuple(message.headers() or ()), message.timestamp()[1])


def read_console(bootstrap, topic, count, isolation="read_committed"):
    """The first `count` records that the Java consumer shows, by partition and offset. Names of
    headers must not hold ':' or tabs."""
    properties = [f"print.{each}=true" for each in
                  ("timestamp", "partition", "offset", "headers", "key")]
    properties += [f"{each}.deserializer={JAVA_BYTES}" for each in ("headers", "key", "value")]
    properties += [f"null.literal={JAVA_NULL}", "headers.separator=\t"]
    text = run_tool("org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server", bootstrap,
                    "--topic", topic, "--from-beginning", "--isolation-level", isolation,
                    "--max-messages", str(count), "--timeout-ms", str(TIMEOUT_S * 1000),
                    *(part for each in properties for part in ("--formatter-property", each)))
    return sorted((_of_console(each) for each in text.splitlines() if each.startswith("CreateTime")),
                  key=lambda record: (record.partition, record.offset))


def _of_console(text):
    """CreateTime:1<tab>Partition:0<tab>Offset:2<tab>h:x<tab>i:y<tab>key<tab>value; what is not
    printable is \\xNN, and so is the backslash."""
    timestamp, partition, offset, *headers, key, value = text.split("\t")
    numbers = [int(each.split(":")[1]) for each in (timestamp, partition, offset)]
    pairs = [] if headers == ["NO_HEADERS"] else [each.split(":", 1) for each in headers]
    return Record(numbers[1], numbers[2], _of_java(key), _of_java(value),
                  tuple((name, _of_java(data)) for name, data in pairs), numbers[0])


def _of_java(text):
    if text == JAVA_NULL:
        return None
    return re.sub(rb"\\x([0-9A-F]{2})", lambda found: bytes.fromhex(found[1].decode()),
                  text.encode("ascii"))


def dump_logs(kafka, topic, partitions):
    """The batches in the log files of `partitions` as the broker's own tool reads them, by partition:
    each a dict of the fields that it prints, with its records' fields in "records"."""
    files = [file for partition in partitions for file in
             sorted(glob.glob(os.path.join(kafka.data, f"{topic}-{partition}", "*.log")))]
    text = run_tool("org.apache.kafka.tools.DumpLogSegments", "--deep-iteration", "--files",
                    ",".join(files))
    logs = {partition: [] for partition in partitions}
    for each in text.splitlines():
        fields = dict(re.findall(r"(\w+): (\S+)", each))
        if each.startswith("Dumping"):
            batches = logs[int(os.path.dirname(each).rsplit("-", 1)[1])]
        elif each.startswith("baseOffset"):
            batches.append({**fields, "records": []})
        elif each.startswith("|"):
            batches[-1]["records"].append(fields)
    return logs


def dump_log(kafka, topic, partition):
    """`dump_logs` of one partition."""
    return dump_logs(kafka, topic, [partition])[partition]
