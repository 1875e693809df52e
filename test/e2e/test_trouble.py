"""Bad input and broken surroundings: each is told by name, loses nothing, and passes when its cause is
gone or mended."""
import os
import signal
import tempfile
import threading

import psycopg
import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from harness import upstream
from harness.small_disk import fill, mounted
from stack.kafka import Kafka
from stack.postgres import PASSWORD, Postgres
from stack.processes import free_ports, wait_until

PATIENCE_S = 60


def _status(engine, name, kind="sink"):
    """(status, error) of a sink or source."""
    rows = engine.run(f"SELECT status, error FROM mz_internal.mz_{kind}_statuses"
                      f" WHERE name = '{name}'")
    return rows[0] if rows else (None, None)


def _wait_status(engine, name, status, text="", kind="sink"):
    """Waits for the status, with `text` in its error."""
    seen = []

    def reached():
        seen[:] = [_status(engine, name, kind)]
        return seen[0][0] == status and text in (seen[0][1] or "")
    try:
        wait_until(reached, PATIENCE_S, f"status {status} of {name}")
    except Exception:
        assert seen[0] == (status, f"... {text} ...")
        raise


@pytest.fixture
def table(engine):
    engine.run("CREATE TABLE t (id int NOT NULL, v text)", "INSERT INTO t VALUES (1, 'a')")
    return engine


def _sink(engine, topic, options="", connection="kafka"):
    engine.run(f"CREATE SINK s FROM t INTO KAFKA CONNECTION {connection}"
               f" (TOPIC '{topic}'{options}) KEY (id) FORMAT JSON ENVELOPE DEBEZIUM")


@pytest.fixture
def own_kafka(run_directory):
    """A broker that may be stopped."""
    directory = tempfile.mkdtemp(dir=run_directory)
    broker = Kafka(directory).create(settings={
        "broker.session.timeout.ms": 3000, "broker.heartbeat.interval.ms": 500})
    broker.up(leash=True)
    yield broker
    broker.kill()


@pytest.fixture
def own_postgres(run_directory):
    """A PostgreSQL that may be stopped, with a table in a publication."""
    directory = tempfile.mkdtemp(dir=run_directory)
    server = Postgres(os.path.join(directory, "postgres")).create()
    server.up(leash=True)
    with psycopg.connect(server.address, autocommit=True) as connection:
        _publish(connection)
    yield server
    server.wipe()


def _publish(pg):
    upstream.publish(pg, "v text", "VALUES (1, 'a')", "t", "u")


@pytest.fixture
def followed(engine, pg, connect_postgres):
    """Tables t and u of a source, and a table of our own, all readable."""
    _publish(pg)
    connect_postgres(engine, pg.info.dbname)
    upstream.follow(engine, "t", "u")
    engine.run("CREATE TABLE own (a int)", "INSERT INTO own VALUES (7)",
               "CREATE MATERIALIZED VIEW counts AS SELECT count(*) AS n FROM t",
               "SELECT * FROM t", "SELECT * FROM u")
    return engine


def _fails_with(engine, relation, text):
    """Waits until reading the relation fails with the text."""
    def failed():
        try:
            engine.run(f"SELECT * FROM {relation}")
        except psycopg.Error as error:
            return text in str(error)
        return False
    wait_until(failed, PATIENCE_S, f"{relation} to fail with {text}")


# --- bad input ---

