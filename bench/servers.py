"""PostgreSQL, Kafka and penstock as the measurements need them: durable where that is the promise,
out of the way where it is not."""
import contextlib
import fcntl
import os
import shutil
import struct
import tempfile

import psycopg
from confluent_kafka.admin import AdminClient

from bench import PROGRAMS, RUN_DIRECTORY
from bench.consumer import make_topic
from bench.usage import Program, file_system, sync_milliseconds
from stack.engine import Engine, binary
from stack.kafka import FAST_JVM, Kafka
from stack.postgres import Postgres
from stack.processes import StackError, wait_until

MEMORY_DIRECTORY = "/dev/shm"
WARM_UP_MESSAGES = 300_000
SETTLE_TIMEOUT_S = 120
HEADER = "materialize-timestamp"


class Servers:
    """PostgreSQL with fsync on a disk, and Kafka in memory where there is a file system for that:
    the broker's disk is not ours to measure. Both start empty and go away at the end."""

    def __init__(self):
        self.postgres = Postgres(os.path.join(RUN_DIRECTORY, "postgres"))
        self.kafka = None
        self.fast_directory = None
        self._lock = None

    def __enter__(self):
        os.makedirs(RUN_DIRECTORY, exist_ok=True)
        self._lock = open(os.path.join(RUN_DIRECTORY, "lock"), "w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StackError("another run of the measurements is under way") from None
        parent = MEMORY_DIRECTORY if os.access(MEMORY_DIRECTORY, os.W_OK) else RUN_DIRECTORY
        self.fast_directory = tempfile.mkdtemp(prefix="penstock-bench-", dir=parent)
        self.kafka = Kafka(os.path.join(self.fast_directory, "kafka"))
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self):
        self.postgres.create(fsync=True).up(leash=True)
        self.kafka.create().up(leash=True, jvm=FAST_JVM, heap="1g")
        with self.admin() as connection:
            # It would come in the middle of one round and not of another.
            connection.execute("ALTER SYSTEM SET autovacuum = off")
            connection.execute("SELECT pg_reload_conf()")
        self._warm_up()

    def __exit__(self, *_):
        self.kafka.kill()
        self.postgres.wipe()
        shutil.rmtree(self.fast_directory, ignore_errors=True)
        self._lock.close()

    def facts(self):
        """What was where, for the record."""
        return {
            "penstock": f"{file_system(RUN_DIRECTORY)}, fdatasync of 4 KiB "
                        f"{sync_milliseconds(RUN_DIRECTORY):.2f} ms (median of 200)",
            "PostgreSQL": f"{file_system(self.postgres.mark)}, fsync on",
            "Kafka": f"{file_system(self.kafka.data)}"
                     f"{' (' + MEMORY_DIRECTORY + ')' if self._in_memory() else ''}",
        }

    def _in_memory(self):
        return self.fast_directory.startswith(MEMORY_DIRECTORY)

    def admin(self, database="postgres"):
        """A connection to PostgreSQL as its superuser."""
        return psycopg.connect(self.postgres.address, dbname=database, autocommit=True)

    def bare_producer(self, topic, path, per_transaction, program="bare_producer"):
        """Starts a reference of sinks over a file of messages."""
        return Program([os.path.join(PROGRAMS, program), self.kafka.bootstrap, topic, HEADER,
                        str(per_transaction), path])

    def _warm_up(self):
        """Lets the broker's virtual machine compile what every round needs, so that the first
        round is not about that."""
        path = os.path.join(self.fast_directory, "warm-up")
        with open(path, "wb") as out:
            for i in range(WARM_UP_MESSAGES):
                write_message(out, b"%d" % i, b"%0200d" % i, b"1")
        make_topic(self.kafka.bootstrap, "warm-up")
        for per_transaction in (1000, WARM_UP_MESSAGES):
            self.bare_producer("warm-up", path, per_transaction).finish()
        os.remove(path)

    def delete_topics(self, *topics):
        """Asks the broker to forget topics, whose messages take memory."""
        client = AdminClient({"bootstrap.servers": self.kafka.bootstrap, "log_level": 2})
        for deleted in client.delete_topics(list(topics)).values():
            deleted.result(timeout=30)

    @contextlib.contextmanager
    def database(self, name):
        """A database of a round's own; replication slots that are left in it go with it."""
        with self.admin() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        with self.admin(name) as connection:
            yield connection
        with self.admin() as connection:
            self.drop_slots(connection, name)
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @staticmethod
    def drop_slots(connection, database):
        """Removes the replication slots of a database, so that no log is kept for them."""
        connection.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
                           " WHERE database = %s AND active_pid IS NOT NULL", [database])
        wait_until(lambda: connection.execute(
            "SELECT count(*) FROM pg_replication_slots WHERE database = %s"
            " AND active_pid IS NOT NULL", [database]).fetchone() == (0,), 30, "slots to be free")
        connection.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                           " WHERE database = %s", [database])

    @contextlib.contextmanager
    def engine(self, database):
        """A penstock over an empty directory, connected to both servers as `pg` and `kafka`."""
        if not os.access(binary(), os.X_OK):
            raise StackError(f"no program to measure: {binary()}")
        directory = os.path.join(RUN_DIRECTORY, "penstock")
        shutil.rmtree(directory, ignore_errors=True)
        engine = Engine(directory)
        try:
            engine.up()
            engine.run("CREATE SECRET pg_password AS 'postgres'",
                       "CREATE CONNECTION pg TO POSTGRES (HOST '127.0.0.1',"
                       f" PORT {self.postgres.port}, USER 'postgres',"
                       f" PASSWORD SECRET pg_password, DATABASE '{database}')",
                       f"CREATE CONNECTION kafka TO KAFKA (BROKER '{self.kafka.bootstrap}',"
                       " SECURITY PROTOCOL PLAINTEXT)")
            yield engine
            engine.stop()
        finally:
            engine.kill()


def must_run(engine):
    """A check for those who wait for penstock's work: StackError with its log when it died."""
    def check():
        if engine.pid() is None:
            raise StackError("penstock died:\n" + engine.log_tail())
    return check


def wait_running(engine, sink):
    """Waits until a sink says that it runs."""
    def running():
        rows = engine.run(f"SELECT status FROM mz_internal.mz_sink_statuses WHERE name = '{sink}'")
        return rows == [("running",)]
    wait_until(running, SETTLE_TIMEOUT_S, f"the sink {sink} to run")


def write_message(out, key, value, header, partition=0):
    """Adds a message to a file as bench/message_file.h reads it."""
    out.write(struct.pack("<IIII", len(key), len(value), len(header), partition))
    out.write(key)
    out.write(value)
    out.write(header)
