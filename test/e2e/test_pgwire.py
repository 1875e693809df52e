"""The SQL port as clients use it: psql, psycopg with and without parameters, COPY, transactions,
cancel."""
import contextlib
import datetime
import decimal
import select
import socket
import struct
import subprocess
import threading
import time
import uuid

import psycopg
import pytest

from stack.processes import wait_until


def _psql(engine, *statements):
    host, port = engine.sql.split(":")
    arguments = [part for statement in statements for part in ("-c", statement)]
    return subprocess.run(["psql", "-X", "-A", "-t", "-h", host, "-p", port, "-U", "penstock",
                           "penstock", *arguments], capture_output=True, text=True, timeout=60)


def test_psql(engine):
    done = _psql(engine, "CREATE TABLE t (a int, b text)", "INSERT INTO t VALUES (1, 'x'), (2, NULL)",
                 "SELECT * FROM t ORDER BY a", "SELECT nothing", "SHOW TABLES")
    assert done.stdout.splitlines() == ["CREATE TABLE", "INSERT 0 2", "1|x", "2|",
                                        *done.stdout.splitlines()[4:]]
    assert 'column "nothing" does not exist' in done.stderr
    assert done.stdout.splitlines()[4].startswith("t|")


def test_parameters_and_prepared_statements(sql):
    sql.execute("CREATE TABLE t (a int, b text, c bool, d float8, e numeric)")
    for number in range(8):
        sql.execute("INSERT INTO t VALUES (%s, %s, %s, %s, %s)",
                    [number, f"text {number}", number % 2 == 0, number / 2, number], prepare=True)
    rows = sql.execute("SELECT a, b, c, d FROM t WHERE a >= %s AND b LIKE %s ORDER BY a",
                       [6, "text%"]).fetchall()
    assert rows == [(6, "text 6", True, 3.0), (7, "text 7", False, 3.5)]
    assert sql.execute("SELECT %s::int + 1", ["41"]).fetchone() == (42,)


def test_binary_results_and_parameters(sql):
    cursor = sql.cursor(binary=True)
    row = cursor.execute("SELECT 1::int4, 2::int8, 1.5::float8, 'x'::text, true,"
                         " '2020-02-29 01:02:03+00'::timestamptz, 12.50::numeric").fetchone()
    assert row[:5] == (1, 2, 1.5, "x", True)
    assert row[5].timestamp() == 1582938123 and row[6] == 12.5
    assert cursor.execute("SELECT %b + 1", [psycopg.types.numeric.Int4(4)]).fetchone() == (5,)


BINARY_FORMS = [
    "true", "1::int2", "-2::int4", "3::int8", "1.5::float4", "'NaN'::float8", "12345.678",
    "-0.00012", "0::numeric", "'NaN'::numeric", "100000000::numeric", "1e20::numeric", "'täxt'",
    "'ab'::varchar(5)", "'ab'::char(5)", "'\\x00ff'::bytea", "date '2020-02-29'",
    "date '0044-03-15 BC'", "time '23:59:59.5'", "timestamp '2020-02-29 12:34:56.789'",
    "timestamp '1969-12-31 23:59:59.5'", "timestamptz '2020-02-29 12:34:56.789+02'",
    "interval '1 year 2 mons 3 days 04:05:06.7'", "interval '-1 day'",
    "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "'[1]'::jsonb", "5::oid", "ARRAY[1, NULL, 3]",
    "ARRAY['a', 'b,c']", "ARRAY[1.5, 2]", "ARRAY[ARRAY[1, 2], ARRAY[3, 4]]", "'{}'::int[]",
    "NULL::int", "'x'::\"char\"", "'nm'::name", "ARRAY[timestamp '2020-01-01']"]


@pytest.mark.parametrize("binary", [False, True])
def test_values_have_the_bytes_of_postgres(pg, sql, binary):
    pg.execute("SET timezone = 'UTC'")
    for literal in BINARY_FORMS:
        found = []
        for connection in (pg, sql):
            cursor = connection.cursor(binary=binary)
            result = cursor.execute(f"SELECT {literal}".encode()).pgresult
            found.append((result.ftype(0), result.fmod(0), result.fsize(0), result.get_value(0, 0)))
        assert found[0] == found[1], literal


