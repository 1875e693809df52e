#!/usr/bin/env python3
"""The kill test: is what arrives in Kafka exactly what was committed, whatever dies in between?

Writers commit transactions to tables of the engine and of PostgreSQL. Views over them go to Kafka
under both envelopes. Meanwhile something is killed or cut, by `--mode`:

  engine      penstock, by SIGKILL at random moments and at every failpoint
  unsynced    the same, and writes that were not synced are forgotten, as after a power cut
  broker      the Kafka broker, by SIGKILL
  cluster     brokers of a Kafka cluster of three, one at a time, which are killed or stopped and
              come back; leaders of partitions and coordinators of transactions move to others
  connection  nothing dies: the connections to Kafka and PostgreSQL are cut, delayed, swallowed

Afterwards the topics, read committed, must be the views: harness/checker.py says what that means. One
sink delivers at least once: its topic must be right without the messages that came again.
A seed fixes the writers' statements and the plan of faults; the rest is up to the machine.
A seed of mode cluster takes the longest: without --seeds there is one of it, and three of the others.
"""
import argparse
import collections
import fnmatch
import os
import random
import shutil
import signal
import sys
import time
import traceback

import psycopg

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from cluster_faults import SETTINGS as CLUSTER_SETTINGS
from cluster_faults import ClusterFaults
from harness import RUN_DIRECTORY
from harness.checker import Record, check, check_beginning, first_arrivals
from harness.failpoints import Coverage, listed, may_fail
from harness.marker_audit import Audit
from harness.proxy import TcpProxy
from harness.topics import Message, TopicReader, partitions_of
from harness.workload import (AWAY, ENGINE, LATE_SINKS, POSTGRES, EngineWriter, PostgresWriter,
                              create_bank, engine_statements, exports)
from stack.engine import Engine
from stack.kafka import Kafka
from stack.kafka_cluster import KafkaCluster
from stack.postgres import Postgres
from stack.processes import StackError, free_ports, wait_until

MODES = ("engine", "unsynced", "broker", "cluster", "connection")
DEFAULT_SEEDS = {mode: 1 if mode == "cluster" else 3 for mode in MODES}
# Those in which a broker dies, and so may lose markers.
BROKER_MODES = ("broker", "cluster")
REPEATS_MAX = 4
FAILPOINT_WAIT_S = 4
# What is dropped was made in an earlier life, which has to come first.
ARMINGS_MAX = 5
HOLD_WAIT_S = 60
SETTLE_POLL_S = 0.2
KILL_COUNTS = (1, 1, 2, 3, 7, 20)
PROBLEMS_SHOWN = 12
SLOW_PACE_S = 0.05
# Three brokers that start beside it need the machine.
CLUSTER_SLOW_PACE_S = 0.2
PROGRESS_TOPICS = "_materialize-progress-*"


class Failure(Exception):
    """The run broke a promise; the text says which."""


class LostMarkers(Exception):
    """The broker did not write markers of transactions it had decided: the run tells nothing."""


class Stack:
    """The servers that all runs share. Kafka tells clients of its second listener to come to the
    proxy's port."""

    def __init__(self, directory):
        self.directory = directory
        self.postgres = Postgres(os.path.join(directory, "postgres")).create()
        self.postgres.up(leash=True)
        self.kafka, self.kafka_ports = self.new_kafka("kafka")

    def new_kafka(self, name, **settings):
        ports = free_ports(2)
        kafka = Kafka(os.path.join(self.directory, name)).create(
            proxied=ports, settings=settings)
        kafka.up(leash=True)
        return kafka, ports

    def new_cluster(self, name):
        cluster = KafkaCluster(os.path.join(self.directory, name)).create(CLUSTER_SETTINGS)
        return cluster.up(leash=True)

    def close(self):
        self.kafka.kill()
        self.postgres.wipe()


