"""Tells a broker that lost transaction markers from a client that broke its promise.

A transaction is decided in `__transaction_state`, and then a marker is written to each of its
partitions. A broker that is killed while partitions have no leader can skip markers of transactions
that it decided; a reader then sees aborted records, or none of a committed transaction. This module
compares the decisions with the markers in the partitions' logs, and says what a read_committed
reader would have seen if every decision had its markers.
"""
import collections
import dataclasses
import glob
import itertools
import json
import os
import re

from harness.topics import leaders
from stack.kafka import run_tool
from stack.kafka_cluster import KafkaCluster

DUMP = "org.apache.kafka.tools.DumpLogSegments"
PREPARE_COMMIT, PREPARE_ABORT = 2, 3
FILE = re.compile(r"Dumping (\S+)")
BATCH = re.compile(r"baseOffset: (\d+) lastOffset: (\d+) .*? producerId: (-?\d+) producerEpoch: "
                   r"(-?\d+) .*? isTransactional: (\w+) isControl: (\w+)")
MARKER = re.compile(r"endTxnMarker: (COMMIT|ABORT)")
PAYLOAD = re.compile(r" payload: (\{.*\})\s*$")


@dataclasses.dataclass(frozen=True)
class Decision:
    """What the coordinator decided about one transaction in one partition."""
    producer: int
    epoch: int
    commit: bool


@dataclasses.dataclass(frozen=True)
class Batch:
    """A batch of a partition's log; `marker` is None for data, else whether it commits."""
    first: int
    last: int
    producer: int
    epoch: int
    marker: bool | None


def parse_partition(text):
    """Transactional batches of a dumped partition log, in log order."""
    batches = []
    for line in text.splitlines():
        found = BATCH.search(line)
        if found:
            first, last, producer, epoch, transactional, control = found.groups()
            pending = (int(first), int(last), int(producer), int(epoch))
            if transactional == "true" and control == "false":
                batches.append(Batch(*pending, None))
            continue
        found = MARKER.search(line)
        if found:
            batches.append(Batch(*pending, found.group(1) == "COMMIT"))
    return batches


def parse_decisions(text):
    """(topic, partition) -> decisions in the order taken, from a dumped transaction log."""
    decisions = collections.defaultdict(list)
    for line in text.splitlines():
        found = PAYLOAD.search(line)
        data = json.loads(found.group(1)).get("data", {}) if found else {}
        status = data.get("transactionStatus")
        if status not in (PREPARE_COMMIT, PREPARE_ABORT):
            continue
        for topic in data["transactionPartitions"]:
            for partition in topic["partitionIds"]:
                decisions[topic["topic"], partition].append(Decision(
                    data["producerId"], data["producerEpoch"], status == PREPARE_COMMIT))
    return decisions


def match(batches, decisions):
    """Pairs the markers of one partition and producer with its decisions, both in order. Returns
    the decisions as (decision, marker or None)."""
    markers = [batch for batch in batches if batch.marker is not None]
    kind = [(marker.epoch, marker.marker) for marker in markers]
    matched, at = [], 0
    for decision in decisions:
        wanted = (decision.epoch, decision.commit)
        # A coordinator that was killed before it noted that all markers are written writes them
        # again.
        while 0 < at < len(markers) and kind[at] != wanted and kind[at] == kind[at - 1]:
            at += 1
        found = at < len(markers) and kind[at] == wanted
        matched.append((decision, markers[at] if found else None))
        at += found
    return matched


def visible_batches(batches, decisions, late):
    """The data batches that the decisions commit, for one partition and producer. A batch between
    two markers that are there belongs to one of the decisions in between whose epoch admits it;
    `late` says whether to take the last such one or the first."""
    queue = collections.deque(match(batches, decisions))
    seen, pending = [], []
    for batch in [*batches, None]:
        if batch is not None and batch.marker is None:
            pending.append(batch)
            continue
        between = []
        while queue and queue[0][1] in (None, batch):
            decision, marker = queue.popleft()
            between.append(decision)
            if marker is not None:
                break
        for data in pending:
            fitting = [d for d in between if data.epoch <= d.epoch <= data.epoch + 1]
            if fitting and fitting[-1 if late else 0].commit:
                seen.append(data)
        pending = []
    return seen


def dump(files, option="--print-data-log"):
    """What Kafka's own tool says of log segments, those of a partition in order."""
    return run_tool(DUMP, "--files", ",".join(sorted(files)), option) if files else ""


def open_messages(folder):
    """producer -> how many messages it has behind its last marker in the partition log `folder`."""
    pending = collections.Counter()
    for batch in parse_partition(dump(glob.glob(f"{glob.escape(folder)}/*.log"))):
        if batch.marker is None:
            pending[batch.producer] += batch.last - batch.first + 1
        else:
            pending[batch.producer] = 0
    return +pending


def _place(path):
    """(topic, partition) of a log segment."""
    topic, partition = os.path.basename(os.path.dirname(path)).rsplit("-", 1)
    return topic, int(partition)


def segments(kafka, topics):
    """Files of the logs of topics, which may be patterns: in a cluster, where replicas differ while
    they follow, those of the leaders, and nothing of a partition without one."""
    nodes = kafka.nodes if isinstance(kafka, KafkaCluster) else {None: kafka}
    leading = leaders(kafka.bootstrap) if isinstance(kafka, KafkaCluster) else {}
    found = []
    for number, node in nodes.items():
        paths = itertools.chain.from_iterable(
            glob.glob(f"{glob.escape(node.data)}/{topic}-[0-9]*/*.log") for topic in topics)
        # A broker that restarts while a topic is made may put an empty log of it aside, as a stray.
        found += [path for path in paths
                  if "-stray/" not in path and leading.get(_place(path)) == number]
    return found


class Audit:
    """The logs of a stopped or running broker, or of a running cluster, read from their folders.
    `topics` may be patterns."""

    def __init__(self, kafka, topics):
        self.decisions = parse_decisions(dump(segments(kafka, ["__transaction_state"]),
                                              "--transaction-log-decoder"))
        self.partitions = {}
        dumped = dump(segments(kafka, topics))
        for part in re.split(r"(?=Dumping /)", dumped):
            found = FILE.match(part)
            if found:
                self.partitions.setdefault(_place(found.group(1)), []).extend(
                    parse_partition(part))
        self.lost = list(self._lost())

    def _producers(self, place):
        batches = self.partitions.get(place, [])
        by_producer = collections.defaultdict(lambda: ([], []))
        for batch in batches:
            by_producer[batch.producer][0].append(batch)
        for decision in self.decisions.get(place, []):
            by_producer[decision.producer][1].append(decision)
        return by_producer

    def _lost(self):
        for place in self.partitions:
            for batches, decisions in self._producers(place).values():
                for decision, marker in match(batches, decisions):
                    if marker is None:
                        yield place, decision

    def visible(self, messages, topic, late):
        """Of the messages of an uncommitted read of `topic`, those that the decisions commit."""
        offsets = collections.defaultdict(set)
        for place in self.partitions:
            if place[0] == topic:
                for batches, decisions in self._producers(place).values():
                    for batch in visible_batches(batches, decisions, late):
                        offsets[place[1]].update(range(batch.first, batch.last + 1))
        return [m for m in messages if m.offset in offsets[m.partition]]