@pytest.mark.parametrize("statement, state, text", [
    ("CREATE CONNECTION c TO KAFKA (BROKR 'x')", "42601", "brokr"),
    ("CREATE CONNECTION c TO KAFKA (PORT 5, BROKER 'x')", "22023",
     "KAFKA connections do not support PORT values"),
    ("CREATE CONNECTION c TO KAFKA (BROKER 'x', SECURITY PROTOCOL odd)", "22023",
     "unknown security protocol: ODD"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPICS 'x') FORMAT JSON"
     " ENVELOPE DEBEZIUM", "42601", "topics"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka FORMAT JSON ENVELOPE DEBEZIUM", "22023",
     "KAFKA CONNECTION must specify TOPIC"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC 'x', TOPIC 'y') FORMAT JSON"
     " ENVELOPE DEBEZIUM", "42601", "TOPIC specified more than once"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC 'x', COMPRESSION TYPE zip)"
     " FORMAT JSON ENVELOPE DEBEZIUM", "22023", "invalid COMPRESSION TYPE: zip"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC 'x', TOPIC PARTITION COUNT 0)"
     " FORMAT JSON ENVELOPE DEBEZIUM", "22023",
     "TOPIC PARTITION COUNT must be a positive integer"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC 'x', TOPIC REPLICATION FACTOR -1)"
     " FORMAT JSON ENVELOPE DEBEZIUM", "22023",
     "TOPIC REPLICATION FACTOR must be a positive integer"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC 'x', TOPIC METADATA REFRESH"
     " INTERVAL '2h') FORMAT JSON ENVELOPE DEBEZIUM", "22023",
     "TOPIC METADATA REFRESH INTERVAL cannot be greater than 1 hour"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC 'x', TOPIC CONFIG 5)"
     " FORMAT JSON ENVELOPE DEBEZIUM", "22023", "invalid TOPIC CONFIG: cannot use value as map"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC 'x') FORMAT JSON", "42601",
     "ENVELOPE clause is required"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC 'x') ENVELOPE DEBEZIUM", "0A000",
     "sink without format not yet supported"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC 'x') FORMAT TEXT ENVELOPE DEBEZIUM",
     "0A000", "BYTES or TEXT format with multiple columns not yet supported"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC 'x') KEY (nope) FORMAT JSON"
     " ENVELOPE DEBEZIUM", "42703", "column referenced in KEY does not exist: nope"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC 'x') KEY (id, id) FORMAT JSON"
     " ENVELOPE DEBEZIUM", "42701", "duplicate column referenced in KEY: id"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC 'x', PARTITION BY = v)"
     " KEY (id) FORMAT JSON ENVELOPE DEBEZIUM", "42804",
     "PARTITION BY does not support casting from text to uint8"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC 'x', PARTITION BY = length(v))"
     " KEY (id) FORMAT JSON ENVELOPE DEBEZIUM", "22023",
     'PARTITION BY expression cannot refer to non-key column "v"'),
    ("CREATE SINK s FROM v INTO KAFKA CONNECTION kafka (TOPIC 'x') FORMAT JSON"
     " ENVELOPE DEBEZIUM", "42809", "view v cannot be exported as a sink"),
    ("CREATE SINK s FROM nope INTO KAFKA CONNECTION kafka (TOPIC 'x') FORMAT JSON"
     " ENVELOPE DEBEZIUM", "42P01", "unknown catalog item 'nope'"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION nope (TOPIC 'x') FORMAT JSON"
     " ENVELOPE DEBEZIUM", "42P01", "unknown catalog item 'nope'"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC 'x') FORMAT JSON"
     " ENVELOPE DEBEZIUM WITH (VERSION = 1)", "22023",
     "CREATE SINK...WITH (VERSION..) is not allowed"),
    ("CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC 'x') HEADERS v FORMAT JSON"
     " ENVELOPE DEBEZIUM", "42804",
     "HEADERS column must have type map[text => text] or map[text => bytea]"),
])
def test_a_wrong_statement_is_refused_by_name(table, connect_kafka, statement, state, text):
    connect_kafka(table)
    table.run("CREATE VIEW v AS SELECT * FROM t")
    with pytest.raises(psycopg.Error) as raised:
        table.run(statement)
    assert raised.value.sqlstate == state
    assert text.lower() in str(raised.value).lower()


def test_a_broker_that_nobody_is_at_is_refused_at_once(engine):
    (port,) = free_ports(1)
    with pytest.raises(psycopg.Error) as raised:
        engine.run(f"CREATE CONNECTION c TO KAFKA (BROKER '127.0.0.1:{port}',"
                   " SECURITY PROTOCOL PLAINTEXT)")
    assert raised.value.sqlstate == "58000"
    assert engine.run("SHOW CONNECTIONS") == []


def test_a_database_that_nobody_is_at_is_refused_at_once(engine):
    (port,) = free_ports(1)
    with pytest.raises(psycopg.Error) as raised:
        engine.run(f"CREATE CONNECTION c TO POSTGRES (HOST '127.0.0.1', PORT {port},"
                   " USER 'postgres', DATABASE 'postgres')")
    assert str(port) in str(raised.value) or "127.0.0.1" in str(raised.value)


