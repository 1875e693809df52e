"""Avro sinks whose schemas are in AWS Glue: a fake of its API, which checks each signature."""
import io
import json
import uuid

import fastavro
import psycopg
import pytest

from harness.fake_glue import KEY_ID, REGION, SECRET_KEY, FakeGlue
from stack.processes import wait_until

AVRO = "FORMAT AVRO USING AWS GLUE SCHEMA REGISTRY CONNECTION glue"


@pytest.fixture
def glue():
    fake = FakeGlue()
    fake.registries["r"] = {}
    yield fake
    fake.close()


@pytest.fixture
def ready(engine, connect_kafka, glue):
    connect_kafka(engine)
    engine.run(f"CREATE SECRET aws_key AS '{SECRET_KEY}'",
               f"CREATE CONNECTION aws TO AWS (ENDPOINT '{glue.url}', REGION '{REGION}',"
               f" ACCESS KEY ID '{KEY_ID}', SECRET ACCESS KEY SECRET aws_key)",
               "CREATE CONNECTION glue TO AWS GLUE SCHEMA REGISTRY (AWS CONNECTION aws, REGISTRY 'r')",
               "CREATE TABLE t (id int NOT NULL, v text)")
    return engine


def _sink(engine, topic, rest):
    engine.run(f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{topic}') {rest}")


def _decode(glue, data):
    assert data[:2] == b"\3\0"
    schema = json.loads(glue.definition(str(uuid.UUID(bytes=data[2:18]))))
    return fastavro.schemaless_reader(io.BytesIO(data[18:]), fastavro.parse_schema(schema))


def test_what_is_written_is_read_by_the_published_schemas(ready, glue, name, topic_reader):
    _sink(ready, name, f"KEY (id) {AVRO} (KEY SCHEMA NAME 'the-key',"
                       " VALUE COMPATIBILITY LEVEL 'full_transitive') ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES (1, 'a')")
    message = topic_reader(name).wait_count(1)[0]
    assert _decode(glue, message.key) == {"id": 1}
    assert _decode(glue, message.value) == {"before": None, "after": {"id": 1, "v": "a"}}
    assert set(glue.registries["r"]) == {"the-key", name + "-value"}
    assert glue.levels == {"the-key": "BACKWARD", name + "-value": "FULL_ALL"}
    ready.restart()
    ready.run("INSERT INTO t VALUES (1, 'a')")
    again = topic_reader(name).wait_count(2)[1]
    assert (again.key, again.value) == (message.key, message.value)


def test_an_incompatible_schema_stalls_the_sink(ready, glue, name):
    glue.registries["r"][name + "-value"] = [(str(uuid.uuid4()), '"int"')]
    glue.levels[name + "-value"] = "FULL"
    _sink(ready, name, f"KEY (id) {AVRO} ENVELOPE DEBEZIUM")

    def error():
        return ready.run("SELECT error FROM mz_internal.mz_sink_statuses WHERE name = 's'")[0][0]
    wait_until(error, 30, "the sink to stall")
    assert "unable to publish schema to registry in kafka sink: Glue schema version" in error()
    assert "failed its compatibility check" in error()


def test_connections_are_validated(ready, glue):
    ready.run("VALIDATE CONNECTION glue")
    with pytest.raises(psycopg.Error, match='AWS Glue Schema Registry "x" does not exist'):
        ready.run("CREATE CONNECTION g TO AWS GLUE SCHEMA REGISTRY (AWS CONNECTION aws, REGISTRY 'x')")
    ready.run("ALTER SECRET aws_key AS 'another'")
    with pytest.raises(psycopg.Error, match="InvalidSignatureException"):
        ready.run("VALIDATE CONNECTION glue")


def test_what_is_refused(ready, name):
    for options, text in [("(SCHEMA NAME 'x')", "SCHEMA NAME is not supported for AWS Glue"),
                          ("(KEY SCHEMA NAME 'x')", "require a corresponding KEY field"),
                          ("(VALUE COMPATIBILITY LEVEL 'disabled')",
                           "invalid compatibility level: DISABLED")]:
        with pytest.raises(psycopg.Error, match=text):
            _sink(ready, name, f"{AVRO} {options} ENVELOPE DEBEZIUM")
    for options, text in [("", "AWS CONNECTION option is required"),
                          ("AWS CONNECTION aws", "REGISTRY option is required"),
                          ("AWS CONNECTION aws, REGISTRY ''", "REGISTRY must not be empty"),
                          ("AWS CONNECTION kafka, REGISTRY 'r'", "kafka is not an AWS connection")]:
        with pytest.raises(psycopg.Error, match=text):
            ready.run(f"CREATE CONNECTION g TO AWS GLUE SCHEMA REGISTRY ({options})")
