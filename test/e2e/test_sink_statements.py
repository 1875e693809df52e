"""Sinks as SQL shows them: notices, details and hints, SHOW, names, comments, catalog."""
import psycopg
import pytest

from harness.topics import read_topic
from stack.processes import wait_until


@pytest.fixture
def ready(engine, connect_kafka, connect_registry):
    connect_kafka(engine)
    connect_registry(engine)
    engine.run("CREATE TABLE t (c1 int, c2 text NOT NULL)",
               "CREATE MATERIALIZED VIEW mv AS SELECT c1, c2, count(*) AS n FROM t GROUP BY c1, c2")
    return engine


def _create(name, topic, rest="FORMAT JSON ENVELOPE DEBEZIUM", relation="t", options=""):
    return (f"CREATE SINK {name} FROM {relation} INTO KAFKA CONNECTION kafka"
            f" (TOPIC '{topic}'{options}) {rest}")


def _notices(engine, statement):
    """(text, detail, hint) of the notices about this statement, but for what they say of the broker."""
    found = []
    with engine.connect() as sql:
        sql.add_notice_handler(lambda notice: found.append(
            (notice.message_primary, notice.message_detail, notice.message_hint)))
        sql.execute(statement)
    return [notice for notice in found if not notice[0].startswith("cluster ")]


def _refused(engine, statement):
    with pytest.raises(psycopg.Error) as raised:
        engine.run(statement)
    return raised.value.diag


def test_a_key_that_cannot_be_proven(ready, name):
    unknown = _refused(ready, _create("s", name, "KEY (c2) FORMAT JSON ENVELOPE UPSERT"))
    assert unknown.message_primary == "upsert key could not be validated as unique"
    assert unknown.message_detail == (
        'KEY ("c2") is not known to be a unique key of "penstock.public.t". No unique key of it is'
        " known.")
    known = _refused(ready, _create("s", name, "KEY (n, c2) FORMAT JSON ENVELOPE UPSERT", "mv"))
    assert known.message_detail == (
        'KEY ("n", "c2") is not known to be a unique key of "penstock.public.mv". These keys are known'
        ' to be unique:\n  ("c1", "c2")')
    none = _refused(ready, _create("s", name, "FORMAT JSON ENVELOPE UPSERT"))
    assert none.message_primary == "upsert sinks must specify a key"
    assert unknown.message_hint == known.message_hint == none.message_hint
    assert "NOT ENFORCED" in none.message_hint


def test_a_key_that_is_not_enforced_is_noticed_unless_it_can_be_proven(ready, name):
    ((text, detail, hint),) = _notices(ready, _create(
        "s1", name, "KEY (c2) NOT ENFORCED FORMAT JSON ENVELOPE UPSERT"))
    assert text == "upsert key not validated to be unique"
    assert '"penstock.public.t"' in detail and "NOT ENFORCED" in hint
    assert _notices(ready, _create("s2", name, "KEY (c1, n, c2) NOT ENFORCED FORMAT JSON"
                                   " ENVELOPE UPSERT", "mv")) == []
    # More columns than the key needs, and under DEBEZIUM any.
    assert _notices(ready, _create("s3", name, "KEY (n, c2, c1) FORMAT JSON ENVELOPE UPSERT",
                                   "mv")) == []
    assert _notices(ready, _create("s4", name, "KEY (c2) FORMAT JSON ENVELOPE DEBEZIUM")) == []


def test_a_name_that_is_taken(ready, name):
    ready.run(_create("s", name))
    diag = _refused(ready, _create("s", name))
    assert (diag.message_primary, diag.sqlstate) == ('sink "penstock.public.s" already exists', "42710")
    ((text, _, _),) = _notices(ready, _create("IF NOT EXISTS s", name))
    assert text == 'sink "s" already exists, skipping'
    assert _refused(ready, _create("IF NOT EXISTS s", name, options=", TOPIC CONFIG 5")).message_primary \
        == "invalid TOPIC CONFIG: cannot use value as map"


