"""What befalls a Kafka cluster of three brokers while it is written to: brokers die or stop and come
back, partitions and coordinators get other leaders. One broker at most is away at any time, and all
replicas are in sync before the next fault begins, so that nothing acknowledged may be lost. Every fault
is counted by its name, and only when its effect was seen.
"""
import contextlib
import glob
import os
import signal
import struct

from confluent_kafka import ElectionType, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from harness.marker_audit import open_messages
from harness.topics import TopicReader
from stack.kafka import run_tool
from stack.kafka_cluster import NODES
from stack.processes import StackError, wait_until

REPLICAS = 3
MIN_IN_SYNC = "2"
TRANSACTION_STATE = "__transaction_state"
# Quicker than usual, for the sake of short runs; far above what a busy machine keeps a broker silent.
SETTINGS = {"broker.session.timeout.ms": 3000, "broker.heartbeat.interval.ms": 500}
PATIENCE_S = 60
# librdkafka leaves a question for metadata with the broker that it chose, also when that one dies:
# it is asked again soon, of another one.
ANSWER_S = 3
# Of an open transaction in one partition: more messages than any has but a large one.
LARGE_MESSAGES = 300
# Of its first batch, compressed.
LARGE_BYTES = 20_000
LARGE_TRIES_MAX = 5
ENDED_BY_SIGTERM = 143