def test_wrong_credentials_are_refused_and_never_shown(engine, own_postgres):
    engine.run("CREATE SECRET wrong AS 'swordfish'")
    with pytest.raises(psycopg.Error, match="password authentication failed") as raised:
        engine.run(_connection(own_postgres, "wrong"))
    assert "swordfish" not in str(raised.value)
    with open(engine.log_file) as log:
        assert "swordfish" not in log.read()


# --- Kafka ---

def test_a_broker_away_stalls_the_sink_until_it_is_back(table, own_kafka, name):
    table.run(f"CREATE CONNECTION kafka TO KAFKA (BROKER '{own_kafka.bootstrap}',"
              " SECURITY PROTOCOL PLAINTEXT)")
    _sink(table, name)
    _wait_status(table, "s", "running")
    own_kafka.kill()
    table.run("INSERT INTO t VALUES (2, 'while away')")
    _wait_status(table, "s", "stalled", "kafka: ")
    own_kafka.up(leash=True)
    _wait_status(table, "s", "running")
    from harness.topics import TopicReader
    with TopicReader(own_kafka.bootstrap, name) as reader:
        assert [m.key_json["id"] for m in reader.wait_count(2)] == [1, 2]


def test_many_sinks_stop_together_while_the_broker_hangs(table, own_kafka, name):
    table.run(f"CREATE CONNECTION kafka TO KAFKA (BROKER '{own_kafka.bootstrap}',"
              " SECURITY PROTOCOL PLAINTEXT)")
    sinks = [f"s{number}" for number in range(16)]
    for sink in sinks:
        table.run(f"CREATE SINK {sink} FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}-{sink}')"
                  " KEY (id) FORMAT JSON ENVELOPE DEBEZIUM")
    for sink in sinks:
        _wait_status(table, sink, "running")
    own_kafka.send(signal.SIGSTOP)
    table.run("INSERT INTO t VALUES (2, 'in open transactions')")
    wait_until(lambda: table.run("SELECT count(*) FROM mz_internal.mz_sink_statistics"
                                 " WHERE messages_staged > messages_committed") == [(len(sinks),)],
               PATIENCE_S, "every sink to have a transaction open")
    table.stop()


def test_alter_connection_mends_a_sink(table, kafka, connect_kafka, name, topic_reader):
    connect_kafka(table)
    _sink(table, name)
    _wait_status(table, "s", "running")
    (port,) = free_ports(1)
    with pytest.raises(psycopg.Error):
        table.run(f"ALTER CONNECTION kafka SET (BROKER '127.0.0.1:{port}')")
    table.run(f"ALTER CONNECTION kafka SET (BROKER '127.0.0.1:{port}') WITH (VALIDATE = false)",
              "INSERT INTO t VALUES (2, 'b')")
    _wait_status(table, "s", "stalled", "kafka: ")
    table.run(f"ALTER CONNECTION kafka SET (BROKER '{kafka.bootstrap}')")
    _wait_status(table, "s", "running")
    assert [m.key_json["id"] for m in topic_reader(name).wait_count(2)] == [1, 2]


def test_a_deleted_topic_stalls_the_sink_by_name(table, kafka, connect_kafka, name, topic_reader):
    connect_kafka(table)
    _sink(table, name)
    topic_reader(name).wait_count(1)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.delete_topics([name])[name].result(30)
    table.run("INSERT INTO t VALUES (2, 'b')")
    _wait_status(table, "s", "stalled", name)
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(30)
    _wait_status(table, "s", "running")
    assert [m.key_json["id"] for m in topic_reader(name).wait_count(1)] == [2]


def test_a_topic_that_cannot_be_made_stalls_the_sink(table, connect_kafka, name):
    connect_kafka(table)
    _sink(table, name, ", TOPIC CONFIG MAP['no.such.key' => '1']")
    _wait_status(table, "s", "stalled", f"Error creating topic {name} for sink")
    table.run("DROP SINK s")
    _sink(table, name)
    _wait_status(table, "s", "running")


