"""One KRaft Kafka node, fetched by Maven and run from its jars, for tests and the demo.

python3 tools/stack/kafka.py fetch
python3 tools/stack/kafka.py start --dir D --port P [--proxied LISTEN ADVERTISED] [--keep] [--kafka3]
python3 tools/stack/kafka.py restart|stop|kill --dir D
python3 tools/stack/kafka.py tool CLASS ARGS...
"""
import argparse
import os
import shutil
import subprocess
import sys

if __package__ in (None, ""):
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stack.kafka_jars import FAST_JVM, KAFKA_3, KAFKA_4, QUICK_JVM, ROOT, java, library, run_tool
from stack.processes import Daemon, StackError, free_ports, tail, wait_until

__all__ = ["FAST_JVM", "Kafka", "library", "run_tool"]

CLUSTER_ID = "4L6g3nShT-eMCtK--X86sw"

PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listeners={listeners}
advertised.listeners={advertised}
listener.security.protocol.map={protocols}
log.dirs={data}
num.network.threads=2
num.io.threads=4
num.partitions=1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=4194304
auto.create.topics.enable=false
"""
# Names that Kafka 3 does not know.
KAFKA_4_PROPERTIES = """
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
"""


class Kafka(Daemon):
    """A single broker in `directory`. `bootstrap` reaches it directly; with `proxied=(listen,
    advertised)` there is a second listener that tells its clients to come to another port, where
    a proxy waits for them."""

    def __init__(self, directory, release=KAFKA_4):
        super().__init__(directory, os.path.join(directory, "server.properties"))
        self.release = release
        self.proxied = None
        self.port = None
        self.bootstrap = None
        self.data = os.path.join(directory, "data")

    def create(self, port=None, proxied=None, settings=None, controller_port=None, listeners=None,
               format_options=()):
        """Writes a new configuration and empty data; what was there is wiped. `settings` are
        properties that replace the usual ones; `listeners` are further ones, by name a pair of
        security protocol and port; `format_options` go to the storage tool."""
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.directory)
        self.proxied = proxied
        spare = free_ports(2)
        listening = {"PLAINTEXT": ("PLAINTEXT", port or spare[0])}
        if proxied:
            listening["PROXIED"] = ("PLAINTEXT", proxied[0])
        listening.update(listeners or {})
        controller = controller_port or spare[1]
        self._write(listening, proxied, controller, settings or {})
        format_log = os.path.join(self.directory, "format.log")
        with open(format_log, "w") as out:
            code = subprocess.call(java("kafka.tools.StorageTool", [
                "format", "-t", CLUSTER_ID, "-c", self.mark, *format_options],
                release=self.release), stdout=out, stderr=out)
        if code != 0:
            raise StackError("Kafka's storage was not formatted:\n" + tail(format_log, 20))
        return self

    def _write(self, listening, proxied, controller, settings):
        addresses = {name: f"{name}://127.0.0.1:{port}" for name, (_, port) in listening.items()}
        advertised = dict(addresses)
        if proxied:
            advertised["PROXIED"] = f"PROXIED://127.0.0.1:{proxied[1]}"
        protocols = [f"{name}:{protocol}" for name, (protocol, _) in listening.items()]
        text = PROPERTIES.format(
            controller=controller, data=self.data, advertised=",".join(advertised.values()),
            protocols=",".join(protocols + ["CONTROLLER:PLAINTEXT"]),
            listeners=",".join([*addresses.values(), f"CONTROLLER://127.0.0.1:{controller}"]))
        if self.release == KAFKA_4:
            text += KAFKA_4_PROPERTIES
        text += "".join(f"{key}={value}\n" for key, value in settings.items())
        with open(self.mark, "w") as out:
            out.write(text.lstrip())
        self.open()

    def open(self):
        """Takes up what an earlier `create` wrote."""
        with open(self.mark) as source:
            lines = dict(line.strip().split("=", 1) for line in source if "=" in line)
        first = lines["listeners"].split(",")[0]
        self.bootstrap = first.split("//")[1]
        self.port = int(first.rsplit(":", 1)[1])
        return self

    def begin(self, leash=False, jvm=(), heap="256m"):
        """Starts the process without waiting; the log keeps what earlier runs said."""
        self.start(java("kafka.Kafka", [self.mark], heap, [
            "-XX:MaxDirectMemorySize=64m", *(jvm or QUICK_JVM)], self.release), leash=leash)

    def wait_ready(self, timeout_s=60):
        """Waits until the broker serves."""
        def serving():
            if self.pid() is None:
                raise StackError("Kafka died:\n" + tail(self.log_file, 30))
            with open(self.log_file, errors="replace") as log:
                return "Kafka Server started" in log.read()
        wait_until(serving, timeout_s, "Kafka to start")
        return self

    def up(self, **options):
        """Starts it if it does not run, and waits until it serves."""
        if self.pid() is None:
            self.begin(**options)
        return self.wait_ready()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command",
                        choices=["fetch", "start", "restart", "stop", "kill", "tool"])
    parser.add_argument("--dir", default=os.path.join(ROOT, ".run", "kafka"))
    parser.add_argument("--port", type=int)
    parser.add_argument("--proxied", nargs=2, type=int, metavar=("LISTEN", "ADVERTISED"))
    parser.add_argument("--keep", action="store_true", help="keep the data of an earlier start")
    parser.add_argument("--kafka3", action="store_true", help="a broker of the release before")
    arguments, rest = parser.parse_known_args()
    release = KAFKA_3 if arguments.kafka3 else KAFKA_4
    kafka = Kafka(os.path.abspath(arguments.dir), release)
    if arguments.command == "fetch":
        print(library(release))
    elif arguments.command == "tool":
        os.execvp("java", java(rest[0], rest[1:]))
    elif arguments.command == "stop":
        kafka.end()
    elif arguments.command == "kill":
        kafka.kill()
    else:
        if arguments.command == "restart":
            kafka.open().end()
        elif arguments.keep and os.path.exists(kafka.mark):
            kafka.open()
        else:
            kafka.end()
            kafka.create(arguments.port, arguments.proxied)
        print(kafka.up().bootstrap)


if __name__ == "__main__":
    try:
        main()
    except StackError as error:
        sys.exit(str(error))
