"""KEY VIOLATIONS = 'resolve': of the rows of a key one is sent, and the next one when that goes."""
import json
import random
import threading

import psycopg
import pytest

from harness.sinks import audit, wait_born
from stack.processes import wait_until


@pytest.fixture
def ready(engine, connect_kafka):
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text)", "CREATE TABLE u (id int NOT NULL, v text)")
    return engine


def _sink(engine, topic, envelope="DEBEZIUM", key="KEY (id) NOT ENFORCED", relation="t", name="s"):
    engine.run(f"CREATE SINK {name} FROM {relation} INTO KAFKA CONNECTION kafka (TOPIC '{topic}')"
               f" {key} FORMAT JSON ENVELOPE {envelope} WITH (KEY VIOLATIONS = 'resolve')")


def _values(messages):
    return [(None if m.value_json["before"] is None else m.value_json["before"]["v"],
             None if m.value_json["after"] is None else m.value_json["after"]["v"]) for m in messages]


def _at_rest(engine):
    """All collections are of something that can be named."""
    return engine.run("SELECT object_id FROM mz_internal.mz_frontiers"
                      " WHERE object_id NOT IN (SELECT id FROM mz_objects)") == []


def test_the_next_row_follows_the_one_that_goes(ready, name, topic_reader):
    ready.run("INSERT INTO t VALUES (1, 'b'), (1, 'a'), (2, 'x')")
    _sink(ready, name)
    reader = topic_reader(name)
    assert sorted(_values(reader.wait_count(2))) == [(None, "a"), (None, "x")]
    ready.run("INSERT INTO t VALUES (1, '0')")
    reader.wait_count(3)
    ready.run("INSERT INTO t VALUES (1, 'c')")  # Nothing is to be seen of it.
    for gone in ("0", "a", "b", "c"):
        ready.run(f"DELETE FROM t WHERE id = 1 AND v = '{gone}'")
    messages = reader.wait_count(7)
    assert _values(messages[2:]) == [("a", "0"), ("0", "a"), ("a", "b"), ("b", "c"), ("c", None)]
    keys_and_times = [(m.key, m.time) for m in messages]
    assert len(set(keys_and_times)) == len(keys_and_times)
    assert audit(ready) == []


def test_a_copy_less_is_no_change(ready, name, topic_reader):
    ready.run("INSERT INTO t VALUES (1, 'a'), (1, 'a'), (1, 'b')")
    _sink(ready, name)
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run("UPDATE t SET v = 'c' WHERE v = 'b'", "INSERT INTO t VALUES (2, 'z')")
    assert _values(reader.wait_count(2)) == [(None, "a"), (None, "z")]


def test_a_tombstone_ends_the_last_row(ready, name, topic_reader):
    _sink(ready, name, envelope="UPSERT")
    wait_born(ready)
    ready.run("INSERT INTO t VALUES (1, 'a')", "INSERT INTO t VALUES (1, 'b')", "DELETE FROM t WHERE v = 'a'",
              "DELETE FROM t WHERE v = 'b'")
    values = [m.value and json.loads(m.value)["v"] for m in topic_reader(name).wait_count(3)]
    assert values == ["a", "b", None]
    assert audit(ready) == []


def test_many_changes_and_deaths_lead_to_the_least_rows(ready, name, topic_reader):
    rng = random.Random(7)
    _sink(ready, name, key="KEY (id)")  # Not to be proven, and need not be.
    wait_born(ready)
    for step in range(60):
        statement = rng.choice((
            f"INSERT INTO t VALUES ({rng.randrange(5)}, '{rng.randrange(20):02}')",
            f"DELETE FROM t WHERE id = {rng.randrange(5)} AND v < '{rng.randrange(20):02}'",
            f"UPDATE t SET v = '{rng.randrange(20):02}' WHERE id = {rng.randrange(5)}",
            f"UPDATE t SET id = {rng.randrange(5)} WHERE v = '{rng.randrange(20):02}'"))
        ready.run(statement)
        if step % 15 == 14:
            ready.crash()
    ready.run("INSERT INTO t VALUES (99, 'end')")
    reader = topic_reader(name)
    messages = reader.wait_for(lambda found: any(b"99" in m.key for m in found), what="the last change")
    state = {}
    for message in messages:
        assert message.value_json["before"] == state.get(message.key), message
        state[message.key] = message.value_json["after"]
    least = {row[0]: row[1] for row in ready.run("SELECT id, min(v) FROM t GROUP BY id")}
    assert {row["id"]: row["v"] for row in state.values() if row} == least
    assert audit(ready) == []