def test_a_sink_is_nothing_to_read(ready, name):
    ready.run(_create("s", name))
    for statement, text in [
            (_create("s2", name, relation="s"), "sink s cannot be exported as a sink"),
            ("SELECT * FROM s", "sink penstock.public.s cannot be depended upon"),
            ("CREATE VIEW w AS SELECT * FROM s", "sink penstock.public.s cannot be depended upon"),
            ("DROP TABLE t", 'cannot drop table "t": still depended upon by'),
            ("DROP CONNECTION kafka", 'cannot drop connection "kafka": still depended upon by sink "s"'),
    ]:
        assert text in _refused(ready, statement).message_primary


def test_sinks_that_are_not_there(ready):
    for statement, kind in (("DROP SINK IF EXISTS nobody", "SINK"),
                            ("ALTER SINK IF EXISTS nobody SET FROM t", "sink"),
                            ("ALTER SINK IF EXISTS nobody SET (LINGER = '1ms')", "sink"),
                            ("ALTER SINK IF EXISTS nobody RENAME TO other", "sink")):
        ((text, _, _),) = _notices(ready, statement)
        assert text == f'{kind} "nobody" does not exist, skipping'


def test_sinks_are_listed_with_their_comments(ready, name):
    ready.run("CREATE SCHEMA other", _create("s", name), _create("other.o", name),
              "COMMENT ON SINK s IS 'to the world'")
    with ready.connect() as sql:
        shown = sql.execute("SHOW SINKS")
        assert [column.name for column in shown.description] == ["name", "type", "cluster", "comment"]
        assert shown.fetchall() == [("s", "kafka", "quickstart", "to the world")]
        assert sql.execute("SHOW SINKS FROM other").fetchall() == [("o", "kafka", "quickstart", "")]
        assert sql.execute("SHOW SINKS LIKE 'x%'").fetchall() == []
        assert len(sql.execute("SHOW SINKS IN CLUSTER quickstart").fetchall()) == 1
    diag = _refused(ready, f"COMMENT ON SINK s IS '{'x' * 1025}'")
    assert diag.message_primary == "provided comment was 1025 bytes long, max size is 1024 bytes"
    ready.run("COMMENT ON SINK s IS NULL")
    assert ready.run("SHOW SINKS") == [("s", "kafka", "quickstart", "")]


def test_the_statement_that_made_it(ready, name):
    ready.run("CREATE CLUSTER c (SIZE '1')", "COMMENT ON COLUMN t.c1 IS 'doc on t.c1'",
              f"CREATE SINK sink1 IN CLUSTER c FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}')"
              " KEY (c2) NOT ENFORCED FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION csr"
              " ENVELOPE UPSERT",
              _create("sink2", name, options=", TOPIC CONFIG MAP['cleanup.policy' => 'compact'], PARTITION BY = 42"))
    assert ready.run("SHOW CREATE SINK sink1") == [("penstock.public.sink1", f"""\
CREATE SINK penstock.public.sink1
IN CLUSTER c
FROM penstock.public.t
INTO
    KAFKA CONNECTION penstock.public.kafka (TOPIC = '{name}') KEY (c2) NOT ENFORCED
FORMAT
    AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION penstock.public.csr (DOC ON COLUMN penstock.public.t.c1 = 'doc on t.c1')
ENVELOPE UPSERT;""")]
    ((_, shown),) = ready.run("SHOW CREATE SINK sink2")
    assert "\nFORMAT JSON\nENVELOPE DEBEZIUM;" in shown
    ((_, redacted),) = ready.run("SHOW REDACTED CREATE SINK sink2")
    assert "PARTITION BY = 42" in shown and "PARTITION BY = '<REDACTED>'" in redacted
    assert _refused(ready, "SHOW CREATE SINK t").message_primary == "penstock.public.t is not a sink"
    # What is shown makes the same sink again.
    ready.run("DROP SINK sink1", "COMMENT ON COLUMN t.c1 IS NULL")
    ready.run(shown.replace("sink2", "sink3"))
    ((_, again),) = ready.run("SHOW CREATE SINK sink3")
    assert again == shown.replace("sink2", "sink3")


