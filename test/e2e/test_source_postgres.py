"""PostgreSQL in: snapshot, changes, whole transactions, and what happens when either side goes."""
import os
import tempfile
import threading

import psycopg
import pytest

from harness.proxy import TcpProxy
from harness.upstream import connection, follow, publish
from stack.postgres import PASSWORD, Postgres
from stack.processes import free_ports, wait_until

SLOTS = "SELECT count(*) FROM pg_replication_slots WHERE database = current_database()"


@pytest.fixture
def followed(engine, pg, connect_postgres):
    """A table of 100 rows, followed by the engine."""
    publish(pg, "v text, n numeric",
            "SELECT g, 'v' || g, g / 4.0 FROM generate_series(1, 100) AS g", "t")
    connect_postgres(engine, pg.info.dbname)
    follow(engine, "t")
    return engine


def _comparable(rows):
    """Rows in which NaN equals NaN."""
    return [tuple("NaN" if value != value else value for value in row) for row in rows]


def _wait_same(engine, pg, query="SELECT id, v, n FROM t ORDER BY id", timeout_s=30):
    wanted = _comparable(pg.execute(query).fetchall())
    found = []

    def same():
        found[:] = _comparable(engine.run(query))
        return found == wanted
    try:
        wait_until(same, timeout_s, "the table")
    except Exception:
        assert found == wanted
        raise


def test_snapshot_and_changes(followed, pg):
    _wait_same(followed, pg)
    pg.execute("UPDATE t SET v = upper(v) WHERE id % 3 = 0")
    pg.execute("DELETE FROM t WHERE id % 5 = 0")
    pg.execute("INSERT INTO t VALUES (1000, NULL, NULL), (1001, '', 'NaN')")
    pg.execute("UPDATE t SET id = -id WHERE id < 10")
    _wait_same(followed, pg)


def test_a_transaction_appears_at_once(followed, pg):
    followed.run("CREATE MATERIALIZED VIEW total AS SELECT count(*) AS n, sum(n) AS s FROM t")
    _wait_same(followed, pg)
    total = pg.execute("SELECT count(*), sum(n) FROM t").fetchall()
    for _ in range(20):
        with pg.transaction():
            pg.execute("UPDATE t SET n = n - 5 WHERE id = 1")
            assert followed.run("SELECT n, s FROM total") == total
            pg.execute("UPDATE t SET n = n + 5 WHERE id = 2")
        assert followed.run("SELECT n, s FROM total") == total
    _wait_same(followed, pg)


def test_what_was_rolled_back_never_comes(followed, pg):
    with pytest.raises(psycopg.Error), pg.transaction():
        pg.execute("DELETE FROM t")
        pg.execute("SELECT 1 / 0")
    pg.execute("INSERT INTO t VALUES (500, 'after', 1)")
    _wait_same(followed, pg)


def test_changes_during_an_absence_come_afterwards(followed, pg):
    _wait_same(followed, pg)
    followed.stop()
    pg.execute("UPDATE t SET v = 'while away' WHERE id < 50")
    followed.up()
    _wait_same(followed, pg)
    followed.kill()
    pg.execute("DELETE FROM t WHERE id < 25")
    followed.up()
    _wait_same(followed, pg)


def test_two_tables_of_one_transaction_agree(engine, pg, connect_postgres):
    publish(pg, "v int", "VALUES (1, 100)", "a", "b")
    connect_postgres(engine, pg.info.dbname)
    follow(engine, "a", "b")
    engine.run("CREATE MATERIALIZED VIEW both AS SELECT a.v + b.v AS total FROM a JOIN b"
               " ON a.id = b.id")
    for number in range(30):
        with pg.transaction():
            pg.execute("UPDATE a SET v = v - 1")
            pg.execute("UPDATE b SET v = v + 1")
        assert engine.run("SELECT total FROM both") == [(200,)]
    wait_until(lambda: engine.run("SELECT v FROM a") == [(70,)], 30, "the last transaction")


def test_a_followed_table_cannot_be_written(followed):
    with pytest.raises(psycopg.Error, match="cannot insert into non-writeable table"):
        followed.run("INSERT INTO t VALUES (1, 'x', 1)")