def test_rows_of_every_kind_have_an_order(ready, name, topic_reader):
    ready.run("CREATE TABLE w (id int, m map[text=>int], l int list, j jsonb, a int[], n numeric, f float8)",
              "INSERT INTO w VALUES (1, '{b=>1}', LIST[2], '{\"x\": 1}', ARRAY[1, NULL], 1.0, 'NaN'),"
              " (1, '{a=>1}', LIST[2], '{\"x\": 1}', ARRAY[1, NULL], 1.00, 'NaN'),"
              " (1, NULL, LIST[2], '{\"x\": 1}', ARRAY[1, NULL], 1.00, 'NaN')",
              "CREATE MATERIALIZED VIEW wv AS SELECT * FROM w")
    _sink(ready, name, relation="wv")
    reader = topic_reader(name)
    assert reader.wait_count(1)[0].value_json["after"]["m"] == {"a": 1}
    ready.run("DELETE FROM w WHERE m IS NULL", "DELETE FROM w WHERE (m -> 'a') = 1")
    assert [m.value_json["after"]["m"] for m in reader.wait_count(2)] == [{"a": 1}, {"b": 1}]


def test_another_relation(ready, name, topic_reader):
    ready.run("INSERT INTO t VALUES (1, 'b'), (1, 'a')", "INSERT INTO u VALUES (1, 'a'), (1, 'd')")
    _sink(ready, name)
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run("ALTER SINK s SET FROM u")
    ready.run("DELETE FROM t WHERE v = 'a'", "DELETE FROM u WHERE v = 'a'")
    assert _values(reader.wait_count(2)) == [(None, "a"), ("a", "d")]
    ready.crash()
    ready.run("DROP TABLE t", "INSERT INTO u VALUES (1, 'c')")
    assert _values(reader.wait_count(3))[2] == ("d", "c")
    # Where the key is unique, there is nothing to resolve.
    ready.run("CREATE MATERIALIZED VIEW least AS SELECT id, min(v) AS v FROM u GROUP BY id", "ALTER SINK s SET FROM least")
    ready.run("INSERT INTO u VALUES (1, 'b')")
    assert _values(reader.wait_count(4))[3] == ("c", "b")
    ready.run("ALTER SINK s SET FROM u", "INSERT INTO u VALUES (1, 'a')")
    assert _values(reader.wait_count(5))[4] == ("b", "a")
    assert _at_rest(ready)
    ready.run("ALTER SINK s SET (COMMIT INTERVAL = '10ms')", "INSERT INTO u VALUES (1, '0')")
    assert _values(reader.wait_count(6))[5] == ("a", "0")


def _is_being_altered(engine):
    try:
        engine.run("ALTER SINK s SET (COMMIT INTERVAL = '10ms')")
    except psycopg.errors.SerializationFailure:
        return True
    return False


def test_a_move_that_is_given_up_leaves_nothing(ready, name):
    """The sink cannot send, so the statement waits; what it has made goes with it."""
    ready.run("CREATE MATERIALIZED VIEW broken AS SELECT id, (1 / id)::text AS v FROM t", "INSERT INTO t VALUES (1, 'a')")
    _sink(ready, name, relation="broken")
    wait_born(ready)
    ready.run("INSERT INTO t VALUES (0, 'a')")
    with ready.connect() as connection:
        ended = []

        def move():
            try:
                connection.execute("ALTER SINK s SET FROM u")
            except psycopg.Error as error:
                ended.append(type(error))
        mover = threading.Thread(target=move)
        mover.start()
        wait_until(lambda: _is_being_altered(ready), 30, "a sink that is being altered")
        with pytest.raises(psycopg.errors.DependentObjectsStillExist):
            ready.run("DROP TABLE u")
        connection.cancel()
        mover.join()
        assert ended == [psycopg.errors.QueryCanceled]
    ready.run("ALTER SINK s SET (COMMIT INTERVAL = '20ms')", "DROP TABLE u")
    assert _at_rest(ready)


