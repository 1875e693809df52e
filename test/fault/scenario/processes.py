"""What befalls the engine's process: it dies at each of its failpoints, is paused, is copied, or dies in
the middle of ALTER SINK."""
import contextlib
import os
import re
import signal
import threading
import time

import psycopg

from harness import upstream
from harness.failpoints import listed
from harness.kafka_proxy import HELD
from harness.topics import TopicReader
from scenario.scene import Failure, scenario
from scenario.stage import copy_directory
from stack.engine import Engine
from stack.processes import StackError, wait_until

PATIENCE_S = 60
# The shortest that a sink takes.
SHORT_TIMEOUT = "TRANSACTION TIMEOUT = '5s'"
KILL_COUNTS = (1, 1, 2, 3)
ROUNDS_MAX = 6
FAILPOINT_WAIT_S = 4
# What comes and goes, so that every place in the code is passed: births, snapshots, ends.
PASSING = (
    "DROP SINK IF EXISTS passing_sink",
    "DROP MATERIALIZED VIEW IF EXISTS passing_view",
    "CREATE MATERIALIZED VIEW passing_view AS SELECT n % 7 AS k, count(*) AS c FROM t GROUP BY n % 7",
    "CREATE SINK passing_sink FROM t INTO KAFKA CONNECTION kafka (TOPIC '{prefix}-passing')"
    " KEY (id) NOT ENFORCED FORMAT JSON ENVELOPE DEBEZIUM",
)
PASSING_SOURCE = (
    "DROP SOURCE IF EXISTS passing_source CASCADE",
    "CREATE SOURCE passing_source FROM POSTGRES CONNECTION pg (PUBLICATION 'p')",
    "CREATE TABLE passing_table FROM SOURCE passing_source (REFERENCE public.passing_table)",
)


@contextlib.contextmanager
def _database(scene):
    """A database of PostgreSQL that the engine may follow, and what the engine leaves there ended."""
    server = scene.stage.postgres
    name = scene.prefix
    with psycopg.connect(server.address, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            with psycopg.connect(server.address, dbname=name, autocommit=True) as connection:
                upstream.publish(connection, "v text", "VALUES (1, 'a')", "passing_table")
                yield connection
        finally:
            scene.engine.kill()

            def dropped():
                admin.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
                              " WHERE database = %s AND active", [name])
                admin.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                              " WHERE database = %s AND NOT active", [name])
                return not admin.execute("SELECT FROM pg_replication_slots WHERE database = %s",
                                         [name]).fetchall()
            wait_until(dropped, PATIENCE_S, "the end of slots")
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _dies_at(scene, failpoint, passing):
    """Arms the failpoint and does what leads to it, until the process has died there."""
    engine = scene.engine
    count = scene.rng.choice(KILL_COUNTS)
    for _ in range(ROUNDS_MAX):
        engine.kill()
        engine.begin(f"{failpoint}=kill@{count}")
        count = 1
        with contextlib.suppress(StackError, psycopg.Error):
            engine.wait_ready()
            for statement in passing:
                engine.run(statement)
        if _ended(engine):
            return
    scene.took_effect(f"death at {failpoint}", False)


def _ended(engine):
    """Whether it died by its own hand, now or soon: the writer writes on."""
    with contextlib.suppress(StackError):
        wait_until(lambda: engine.pid() is None, FAILPOINT_WAIT_S, "the end", poll_s=0.01)
        code = engine.process.poll()
        if code != -signal.SIGKILL:
            raise Failure(f"the engine ended with {code}:\n{engine.log_tail()}")
        return True
    return False


def _kill_at(failpoint):
    def play(scene):
        scene.engine.environment["PENSTOCK_TEST_EAGER_MAINTENANCE"] = "1"
        scene.begin()
        passing = [text.format(prefix=scene.prefix) for text in PASSING]
        with contextlib.ExitStack() as stack:
            if failpoint.startswith(("source.", "storage.part")):
                pg = stack.enter_context(_database(scene))
                scene.engine.run("CREATE SECRET pg_password AS 'postgres'", upstream.connection(
                    scene.stage.postgres.port, "pg_password", pg.info.dbname))
                passing = PASSING_SOURCE
            # A sink that cannot commit holds history back, which is what there is to merge.
            behind = ([scene.proxy.trap("EndTxn", HELD, count=1000)] if failpoint == "storage.merge"
                      else [])
            _dies_at(scene, failpoint, passing)
            scene.took_effect(f"death at {failpoint}")
            for trap in behind:
                trap.release()
            scene.engine.up()
            scene.flow(5)
            scene.judge()
    play.__doc__ = f"The process dies at {failpoint}, and starts again."
    scenario(f"kill:{failpoint}", quick=failpoint == "sink.after_commit_ack")(play)


for _name in listed():
    _kill_at(_name)