def test_a_progress_topic_with_two_partitions_is_refused(table, kafka, name):
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.create_topics([NewTopic(f"{name}-progress", 2, 1)])[f"{name}-progress"].result(30)
    table.run(f"CREATE CONNECTION kafka TO KAFKA (BROKER '{kafka.bootstrap}',"
              f" SECURITY PROTOCOL PLAINTEXT, PROGRESS TOPIC '{name}-progress')")
    _sink(table, name)
    _wait_status(table, "s", "stalled", f"Progress topic {name}-progress should contain a single"
                 " partition, but instead contains 2 partitions")


# --- PostgreSQL ---

def _connection(server, secret):
    return upstream.connection(server.port, secret)


def _follow(engine):
    upstream.follow(engine, "t")
    engine.run("SELECT * FROM t")


def test_alter_secret_mends_a_source(engine, own_postgres):
    with psycopg.connect(own_postgres.address, autocommit=True) as pg:
        engine.run(f"CREATE SECRET password AS '{PASSWORD}'", _connection(own_postgres, "password"))
        _follow(engine)
        engine.run("ALTER SECRET password AS 'wrong'")
        pg.execute("INSERT INTO t VALUES (2, 'b')")
        _wait_status(engine, "s", "stalled", "password authentication failed", "source")
        engine.run(f"ALTER SECRET password AS '{PASSWORD}'")
        _wait_status(engine, "s", "running", kind="source")
        wait_until(lambda: engine.run("SELECT id FROM t ORDER BY id") == [(1,), (2,)], PATIENCE_S,
                   "the row")


def test_a_database_away_stalls_the_source_until_it_is_back(engine, own_postgres):
    engine.run(f"CREATE SECRET password AS '{PASSWORD}'", _connection(own_postgres, "password"))
    _follow(engine)
    own_postgres.kill()
    _wait_status(engine, "s", "stalled", "postgres: ", "source")
    assert engine.run("SELECT id FROM t") == [(1,)]
    own_postgres.up(leash=True)
    with psycopg.connect(own_postgres.address, autocommit=True) as pg:
        pg.execute("INSERT INTO t VALUES (2, 'b')")
    _wait_status(engine, "s", "running", kind="source")
    wait_until(lambda: engine.run("SELECT id FROM t ORDER BY id") == [(1,), (2,)], PATIENCE_S,
               "the row")


def test_a_missing_publication_is_refused(engine, pg, connect_postgres):
    connect_postgres(engine, pg.info.dbname)
    with pytest.raises(psycopg.Error, match='publication "nope" does not exist'):
        engine.run("CREATE SOURCE s FROM POSTGRES CONNECTION pg (PUBLICATION 'nope')")


@pytest.mark.parametrize("change, text", [
    ("TRUNCATE t", "table was truncated"),
    ("ALTER TABLE t DROP COLUMN v", "altered"),
    ("ALTER TABLE t ALTER COLUMN v TYPE int USING 0", "altered"),
    ("DROP TABLE t", "dropped"),
    ("ALTER TABLE t REPLICA IDENTITY DEFAULT", "REPLICA IDENTITY"),
])
def test_a_changed_upstream_table_is_an_error_of_its_own(followed, pg, change, text):
    pg.execute(change)
    if not change.startswith("DROP"):
        pg.execute("INSERT INTO t (id) VALUES (5)")
        pg.execute("UPDATE t SET id = 6 WHERE id = 5")
    _fails_with(followed, "t", text)
    _fails_with(followed, "counts", text)
    pg.execute("INSERT INTO u VALUES (2, 'b')")
    wait_until(lambda: followed.run("SELECT count(*) FROM u") == [(2,)], PATIENCE_S, "the row of u")
    assert followed.run("SELECT a FROM own") == [(7,)]
    followed.crash()
    _fails_with(followed, "t", text)
    assert followed.run("SELECT count(*) FROM u") == [(2,)]
    followed.run("DROP MATERIALIZED VIEW counts", "DROP TABLE t")


def test_a_column_added_upstream_changes_nothing(followed, pg):
    pg.execute("ALTER TABLE t ADD COLUMN w int")
    pg.execute("INSERT INTO t VALUES (2, 'b', 5)")
    wait_until(lambda: followed.run("SELECT id, v FROM t ORDER BY id") == [(1, "a"), (2, "b")],
               PATIENCE_S, "the row")