def test_a_dropped_source_frees_its_slot(followed, pg):
    _wait_same(followed, pg)
    assert pg.execute(SLOTS).fetchone() == (1,)
    followed.run("DROP SOURCE s CASCADE")
    wait_until(lambda: pg.execute(SLOTS).fetchone() == (0,), 30, "the slot to go")


def test_a_dropped_source_frees_its_slot_over_the_altered_connection(followed, postgres, pg):
    (port,) = free_ports(1)
    proxy = TcpProxy(port, postgres.port)
    followed.run(f"ALTER CONNECTION pg SET (PORT {port})")
    _wait_same(followed, pg)
    proxy.close()
    followed.run("DROP SOURCE s CASCADE")
    followed.run(f"ALTER CONNECTION pg SET (PORT {postgres.port})")
    wait_until(lambda: pg.execute(SLOTS).fetchone() == (0,), 30, "the slot to go")


def test_a_missing_publication_is_said_at_once(engine, pg, connect_postgres):
    connect_postgres(engine, pg.info.dbname)
    with pytest.raises(psycopg.Error):
        engine.run("CREATE SOURCE s FROM POSTGRES CONNECTION pg (PUBLICATION 'nothing')")


def test_a_table_added_later_has_every_change_once(engine, pg, connect_postgres):
    """Rule P2: the table is copied beside the stream, which goes on meanwhile."""
    publish(pg, "v text, n numeric", "SELECT g, 'v', g FROM generate_series(1, 20000) AS g",
            "t", "late")
    connect_postgres(engine, pg.info.dbname)
    follow(engine, "t")
    engine.run("SELECT count(*) FROM t")
    stop = threading.Event()

    def write():
        with psycopg.connect(pg.info.dsn, password=PASSWORD) as writing:
            number = 0
            while not stop.is_set():
                number += 1
                writing.execute("UPDATE late SET n = n + 1 WHERE id %% 100 = %s", [number % 100])
                writing.execute("UPDATE t SET n = n + 1 WHERE id = %s", [number])
                writing.execute("INSERT INTO late VALUES (%s, 'new', 0)", [30000 + number])
                writing.commit()
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for name in ("late", "again"):
            engine.run(f"CREATE TABLE {name} FROM SOURCE s (REFERENCE public.late)",
                       f"SELECT count(*) FROM {name}")
    finally:
        stop.set()
        writer.join()
    _wait_same(engine, pg)
    for name in ("late", "again"):
        rows = "SELECT id, v, n FROM {} ORDER BY id"
        wanted = pg.execute(rows.format("late")).fetchall()
        wait_until(lambda: engine.run(rows.format(name)) == wanted, 30, f"the rows of {name}")


def test_another_server_is_not_taken_for_the_right_one(engine, run_directory):
    """Rule P4: a fault of identity ingests nothing, and mends by itself."""
    servers = []
    for value in ("right", "wrong"):
        server = Postgres(os.path.join(tempfile.mkdtemp(dir=run_directory), "postgres"))
        server.create(port=servers[0].port if servers else None).up(leash=True)
        with psycopg.connect(server.address, autocommit=True) as pg:
            publish(pg, "v text", f"VALUES (1, '{value}')", "t")
        if not servers:
            engine.run(f"CREATE SECRET password AS '{PASSWORD}'",
                       connection(server.port, "password"))
            follow(engine, "t")
            engine.run("SELECT * FROM t")
        servers.append(server)
        server.kill()
    right, wrong = servers
    status = "SELECT status, error FROM mz_internal.mz_source_statuses WHERE name = 's'"
    try:
        wrong.up(leash=True)
        wait_until(lambda: engine.run(status)[0][0] == "stalled" and
                   "system identifier" in engine.run(status)[0][1], 60, "the wrong server's stall")
        assert engine.run("SELECT v FROM t") == [("right",)]
        wrong.kill()
        right.up(leash=True)
        with psycopg.connect(right.address, autocommit=True) as pg:
            pg.execute("INSERT INTO t VALUES (2, 'later')")
        wait_until(lambda: engine.run("SELECT v FROM t ORDER BY id") == [("right",), ("later",)],
                   60, "the row of the right server")
        assert engine.run(status)[0][0] == "running"
    finally:
        for server in servers:
            server.wipe()