@pytest.mark.parametrize("formats, expected", [
    ("KEY (c2) FORMAT JSON", ("json", "json", "json")),
    ("FORMAT JSON", ("json", None, "json")),
    ("KEY (c2) KEY FORMAT JSON VALUE FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION csr",
     ("key-json-value-avro", "json", "avro")),
    ("KEY (c2) FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION csr", ("avro", "avro", "avro")),
])
def test_formats_in_the_catalog(ready, name, formats, expected):
    ready.run(_create("s", name, formats + " ENVELOPE DEBEZIUM"))
    assert ready.run("SELECT format, key_format, value_format FROM mz_catalog.mz_sinks") == [expected]
    assert ready.run("SELECT type, envelope_type FROM mz_catalog.mz_sinks") == [("kafka", "debezium")]
    assert ready.run("SELECT topic FROM mz_catalog.mz_kafka_sinks") == [(name,)]


def test_text_for_key_and_value(ready, name):
    ready.run("CREATE TABLE one (v text NOT NULL)",
              _create("s", name, "KEY (v) NOT ENFORCED FORMAT TEXT ENVELOPE UPSERT", "one"))
    assert ready.run("SELECT format, envelope_type FROM mz_catalog.mz_sinks") == [
        ("key-text-value-text", "upsert")]


def test_new_names_and_owners_disturb_nothing(ready, kafka, name, topic_reader):
    ready.run(_create("s", name, "KEY (c2) FORMAT JSON ENVELOPE DEBEZIUM"), "INSERT INTO t VALUES (1, 'a')")
    reader = topic_reader(name)
    reader.wait_count(1)
    (before,), = ready.run("SELECT id FROM mz_catalog.mz_sinks")
    ready.run("ALTER SINK s RENAME TO renamed", "ALTER TABLE t RENAME TO t_renamed",
              "ALTER CONNECTION kafka RENAME TO k_renamed", "CREATE ROLE somebody",
              "ALTER SINK renamed OWNER TO somebody", "INSERT INTO t_renamed VALUES (2, 'b')")
    reader.wait_count(2)
    ready.restart()
    ready.run("INSERT INTO t_renamed VALUES (3, 'c')")
    assert [m.key_json["c2"] for m in reader.wait_count(3)] == ["a", "b", "c"]
    assert ready.run("SELECT id, name FROM mz_catalog.mz_sinks") == [(before, "renamed")]
    wait_until(lambda: ready.run("SELECT name, status, error FROM mz_internal.mz_sink_statuses")
               == [("renamed", "running", None)], 30, "the status under the new name")
    ready.run("DROP SINK renamed")
    assert len(read_topic(kafka.bootstrap, name)) == 3


def test_the_frontier_is_above_what_was_committed(ready, name, topic_reader):
    ready.run(_create("s", name), "INSERT INTO t VALUES (1, 'a')")
    (message,) = topic_reader(name).wait_count(1)

    def frontier():
        rows = ready.run("SELECT f.write_frontier::text FROM mz_internal.mz_frontiers AS f"
                         " JOIN mz_catalog.mz_sinks AS s ON s.id = f.object_id")
        return int(rows[0][0]) if rows else 0
    wait_until(lambda: frontier() > message.time, 30, "the frontier to pass the message")


def test_markers_of_transactions_are_not_counted_as_messages(ready, name, topic_reader):
    ready.run(_create("s", name, "KEY (c2) FORMAT JSON ENVELOPE DEBEZIUM"))
    reader = topic_reader(name)
    for number in range(1, 6):
        ready.run(f"INSERT INTO t VALUES ({number}, '{number}')")
        reader.wait_count(number)
    messages = reader.read_to_end()
    # Each change was a transaction of its own: behind each is a marker, and no consumer sees it.
    assert [m.offset for m in messages] == [0, 2, 4, 6, 8]
    assert reader.ends() == {0: 10}
    wait_until(lambda: ready.run("SELECT messages_staged::int8, messages_committed::int8"
                                 " FROM mz_internal.mz_sink_statistics") == [(5, 5)],
               30, "the count of messages")
    wait_until(lambda: any(f'read 5 messages in 1 partitions of topic "{name}" and compared them with 5 rows'
                           in notice for notice in _audit(ready)), 30, "an audit of all messages")


def _audit(engine):
    """The notices of an audit that has found nothing wrong; none while it is too early for one."""
    notices = []
    with engine.connect() as sql:
        sql.add_notice_handler(lambda notice: notices.append(notice.message_primary))
        try:
            assert sql.execute("AUDIT SINK s").fetchall() == []
        except psycopg.errors.ObjectNotInPrerequisiteState:
            return []
    return notices