def test_values_go_there_and_back(sql):
    values = [True, -5, 2 ** 40, 1.5, decimal.Decimal("12345678901234567890.125"), "täxt",
              b"\x00\xff",
              datetime.date(2020, 2, 29), datetime.time(23, 59, 59, 500000),
              datetime.datetime(2020, 2, 29, 12, 34, 56, 789000),
              datetime.datetime(2020, 2, 29, 12, 34, 56, tzinfo=datetime.timezone.utc),
              datetime.timedelta(days=3, seconds=5), uuid.UUID(int=7), [1, None, 3]]
    for binary in (False, True):
        mark = "%b" if binary else "%t"
        cursor = sql.cursor(binary=binary)
        for value in values:
            for prepare in (False, True):
                row = cursor.execute(f"SELECT {mark}", [value], prepare=prepare).fetchone()
                assert row == (value,)


def test_results_come_in_pieces(sql):
    rows = sql.cursor().stream("SELECT * FROM generate_series(1, 1000) AS g ORDER BY 1")
    assert [row[0] for row in rows] == list(range(1, 1001))


def test_a_large_result_arrives_whole(sql):
    rows = sql.execute("SELECT g, repeat('x', 500) FROM generate_series(1, 50000) AS g").fetchall()
    assert len(rows) == 50000 and sum(row[0] for row in rows) == 1250025000


@pytest.mark.parametrize("statement, state, text", [
    ("SELEC 1", "42601", "Expected a keyword at the beginning of a statement"),
    ("SELECT * FROM nothing", None, "unknown catalog item 'nothing'"),
    ("SELECT 1 / 0", "22012", "division by zero"),
    ("SELECT 'x'::int", "22P02", "invalid input syntax for type integer"),
    ("SELECT 2147483647::int + 1", "22003", "out of range"),
])
def test_errors_leave_the_session_usable(sql, statement, state, text):
    with pytest.raises(psycopg.Error) as failure:
        sql.execute(statement.encode())
    assert text in str(failure.value)
    assert state is None or failure.value.sqlstate == state
    assert sql.execute("SELECT 1").fetchone() == (1,)


def test_a_block_of_inserts_is_one_transaction(engine):
    engine.run("CREATE TABLE t (a int)", "CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM t")
    with engine.connect(autocommit=False) as writer:
        writer.execute("INSERT INTO t VALUES (1)")
        writer.execute("INSERT INTO t VALUES (2), (3)")
        assert engine.run("SELECT n FROM v") == [(0,)]
        writer.commit()
        assert engine.run("SELECT n FROM v") == [(3,)]
        writer.execute("INSERT INTO t VALUES (4)")
        writer.rollback()
    assert engine.run("SELECT n FROM v") == [(3,)]


def test_an_error_aborts_its_block(engine):
    engine.run("CREATE TABLE t (a int)")
    with engine.connect(autocommit=False) as writer:
        writer.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(psycopg.Error):
            writer.execute("INSERT INTO t VALUES ('x')")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            writer.execute("INSERT INTO t VALUES (2)")
        writer.rollback()
    assert engine.run("SELECT count(*) FROM t") == [(0,)]


def test_a_block_reads_one_moment(engine):
    engine.run("CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)")
    with engine.connect(autocommit=False) as reader:
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (1,)
        engine.run("INSERT INTO t VALUES (2)")
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (1,)
        reader.commit()
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (2,)


def test_copy_in_and_out(sql):
    sql.execute("CREATE TABLE t (a int, b text)")
    with sql.cursor().copy("COPY t FROM STDIN") as copy:
        for number in range(1000):
            copy.write_row((number, None if number % 10 == 0 else f"tab\t{number}\n"))
    assert sql.execute("SELECT count(*), count(b), sum(a) FROM t").fetchone() == (1000, 900, 499500)
    with sql.cursor().copy("COPY (SELECT a, b FROM t WHERE a < 2 ORDER BY a) TO STDOUT") as copy:
        assert b"".join(bytes(piece) for piece in copy) == b"0\t\\N\n1\ttab\\t1\\n\n"


