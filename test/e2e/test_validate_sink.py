"""VALIDATE SINK and CREATE SINK ... WITH (VALIDATE): everything that can go wrong later, found out now, and
nothing left behind."""
import json

import confluent_kafka.admin
import psycopg
import pytest

from harness.acls import grant
from harness.topics import create_topic
from stack.processes import wait_until
from stack.secured_kafka import GUEST, password


def _topics(bootstrap):
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": bootstrap})
    return set(admin.list_topics(timeout=10).topics)


@pytest.fixture
def ready(engine, connect_kafka, connect_registry):
    connect_kafka(engine)
    connect_registry(engine)
    engine.run("CREATE TABLE t (id int NOT NULL, v text)")
    return engine


def _results(engine, sink="s"):
    return {check: (result, text) for check, _, result, text, _ in engine.run(f"VALIDATE SINK {sink}")}


def test_a_sink_that_runs(ready, kafka, name, topic_reader):
    ready.run(f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}') KEY (id)"
              " FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION csr ENVELOPE DEBEZIUM"
              " WITH (VALIDATE = true)")
    ready.run("INSERT INTO t VALUES (1, 'a')")
    topic_reader(name).wait_count(1)
    found = _results(ready)
    assert found["cluster"] == ("warning", "1 broker: nothing can be replicated safely")
    assert found["progress topic"] == ("ok", "is there, with one partition")
    assert found["topic"] == ("ok", "is there, with 1 partition")
    assert found["transactions"] == ("ok", "may be used")
    assert found["key schema"] == ("ok", "is compatible with the latest version")
    assert found["value schema"] == ("ok", "is compatible with the latest version")
    # It did not disturb the sink.
    ready.run("INSERT INTO t VALUES (2, 'b')")
    topic_reader(name).wait_count(2)
    statuses = ready.run("SELECT status FROM mz_internal.mz_sink_status_history ORDER BY occurred_at")
    assert statuses == [("starting",), ("running",)]


@pytest.mark.parametrize("options, rest, text", [
    (", TOPIC CONFIG MAP['no.such.config' => 'x']", "FORMAT JSON", "INVALID_CONFIG"),
    (", TOPIC REPLICATION FACTOR 3", "FORMAT JSON", "INVALID_REPLICATION_FACTOR"),
    ("", "FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION csr",
     "schema being registered is incompatible with an earlier schema"),
])
def test_what_would_fail_is_refused_and_leaves_nothing_behind(ready, kafka, schema_registry, name, options,
                                                              rest, text):
    schema_registry.ask("POST", f"/subjects/{name}-value/versions", {"schema": json.dumps(
        {"type": "record", "name": "envelope", "fields": [{"name": "other", "type": "int"}]})})
    schema_registry.ask("PUT", f"/config/{name}-value", {"compatibility": "FULL"})
    before = _topics(kafka.bootstrap)
    with pytest.raises(psycopg.Error, match=text):
        ready.run(f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}'{options})"
                  f" {rest} ENVELOPE DEBEZIUM WITH (VALIDATE)")
    assert _topics(kafka.bootstrap) == before
    assert ready.run("SELECT count(*) FROM mz_catalog.mz_sinks") == [(0,)]
    assert schema_registry.versions(f"{name}-value") == [1]


def test_warnings_are_notices(ready, name):
    notices = []
    with ready.connect() as sql:
        sql.add_notice_handler(lambda notice: notices.append(notice.message_primary))
        sql.execute(f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}')"
                    " FORMAT JSON ENVELOPE DEBEZIUM WITH (MAX MESSAGE BYTES = 16000000)")
    assert any("nothing can be replicated safely" in notice for notice in notices)
    assert any("a message may have 16000000" in notice for notice in notices)


def test_what_will_keep_a_sink_from_working_is_a_notice_too(engine, kafka, name):
    create_topic(kafka.bootstrap, f"{name}-progress", 2)
    engine.run(f"CREATE CONNECTION kafka TO KAFKA (BROKER '{kafka.bootstrap}', SECURITY PROTOCOL PLAINTEXT,"
               f" PROGRESS TOPIC '{name}-progress')", "CREATE TABLE t (id int NOT NULL)")
    notices = []
    with engine.connect() as sql:
        sql.add_notice_handler(lambda notice: notices.append(
            (notice.message_primary, notice.message_hint)))
        sql.execute(f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}')"
                    " FORMAT JSON ENVELOPE DEBEZIUM")
    assert (f"progress topic {name}-progress: should contain a single partition, but instead contains 2",
            "Name another progress topic in the connection.") in notices
    assert engine.run("SELECT count(*) FROM mz_catalog.mz_sinks") == [(1,)]


def test_permissions_are_named_one_after_the_other(engine, secured_kafka, name):
    host = secured_kafka.listeners["SASL"]
    engine.run(f"CREATE SECRET word AS '{password(GUEST)}'",
               f"CREATE CONNECTION kafka TO KAFKA (BROKER '{host}', SECURITY PROTOCOL SASL_PLAINTEXT,"
               f" SASL MECHANISMS 'PLAIN', SASL USERNAME '{GUEST}', SASL PASSWORD SECRET word,"
               f" PROGRESS TOPIC '{name}-progress')",
               "CREATE TABLE t (id int NOT NULL)")
    create = (f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}',"
              f" TRANSACTIONAL ID PREFIX '{name}') FORMAT JSON ENVELOPE DEBEZIUM WITH (VALIDATE)")
    problems = []

    def problem():
        try:
            engine.run(create)
        except psycopg.Error as error:
            problems.append(str(error))
            return problems[-1]
        return ""
    assert "TOPIC_AUTHORIZATION_FAILED" in problem() and f"{name}-progress" in problem()
    rights = [("topic", f"{name}-progress", right) for right in ("create", "read", "write", "describe")]
    rights += [("topic", name, right) for right in ("create", "write", "describe")]
    grant(secured_kafka.bootstrap, GUEST, *rights)
    wait_until(lambda: "TRANSACTIONAL_ID_AUTHORIZATION_FAILED" in problem(), 30, "the topics' permissions")
    assert "DETAIL" not in problem()


def test_what_is_no_sink(ready):
    with pytest.raises(psycopg.Error, match="t is not a sink"):
        ready.run("VALIDATE SINK t")
    with pytest.raises(psycopg.Error, match="unknown catalog item 'nobody'"):
        ready.run("VALIDATE SINK nobody")
