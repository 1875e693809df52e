"""Our Kafka client at listeners of every kind: its options for each, and what it says against them as
exceptions."""
import contextlib
import json

from harness.kafka_clients import COMMIT, KafkaProbe, line
from stack.secured_kafka import LISTENERS, OWNER, password


class ProbeError(Exception):
    """The client reported an error: `fault`, `code`, and `message`, which is the text."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.fault = error["fault"]
        self.code = error["code"]
        self.message = error["message"]


def listener(broker, name, mechanism=None, user=OWNER, token=None, **changes):
    """Our client at a listener of the secured broker, as its `user` should be let in: with the
    broker's authority, where there is TLS; with a password or, for OAUTHBEARER, the file `token`.
    `changes` replace options by name, or leave them out where they are None."""
    options = {"bootstrap": broker.listeners[name], "protocol": LISTENERS[name].lower()}
    if options["protocol"].endswith("ssl"):
        options["ca"] = broker.certificate("authority.crt")
    if name == "MUTUAL":
        options |= {"certificate": broker.certificate("client.crt"),
                    "key": broker.certificate("client.key")}
    if mechanism == "OAUTHBEARER":
        options |= {"mechanism": mechanism, "token": token}
    elif mechanism:
        options |= {"mechanism": mechanism, "username": user, "password": password(user)}
    options |= changes
    return KafkaProbe(**{key: value for key, value in options.items() if value is not None})


def record(topic, value, key=None, partition=0):
    """A record of texts, as the client takes it."""
    return line(topic, partition, key and key.encode(), value.encode())


def _checked(answers):
    if answers and isinstance(answers[-1], dict) and "error" in answers[-1]:
        raise ProbeError(answers[-1]["error"])
    return answers


def ask(probe, question, argument=None):
    """One question of the admin, and its answer."""
    if isinstance(argument, dict):
        argument = json.dumps(argument)
    return _checked(probe.run("admin", question, *([argument] if argument else [])))[0]


def write(probe, transactional_id, lines, **options):
    """Feeds the producer with records, COMMIT and ABORT; what it answered to the ends."""
    return _checked(probe.produce(transactional_id, lines, **options))


def read(probe, topic, partition=0, isolation="read_committed", at_most_ms=30_000):
    """The values, as texts, from the start to the end that the partition has now. A transaction
    that is open keeps a committed reader from that end: it stops after `at_most_ms`."""
    records, end = probe.read(topic, partition, isolation=isolation, at_most_ms=at_most_ms)
    _checked([end])
    return [each.value.decode() for each in records]


@contextlib.contextmanager
def writer(probe, transactional_id):
    """A `Writer` that lives as long as the `with` block."""
    with probe.start_producer(transactional_id) as producer:
        yield Writer(producer)


class Writer:
    """A producer of ours that does one transaction at a time."""

    def __init__(self, producer):
        self.send = producer.say
        self.pid = producer.pid
        self._answer = producer.answer

    def transaction(self, *records, end=COMMIT):
        """Sends the records and waits for the transaction's end; raises ProbeError."""
        self.send(*records, end)
        return _checked([self._answer()])[0]
