"""COPY as PostgreSQL reads and writes it: the same bytes go into both, the same rows come out."""
import psycopg
import pytest

TABLE = "CREATE TABLE t (a int NOT NULL, b text DEFAULT 'dflt', c numeric, d timestamp)"
GOOD = [
    ("", b"1\tx\t1.5\t2020-01-01 00:00:00\n2\t\\N\t\\N\t\\N\n"),
    ("", b"1\ta\\tb\\nc\\\\d\t\\N\t\\N\n2\t\t0\t\\N"),
    ("", b"1\ty\t1\t2020-01-01\r\n2\tz\t2\t\\N\r\n"),
    ("", b"1\ty\t1\t\\N\n\\.\n"),
    ("", b""),
    ("WITH (DELIMITER '|', NULL 'nil')", b"1|x|nil|nil\n"),
    ("(FORMAT csv)", b'1,x,1.5,2020-01-01\n2,"a,""b""\nc",,\n3,"",,\n'),
    ("(FORMAT csv, HEADER)", b"a,b,c,d\n1,x,,\n"),
    ("(FORMAT csv, DELIMITER ';', QUOTE '''')", b"1;'x;y';;\n"),
    ("(FORMAT csv, NULL 'NULL')", b"1,NULL,NULL,NULL\n"),
    ("(FORMAT csv, ESCAPE '\\')", b'1,"a\\"b",,\n'),
]
BAD = [
    ("", b"1\tx\n", "22P04", 'missing data for column "c"'),
    ("", b"1\tx\t1\t2020-01-01\t5\n", "22P04", "extra data after last expected column"),
    ("", b"1\tx\t\\N\t\\N\nx\ty\t1\t2020-01-01\n", "22P02", "invalid input syntax for type integer"),
    ("", b"\\N\ty\t1\t2020-01-01\n", "23502", 'null value in column "a"'),
    ("", b"1\t\xff\t1\t2020-01-01\n", "22021", "invalid byte sequence"),
    ("", b"1\ta\x00b\t1\t2020-01-01\n", "22021", "invalid byte sequence"),
    ("(FORMAT csv)", b"1,x\n", "22P04", 'missing data for column "c"'),
]
REFUSED = [
    ("COPY t FROM STDIN (FORMAT nope)", "22023", "unknown FORMAT: nope"),
    ("COPY t FROM STDIN (DELIMITER 'ab')", "22023", "must be a single one-byte character"),
    ("COPY t FROM STDIN (QUOTE 'x')", "22023", "COPY QUOTE available only in CSV mode"),
    ("COPY t (nope) FROM STDIN", "42703", 'column "nope" of relation "penstock.public.t"'),
    ("COPY nope FROM STDIN", "42P01", "unknown catalog item 'nope'"),
    ("COPY v FROM STDIN", "42809", "cannot insert into view 'penstock.public.v'"),
    ("COPY t TO STDOUT", "0A000", "unsupported"),
]


@pytest.fixture
def both(pg, sql):
    pg.execute("SET timezone = 'UTC'")
    for connection in (pg, sql):
        connection.execute(TABLE)
    return pg, sql


def _copy_in(connection, statement, data):
    cursor = connection.cursor()
    with cursor.copy(statement) as copy:
        copy.write(data)
    return cursor.statusmessage


def test_the_same_rows_arrive(both):
    for options, data in GOOD:
        found = []
        for connection in both:
            tag = _copy_in(connection, f"COPY t FROM STDIN {options}", data)
            found.append((tag, connection.execute("SELECT * FROM t ORDER BY a").fetchall()))
            connection.execute("DELETE FROM t")
        assert found[0] == found[1], (options, data)


def test_columns_left_out_get_their_defaults(both):
    for connection in both:
        assert _copy_in(connection, "COPY t (c, a) FROM STDIN", b"1.5\t1\n\\N\t2\n") == "COPY 2"
    rows = [c.execute("SELECT * FROM t ORDER BY a").fetchall() for c in both]
    assert rows[0] == rows[1] and rows[0][0][1] == "dflt"


def test_a_bad_row_leaves_nothing(both):
    for options, data, state, text in BAD:
        for connection in both:
            with pytest.raises(psycopg.Error) as failure:
                _copy_in(connection, f"COPY t FROM STDIN {options}", data)
            assert failure.value.sqlstate == state and text in str(failure.value), data
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_what_cannot_be_copied_is_refused(sql):
    sql.execute(TABLE)
    sql.execute("CREATE VIEW v AS SELECT a FROM t")
    for statement, state, text in REFUSED:
        with pytest.raises(psycopg.Error) as failure:
            _copy_in(sql, statement, b"")
        assert failure.value.sqlstate == state and text in str(failure.value), statement


def test_the_same_bytes_leave(both):
    for connection in both:
        connection.execute("INSERT INTO t VALUES (1, 'a,b', 1.5, '2020-01-01'), (2, NULL, NULL, NULL),"
                           " (3, '', 2, NULL), (4, E'x\\ty\\n\\\\z\"q', 3, NULL)")
    for options in ("", "(FORMAT csv)", "(FORMAT binary)"):
        statement = f"COPY (SELECT a, b, c, d FROM t ORDER BY a) TO STDOUT {options}"
        data = []
        for connection in both:
            with connection.cursor().copy(statement) as copy:
                data.append(b"".join(bytes(piece) for piece in copy))
        assert data[0] == data[1], options


def test_a_block_takes_the_copy_back(sql):
    sql.execute(TABLE)
    sql.execute("BEGIN")
    _copy_in(sql, "COPY t (a) FROM STDIN", b"1\n2\n")
    sql.execute("ROLLBACK")
    assert sql.execute("SELECT count(*) FROM t").fetchone() == (0,)
