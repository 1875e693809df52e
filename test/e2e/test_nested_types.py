"""Lists, maps, records and types with names: over the wire, in COPY, in topics, across a restart."""
import psycopg
import pytest

TYPES = ["CREATE TYPE point AS (x int, y int)",
         "CREATE TYPE points AS LIST (ELEMENT TYPE = point)",
         "CREATE TABLE t (id int NOT NULL, ps points, h map[text=>bytea], l text list list)"]
ROWS = ["(1, LIST[ROW(1, 2), NULL], MAP['k' => '\\x62'::bytea, 'n' => NULL], LIST[['a b'], []])",
        "(2, NULL, '{}', '{}')"]


@pytest.fixture
def table(engine):
    engine.run(*TYPES, "INSERT INTO t VALUES " + ", ".join(ROWS))
    return engine


def test_a_restart_keeps_types_and_values(table):
    table.run("CREATE MATERIALIZED VIEW v AS SELECT id, (ps[1]).y AS y, ROW(id, ps)::text AS r,"
              " list_agg(h) AS hs, map_agg(id::text, l) AS m FROM t GROUP BY id, ps",
              "CREATE MATERIALIZED VIEW w AS SELECT ROW(id, ps) AS r, h FROM t",
              "CREATE VIEW p AS SELECT id, ROW(id, id)::point AS q FROM t")
    queries = ["SELECT * FROM t ORDER BY id", "SELECT * FROM v ORDER BY id", "SELECT * FROM w ORDER BY h",
               "SELECT * FROM p ORDER BY id", "SELECT pg_typeof(r), pg_typeof(h) FROM w LIMIT 1",
               "SELECT create_sql FROM mz_types ORDER BY id"]
    before = [table.run(query) for query in queries]
    assert before[1][0][1] == 2
    table.kill()
    table.up()
    assert [table.run(query) for query in queries] == before
    table.run("INSERT INTO t VALUES (3, LIST[ROW(5, 6)], NULL, NULL)")
    assert table.run("SELECT y FROM v WHERE id = 3") == [(6,)]
    with pytest.raises(psycopg.Error, match='cannot drop type "point": still depended upon'):
        table.run("DROP TYPE point")
    table.run("DROP TYPE point CASCADE")
    assert table.run("SELECT name FROM mz_tables") == []
    assert table.run("SELECT name FROM mz_types") == []


def test_text_on_the_wire_and_no_binary(table):
    with table.connect() as sql:
        assert sql.execute("SELECT h, l, ps FROM t WHERE id = %s", [1]).fetchone() == (
            r'{k=>"\\x62",n=>NULL}', '{{"a b"},{}}', '{"(1,2)",NULL}')
        for column, kind in (("h", "map"), ("l", "list"), ("ROW(1, l)", "list")):
            with pytest.raises(psycopg.errors.UndefinedFunction,
                               match=f"no binary output function available for type {kind}"):
                sql.cursor(binary=True).execute(f"SELECT {column} FROM t")
        binary = sql.cursor(binary=True)
        assert binary.execute("SELECT ROW(1, 'x'::text)").fetchone() == ((1, "x"),)
        sql.execute("INSERT INTO t (id, h, l) VALUES (%s, %s, %s)", [3, "{a=>z}", "{{q}}"])
        assert sql.execute("SELECT h -> 'a', l[1][1] FROM t WHERE id = 3").fetchone() == (b"z", "q")


@pytest.mark.parametrize("options", ["", "(FORMAT csv)"])
def test_copy_out_and_in_again(table, options):
    with table.connect() as sql:
        with sql.cursor().copy(f"COPY (SELECT * FROM t) TO STDOUT {options}") as out:
            data = b"".join(bytes(block) for block in out)
        before = sql.execute("SELECT * FROM t ORDER BY id").fetchall()
        sql.execute("DELETE FROM t")
        with sql.cursor().copy(f"COPY t FROM STDIN {options}") as copy:
            copy.write(data)
        assert sql.execute("SELECT * FROM t ORDER BY id").fetchall() == before
        with pytest.raises(psycopg.errors.UndefinedFunction, match="no binary output function"):
            with sql.cursor().copy("COPY (SELECT h FROM t) TO STDOUT (FORMAT binary)") as out:
                list(out)


def test_json_of_a_sink(table, connect_kafka, name, topic_reader):
    connect_kafka(table)
    table.run(f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}')"
              " KEY (id) NOT ENFORCED FORMAT JSON ENVELOPE UPSERT")
    values = {m.key_json["id"]: m.value_json for m in topic_reader(name).wait_count(2)}
    assert values == {
        1: {"id": 1, "ps": [{"x": 1, "y": 2}, None], "h": {"k": [98], "n": None}, "l": [["a b"], []]},
        2: {"id": 2, "ps": None, "h": {}, "l": []}}