def test_writers_and_readers_at_once_see_what_was_acknowledged(engine):
    engine.run("CREATE TABLE t (w int, n int)",
               "CREATE MATERIALIZED VIEW v AS SELECT w, max(n) AS n FROM t GROUP BY w")
    failures = []

    def write(writer):
        try:
            with engine.connect() as connection, engine.connect() as other:
                for number in range(1, 40):
                    connection.execute(f"INSERT INTO t VALUES ({writer}, {number})")
                    found = other.execute(f"SELECT n FROM v WHERE w = {writer}").fetchall()
                    assert found == [(number,)], (writer, number, found)
        except Exception as error:
            failures.append(error)
    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


@pytest.mark.parametrize("statement", [
    "SUBSCRIBE t", "COPY (SUBSCRIBE t) TO STDOUT", "DECLARE c CURSOR FOR SELECT 1",
    "FETCH 1 FROM c", "CLOSE c", "SELECT * FROM t AS OF 0"])
def test_what_is_not_offered_says_so(sql, statement):
    sql.execute("CREATE TABLE t (a int)")
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="not yet supported"):
        sql.execute(statement.encode())
    assert sql.execute("SELECT 1").fetchone() == (1,)


def test_a_prepared_statement_does_not_change_its_columns(sql):
    sql.execute("CREATE VIEW v AS SELECT 1 AS a")
    assert sql.execute("SELECT * FROM v", prepare=True).fetchone() == (1,)
    sql.execute("CREATE OR REPLACE VIEW v AS SELECT 2 AS a")
    assert sql.execute("SELECT * FROM v", prepare=True).fetchone() == (2,)
    sql.execute("CREATE OR REPLACE VIEW v AS SELECT 'x' AS a, 3 AS b")
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="must not change result type"):
        sql.execute("SELECT * FROM v", prepare=True)


def test_positions_of_errors_count_characters(sql):
    for text, position in [("SELECT 'äöü€𝄞', nothing", 17), ("SELECT 'äöü' SELECT 1", 14),
                           ("SELECT 1; SELECT 'é', nothing", 23)]:
        for prepare in (False, True):
            if prepare and ";" in text:
                continue
            with pytest.raises(psycopg.Error) as failure:
                sql.execute(text.encode(), prepare=prepare)
            assert failure.value.diag.statement_position == str(position)


def test_a_block_left_open_is_ended(engine):
    with engine.connect() as reader:
        reader.execute("SET idle_in_transaction_session_timeout = '200ms'")
        reader.execute("SELECT 1")
        reader.execute("BEGIN")
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            wait_until(lambda: _closed(reader), 20, "the end of the connection")
            reader.execute("SELECT 1")


def _closed(connection):
    """Has the server ended the connection? Nothing is sent to find out."""
    return bool(select.select([connection.fileno()], [], [], 0)[0])


def test_cancel_ends_a_running_statement(engine):
    with engine.connect() as connection:
        timer = threading.Timer(0.5, connection.cancel)
        timer.start()
        began = time.monotonic()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT count(*) FROM generate_series(1, 100000) AS a,"
                               " generate_series(1, 100000) AS b")
        assert time.monotonic() - began < 30
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.fixture
def drop_that_waits(engine):
    """The connection and the thread of a DROP TABLE t that waits for a writer, and the writer's
    connection: it writes until it is cancelled."""
    engine.run("CREATE TABLE t (a int)", "INSERT INTO t VALUES (1)")
    with engine.connect() as writer, engine.connect() as dropper:
        threads = [threading.Thread(target=_run_and_ignore, args=arguments) for arguments in (
            (writer, "UPDATE t SET a = 2 WHERE (SELECT count(*) FROM"
                     " generate_series(1, 1000000) AS x, generate_series(1, 1000000) AS y) = 0"),
            (dropper, "DROP TABLE t"))]
        threads[0].start()
        wait_until(lambda: _is_locked(engine), 30, "the writer to hold its table")
        threads[1].start()
        yield dropper, threads[1], writer
        writer.cancel()
        for thread in threads:
            thread.join()