def test_a_crash_in_the_middle_of_a_move_leaves_nothing(ready, name, topic_reader):
    ready.run("CREATE MATERIALIZED VIEW broken AS SELECT id, (1 / id)::text AS v FROM t", "INSERT INTO t VALUES (1, 'a')")
    _sink(ready, name, relation="broken")
    topic_reader(name).wait_count(1)
    ready.run("INSERT INTO t VALUES (0, 'a')")

    def move():
        with pytest.raises(psycopg.OperationalError):
            with ready.connect() as connection:
                connection.execute("ALTER SINK s SET FROM u")
    mover = threading.Thread(target=move)
    mover.start()
    wait_until(lambda: _is_being_altered(ready), 30, "a sink that is being altered")
    ready.crash()
    mover.join()
    assert _at_rest(ready)
    ready.run("DELETE FROM t WHERE id = 0", "ALTER SINK s SET FROM u", "INSERT INTO u VALUES (3, 'u')")
    messages = topic_reader(name).wait_for(lambda found: found[-1].value_json["after"]["v"] == "u" if found else False)
    assert _values(messages) == [(None, "1"), (None, "u")]


def test_a_move_is_not_for_transactions(ready, name):
    _sink(ready, name)
    with pytest.raises(psycopg.errors.ActiveSqlTransaction, match="cannot be run inside a transaction block"):
        with ready.connect(autocommit=False) as connection:
            connection.execute("ALTER SINK s SET FROM u")


def test_it_shows_nowhere_and_goes_with_the_sink(ready, name, topic_reader):
    _sink(ready, name)
    topic_reader(name)
    wait_born(ready)
    assert ready.run("SELECT name FROM mz_materialized_views") == []
    assert _at_rest(ready)
    shown = ready.run("SHOW CREATE SINK s")[0][1]
    assert "KEY VIOLATIONS = 'resolve'" in shown and "RESOLVED" not in shown
    ready.run("DROP TABLE t CASCADE")
    assert _at_rest(ready)
    ready.restart()
    assert _at_rest(ready)


def test_what_makes_no_sense_is_refused(ready, name):
    def refused(rest, match):
        with pytest.raises(psycopg.errors.InvalidParameterValue, match=match):
            ready.run(f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}') {rest}")
    refused("FORMAT JSON ENVELOPE DEBEZIUM WITH (KEY VIOLATIONS = 'resolve')", "needs a KEY")
    refused("KEY (id) FORMAT JSON ENVELOPE APPEND WITH (KEY VIOLATIONS = 'resolve')", "ENVELOPE APPEND")
    refused("KEY (id) FORMAT JSON ENVELOPE DEBEZIUM WITH (KEY VIOLATIONS = 'ignore')", "invalid KEY VIOLATIONS: ignore")
    _sink(ready, name)
    for change in ("SET (KEY VIOLATIONS = 'count')", "RESET (KEY VIOLATIONS)"):
        with pytest.raises(psycopg.errors.FeatureNotSupported, match="KEY VIOLATIONS of a sink cannot be altered"):
            ready.run(f"ALTER SINK s {change}")


def test_clusters_do_not_wait_for_each_other(ready, name):
    ready.run("CREATE CLUSTER a (SIZE = '1')", "CREATE CLUSTER b (SIZE = '1')",
              "CREATE MATERIALIZED VIEW in_a IN CLUSTER a AS SELECT * FROM t",
              "CREATE MATERIALIZED VIEW in_b IN CLUSTER b AS SELECT * FROM in_a")
    statement = (f"CREATE SINK s IN CLUSTER a FROM in_b INTO KAFKA CONNECTION kafka (TOPIC '{name}') KEY (id)"
                 " FORMAT JSON ENVELOPE UPSERT WITH (KEY VIOLATIONS = 'resolve')")
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="would wait for each other"):
        ready.run(statement)
    ready.run(statement.replace("IN CLUSTER a", "IN CLUSTER b"))
    wait_born(ready)
    ready.run("DROP CLUSTER b CASCADE")
    assert _at_rest(ready)