class ClusterFaults:
    """The faults of one run, in an order that `rng` decides; `counts` is told of each. `writer` is
    one whose large transactions come to both partitions of `topic`. All from one thread."""

    def __init__(self, cluster, rng, counts, writer, topic):
        self.cluster = cluster
        self.rng = rng
        self.counts = counts
        self.writer = writer
        self.topic = topic
        self.admin = AdminClient({"bootstrap.servers": cluster.bootstrap, "log_level": 0})
        self.moves = [self.move_leaders, self.move_coordinator]
        self.outages = [self.kill_broker, self.stop_broker, self.end_coordinator,
                        self.kill_in_large_transaction]
        others = [self.kill_broker, self.stop_broker, self.end_coordinator, self.pair]
        self.plan = [*self.moves, self.kill_in_large_transaction, *rng.sample(others, 2)]
        rng.shuffle(self.plan)

    def inflict(self):
        """The next fault and its end. StackError if it had no effect or did not end. The first
        five are both moves, a large transaction, and two that differ by seed."""
        self.wait_in_sync()
        fault = self.plan.pop() if self.plan else self.rng.choice([*self.outages, self.pair])
        fault()
        self.wait_in_sync()

    def wait_in_sync(self):
        """Waits until all nodes are up and every partition has all its replicas in sync."""
        def in_sync():
            partitions = self._partitions()
            return len(self._live()) == len(NODES) and all(
                len(found.isrs) == REPLICAS for found in partitions.values())
        self._wait(in_sync, "all replicas to be in sync")

    def check_replication(self):
        """StackError unless every partition has three replicas, of which two must have a message."""
        partitions = self._partitions()
        single = [place for place, found in partitions.items() if len(found.replicas) != REPLICAS]
        topics = {topic for topic, _ in partitions}
        asked = self.admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)
                                             for topic in topics])
        lax = [resource.name for resource, answer in asked.items()
               if answer.result(PATIENCE_S)["min.insync.replicas"].value != MIN_IN_SYNC]
        if single or lax or TRANSACTION_STATE not in topics:
            raise StackError(f"not {REPLICAS} replicas: {single}; not {MIN_IN_SYNC} in sync: {lax}; "
                             f"topics: {sorted(topics)}")

    # --- faults ---

    def kill_broker(self):
        with self.away(self._some_leader(), self.kill):
            self.counts["broker killed"] += 1

    def stop_broker(self):
        with self.away(self._some_leader(), self.stop):
            self.counts["broker stopped"] += 1

    def end_coordinator(self):
        """The broker that coordinates a sink's transactions goes away."""
        transactional_id, place = self._some_transactional_id()
        end = self.rng.choice([self.kill, self.stop])
        before = self.leaders()[place]
        with self.away(before, end):
            now = self._coordinator(transactional_id)
            if now == before:
                raise StackError(f"{before}, which is away, coordinates {transactional_id}")
            self.counts[f"coordinator {'killed' if end == self.kill else 'stopped'}"] += 1

    def move_coordinator(self):
        """The coordinator of a sink's transactions becomes another one, nobody going away."""
        transactional_id, place = self._some_transactional_id()
        target = self.other_than(self.leaders()[place])
        self.move({place: target})
        now = self._coordinator(transactional_id)
        if now != target:
            raise StackError(f"{now} coordinates {transactional_id}, and not {target}")
        self.counts["coordinator moved"] += 1

    def move_leaders(self):
        """All topics of progress and half of the partitions of data get other leaders."""
        leaders = {place: leader for place, leader in self.leaders().items()
                   if not place[0].startswith("__")}
        progress = [place for place in leaders if "progress" in place[0]]
        data = sorted(leaders.keys() - set(progress))
        if not progress or not data:
            raise StackError(f"nothing to move: {leaders}")
        self.move({place: self.other_than(leaders[place])
                    for place in progress + self.rng.sample(data, (len(data) + 1) // 2)})
        self.counts["leaders moved"] += 1

    def kill_in_large_transaction(self):
        """A partition's leader dies with the beginning of a large transaction in its log. It may be
        that the end arrives just before the signal: then it is tried again."""
        def end(node):
            self.kill(node)
            self.writer.large.clear()
        for _ in range(LARGE_TRIES_MAX):
            place = (self.topic, self.rng.randrange(2))
            leader = self.leaders()[place]
            folder = f"{self.cluster.nodes[leader].data}/{place[0]}-{place[1]}"
            self._await_large_batch(folder)
            with self.away(leader, end):
                caught = max(open_messages(folder).values(), default=0) >= LARGE_MESSAGES
                when = "in" if caught else "after"
                self.counts[f"leader killed {when} a large transaction"] += 1
            if caught:
                return
            self.wait_in_sync()
        raise StackError(f"no leader was killed in a transaction in {LARGE_TRIES_MAX} tries")

    def pair(self):
        """Leaders move while a broker is away, or one fault follows another at once."""
        if self.rng.random() < 0.5:
            self.move_while_away(self._some_leader(), self.rng.choice([self.kill, self.stop]))
            self.counts["pair: leaders and coordinators moved while a broker was away"] += 1
            return
        first = self.rng.choice(self.moves + self.outages)
        second = self.rng.choice(self.outages)
        first()
        self.wait_in_sync()
        second()
        self.counts["pair: one after the other"] += 1

    # --- how ---

    def move_while_away(self, away, end):
        """Whatever one of the two others leads, is led by the third one afterwards."""
        moving = {place: next(node for node in NODES if node not in (leader, away))
                  for place, leader in self.leaders().items() if leader != away}
        self.cluster.prefer_leaders(moving)
        with self.away(away, end):
            self._elect(moving)

    def kill(self, node):
        """The end of a broker as by a crash."""
        node.kill()

    def stop(self, node):
        """The end of a broker as operators like it: it hands its partitions over first."""
        node.send(signal.SIGTERM)
        code = node.wait_gone(PATIENCE_S)
        if code not in (0, ENDED_BY_SIGTERM):
            raise StackError(f"a broker stopped with {code}:\n{node.log_file}")

    @contextlib.contextmanager
    def away(self, number, end):
        """A broker that leads something ends; the body runs when all that it led has other leaders,
        and then it comes back."""
        node = self.cluster.nodes[number]
        led = {place for place, leader in self.leaders().items() if leader == number}
        if not led:
            raise StackError(f"broker {number} leads nothing")
        end(node)

        def moved():
            leaders = self.leaders()
            return all(leaders[place] not in (number, -1) for place in led)
        self._wait(moved, f"other leaders than {number}")
        yield
        node.up(leash=True)

    def move(self, leaders):
        self.cluster.prefer_leaders(leaders)
        self._elect(leaders)

    def _elect(self, leaders):
        """Elects the preferred leaders of partitions, which must be these."""
        def elected():
            present = self.leaders()
            waiting = [TopicPartition(*place) for place, node in leaders.items()
                       if present[place] != node]
            if waiting:
                self.admin.elect_leaders(ElectionType.PREFERRED, waiting).result(PATIENCE_S)
            return not waiting
        self._wait(elected, f"the leaders {leaders}")

    def _await_large_batch(self, folder):
        """Returns when a batch of a large transaction has come to a log: its commit comes after the
        followers' acknowledgement, later than a look at the size of a file."""
        def size():
            return sum(map(os.path.getsize, glob.glob(f"{glob.escape(folder)}/*.log")))
        seen = [size()]

        def grown():
            seen.append(size())
            return seen[-1] - seen[-2] >= LARGE_BYTES
        self.writer.large.set()
        wait_until(grown, PATIENCE_S, f"a large batch in {folder}", poll_s=0.001)

    # --- what is so ---

    def _live(self):
        return {number for number, node in self.cluster.nodes.items() if node.pid()}

    def _partitions(self):
        """(topic, partition) -> its metadata."""
        def answer():
            with contextlib.suppress(KafkaException):
                return self.admin.list_topics(timeout=ANSWER_S).topics
        return {(name, number): found
                for name, topic in wait_until(answer, PATIENCE_S, "metadata").items()
                for number, found in topic.partitions.items()}

    def leaders(self):
        return {place: found.leader for place, found in self._partitions().items()}

    def _some_leader(self):
        """A broker that leads a partition of data or progress."""
        return self.rng.choice(sorted({leader for (topic, _), leader in self.leaders().items()
                                       if not topic.startswith("__")}))

    def other_than(self, number):
        return self.rng.choice(sorted(self._live() - {number}))

    def _some_transactional_id(self):
        """(transactional id, the partition whose leader coordinates it)."""
        with TopicReader(self._bootstrap(), TRANSACTION_STATE) as reader:
            keys = {(message.key, message.partition) for message in reader.read_to_end(PATIENCE_S)}
        key, partition = self.rng.choice(sorted(keys))
        # TransactionLogKey: a version, and a string with its length before it.
        length, = struct.unpack_from(">h", key, 2)
        return key[4:4 + length].decode(), (TRANSACTION_STATE, partition)

    def _coordinator(self, transactional_id):
        """Which broker coordinates an id, as the cluster says itself."""
        told = run_tool("org.apache.kafka.tools.TransactionsCommand", "--bootstrap-server",
                        self._bootstrap(), "describe", "--transactional-id", transactional_id)
        head, *rows = [line.split() for line in told.splitlines() if line.strip()]
        if head[0] != "CoordinatorId" or len(rows) != 1:
            raise StackError(f"{transactional_id} is described as {told}")
        return int(rows[0][0])

    def _bootstrap(self):
        return ",".join(self.cluster.nodes[number].bootstrap for number in sorted(self._live()))

    @staticmethod
    def _wait(condition, what):
        def holds():
            # Whoever was asked may just have ended, and there may be no controller for a moment.
            with contextlib.suppress(KafkaException):
                return condition()
        wait_until(holds, PATIENCE_S, what)
