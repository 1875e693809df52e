"""The main job, shown: what bin/quickstart does after everything is installed and built."""
import argparse
import os
import re
import shutil
import sys
import time
from decimal import Decimal

import psycopg
from confluent_kafka.admin import AdminClient

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from quickstart.follow import Follower, latencies, percentile
from quickstart.shop import Trade, create
from stack.engine import Engine
from stack.kafka import Kafka
from stack.postgres import Postgres
from stack.processes import StackError, free_ports, port_is_free, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DIRECTORY = os.path.join(ROOT, ".run", "quickstart")
TOPIC = "customer-spending"
VIEW = "customer_spending"
# As README.md names them.
KAFKA_PORT, POSTGRES_PORT = 19092, 15432
ENGINE_PORTS = (6875, 6877, 6876)
ARRIVAL_TIMEOUT_S = 60
MESSAGES_SHOWN = 5


def readme_statements(kafka_port=KAFKA_PORT, postgres_port=POSTGRES_PORT, database="shop"):
    """The statements of README.md's SQL block, with the addresses of servers elsewhere put in."""
    with open(os.path.join(ROOT, "README.md")) as source:
        block = re.search(r"<!-- quickstart -->\s*```sql\n(.*?)```", source.read(), re.DOTALL)
    text = block.group(1).replace(f"127.0.0.1:{KAFKA_PORT}", f"127.0.0.1:{kafka_port}")
    text = text.replace(f"PORT {POSTGRES_PORT}", f"PORT {postgres_port}")
    text = text.replace("DATABASE 'shop'", f"DATABASE '{database}'")
    text = re.sub(r"--[^\n]*", "", text)
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def say(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


class Servers:
    """The three servers, found again by a later run through their pid files."""

    def __init__(self):
        self.kafka = Kafka(os.path.join(DIRECTORY, "kafka"))
        self.postgres = Postgres(os.path.join(DIRECTORY, "postgres"))
        self.engine = None

    def stop(self):
        """Ends what runs of an earlier start."""
        engine = Engine(os.path.join(DIRECTORY, "penstock"), leash=False)
        for server in (engine, self.kafka, self.postgres):
            server.end()

    def start(self):
        """Starts all three with nothing in them."""
        self.stop()
        self.postgres.wipe()
        shutil.rmtree(DIRECTORY, ignore_errors=True)
        os.makedirs(DIRECTORY)
        self.kafka.create(_port(KAFKA_PORT)).begin()
        self.postgres.create(_port(POSTGRES_PORT), fsync=True).up()
        ports = [_port(port) for port in ENGINE_PORTS]
        self.engine = Engine(os.path.join(DIRECTORY, "penstock"), ports=ports, leash=False)
        self.engine.up()
        self.kafka.wait_ready()


def _port(wanted):
    if port_is_free(wanted):
        return wanted
    port = free_ports(1)[0]
    print(f"port {wanted} is taken, using {port}")
    return port


class Demo:
    """One run over running servers."""

    def __init__(self, servers, seconds):
        self.servers = servers
        self.engine = servers.engine
        self.seconds = seconds
        self.address = f"{servers.postgres.address} dbname=shop"

    def play(self):
        self._set_up()
        trade = Trade(self.address)
        trade.start()
        follower = Follower(self.servers.kafka.bootstrap, TOPIC, self._partitions())
        follower.start()
        say(f"Customers order for {self.seconds} s; after half of it penstock is killed")
        disturbed = self._watch(trade, follower)
        trade.stopping.set()
        trade.join()
        if trade.failure:
            raise StackError(f"the shop could not be changed: {trade.failure}")
        self._wait_for_all(trade, follower)
        self._show(trade, follower)
        same = self._compare(follower)
        self._latency(trade, follower, disturbed)
        follower.stopping.set()
        follower.join()
        return same

    def _set_up(self):
        with psycopg.connect(self.servers.postgres.address, autocommit=True) as connection:
            connection.execute("CREATE DATABASE shop")
        create(self.address)
        say("The SQL of README.md")
        with self.engine.connect() as connection:
            for statement in readme_statements(self.servers.kafka.port,
                                               self.servers.postgres.port):
                print(re.sub(r"(?m)^", "  ", statement) + ";", flush=True)
                connection.execute(statement.encode())

    def _partitions(self):
        admin = AdminClient({"bootstrap.servers": self.servers.kafka.bootstrap})

        def partitions():
            topic = admin.list_topics(TOPIC, timeout=10).topics[TOPIC]
            return [] if topic.error else sorted(topic.partitions)
        return wait_until(partitions, ARRIVAL_TIMEOUT_S, f"the topic {TOPIC}")

    def _watch(self, trade, follower):
        """Waits while the shop trades, kills the engine in the middle; returns (killed at, back in
        the topic at)."""
        began, killed = time.time(), None
        while time.time() - began < self.seconds:
            if killed is None and time.time() - began > self.seconds / 2:
                killed = time.time()
                self._progress(trade, follower, began, "SIGKILL")
                seen = len(follower.messages)
                self.engine.crash()
                ready = time.time()
                wait_until(lambda: len(follower.messages) > seen, ARRIVAL_TIMEOUT_S,
                           "messages after the restart", poll_s=0.01)
                back = time.time()
                self._progress(trade, follower, began, f"ready again after "
                               f"{ready - killed:.1f} s, topic goes on after {back - killed:.1f} s")
            time.sleep(1)
            self._progress(trade, follower, began, "")
        return killed, back

    @staticmethod
    def _progress(trade, follower, began, text):
        line = (f"  {time.time() - began:4.0f} s  {trade.transactions:6,} transactions committed  "
                f"{len(follower.messages):6,} messages read  {text}")
        if sys.stdout.isatty():
            print("\r" + line.ljust(100), end="\n" if text else "", flush=True)
        else:
            print(line.rstrip(), flush=True)

    def _wait_for_all(self, trade, follower):
        """Waits until the topic says what the view says, both after all orders."""
        wait_until(lambda: all(seconds is not None for _, seconds
                               in latencies(trade.orders, follower.arrivals)),
                   ARRIVAL_TIMEOUT_S, "the last order to arrive")
        deadline = time.monotonic() + ARRIVAL_TIMEOUT_S
        while self._rows() != _normal(follower.state()) and time.monotonic() < deadline:
            time.sleep(0.1)

    def _rows(self):
        with self.engine.connect() as connection:
            cursor = connection.execute(f"SELECT * FROM {VIEW}")
            names = [column.name for column in cursor.description]
            rows = [dict(zip(names, row)) for row in cursor.fetchall()]
        return _normal({row["id"]: row for row in rows})

    @staticmethod
    def _show(trade, follower):
        say(f"The end of the topic, read committed ({len(follower.messages):,} messages for "
            f"{trade.transactions:,} transactions)")
        for partition, offset, key, value in follower.messages[-MESSAGES_SHOWN:]:
            print(f"  partition {partition} offset {offset}  {key}  {value}")

    def _compare(self, follower):
        rows, state = self._rows(), _normal(follower.state())
        wrong = [key for key in set(rows) | set(state) if rows.get(key) != state.get(key)]
        if not wrong:
            say(f"Topic and view agree: {len(rows)} keys compared, no difference")
            return True
        say(f"Topic and view DIFFER in {len(wrong)} of {len(set(rows) | set(state))} keys")
        for key in sorted(wrong)[:MESSAGES_SHOWN]:
            print(f"  {key}: view {rows.get(key)}, topic {state.get(key)}")
        return False

    @staticmethod
    def _latency(trade, follower, disturbed):
        killed, back = disturbed
        found = latencies(trade.orders, follower.arrivals)
        calm = [seconds for sent, seconds in found
                if seconds is not None and (sent + seconds < killed or sent > back + 1)]
        longest = max((seconds for _, seconds in found if seconds is not None), default=0)
        say("From COMMIT in PostgreSQL to the consumer")
        print(f"  p50 {1000 * percentile(calm, 0.5):.1f} ms, p99 {1000 * percentile(calm, 0.99):.1f}"
              f" ms over {len(calm):,} orders; across the kill at most {longest:.1f} s")

    def explain(self):
        host, port = self.engine.sql.rsplit(":", 1)
        kafka = self.servers.kafka.bootstrap
        say("Everything is still running. Look at it:")
        print(f"""  the engine     psql -h {host} -p {port} -U penstock penstock
  PostgreSQL     psql '{self.address}'
  the topic      kcat -b {kafka} -X isolation.level=read_committed -C -t {TOPIC} -o -5 \\
                   -f '%h %k %s\\n'
  its logs       {os.path.relpath(DIRECTORY, ROOT)}/*/log
  stop it        bin/quickstart --stop""")


def _normal(rows):
    """Rows with numbers as numbers: JSON carries a numeric as text, SQL as a decimal."""
    return {key: {name: Decimal(value) if name == "spent" else value
                  for name, value in row.items()} for key, row in rows.items()}


def main():
    parser = argparse.ArgumentParser(prog="bin/quickstart")
    parser.add_argument("--stop", action="store_true", help="stop what an earlier run left running")
    parser.add_argument("--seconds", type=int, default=20, help="how long customers order")
    options = parser.parse_args()
    servers = Servers()
    if options.stop:
        servers.stop()
        print("stopped")
        return 0
    say("Starting Kafka, PostgreSQL and penstock")
    servers.start()
    demo = Demo(servers, options.seconds)
    same = demo.play()
    demo.explain()
    return 0 if same else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StackError as error:
        sys.exit(str(error))
