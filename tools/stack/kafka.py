"""One KRaft Kafka node, fetched by Maven and run from its jars, for tests and the demo.

python3 tools/stack/kafka.py fetch
python3 tools/stack/kafka.py start --dir D --port P [--proxied LISTEN ADVERTISED] [--keep]
python3 tools/stack/kafka.py restart|stop|kill --dir D
python3 tools/stack/kafka.py tool CLASS ARGS...
"""
import argparse
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys

if __package__ in (None, ""):
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stack.processes import Daemon, StackError, free_ports, tail, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
POM = os.path.join(HERE, "pom.xml")
CLUSTER_ID = "4L6g3nShT-eMCtK--X86sw"
# One small machine runs the broker beside everything else: a quick start matters more than speed.
QUICK_JVM = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
FAST_JVM = ["-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"]

PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listeners={listeners}
advertised.listeners={advertised}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT
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
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=4194304
auto.create.topics.enable=false
"""


def library():
    """The folder of the jars, fetched once per user and pinned pom."""
    with open(POM, "rb") as pom:
        name = "kafka-" + hashlib.sha256(pom.read()).hexdigest()[:12]
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    for base in (os.path.join(cache, "penstock"), os.path.join(ROOT, ".run")):
        try:
            os.makedirs(base, exist_ok=True)
            lock = open(os.path.join(base, name + ".lock"), "w")
        except OSError:
            continue
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return _fetch(os.path.join(base, name))
    raise StackError("no folder to keep Kafka in: neither the cache nor .run can be written")


def _fetch(folder):
    done = os.path.join(folder, ".done")
    if os.path.exists(done):
        return folder
    print("fetching Kafka from Maven Central", file=sys.stderr, flush=True)
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        # -C: a jar whose checksum is not the one that its repository names is refused.
        code = subprocess.call([
            "mvn", "-B", "-ntp", "-q", "-C", "-f", POM, "dependency:copy-dependencies",
            "-DincludeScope=runtime", f"-DoutputDirectory={folder}"], stdout=sys.stderr)
        if code == 0:
            open(done, "w").close()
            return folder
    raise StackError("Maven could not fetch Kafka")


def java(main, arguments, heap="256m", jvm=()):
    """The command line that runs a class of Kafka's jars."""
    log4j = os.path.join(HERE, "log4j2.properties")
    return ["java", "-Xms64m", f"-Xmx{heap}", *(jvm or QUICK_JVM), "-XX:-UsePerfData",
            "-Djava.awt.headless=true", f"-Dlog4j2.configurationFile={log4j}",
            "-cp", os.path.join(library(), "*"), main, *arguments]


def run_tool(main, *arguments):
    """Runs one of Kafka's command line classes and returns what it printed."""
    done = subprocess.run(java(main, arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    if done.returncode != 0:
        raise StackError(f"{main}: {done.stdout}{done.stderr}")
    return done.stdout


class Kafka(Daemon):
    """A single broker in `directory`. `bootstrap` reaches it directly; with `proxied=(listen,
    advertised)` there is a second listener that tells its clients to come to another port, where
    a proxy waits for them."""

    def __init__(self, directory):
        super().__init__(directory, os.path.join(directory, "server.properties"))
        self.port = None
        self.bootstrap = None
        self.data = os.path.join(directory, "data")

    def create(self, port=None, proxied=None, settings=None):
        """Writes a new configuration and empty data; what was there is wiped."""
        shutil.rmtree(self.directory, ignore_errors=True)
        os.makedirs(self.directory)
        spare = free_ports(2)
        self.port = port or spare[0]
        listeners = [f"PLAINTEXT://127.0.0.1:{self.port}"]
        advertised = list(listeners)
        if proxied:
            listeners.append(f"PROXIED://127.0.0.1:{proxied[0]}")
            advertised.append(f"PROXIED://127.0.0.1:{proxied[1]}")
        listeners.append(f"CONTROLLER://127.0.0.1:{spare[1]}")
        text = PROPERTIES.format(controller=spare[1], listeners=",".join(listeners),
                                 advertised=",".join(advertised), data=self.data)
        text += "".join(f"{key}={value}\n" for key, value in (settings or {}).items())
        with open(self.mark, "w") as out:
            out.write(text.lstrip())
        self.open()
        format_log = os.path.join(self.directory, "format.log")
        with open(format_log, "w") as out:
            code = subprocess.call(java("kafka.tools.StorageTool", [
                "format", "-t", CLUSTER_ID, "-c", self.mark]), stdout=out, stderr=out)
        if code != 0:
            raise StackError("Kafka's storage was not formatted:\n" + tail(format_log, 20))
        return self

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
        self.start(java("kafka.Kafka", [self.mark], heap, ["-XX:MaxDirectMemorySize=64m",
                   *(jvm or QUICK_JVM)]), leash=leash)

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
    arguments, rest = parser.parse_known_args()
    kafka = Kafka(os.path.abspath(arguments.dir))
    if arguments.command == "fetch":
        print(library())
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
