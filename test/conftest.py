"""Fixtures of every black-box test: one Kafka of each kind and one PostgreSQL per run, as they are asked
for, and one engine per test."""
import contextlib
import io
import json
import os
import re
import shutil
import sys
import uuid

import fastavro
import psycopg
import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import RUN_DIRECTORY, upstream
from harness.topics import TopicReader
from stack.engine import Engine, binary
from stack.kafka import Kafka
from stack.kafka_cluster import KafkaCluster
from stack.kafka_jars import KAFKA_3
from stack.postgres import Postgres
from stack.processes import free_ports
from stack.schema_registry import SchemaRegistry
from stack.secured_kafka import SecuredKafka

LOG_LINES_OF_A_FAILURE = 80


@pytest.fixture(scope="session")
def run_directory():
    """A folder of this run; runs beside each other do not meet. It stays when a test failed."""
    path = os.path.join(RUN_DIRECTORY, f"run-{os.getpid()}")
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    yield path
    if not _failed:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def kafka(run_directory):
    """A broker of this run; `kafka.bootstrap` reaches it."""
    broker = Kafka(os.path.join(run_directory, "kafka")).create(
        settings={"log.cleaner.backoff.ms": 500})
    broker.up(leash=True)
    yield broker
    broker.kill()


@pytest.fixture(scope="session")
def secured_kafka(run_directory):
    """A broker of this run with a listener of every kind, and one behind a proxy of the test's own."""
    broker = SecuredKafka(os.path.join(run_directory, "secured-kafka"))
    broker.create(proxied=free_ports(2))
    broker.up(leash=True)
    yield broker
    broker.kill()


@pytest.fixture(scope="session")
def kafka3(run_directory):
    """A broker of this run that knows version 1 of transactions only."""
    broker = Kafka(os.path.join(run_directory, "kafka3"), KAFKA_3).create()
    broker.up(leash=True)
    yield broker
    broker.kill()


@pytest.fixture(scope="session")
def kafka_cluster(run_directory):
    """Three nodes of this run, all of which a test leaves up."""
    cluster = KafkaCluster(os.path.join(run_directory, "kafka-cluster")).create()
    cluster.up(leash=True)
    yield cluster
    cluster.kill()


@pytest.fixture(scope="session")
def schema_registry(run_directory):
    """A schema registry of this run; `schema_registry.url` is where it speaks Confluent's protocol."""
    registry = SchemaRegistry(os.path.join(run_directory, "schema-registry"))
    registry.up(leash=True)
    yield registry
    registry.kill()


@pytest.fixture(scope="session")
def postgres(run_directory):
    """A PostgreSQL of this run."""
    server = Postgres(os.path.join(run_directory, "postgres")).create()
    server.up(leash=True)
    yield server
    server.wipe()


@pytest.fixture
def name():
    """A word that no other test uses, for topics, databases and groups."""
    return "t" + uuid.uuid4().hex[:10]


@pytest.fixture
def pg(postgres, name):
    """A connection to a database of the test's own; `pg.info.dbname` is its name. Replication
    slots that the engine left behind go with it."""
    with psycopg.connect(postgres.address, dbname="postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    with psycopg.connect(postgres.address, dbname=name, autocommit=True) as connection:
        yield connection
    with psycopg.connect(postgres.address, dbname="postgres", autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
                      " WHERE database = %s AND active_pid IS NOT NULL", [name])
        with contextlib.suppress(psycopg.Error):
            admin.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                          " WHERE database = %s", [name])
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def make_engine(request, run_directory):
    """A function that makes engines which are not started yet, each over a directory of its own."""
    if not os.access(binary(), os.X_OK):
        pytest.fail(f"no program to test: {binary()} (build it, or set PENSTOCK_BINARY)")
    engines = request.node.stash.setdefault(_engines, [])

    def make(*arguments, environment=None):
        test = re.sub(r"\W+", "-", request.node.name)[:60]
        directory = os.path.join(run_directory, f"{test}-{uuid.uuid4().hex[:6]}")
        engines.append(Engine(directory, arguments, environment))
        return engines[-1]
    yield make
    for engine in engines:
        engine.kill()


@pytest.fixture
def engine(make_engine):
    """A running engine over an empty data directory."""
    return make_engine().up()


@pytest.fixture
def sql(engine):
    """A connection to the engine."""
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def connect_kafka(kafka):
    """A function that makes the connection `kafka` in an engine."""
    def connect(engine):
        engine.run(f"CREATE CONNECTION kafka TO KAFKA (BROKER '{kafka.bootstrap}',"
                   " SECURITY PROTOCOL PLAINTEXT)")
    return connect


@pytest.fixture
def connect_registry(schema_registry):
    """A function that makes the connection `csr` to a schema registry in an engine."""
    def connect(engine):
        engine.run(f"CREATE CONNECTION csr TO CONFLUENT SCHEMA REGISTRY (URL '{schema_registry.url}')")
    return connect


@pytest.fixture
def decode(schema_registry):
    """A function that reads a key or value by the schema that it names, with the reader's own library."""
    schemas = {}

    def read(data):
        assert data[0] == 0
        number = int.from_bytes(data[1:5], "big")
        if number not in schemas:
            schemas[number] = fastavro.parse_schema(json.loads(schema_registry.schema_by_id(number)))
        body = io.BytesIO(data[5:])
        row = fastavro.schemaless_reader(body, schemas[number])
        assert body.read() == b"", "bytes behind the row"
        return row
    return read


@pytest.fixture
def connect_postgres(postgres):
    """A function that makes the connection `pg` to a database in an engine."""
    def connect(engine, database):
        engine.run("CREATE SECRET pg_password AS 'postgres'",
                   upstream.connection(postgres.port, "pg_password", database))
    return connect


@pytest.fixture
def topic_reader(kafka):
    """A function that opens a reader of a topic, closed when the test ends."""
    with contextlib.ExitStack() as readers:
        yield lambda topic, **options: readers.enter_context(
            TopicReader(kafka.bootstrap, topic, **options))


_engines = pytest.StashKey()
_failed = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of the log of its engines."""
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    _failed.append(item.nodeid)
    for engine in item.stash.get(_engines, []):
        report.sections.append((f"log of penstock ({engine.log_file})",
                                engine.log_tail(LOG_LINES_OF_A_FAILURE)))