def _run_and_ignore(connection, statement):
    with contextlib.suppress(psycopg.Error):
        connection.execute(statement)


def _is_locked(engine):
    try:
        engine.run("SET statement_timeout = '100ms'", "UPDATE t SET a = 1 WHERE a = 5")
    except psycopg.errors.QueryCanceled:
        return True
    return False


def _create_many(engine):
    """Enough of them that one comes after the DROP; they are refused when they wait."""
    with engine.connect() as other:
        timer = threading.Timer(20, other.close)
        timer.start()
        for number in range(60):
            other.execute(f"CREATE TABLE other{number} (a int)")
        timer.cancel()


def test_a_drop_that_waits_for_a_writer_lets_other_ddl_pass(engine, drop_that_waits):
    _, dropping, writer = drop_that_waits
    _create_many(engine)
    assert dropping.is_alive()
    writer.cancel()
    dropping.join(30)
    assert not dropping.is_alive()
    with pytest.raises(psycopg.errors.UndefinedTable):
        engine.run("SELECT * FROM t")


def test_a_drop_that_waits_can_be_cancelled(engine, drop_that_waits):
    dropper, dropping, _ = drop_that_waits
    _create_many(engine)
    dropper.cancel()
    dropping.join(30)
    assert not dropping.is_alive()
    assert engine.run("SELECT a FROM t") == [(1,)]


def test_many_connections(engine):
    connections = [engine.connect() for _ in range(60)]
    assert [c.execute("SELECT 1").fetchone() for c in connections] == 60 * [(1,)]
    for connection in connections:
        connection.close()


def test_the_internal_port_serves_the_superuser(engine):
    with engine.connect_internal() as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("mz_system",)
    with pytest.raises(psycopg.OperationalError, match="unauthorized login to user 'mz_system'"):
        engine.connect(user="mz_system")


def _message(kind, *parts):
    body = b"".join(parts)
    return kind + struct.pack("!i", len(body) + 4) + body


def _answers(connection):
    """The messages up to ReadyForQuery: (type, body)."""
    answers = []
    while not answers or answers[-1][0] != b"Z":
        kind, size = struct.unpack("!ci", connection.read(5))
        answers.append((kind, connection.read(size - 4)))
    return answers


def test_a_portal_that_has_run_does_not_run_again(engine, sql):
    sql.execute("CREATE TABLE t (a int)")
    host, port = engine.sql.split(":")
    execute = _message(b"E", b"\0", struct.pack("!i", 0))
    bind = _message(b"B", b"\0\0", struct.pack("!hhh", 0, 0, 0))
    with socket.create_connection((host, int(port)), timeout=30) as raw:
        incoming = raw.makefile("rb")
        raw.sendall(_message(b"", struct.pack("!i", 3 << 16), b"user\0penstock\0\0"))
        _answers(incoming)
        raw.sendall(_message(b"P", b"\0INSERT INTO t VALUES (1)\0", struct.pack("!h", 0))
                    + bind + execute + execute + _message(b"S"))
        (error,) = [body for kind, body in _answers(incoming) if kind == b"E"]
        assert b"C55000\0" in error and b'portal "" cannot be run' in error
        assert sql.execute("SELECT count(*) FROM t").fetchone() == (0,)
        # Rows that were all read are followed by none.
        raw.sendall(_message(b"P", b"\0SELECT 1\0", struct.pack("!h", 0))
                    + bind + execute + execute + _message(b"S"))
        tags = [body for kind, body in _answers(incoming) if kind == b"C"]
        assert tags == [b"SELECT 1\0", b"SELECT 0\0"]
