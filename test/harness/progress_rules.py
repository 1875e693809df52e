"""How the system that a sink may be taken over from reads progress records, written down independently of
the engine: a record is {"frontier": [T], "version": V}, [] when the sink has finished; older ones are
{"timestamp": N}. Only records under the sink's key count, tombstones say nothing, the version never ends
above the reader's own, and frontiers never go back."""
import json

import confluent_kafka


class Refused(Exception):
    """The other system would not start."""


def parse(payload):
    """(frontier, version); a frontier of None has finished."""
    try:
        record = json.loads(payload)
    except ValueError:
        raise Refused(f"invalid progress record: {payload}") from None
    if isinstance(record, dict) and isinstance(record.get("frontier"), list):
        frontier, version = record["frontier"], record.get("version", 0)
        whole = all(isinstance(number, int) and number >= 0 for number in [*frontier, version])
        if len(frontier) <= 1 and whole:
            return (frontier[0] if frontier else None), version
    if isinstance(record, dict) and "timestamp" in record and "frontier" not in record:
        stamp = record["timestamp"]
        return (None if stamp is None else stamp + 1), 0
    raise Refused(f"invalid progress record: {payload}")


def resume(messages, sink_id, version=2**63):
    """Where a sink of that id and version would go on, over the committed records of its topic, and the
    last version; (0, None) when it would begin."""
    last = None
    for message in messages:
        if message.key != f"mz-sink-{sink_id}".encode() or message.value is None:
            continue
        found = parse(message.value.decode())
        if last is not None and last[0] is not None and found[0] is not None and found[0] < last[0]:
            raise Refused(f"upper regressed from {last[0]} to {found[0]}")
        last = found
    if last is None:
        return 0, None
    if version < last[1]:
        raise Refused(f"Fenced off by newer version of the sink. ours={version} theirs={last[1]}")
    return last


class OtherSystem:
    """A sink of that system: a transactional producer that writes data and then its progress."""

    def __init__(self, bootstrap, topic, progress_topic, sink_id, transactional_id):
        self.topic, self.progress_topic, self.sink_id = topic, progress_topic, sink_id
        self.producer = confluent_kafka.Producer({
            "bootstrap.servers": bootstrap, "transactional.id": transactional_id,
            "linger.ms": 5, "log_level": 2})
        self.producer.init_transactions(30)

    def commit(self, rows, time, frontier=None, version=0):
        """One transaction: (key, value) pairs stamped `time`, then the record."""
        self.producer.begin_transaction()
        for key, value in rows:
            self.producer.produce(self.topic, key=key, value=value,
                                  headers=[("materialize-timestamp", str(time).encode())])
        record = json.dumps({"frontier": [frontier or time + 1], "version": version},
                            separators=(",", ":"))
        self.producer.produce(self.progress_topic, key=f"mz-sink-{self.sink_id}", value=record)
        self.producer.commit_transaction(30)

    def is_fenced(self):
        """Whether it can commit no more."""
        try:
            self.commit([], 1)
        except confluent_kafka.KafkaException:
            return True
        return False
