"""One run of a scenario: an engine, a table with a writer, a sink, and the two judges at the end."""
import dataclasses
import os
import random
import re
import shutil
import signal
import uuid

import confluent_kafka
import psycopg

from harness.kafka_proxy import HELD
from harness.topics import TopicReader, partitions_of
from scenario.history import Judge, json_message, shown
from scenario.writer import Writer
from stack.engine import Engine
from stack.processes import StackError, wait_until

PATIENCE_S = 60
PARTITIONS = 2
VIEW = "CREATE MATERIALIZED VIEW {view} AS SELECT id, max(v) AS v, max(n) AS n FROM {table} GROUP BY id"
READ = re.compile(r"read (\d+) messages? in \d+ partitions? of topic .* with (\d+) rows? at \d+: (.*)")


class Failure(Exception):
    """A promise was broken; the text says which."""


class NoEffect(Exception):
    """The fault did not come about, so the run says nothing."""


@dataclasses.dataclass(frozen=True)
class Scenario:
    """`play(scene)` tells the story; `says` is a line about it; `version` is that of the brokers'
    transactions."""
    name: str
    says: str
    play: object
    quick: bool
    version: int


SCENARIOS = {}


def scenario(name, quick=False, version=2):
    """Registers a story; its docstring says what it is about. `quick` ones are played in every test run."""
    def register(play):
        says = " ".join(play.__doc__.split())
        SCENARIOS[name] = Scenario(name, says, play, quick, version)
        return play
    return register


