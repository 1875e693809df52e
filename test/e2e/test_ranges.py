"""Ranges: on the wire in both forms, in COPY, from PostgreSQL, in topics, over a restart."""
import datetime

import psycopg
from psycopg.types.range import Range

from stack.processes import wait_until

DAY = datetime.date(2020, 1, 1)
NOON = datetime.datetime(2020, 1, 1, 12)
COLUMNS = "id int NOT NULL, i int4range, n numrange, d daterange, t tsrange"
ROWS = ("(1, '[1,4]', '(1.5,2.50]', daterange('2020-01-01', NULL), tsrange('2020-01-01 12:00', NULL, '()')),"
        " (2, 'empty', '(,)', NULL, 'empty')")
VALUES = {1: {"id": 1, "i": "[1,5)", "n": "(1.5,2.5]", "d": "[2020-01-01,)",
              "t": '("2020-01-01 12:00:00",)'},
          2: {"id": 2, "i": "empty", "n": "(,)", "d": None, "t": "empty"}}


def test_both_forms_on_the_wire(engine):
    engine.run(f"CREATE TABLE r ({COLUMNS})", f"INSERT INTO r VALUES {ROWS}")
    with engine.connect() as sql:
        for binary in (False, True):
            rows = sql.cursor(binary=binary).execute("SELECT * FROM r ORDER BY id").fetchall()
            assert rows[0][1] == Range(1, 5) and rows[1][1] == Range(empty=True)
            assert rows[0][3] == Range(DAY, None) and rows[0][4] == Range(NOON, None, "()")
            assert [str(bound) for bound in (rows[0][2].lower, rows[0][2].upper)] == ["1.5", "2.5"]
            assert rows[1][2] == Range(None, None, "()") and rows[1][3] is None
        for form in ("%s", "%b"):
            found = sql.execute(f"SELECT id FROM r WHERE i && {form}::int4range",
                                [psycopg.types.range.Int4Range(4, 9)]).fetchall()
            assert found == [(1,)]
        for options in ("", "(FORMAT csv)", "(FORMAT binary)"):
            with sql.cursor().copy(f"COPY (SELECT * FROM r) TO STDOUT {options}") as out:
                data = b"".join(bytes(block) for block in out)
            if "binary" in options:
                assert data.startswith(b"PGCOPY")
                continue
            before = sql.execute("SELECT * FROM r ORDER BY id").fetchall()
            sql.execute("DELETE FROM r")
            with sql.cursor().copy(f"COPY r FROM STDIN {options}") as copy:
                copy.write(data)
            assert sql.execute("SELECT * FROM r ORDER BY id").fetchall() == before


def test_a_restart_keeps_them(engine):
    engine.run(f"CREATE TABLE r ({COLUMNS})", f"INSERT INTO r VALUES {ROWS}",
               "CREATE MATERIALIZED VIEW v AS SELECT i + '[2,9)' AS u, count(*) AS n FROM r GROUP BY i")
    queries = ["SELECT * FROM r ORDER BY id", "SELECT * FROM v ORDER BY u"]
    before = [engine.run(query) for query in queries]
    engine.kill()
    engine.up()
    assert [engine.run(query) for query in queries] == before
    engine.run("INSERT INTO r (id, i) VALUES (3, '[1,5)')")
    assert engine.run("SELECT u::text, n FROM v ORDER BY u") == [("[1,9)", 2), ("[2,9)", 1)]


def test_messages_have_their_text(engine, connect_kafka, connect_registry, name, topic_reader, decode):
    connect_kafka(engine)
    connect_registry(engine)
    engine.run(f"CREATE TABLE r ({COLUMNS})", f"INSERT INTO r VALUES {ROWS}",
               f"CREATE SINK j FROM r INTO KAFKA CONNECTION kafka (TOPIC '{name}-json')"
               " KEY (i, id) NOT ENFORCED FORMAT JSON ENVELOPE UPSERT",
               f"CREATE SINK a FROM r INTO KAFKA CONNECTION kafka (TOPIC '{name}-avro')"
               " KEY (id) NOT ENFORCED FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION csr"
               " ENVELOPE UPSERT")
    messages = topic_reader(f"{name}-json").wait_count(2)
    assert {m.value_json["id"]: m.value_json for m in messages} == VALUES
    assert {m.key_json["i"] for m in messages} == {"[1,5)", "empty"}
    decoded = [decode(m.value) for m in topic_reader(f"{name}-avro").wait_count(2)]
    assert {row["id"]: row for row in decoded} == VALUES


def test_tables_of_postgres_bring_them(engine, pg, name, connect_postgres):
    pg.execute(f"CREATE TABLE r ({COLUMNS}, many int8range[], PRIMARY KEY (id))")
    pg.execute("ALTER TABLE r REPLICA IDENTITY FULL")
    pg.execute(f"INSERT INTO r VALUES {ROWS}")
    pg.execute("CREATE PUBLICATION p FOR TABLE r")
    connect_postgres(engine, name)
    engine.run("CREATE SOURCE s FROM POSTGRES CONNECTION pg (PUBLICATION 'p')",
               "CREATE TABLE r FROM SOURCE s (REFERENCE public.r)")
    pg.execute("UPDATE r SET many = '{\"[1,2]\",empty}' WHERE id = 2")
    pg.execute("INSERT INTO r (id, i) VALUES (3, '(,9)')")
    query = "SELECT id, i::text, n::text, d::text, t::text, many::text FROM r ORDER BY id"
    wanted = [(1, "[1,5)", "(1.5,2.5]", "[2020-01-01,)", '("2020-01-01 12:00:00",)', None),
              (2, "empty", "(,)", None, "empty", '{"[1,3)",empty}'),
              (3, "(,9)", None, None, None, None)]
    wait_until(lambda: engine.run(query) == wanted, 30, "the rows of PostgreSQL")
