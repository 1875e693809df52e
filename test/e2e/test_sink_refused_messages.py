"""REFUSED MESSAGES: a sink goes on without what is too large or has no room in its format, and tells it."""
import json

import psycopg
import pytest

from harness.sinks import audit, wait_born
from harness.topics import read_topic
from stack.processes import wait_until

LONG = "repeat('x', 3000)"


@pytest.fixture
def ready(engine, connect_kafka):
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text)")
    return engine


def _sink(engine, topic, policy, envelope="UPSERT", more=""):
    options = f"MAX MESSAGE BYTES = 2000{policy and ', REFUSED MESSAGES = ' + policy}{more}"
    engine.run(f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{topic}') KEY (id) NOT ENFORCED"
               f" FORMAT JSON ENVELOPE {envelope} WITH ({options})")


def _letters(name):
    return f"'dead letter', DEAD LETTER TOPIC = '{name}-letters'"


def _refused(engine):
    return int(engine.run("SELECT refused FROM mz_internal.mz_sink_transactions")[0][0])


def _state(messages):
    return [(m.key_json["id"], m.value and m.value_json["v"]) for m in messages]


def _wait_for_audit(engine, expected):
    """A sink tells within a second how far it is."""
    wait_until(lambda: [(row[0], row[1]) for row in audit(engine)] == expected, 10, f"an audit that finds {expected}")


def _stalled(engine):
    rows = engine.run("SELECT error, details FROM mz_internal.mz_sink_statuses WHERE status = 'stalled'")
    return rows[0] if rows else None


def test_a_message_that_is_too_large_is_left_out(ready, name, topic_reader):
    ready.run(f"INSERT INTO t VALUES (1, {LONG}), (2, 'a')")
    _sink(ready, name, "'skip'")
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run(f"UPDATE t SET v = {LONG} WHERE id = 2", "INSERT INTO t VALUES (3, 'a')", "UPDATE t SET v = 'b' WHERE id = 1")
    assert _state(reader.wait_count(3)) == [(2, "a"), (3, "a"), (1, "b")]
    wait_until(lambda: _refused(ready) == 2, 10, "two that were refused")
    _wait_for_audit(ready, [("refused", '{"id":2}')])
    ready.run("DELETE FROM t WHERE id = 2")
    assert _state(reader.wait_count(4))[3] == (2, None)
    assert "messages were refused" in ready.log_tail(400)


def test_letters_tell_what_was_refused(ready, name, topic_reader):
    _sink(ready, name, _letters(name), envelope="DEBEZIUM")
    wait_born(ready)
    ready.run(f"INSERT INTO t VALUES (1, {LONG}), (2, 'a')")
    ready.run(f"UPDATE t SET v = '\"' || repeat('ö\"', 20000) WHERE id = 2", "INSERT INTO t VALUES (3, 'z'), (3, 'z')",
              f"INSERT INTO t VALUES (4, {LONG}), (4, {LONG})")
    reader = topic_reader(name)
    letters = topic_reader(f"{name}-letters").wait_count(3)
    reader.wait_count(3)
    first, second, third = (json.loads(letter.value) for letter in letters)
    sink_id = ready.run("SELECT id FROM mz_sinks")[0][0]
    assert first == {"cause": "message too large", "sink": "s", "sink_id": sink_id, "topic": name, "before": None,
                     "error": "key and value have 3047 bytes, more than MAX MESSAGE BYTES (2000)",
                     "timestamp": letters[0].time, "message_bytes": 3047,
                     "after": None, "after_bytes": 3015, "after_cut_off": first["after_cut_off"]} or \
        first["after"] == {"id": 1, "v": "x" * 3000}
    assert letters[0].key == b'{"id":1}'
    assert letters[0].time == reader.messages[0].time  # One tick, one transaction.
    assert second["before"] == {"id": 2, "v": "a"} and second["after"] is None
    assert second["after_bytes"] > 60000 and second["after_cut_off"].startswith('{"id":2,"v":"')
    assert third["copies"] == 2
    assert _refused(ready) == 4
    assert max(len(letter.value) for letter in letters) < 16 << 10


def test_nothing_comes_twice_whatever_dies(ready, name, topic_reader):
    ready.run("INSERT INTO t SELECT g, CASE WHEN g % 10 = 0 THEN repeat('x', 3000) ELSE 'a' END FROM generate_series(1, 500) AS g")
    _sink(ready, name, _letters(name), more=", SNAPSHOT RATE LIMIT = 30000")
    reader, letters = topic_reader(name), topic_reader(f"{name}-letters")
    for count in (100, 250):
        reader.wait_count(count)
        ready.crash()
    reader.wait_count(450)
    letters.wait_count(50)
    ready.run(f"INSERT INTO t VALUES (1000, {LONG}), (1001, 'end')")
    ready.crash()
    reader.wait_for(lambda found: any(m.key_json["id"] == 1001 for m in found))
    ids = [m.key_json["id"] for m in reader.read_to_end()]
    assert sorted(ids) == sorted(set(ids)) == [i for i in range(1, 501) if i % 10] + [1001]
    refused = [m.key_json["id"] for m in letters.read_to_end()]
    assert sorted(refused) == [i for i in range(1, 501) if i % 10 == 0] + [1000]


