"""The servers that all scenarios share, put in order between two of them: a cluster of three brokers behind
proxies, and, when they are first asked for, a schema registry and a PostgreSQL."""
import collections
import contextlib
import os
import random
import re
import shutil

from confluent_kafka.admin import AdminClient

from cluster_faults import SETTINGS as QUICK_SESSIONS
from cluster_faults import ClusterFaults
from harness.kafka_proxy import ClusterProxy
from harness.proxy import TcpProxy
from harness.small_disk import mounted
from harness.topics import leaders
from stack.kafka import run_tool
from stack.kafka_cluster import NODES, KafkaCluster
from stack.postgres import Postgres
from stack.processes import free_ports, wait_until
from stack.schema_registry import SchemaRegistry

SETTINGS = {
    **QUICK_SESSIONS,
    # What is to happen by itself happens within seconds.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 300,
    "log.retention.check.interval.ms": 500,
    "log.initial.task.delay.ms": 500,
    "offsets.topic.num.partitions": 1,
}
TRANSACTION_STATE = "__transaction_state"
# The last node has its data in a file system of its own, which can be filled.
SMALL_NODE = NODES[-1]
SMALL_DISK_MIB = 400
PATIENCE_S = 60


class Stage:
    """Everything lies in `directory`."""

    def __init__(self, directory):
        self.directory = directory
        self.cluster = KafkaCluster(os.path.join(directory, "kafka"))
        self.proxy = self.admin = self.faults = self.small_disk = None
        self._closing = contextlib.ExitStack()
        self._registry = self._postgres = None
        self._transactions = 2
        self.in_order = False

    def start(self):
        """The cluster, and the proxies where engines find it. What came up is ended by `close`, also
        when something does not."""
        ports = {node: tuple(free_ports(2)) for node in NODES}
        if os.geteuid() == 0:
            self.small_disk = self._closing.enter_context(mounted(self.directory, SMALL_DISK_MIB))
            self.cluster.nodes[SMALL_NODE].data = os.path.join(self.small_disk, "data")
        self.cluster.create(SETTINGS, ports)
        self._closing.callback(self.cluster.kill)
        self.cluster.up(leash=True)
        self.proxy = ClusterProxy([(advertised, listening) for listening, advertised in ports.values()])
        self._closing.callback(self.proxy.close)
        self.admin = AdminClient({"bootstrap.servers": self.cluster.bootstrap, "log_level": 0})
        self.faults = ClusterFaults(self.cluster, random.Random(7), collections.Counter(), None, None)
        self.in_order = True

    @property
    def registry(self):
        """(registry, proxy before it)."""
        if self._registry is None:
            server = SchemaRegistry(os.path.join(self.directory, "registry")).up(leash=True)
            self._closing.callback(server.kill)
            proxy = TcpProxy(free_ports(1)[0], server.port)
            self._closing.callback(proxy.close)
            self._registry = server, proxy
        return self._registry

    @property
    def postgres(self):
        if self._postgres is None:
            self._postgres = Postgres(os.path.join(self.directory, "postgres")).create()
            self._postgres.up(leash=True)
            self._closing.callback(self._postgres.wipe)
        return self._postgres

    # --- between scenarios ---

    def tidy(self, prefix):
        """Heals everything, and removes the topics whose names begin so."""
        self.in_order = False
        if self._registry:
            self._registry[1].heal()
        self.proxy.heal()
        self.cluster.up(leash=True)
        self.faults.wait_in_sync()
        gone = sorted({topic for topic, _ in leaders(self.cluster.bootstrap)
                       if topic.startswith(prefix)})
        for answer in (self.admin.delete_topics(gone) if gone else {}).values():
            answer.result(PATIENCE_S)
        self.in_order = True

    def begin_anew(self):
        """New servers, where the old ones could not be put in order."""
        self.close()
        self._registry = self._postgres = None
        self._transactions = 2
        self.start()

    def speak_version(self, version):
        """Which version of transactions the brokers offer from now on."""
        if version == self._transactions:
            return
        change = "upgrade" if version > self._transactions else "downgrade"
        run_tool("org.apache.kafka.tools.FeatureCommand", "--bootstrap-server",
                 self.cluster.bootstrap, change, "--feature", f"transaction.version={version}")
        self._transactions = version

        def told():
            said = run_tool("org.apache.kafka.tools.FeatureCommand", "--bootstrap-server",
                            self.cluster.bootstrap, "describe")
            return re.search(rf"transaction.version.*FinalizedVersionLevel: {version}\b", said)
        wait_until(told, PATIENCE_S, f"version {version} of transactions")

    def coordinator_place(self, transactional_id):
        """The partition of the transactions' state that holds an id."""
        number = 0
        for letter in transactional_id:
            number = (31 * number + ord(letter)) & 0xFFFFFFFF
        partitions = sum(topic == TRANSACTION_STATE for topic, _ in leaders(self.cluster.bootstrap))
        return TRANSACTION_STATE, abs(number - (number >> 31 << 32)) % partitions

    def move_coordinator(self, transactional_id):
        """Another broker coordinates an id; it reads its state anew."""
        place = self.coordinator_place(transactional_id)
        before = self.faults.leaders()[place]
        self.faults.move({place: self.faults.other_than(before)})
        return before, self.faults.leaders()[place]

    def close(self):
        self._closing.close()


def copy_directory(source, target):
    """A copy as of one moment, of a process that does not run."""
    shutil.copytree(source, target)