class Run:
    """One seed of one mode."""

    def __init__(self, stack, mode, seed, attempt, options, failpoints, coverage):
        self.stack = stack
        self.mode = mode
        self.seed = seed
        self.options = options
        self.coverage = coverage
        self.rng = random.Random(f"{mode}/{seed}")
        self.name = f"{mode}-{seed}" + (f"-{attempt}" if attempt else "")
        self.directory = os.path.join(stack.directory, self.name)
        self.database = self.name.replace("-", "_")
        self.exports = exports(f"{self.name}-{int(time.time())}")
        self.kafka = stack.kafka
        self.cluster_faults = None
        self.proxies = {}
        # Failpoints still to die at, with the hit at which to die; those of this seed first.
        self.plan = collections.deque((name, self.rng.choice(KILL_COUNTS)) for name in failpoints)
        self.armed = None
        self.may_fail = may_fail() if failpoints else []
        self.missed = collections.Counter()
        self.kills = collections.Counter()
        self.late = [export for export in self.exports if export.name in LATE_SINKS]
        self.writers = []
        self.messages = 0
        self.repeated = 0
        environment = {"PENSTOCK_TEST_UNSYNCED_LOSS": "1"} if mode == "unsynced" else {}
        if seed % 2:
            environment["PENSTOCK_TEST_EAGER_MAINTENANCE"] = "1"
        self.engine = Engine(self.directory, environment=environment)

    # --- the story of a run ---

    def play(self):
        try:
            self._set_up()
            self._write_under_faults()
            self._settle()
            self._judge()
            self.engine.stop()
        except StackError as error:
            text = f"{error}\n{self._sink_statuses()}"
            if self.mode in BROKER_MODES:
                self._blame_the_broker(text)
            raise Failure(text) from None
        finally:
            for writer in self.writers:
                writer.stopping.set()
                writer.release.set()
            self.engine.kill()
            for proxy in self.proxies.values():
                proxy.close()
            if self.kafka is not self.stack.kafka:
                self.kafka.kill()
        self._leave_postgres()

    def wipe(self):
        """Removes the data of servers that were the run's own."""
        shutil.rmtree(self.directory, ignore_errors=True)
        if self.kafka is not self.stack.kafka:
            shutil.rmtree(self.kafka.directory, ignore_errors=True)

    def _sink_statuses(self):
        """What the engine says of its sinks, for the story of a failure."""
        try:
            rows = self.engine.run("SELECT name, status, error FROM mz_internal.mz_sink_statuses"
                                   " ORDER BY name")
        except psycopg.Error as error:
            return f"the statuses cannot be read: {error}"
        return "\n".join(f"{name}: {status} {error or ''}" for name, status, error in rows)

    def _leave_postgres(self):
        """The server has slots for a few dozen runs only, and keeps its log for each of them."""
        with psycopg.connect(self.stack.postgres.address, autocommit=True) as admin:
            def freed():
                admin.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
                              " WHERE database = %s AND active", [self.database])
                admin.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                              " WHERE database = %s AND NOT active", [self.database])
                return not admin.execute("SELECT FROM pg_replication_slots WHERE database = %s",
                                         [self.database]).fetchall()
            wait_until(freed, 30, f"the end of the slots of {self.database}")
            admin.execute(f"DROP DATABASE {self.database} WITH (FORCE)")

    def _set_up(self):
        kafka_address, postgres_port = self._addresses()
        with psycopg.connect(self.stack.postgres.address, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {self.database}")
        address = f"{self.stack.postgres.address} dbname={self.database}"
        groups = range(1, self.options.writers + 1)
        self.options.run_seed = self.seed
        self.options.slow_pace = CLUSTER_SLOW_PACE_S if self.mode == "cluster" else SLOW_PACE_S
        notes = [EngineWriter(self.engine, w, self.options) for w in groups]
        banks = [PostgresWriter(address, w, self.options) for w in groups]
        self.writers = notes + banks
        create_bank(address, banks)
        self._start_engine()
        for statement in engine_statements(kafka_address, postgres_port, self.database, notes):
            self._execute(statement)
        for export in self.exports:
            if export not in self.late:
                self._execute(export.create())
        if self._has_guests():
            self._move_broker("127.0.0.1:1")
        if self.mode == "cluster":
            self.cluster_faults = ClusterFaults(
                self.kafka, self.rng, self.kills, notes[-1],
                next(export.topic for export in self.exports if export.name == "notes"))
            self._await_running()
        for writer in self.writers:
            writer.start()

    def _await_running(self):
        """Waits until the first sinks have their topics: faults of a cluster are about these."""
        for export in self.exports:
            if export not in self.late:
                with TopicReader(self.kafka.bootstrap, export.topic, self.options.settle) as reader:
                    reader.wait_count(1, self.options.settle)
        self.cluster_faults.check_replication()

    def _addresses(self):
        """Where the engine finds Kafka and PostgreSQL: through proxies where they are the fault."""
        if self.mode == "broker":
            # After a kill the broker may register again only when its last session has ended.
            self.kafka, _ = self.stack.new_kafka(f"kafka-{self.name}", **{
                "broker.session.timeout.ms": 3000, "broker.heartbeat.interval.ms": 500})
        if self.mode == "cluster":
            self.kafka = self.stack.new_cluster(f"kafka-{self.name}")
        if self.mode != "connection":
            return self.kafka.bootstrap, self.stack.postgres.port
        listen, advertised = self.stack.kafka_ports
        self.proxies["kafka"] = TcpProxy(advertised, listen)
        port = free_ports(1)[0]
        self.proxies["postgres"] = TcpProxy(port, self.stack.postgres.port)
        return f"127.0.0.1:{advertised}", port

    def _write_under_faults(self):
        fault = {"engine": self._kill_engine, "unsynced": self._kill_engine,
                 "broker": self._kill_broker, "cluster": self._disturb_cluster,
                 "connection": self._disturb}[self.mode]
        began = time.monotonic()
        done = 0
        while done < self.options.kills or self.plan or self.armed or self.late \
                or self.transactions() < self.options.transactions:
            if done == 1:
                self._kill_inside_transactions(fault)
            else:
                fault()
            done += 1
            if self.late and done >= 2:
                self._execute(self.late.pop().create())
            if self._has_guests():
                self._pass_by()
            self._look_for_failures()
            if time.monotonic() - began > self.options.timeout:
                raise Failure(f"{self.transactions()} transactions and {done} faults after "
                              f"{self.options.timeout} s")
        if self.mode in ("engine", "unsynced"):
            self._disarm()
        if self._has_guests():
            self._move_broker(self.kafka.bootstrap)
        for writer in self.writers:
            writer.stopping.set()
        for writer in self.writers:
            writer.join(self.options.timeout)
            if writer.is_alive():
                raise Failure(f"{writer.name} does not come to an end")
        self._look_for_failures()

    def _has_guests(self):
        """Whether objects come and go, and a broker is away, during the run."""
        return self.mode in ("engine", "unsynced") and not self.options.plain

    def _move_broker(self, address):
        """One sink's broker goes far away, or comes back."""
        self._execute(f"ALTER CONNECTION {AWAY} SET (BROKER '{address}') WITH (VALIDATE = false)")

    def _pass_by(self):
        """Objects that come and go: their births and what they leave outside fall among kills."""
        for statement in (
                "DROP SINK IF EXISTS passing_sink",
                "DROP MATERIALIZED VIEW IF EXISTS passing_view",
                "DROP SOURCE IF EXISTS passing_bank CASCADE",
                f"CREATE SINK passing_sink FROM notes INTO KAFKA CONNECTION kafka"
                f" (TOPIC '{self.name}-passing') KEY (w, id) FORMAT JSON ENVELOPE DEBEZIUM",
                "CREATE MATERIALIZED VIEW passing_view AS SELECT w, max(v) AS v FROM notes"
                " GROUP BY w",
                "CREATE SOURCE passing_bank FROM POSTGRES CONNECTION pg (PUBLICATION 'bank')",
                "CREATE TABLE passing_accounts FROM SOURCE passing_bank"
                " (REFERENCE public.accounts)"):
            self._execute(statement)

    def transactions(self):
        return sum(writer.committed for writer in self.writers)

    def _look_for_failures(self):
        for writer in self.writers:
            if writer.failure:
                raise Failure(writer.failure)
        if self.mode not in ("engine", "unsynced") and self.engine.pid() is None:
            raise Failure(f"penstock died: {self.engine.process.poll()}\n"
                          + self.engine.log_tail())

    # --- faults ---

    def _pause(self, low_s, high_s):
        time.sleep(self.rng.uniform(low_s, high_s))

    def _start_engine(self):
        """Starts the process until it is ready, armed with the next failpoint of the plan, or with
        one to fail at; dying at the failpoint before it is ready counts, and it starts again."""
        while True:
            self.armed = self.plan.popleft() if self.plan else None
            arming = None
            if self.armed:
                arming = f"{self.armed[0]}=kill@{self.armed[1]}"
                self.coverage.armed[self.armed[0]] += 1
            elif self.may_fail:
                arming = f"{self.rng.choice(self.may_fail)}=error@{self.rng.choice(KILL_COUNTS)}"
            self.engine.begin(arming)
            try:
                self.engine.wait_ready()
                return
            except StackError as error:
                if not self._died_at_failpoint():
                    raise Failure(str(error)) from None

    def _died_at_failpoint(self):
        """True, and counted, if the process ended by itself as it was armed to."""
        if self.engine.pid() is not None:
            return False
        code = self.engine.process.poll()
        if self.armed is None or code != -signal.SIGKILL:
            raise Failure(f"penstock ended by itself with {code}, armed: {self.armed}\n"
                          + self.engine.log_tail())
        self.coverage.hit[self.armed[0]] += 1
        self.kills[self.armed[0]] += 1
        self.armed = None
        return True

    def _kill_engine(self):
        """Waits for the death at the failpoint, if one is armed, or kills; then starts again."""
        if self.armed:
            deadline = time.monotonic() + FAILPOINT_WAIT_S
            while self.engine.pid() is not None and time.monotonic() < deadline:
                time.sleep(0.01)
        else:
            self._pause(0.1, 1.2)
        if not self._died_at_failpoint():
            self.engine.kill()
            self.kills["at random"] += 1
            if self.armed:
                self.missed[self.armed[0]] += 1
                if self.missed[self.armed[0]] < ARMINGS_MAX:
                    self.plan.append((self.armed[0], 1))
        self._start_engine()

    def _disarm(self):
        """The last start is without a failpoint, so that the run can come to its end."""
        if self.armed:
            self.plan.clear()
            if not self._died_at_failpoint():
                self.engine.kill()
            self._start_engine()

    def _kill_broker(self):
        self._pause(0.3, 1.5)
        self.kafka.kill()
        self.kills["broker"] += 1
        self._pause(0.0, 1.0)
        self.kafka.up(leash=True)

    def _disturb_cluster(self):
        self._pause(0.3, 1.5)
        self.cluster_faults.inflict()

    def _disturb(self):
        """One fault of the network, on one connection or both, and the end of it."""
        self._pause(0.2, 1.0)
        names = self.rng.choice([["kafka"], ["postgres"], ["kafka", "postgres"]])
        kind = self.rng.choice(["cut", "reset", "delay", "black hole", "black hole, then reset"])
        for name in names:
            proxy = self.proxies[name]
            {"cut": proxy.cut, "reset": proxy.reset, "delay": lambda p=proxy: p.delay(0.05),
             "black hole": proxy.black_hole,
             "black hole, then reset": proxy.black_hole}[kind]()
        self._pause(0.2, 3.0)
        for name in names:
            if kind == "black hole, then reset":
                self.proxies[name].reset()
            self.proxies[name].heal()
        self.kills[kind] += 1

    def _kill_inside_transactions(self, fault):
        """The fault while a transaction of the engine and one of PostgreSQL are open."""
        held = [next(w for w in self.writers if w.family == family)
                for family in (ENGINE, POSTGRES)]
        for writer in held:
            writer.hold.set()
        deadline = time.monotonic() + HOLD_WAIT_S
        for writer in held:
            while not writer.held.wait(0.05):
                # It may die at its failpoint before, and then nobody opens a transaction there.
                if self.mode in ("engine", "unsynced") and self._died_at_failpoint():
                    self._start_engine()
                if time.monotonic() > deadline:
                    raise Failure(f"{writer.name} opened no transaction: {writer.failure}")
        self.kills["inside open transactions"] += 1
        try:
            fault()
        finally:
            for writer in held:
                writer.release.set()

    def _execute(self, statement):
        """Runs a statement that must succeed in the end, over deaths of the engine."""
        deadline = time.monotonic() + self.options.timeout
        again = False
        while True:
            try:
                self.engine.run(statement)
                return
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise Failure(f"{statement}: {error}") from None
                self._start_if_gone()
                again = True
                if statement.startswith("INSERT") and self._ask(
                        "SELECT count(*) FROM notes") != [(0,)]:
                    return
            except psycopg.Error as error:
                # Its first try may have been committed before the engine died.
                if again and "already exists" in str(error):
                    return
                raise Failure(f"{statement}: {error}") from None

    def _start_if_gone(self):
        """Starts the engine if it died at its failpoint; a socket may notice a little earlier."""
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            if self._died_at_failpoint():
                self._start_engine()
                return
            time.sleep(0.01)

    def _ask(self, query):
        """The rows of a query, over deaths of the engine."""
        while True:
            try:
                return self.engine.run(query)
            except psycopg.OperationalError:
                self._start_if_gone()

    # --- the verdict ---

    def _histories(self):
        return {(writer.family, writer.group): writer.states for writer in self.writers}

    def _expected(self, export):
        histories = self._histories()
        groups = sorted({group for _, group in histories})
        return sorted(row for w in groups for row in export.sink.view.rows(
            w, *(histories[family, w][-1] for family in export.sink.view.families)))

    def _settle(self):
        """Waits until the engine's views are the writers' last states, and until the topics are."""
        deadline = time.monotonic() + self.options.settle
        self._look_for_slots(deadline)
        for export in self.exports:
            expected = self._expected(export)
            while True:
                rows = sorted(tuple(map(int, row)) for row in self._ask(export.select()))
                if rows == expected:
                    break
                if time.monotonic() > deadline:
                    raise Failure(f"{export.relation} shows {_difference(rows, expected)}")
                time.sleep(SETTLE_POLL_S)
        self.readers = {}
        try:
            for export in self.exports:
                # A sink may have its whole backoff before it, and then makes its topic.
                patience = max(deadline - time.monotonic(), 1)
                reader = TopicReader(self.kafka.bootstrap, export.topic, timeout_s=patience)
                self.readers[export.topic] = reader
                while not self._complete(export, reader.read_to_end()):
                    if time.monotonic() > deadline:
                        break
                    time.sleep(SETTLE_POLL_S)
            # What comes after the end would be a duplicate: give it a moment to show.
            time.sleep(2 * SETTLE_POLL_S)
            self.read = {topic: list(reader.read_to_end())
                         for topic, reader in self.readers.items()}
        finally:
            for reader in self.readers.values():
                reader.close()

    def _complete(self, export, messages):
        state = {}
        for message in sorted(messages, key=lambda m: m.time):
            value = message.value_json
            if export.envelope == "DEBEZIUM":
                value = value["after"]
            state[message.key] = value
        rows = sorted(export.row_of(value) for value in state.values() if value is not None)
        return rows == self._expected(export)

    def _look_for_slots(self, deadline):
        """Sources that were dropped leave no slot behind."""
        if not self._has_guests():
            return
        self._execute("DROP SOURCE IF EXISTS passing_bank CASCADE")
        with psycopg.connect(self.stack.postgres.address, autocommit=True) as admin:
            while True:
                slots = admin.execute("SELECT slot_name FROM pg_replication_slots"
                                      " WHERE database = %s AND NOT temporary",
                                      [self.database]).fetchall()
                if len(slots) == 1:
                    return
                if time.monotonic() > deadline:
                    raise Failure(f"one source is left, but there are the slots {slots}")
                time.sleep(SETTLE_POLL_S)

    def _judge(self):
        self.messages = sum(map(len, self.read.values()))
        problems = self._check(self.read)
        if not problems:
            return
        text = "\n".join(map(str, problems[:PROBLEMS_SHOWN]))
        if self.mode in BROKER_MODES:
            self._blame_the_broker(text)
        raise Failure(f"{len(problems)} problems:\n{text}")

    def _check(self, read, judge=check):
        records = {export.topic: [_record(export, message) for message in read[export.topic]]
                   for export in self.exports}
        self.repeated = 0
        for export in self.exports:
            if not export.exactly_once:
                first = first_arrivals(records[export.topic])
                self.repeated += len(records[export.topic]) - len(first)
                records[export.topic] = first
        return judge([export.sink for export in self.exports], records, self._histories())

    def _blame_the_broker(self, text):
        """Raises LostMarkers if the broker lost markers and everything wrong comes from that: with
        the markers that the coordinator decided, the topics would have been right. When it lost
        those of a progress topic, nobody can read that to its end, and its sinks stop there."""
        audit = Audit(self.kafka, [export.topic for export in self.exports] + [PROGRESS_TOPICS])
        if not audit.lost:
            return
        stuck = any(fnmatch.fnmatch(topic, PROGRESS_TOPICS) for (topic, _), _ in audit.lost)
        uncommitted = {}
        for export in self.exports:
            uncommitted[export.topic] = []
            if partitions_of(self.kafka.bootstrap, export.topic):
                with TopicReader(self.kafka.bootstrap, export.topic,
                                 isolation="read_uncommitted") as reader:
                    uncommitted[export.topic] = reader.read_to_end()
        for late in (False, True):
            repaired = {export.topic: audit.visible(uncommitted[export.topic], export.topic, late)
                        if export.exactly_once else uncommitted[export.topic]
                        for export in self.exports}
            if not self._check(repaired, check_beginning if stuck else check):
                lost = "\n".join(f"{place}: {decision}" for place, decision in audit.lost[:5])
                raise LostMarkers(f"{len(audit.lost)} markers:\n{lost}\n{text}")


def _record(export, message: Message):
    if message.time is None:
        raise Failure(f"{export.topic}: no materialize-timestamp at {message}")
    return Record(message.partition, message.offset, export.key_of(message.key_json),
                  message.value_json, message.time)


def _difference(rows, expected):
    found, wanted = collections.Counter(rows), collections.Counter(expected)
    return (f"{len(rows)} rows instead of {len(expected)}; too many: "
            f"{list((found - wanted).elements())[:5]}, missing: "
            f"{list((wanted - found).elements())[:5]}")


def run_seed(stack, mode, seed, options, failpoints, coverage):
    """Plays a seed until it says something. True if it passed; prints a line either way."""
    for attempt in range(REPEATS_MAX):
        run = Run(stack, mode, seed, attempt, options, failpoints, coverage)
        began = time.monotonic()
        verdict = None
        try:
            run.play()
        except LostMarkers as lost:
            print(f"{mode} seed {seed}: repeated, the broker lost {lost}", flush=True)
            continue
        except (Failure, StackError) as failure:
            verdict = str(failure)
        except Exception:
            verdict = traceback.format_exc()
        doubts = sum(getattr(writer, "in_doubt", 0) for writer in run.writers)
        faults = ", ".join(f"{count} {name}" for name, count in sorted(run.kills.items()))
        print(f"{mode} seed {seed}: {'FAILED' if verdict else 'ok'}: {run.transactions()} "
              f"transactions ({doubts} in doubt), {run.messages} messages, {run.repeated} again, "
              f"{time.monotonic() - began:.1f} s; faults: {faults}", flush=True)
        if verdict is None:
            run.wipe()
            return True
        print(f"{verdict}\nthe log is {run.engine.log_file}", flush=True)
        return False
    print(f"{mode} seed {seed}: FAILED: the broker lost markers in {REPEATS_MAX} runs", flush=True)
    return False


def assign(failpoints, seeds):
    """Which failpoints each seed dies at: all of them over the seeds, evenly."""
    return [failpoints[place::seeds] for place in range(seeds)]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=MODES, action="append", help="default: all")
    parser.add_argument("--seeds", type=int, help="how many, per mode (default: 3, cluster 1)")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--transactions", type=int, default=2000, help="at least, per seed")
    parser.add_argument("--kills", type=int, default=5, help="faults at least, per seed")
    parser.add_argument("--writers", type=int, default=4, help="of either kind")
    parser.add_argument("--pace", type=float, default=0.003, help="mean pause of a writer, s")
    parser.add_argument("--settle", type=float, default=180, help="patience at the end, s")
    parser.add_argument("--timeout", type=float, default=240, help="patience in between, s")
    parser.add_argument("--plain", action="store_true",
                        help="no objects that come and go: for the engine that this is tested with")
    parser.add_argument("--failpoint", action="append",
                        help="only these, '' for none; default: all listed")
    parser.add_argument("--directory", default=os.path.join(RUN_DIRECTORY, f"kill-{os.getpid()}"),
                        help="where everything is; kept when a run failed")
    options = parser.parse_args()
    directory = os.path.abspath(options.directory)
    os.makedirs(directory)
    coverage = Coverage()
    passed = failed = 0
    stack = Stack(directory)
    try:
        for mode in options.mode or MODES:
            names = list(filter(None, options.failpoint or listed())) \
                if mode in ("engine", "unsynced") else []
            chosen = []
            for place, own in enumerate(assign(names, options.seeds or DEFAULT_SEEDS[mode])):
                # And those of earlier seeds that did not come to it.
                chosen = own + [name for name in chosen if not coverage.hit[name]]
                if run_seed(stack, mode, options.seed + place, options, chosen, coverage):
                    passed += 1
                else:
                    failed += 1
    finally:
        stack.close()
    if any(coverage.armed.values()):
        print(f"failpoints:\n{coverage.table()}")
    if failed == 0:
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