def test_the_way_out_of_a_stall(ready, name, topic_reader):
    _sink(ready, name, "")
    wait_born(ready)
    ready.run("INSERT INTO t VALUES (1, 'a')", f"INSERT INTO t VALUES (2, {LONG}), (3, 'a')")
    error, details = wait_until(lambda: _stalled(ready), 30, "a stall")
    assert "exceeds the limit" in error and "REFUSED MESSAGES = 'skip'" in json.dumps(details)
    ready.run("ALTER SINK s SET (REFUSED MESSAGES = 'skip')")
    reader = topic_reader(name)
    assert _state(reader.wait_count(2)) == [(1, "a"), (3, "a")]
    ready.run(f"ALTER SINK s SET (REFUSED MESSAGES = {_letters(name)})", f"INSERT INTO t VALUES (4, {LONG})")
    letter = topic_reader(f"{name}-letters").wait_count(1)[0]
    assert letter.key_json == {"id": 4}
    assert "DEAD LETTER TOPIC" in ready.run("SHOW CREATE SINK s")[0][1]
    ready.run("ALTER SINK s RESET (REFUSED MESSAGES)")
    assert "LETTER" not in ready.run("SHOW CREATE SINK s")[0][1]
    ready.run("INSERT INTO t VALUES (5, 'a')")
    assert _state(reader.wait_count(3))[2] == (5, "a")


def test_what_the_format_has_no_room_for(ready, name, topic_reader, schema_registry):
    """The sum of many numbers of 39 digits has more than a decimal of 39 digits."""
    ready.run(f"CREATE CONNECTION registry TO CONFLUENT SCHEMA REGISTRY (URL '{schema_registry.url}')",
              "CREATE TABLE m (id int NOT NULL, x numeric(39, 2))",
              "CREATE MATERIALIZED VIEW sums AS SELECT id, sum(x) AS x FROM m GROUP BY id",
              f"CREATE SINK s FROM sums INTO KAFKA CONNECTION kafka (TOPIC '{name}') KEY (x) NOT ENFORCED"
              " FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION registry ENVELOPE UPSERT"
              f" WITH (REFUSED MESSAGES = {_letters(name)})")
    wait_born(ready)
    ready.run("INSERT INTO m SELECT 1 + g % 2, 9e36 FROM generate_series(1, 200) AS g", "INSERT INTO m VALUES (3, 3)",
              "DELETE FROM m WHERE id = 1", "INSERT INTO m VALUES (4, 4)")
    topic_reader(name).wait_count(2)
    letters = topic_reader(f"{name}-letters").wait_count(3)
    assert [letter.key for letter in letters] == [None] * 3
    told = [json.loads(letter.value) for letter in letters]
    assert [one["cause"] for one in told] == ["not encodable"] * 3
    assert "a key cannot be encoded: column \"x\" is 9000" in told[0]["error"]
    assert sorted(one["after"]["id"] for one in told[:2]) == [1, 2]
    assert told[2]["after"] is None and told[2]["before"]["id"] == 1


def test_a_difference_passes_over_it_too(ready, name, topic_reader):
    _sink(ready, name, "'skip'")
    wait_born(ready)
    ready.run("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    reader = topic_reader(name)
    reader.wait_count(2)
    ready.run(f"UPDATE t SET v = {LONG} WHERE id = 1", "INSERT INTO t VALUES (3, 'c')")
    reader.wait_count(3)
    ready.run("ALTER SINK s RESTART WITH SNAPSHOT AS DIFFERENCE", "INSERT INTO t VALUES (4, 'd')")
    assert _state(reader.wait_count(4)) == [(1, "a"), (2, "b"), (3, "c"), (4, "d")]
    _wait_for_audit(ready, [("refused", '{"id":1}')])


def test_at_least_once(ready, name, topic_reader):
    _sink(ready, name, _letters(name), more=", DELIVERY GUARANTEE = 'at least once'")
    ready.run(f"INSERT INTO t VALUES (1, {LONG}), (2, 'a')")
    assert topic_reader(f"{name}-letters").wait_count(1)[0].key_json == {"id": 1}
    assert _state(topic_reader(name).wait_count(1)) == [(2, "a")]


def test_what_the_options_do_not_allow(ready, name):
    def refused(policy, match):
        with pytest.raises(psycopg.errors.InvalidParameterValue, match=match):
            _sink(ready, name, policy)
    refused("'ignore'", "invalid REFUSED MESSAGES: ignore")
    refused("'dead letter'", "REFUSED MESSAGES 'dead letter' needs DEAD LETTER TOPIC")
    refused("'skip', DEAD LETTER TOPIC = 'x'", "DEAD LETTER TOPIC needs REFUSED MESSAGES = 'dead letter'")
    refused("'dead letter', DEAD LETTER TOPIC = 'a b'", "invalid DEAD LETTER TOPIC: \"a b\"")
    refused(f"'dead letter', DEAD LETTER TOPIC = '{name}'", "DEAD LETTER TOPIC cannot be the TOPIC of the sink")
    progress = ready.run("SELECT sink_progress_topic FROM mz_catalog.mz_kafka_connections")[0][0]
    refused(f"'dead letter', DEAD LETTER TOPIC = '{progress}'", "DEAD LETTER TOPIC cannot be the progress topic")
    _sink(ready, name, "'skip'")
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="cannot be the progress topic"):
        ready.run(f"ALTER SINK s SET (REFUSED MESSAGES = 'dead letter', DEAD LETTER TOPIC = '{progress}')")


def test_the_topic_of_letters_is_validated(ready, name, kafka):
    _sink(ready, name, _letters(name))
    wait_born(ready)
    found = {row[0]: row[2] for row in ready.run("VALIDATE SINK s") if row[1] == f"{name}-letters"}
    assert found == {"dead letter topic": "ok"}
    assert read_topic(kafka.bootstrap, f"{name}-letters") == []
