"""A read_committed consumer that follows the topic and notes when each order arrived."""
import json
import threading
import time

import confluent_kafka

POLL_S = 0.1


class Follower(threading.Thread):
    """Reads one topic from its start until told to stop. `messages` holds (partition, offset, key,
    value) in the order read, `newest` the last order seen per customer with its arrivals as
    (order, time). All are only added to."""

    def __init__(self, bootstrap, topic, partitions):
        super().__init__(daemon=True)
        self.messages = []
        self.arrivals = {}
        self.stopping = threading.Event()
        self._consumer = confluent_kafka.Consumer({
            "bootstrap.servers": bootstrap, "group.id": "quickstart", "enable.auto.commit": False,
            "isolation.level": "read_committed", "auto.offset.reset": "earliest",
            "fetch.queue.backoff.ms": 1, "log_level": 2})
        self._consumer.assign([confluent_kafka.TopicPartition(topic, partition, 0)
                               for partition in partitions])

    def run(self):
        while not self.stopping.is_set():
            # One by one: a batched read waits for its batch, and would show that as latency.
            record = self._consumer.poll(POLL_S)
            if record is None or record.error():
                continue
            arrived = time.time()
            key = json.loads(record.key())["id"]
            value = None if record.value() is None else json.loads(record.value())
            self.messages.append((record.partition(), record.offset(), key, value))
            if value is not None:
                self.arrivals.setdefault(key, []).append((value["newest_order"], arrived))
        self._consumer.close()

    def state(self):
        """What the topic says now: key -> row."""
        state = {}
        for _, _, key, value in list(self.messages):
            if value is None:
                state.pop(key, None)
            else:
                state[key] = value
        return state


def latencies(orders, arrivals):
    """(time of COMMIT, seconds until the topic showed that order or a newer one of its customer)
    for every order; None for what has not arrived."""
    places = {customer: 0 for customer in arrivals}
    found = []
    for customer, order, sent in orders:
        seen = arrivals.get(customer, [])
        at = places.get(customer, 0)
        while at < len(seen) and seen[at][0] < order:
            at += 1
        places[customer] = at
        found.append((sent, seen[at][1] - sent if at < len(seen) else None))
    return found


def percentile(values, share):
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