def test_a_dropped_publication_ends_its_tables(followed, pg):
    pg.execute("DROP PUBLICATION p")
    pg.execute("INSERT INTO t VALUES (2, 'b')")
    _fails_with(followed, "t", "publication")
    _fails_with(followed, "u", "publication")
    assert followed.run("SELECT a FROM own") == [(7,)]
    followed.run("INSERT INTO own VALUES (8)")
    pg.execute("CREATE PUBLICATION p FOR ALL TABLES")
    followed.run("DROP MATERIALIZED VIEW counts", "DROP TABLE t",
                 "CREATE TABLE t FROM SOURCE s (REFERENCE public.t)")
    wait_until(lambda: followed.run("SELECT id FROM t ORDER BY id") == [(1,), (2,)], PATIENCE_S,
               "the table made anew")


# --- the disk ---

@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system takes root")
def test_a_full_disk_pauses_ingestion_and_loses_nothing(make_engine, run_directory, pg, name,
                                                        connect_postgres, connect_kafka,
                                                        topic_reader):
    with mounted(run_directory, 192) as disk:
        engine = make_engine()
        engine.mark = os.path.join(disk, "data")
        engine.up()
        _publish(pg)
        connect_postgres(engine, pg.info.dbname)
        connect_kafka(engine)
        _follow(engine)
        engine.run("CREATE TABLE own (a int)", "INSERT INTO own VALUES (1)")
        engine.run(f"CREATE SINK out FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}')"
                   " KEY (id) FORMAT JSON ENVELOPE DEBEZIUM")
        ballast = fill(disk, 4 * 1024 * 1024)

        def refused():
            try:
                engine.run("INSERT INTO own VALUES (2)")
            except psycopg.errors.DiskFull as error:
                return "nearly full" in str(error)
            return False
        wait_until(refused, PATIENCE_S, "writes to be refused")
        pg.execute("INSERT INTO t VALUES (2, 'while the disk was full')")
        _wait_status(engine, "s", "stalled", "disk", "source")
        written = engine.run("SELECT count(*) FROM own")[0][0]
        assert engine.run("SELECT id FROM t") == [(1,)]
        os.unlink(ballast)
        _wait_status(engine, "s", "running", kind="source")
        wait_until(lambda: engine.run("SELECT id FROM t ORDER BY id") == [(1,), (2,)], PATIENCE_S,
                   "the row")
        engine.run("INSERT INTO own VALUES (3)")
        assert engine.run("SELECT count(*) FROM own") == [(written + 1,)]
        assert [m.key_json["id"] for m in topic_reader(name).wait_count(2)] == [1, 2]
        engine.stop()


def test_what_was_released_is_never_read(make_engine):
    """A slow cluster retains more history than it may, lets go of it and is built anew: whoever
    reads meanwhile waits, and is never shown the view as it was before."""
    engine = make_engine("--system-parameter", "max_retained_bytes=300000")
    engine.up("engine.before_step=delay:100;engine.before_hydration=delay:1500")
    engine.run("CREATE TABLE t (a int, b text)",
               "CREATE MATERIALIZED VIEW v AS SELECT a % 7 AS k, count(*) AS n FROM t GROUP BY 1",
               "SELECT * FROM v")
    insert = "INSERT INTO t SELECT g, repeat('x', 1000) FROM generate_series(1, 200) AS g (g)"
    both = "SELECT (SELECT sum(n) FROM v), (SELECT count(*) FROM t)"

    def released():
        engine.run(insert)
        with open(engine.log_file) as source:
            return "a cluster retained too much history" in source.read()
    wait_until(released, 60, "the release")
    done = threading.Event()

    def write():
        while not done.wait(0.3):
            engine.run("INSERT INTO t VALUES (1, 'x')")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        with engine.connect(autocommit=False) as block:
            # Both reads of the block are of one time, which is one that the view is known at.
            (of_view,), (of_table,) = (block.execute(query).fetchone() for query in
                                       ("SELECT sum(n) FROM v", "SELECT count(*) FROM t"))
            assert of_view == of_table
        for _ in range(5):
            ((of_view, of_table),) = engine.run(both)
            assert of_view == of_table
    finally:
        done.set()
        writer.join()