class Scene:
    """`number` counts the runs of a scenario: envelope, and table or view, change with it."""

    def __init__(self, stage, name, number):
        self.stage = stage
        self.number = number
        self.rng = random.Random(f"{name}/{number}")
        self.prefix = f"s{uuid.uuid4().hex[:8]}"
        self.topic = f"{self.prefix}-data"
        self.progress = f"{self.prefix}-progress"
        self.directory = os.path.join(stage.directory, f"{name.replace(':', '-')}-{self.prefix}")
        self.envelope = ("UPSERT", "DEBEZIUM")[number % 2]
        self.relation = ("t", "u")[number // 2 % 2]
        self.engine = Engine(os.path.join(self.directory, "engine"))
        self.others = []
        self.writer = None
        self.reader = None
        self.effects = []
        self.brokers_ended = False  # Then markers may be lost, for which the broker is to blame.

    # --- setting up ---

    @property
    def proxy(self):
        return self.stage.proxy

    def start(self, failpoints=None):
        """The engine, the connection, and the table with its view; no sink yet."""
        brokers = ", ".join(f"'{address}'" for address in self.proxy.bootstrap.split(","))
        self.engine.up(failpoints)
        self.engine.run(
            f"CREATE CONNECTION kafka TO KAFKA (BROKERS ({brokers}), SECURITY PROTOCOL PLAINTEXT,"
            f" PROGRESS TOPIC '{self.progress}')",
            "CREATE TABLE t (id int NOT NULL, v text, n int8 NOT NULL)",
            VIEW.format(view="u", table="t"))
        self.writer = Writer(self.engine, "t", self.rng.random())

    def create_sink(self, options="", topic_options="", name="s", topic=None):
        """The sink, of the topic that is judged unless another is named."""
        enforced = "" if self.relation == "u" else " NOT ENFORCED"
        self.engine.run(
            f"CREATE SINK {name} FROM {self.relation} INTO KAFKA CONNECTION kafka"
            f" (TOPIC '{topic or self.topic}', TOPIC PARTITION COUNT {PARTITIONS}{topic_options})"
            f" KEY (id){enforced} FORMAT JSON ENVELOPE {self.envelope}"
            + (f" WITH ({options})" if options else ""))

    def begin(self, options="", topic_options="", failpoints=None):
        """All of it, the first row in the topic, and the writer at work."""
        self.start(failpoints)
        self.create_sink(options, topic_options)
        self.write()

    def write(self):
        self.writer.step(["first"])
        self.read()
        self.reader.wait_count(1, PATIENCE_S)
        self.writer.go()
        self.flow(3)

    def read(self):
        """Opens the reader of the topic, at its beginning."""
        if self.reader is not None:
            self.reader.close()
        self.reader = TopicReader(self.stage.cluster.bootstrap, self.topic, PATIENCE_S)

    def flow(self, steps=10):
        """Waits for further steps, and until they are in the topic."""
        wanted = self.writer.steps() + steps

        def written():
            if self.writer.failure:
                raise Failure(self.writer.failure)
            return self.writer.steps() >= wanted
        wait_until(written, PATIENCE_S, f"{steps} statements", poll_s=0.01)
        self.reader.wait_for(lambda found: len({m.time for m in found}) >= wanted, PATIENCE_S,
                             f"{wanted} steps")

    def settle(self):
        """The writer rests, and all it wrote is in the topic."""
        self.writer.rest()
        wanted = self.writer.history.messages()
        self.reader.wait_count(wanted, PATIENCE_S)

    def settle_and_note(self):
        """As `settle`, and the sink has noted how far it is: it does so within a second."""
        self.settle()
        self.audit(self.writer.history.messages())

    def resume_writing(self, steps=10):
        """The writer goes on after `settle`."""
        self.writer.go_on()
        self.flow(steps)

    # --- effects, and what the sink says of itself ---

    def took_effect(self, what, really=True):
        """Notes that the fault came about; NoEffect if it did not."""
        if not really:
            raise NoEffect(what)
        self.effects.append(what)

    def status(self, name="s"):
        """(status, error) of a sink."""
        rows = self.engine.run("SELECT status, error FROM mz_internal.mz_sink_statuses"
                               f" WHERE name = '{name}'")
        return rows[0] if rows else (None, None)

    def await_stall(self, pattern, timeout_s=PATIENCE_S, name="s"):
        """Waits until the sink is stalled with an error that is as the pattern says."""
        seen = [None]

        def stalled():
            seen[0] = self.status(name)
            return seen[0][0] == "stalled" and re.fullmatch(pattern, seen[0][1])
        try:
            wait_until(stalled, timeout_s, "the stall")
        except StackError:
            raise Failure(f"the sink is {seen[0]}, and not stalled with {pattern}") from None
        return seen[0][1]

    def await_running(self, name="s"):
        wait_until(lambda: self.status(name) == ("running", None), PATIENCE_S, "the sink to run")

    def transactional_id(self):
        """That of the one sink there is, as the proxy has seen it."""
        def known():
            # Before a sink has a number, CREATE SINK asks the brokers as number 0 whether it may.
            return {each for each in self.proxy.traps.transactional_ids if not each.endswith("-u0")}
        found = wait_until(known, PATIENCE_S, "the id")
        if len(found) != 1:
            raise Failure(f"transactional ids: {found}")
        return next(iter(found))

    def producer(self, **settings):
        """A producer of somebody else; `settings` are librdkafka's, with _ for a dot."""
        named = {name.replace("_", "."): value for name, value in settings.items()}
        return confluent_kafka.Producer({"bootstrap.servers": self.stage.cluster.bootstrap,
                                         "log_level": 0, **named})

    def pause(self):
        """The engine's process stops where it is."""
        self.engine.send(signal.SIGSTOP)

    def resume(self):
        self.engine.send(signal.SIGCONT)

    def hold_commit(self, skip=0):
        """A trap that has an EndTxn: the sink's transaction is open until the trap is released."""
        trap = self.proxy.trap("EndTxn", HELD, skip=skip)
        trap.wait_caught(timeout_s=PATIENCE_S)
        return trap

    # --- the judges ---

    def judge(self, end="all", start=0, audit="all", message_of=None):
        """Both judges; raises Failure. `end` is `some` when the sink has stalled, for good: then the
        topic is a beginning of the history. `start` is the first step in a topic made anew. `audit`
        is `none` where AUDIT SINK does not apply, or what it may find besides."""
        self.writer.finish()
        history = self.writer.history
        total = sum(map(len, history.steps[start:]))
        if end == "all":
            try:
                self.reader.wait_count(total, PATIENCE_S)
            except StackError as error:
                judged = self._problems(message_of, end, start)
                raise Failure(f"{error}; {self.status()}\n{judged}") from None
        if audit != "none":
            self.audit(total if end == "all" else None, () if audit == "all" else audit)
        self.judge_topic(end, start, message_of)
        for engine in [self.engine, *self.others]:
            if engine.pid() is not None:
                engine.stop()

    def judge_topic(self, end, start=0, message_of=None):
        """The judge who is not of the engine alone; raises Failure."""
        problems = self._problems(message_of, end, start)
        if problems:
            raise Failure(problems)

    def _problems(self, message_of, end, start):
        messages = self.reader.read_to_end(PATIENCE_S)
        judge = Judge(message_of or (lambda *change: json_message(self.envelope, *change)))
        problems = judge.problems(messages, self.writer.history, end, start)
        return shown(problems)

    def audit(self, total, allowed=()):
        """AUDIT SINK has nothing to say: of all messages, once the sink has said how far it is."""
        seen = []

        def silent():
            rows, notice = self._audited()
            if rows is None:
                return False
            wrong = [row for row in rows if row[0] not in allowed]
            if wrong:
                raise Failure(f"AUDIT SINK: {notice}\n{wrong[:5]}")
            count, shown_rows, _ = READ.match(notice).groups()
            seen[:] = [notice]
            return total is None or (int(count) == total
                                     and int(shown_rows) == len(self.writer.history.rows))
        try:
            wait_until(silent, PATIENCE_S, f"an audit of {total} messages")
        except StackError as error:
            raise Failure(f"{error}: {seen}, {self.status()}") from None

    def _audited(self):
        notices = []
        with self.engine.connect() as connection:
            connection.add_notice_handler(lambda notice: notices.append(notice.message_primary))
            try:
                rows = connection.execute("AUDIT SINK s").fetchall()
            except psycopg.errors.ObjectNotInPrerequisiteState:
                return None, None
        return rows, notices[0]

    # --- the end ---

    def topic_exists(self):
        return bool(partitions_of(self.stage.cluster.bootstrap, self.topic))

    def close(self):
        """Ends everything that is the scene's own."""
        if self.writer is not None:
            self.writer.stop()
        if self.reader is not None:
            self.reader.close()
        for engine in [self.engine, *self.others]:
            engine.kill()

    def wipe(self):
        shutil.rmtree(self.directory, ignore_errors=True)