@scenario("zombie")
def zombie(scene):
    """The process is paused until its transaction has timed out, and then goes on where it was."""
    scene.begin(SHORT_TIMEOUT)
    held = scene.hold_commit()
    scene.pause()
    with TopicReader(scene.stage.cluster.bootstrap, scene.topic,
                     isolation="read_uncommitted") as all_of:
        # While it is open, a reader of what is committed comes to its beginning only.
        scene.took_effect("a transaction was open", all_of.ends() != scene.reader.ends())
        wait_until(lambda: all_of.ends() == scene.reader.ends(), PATIENCE_S,
                   "the transaction's end by its timeout")
    held.release()
    held.wait_answered()
    scene.took_effect(f"the transaction timed out, and EndTxn came to {held.codes}",
                      held.codes and held.codes[0] != 0)
    scene.resume()
    scene.flow(5)
    scene.judge()


@scenario("zombie_after_a_successor")
def zombie_after_a_successor(scene):
    """A paused process has a successor over the same directory as it was, and wakes when that one has
    written."""
    scene.begin(SHORT_TIMEOUT)
    held = scene.hold_commit()
    scene.pause()
    other = _copy(scene)
    other.up()
    first, scene.engine = scene.engine, other
    scene.others.append(first)
    scene.writer.engine = other
    # Its connection is to the paused one.
    scene.writer.reconnect()
    scene.flow(5)
    held.release()
    first.send(signal.SIGCONT)

    def told():
        rows = first.run("SELECT status, error FROM mz_internal.mz_sink_statuses WHERE name = 's'")
        return rows[0][0] == "stalled" and rows[0][1]
    error = wait_until(told, PATIENCE_S, "the stall of the one that woke")
    scene.took_effect(f"the one that woke says: {error}",
                      error.startswith("kafka: another writer left the progress record"))
    scene.flow(5)
    scene.judge()


def _copy(scene):
    """An engine over a copy of the directory of one that does not run, or is paused."""
    directory = os.path.join(scene.directory, "copy")
    os.makedirs(directory)
    copy_directory(scene.engine.mark, os.path.join(directory, "data"))
    return Engine(directory)


@scenario("two_engines_on_copies")
def two_engines_on_copies(scene):
    """A data directory is copied, and both go on: the one that finds the other's records stalls and
    disturbs nobody."""
    scene.begin()
    scene.engine.kill()
    copy = _copy(scene)
    scene.engine.up()
    scene.flow(5)
    fences = scene.proxy.traps.requests["InitProducerId"]
    scene.others.append(copy.up())

    def told():
        rows = copy.run("SELECT status, error, details FROM mz_internal.mz_sink_statuses"
                        " WHERE name = 's'")
        return rows[0][0] == "stalled" and rows[0]
    _, error, details = wait_until(told, PATIENCE_S, "the copy's stall")
    if not error.startswith("kafka: another writer left the progress record at offset"):
        raise Failure(f"the copy is stalled with {error}")
    if "This data directory was copied or restored from a backup" not in str(details):
        raise Failure(f"no remedy: {details}")
    scene.flow(5)
    scene.took_effect("the copy stalled, and fenced nobody",
                      scene.proxy.traps.requests["InitProducerId"] == fences)
    copy.crash()
    wait_until(told, PATIENCE_S, "the copy's stall after a restart")
    scene.flow(5)
    scene.judge()


@scenario("restored_from_a_backup")
def restored_from_a_backup(scene):
    """A data directory is replaced by an older copy of itself: what was sent since is not its own."""
    scene.begin()
    scene.engine.kill()
    copy = _copy(scene)
    scene.engine.up()
    scene.flow(5)
    scene.settle()
    scene.engine.kill()
    scene.others.append(copy.up())
    scene.engine = copy
    text = scene.await_stall(r"kafka: another writer left the progress record at offset \d+ .*")
    scene.took_effect(f"it says: {text}")
    # Nothing is added to what there was, which is a beginning of the history: all of it.
    scene.judge_topic("all")
    return f"stalled as defined: {text}"


@scenario("killed_during_alter_sink")
def killed_during_alter_sink(scene):
    """The process dies while ALTER SINK ... SET FROM or SET (...) is under way."""
    scene.relation = "t"
    scene.start()
    scene.engine.run("CREATE MATERIALIZED VIEW same AS SELECT id, v, n FROM t")
    scene.create_sink()
    scene.write()
    relations = ["t", "same"]
    unanswered = 0
    for number in range(6):
        present = scene.engine.run("SHOW CREATE SINK s")[0][1]
        target = relations[bool(re.search(r"FROM penstock\.public\.t\b", present))]
        statement = (f"ALTER SINK s SET FROM {target}" if number % 3 else
                     f"ALTER SINK s SET (COMMIT INTERVAL = '{number + 1}ms')")
        answered = []
        thread = threading.Thread(target=_try, args=(scene.engine, statement, answered))
        thread.start()
        time.sleep(scene.rng.uniform(0.001, 0.06))
        scene.engine.kill()
        thread.join()
        unanswered += not answered
        scene.engine.up()
        scene.flow(2)
    scene.took_effect(f"{unanswered} of 6 statements had no answer", unanswered > 0)
    scene.judge()


def _try(engine, statement, answered):
    with contextlib.suppress(psycopg.OperationalError):
        engine.run(statement)
        answered.append(statement)
