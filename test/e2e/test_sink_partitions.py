"""Which partition a message goes to: the hash of its key, or what PARTITION BY says."""
import psycopg
import pytest
from confluent_kafka.admin import AdminClient, NewPartitions

from harness.topics import create_topic
from stack.processes import wait_until

# SeaHash of encoded keys; those of Avro without the header of the registry.
JSON_KEYS = {1: 16749447017101210570}                                  # {"k":1}
AVRO_KEYS = {1: 6215326323105245339, 2: 11107982111527004974}          # 02 and 04
TEXT_KEYS = {"2": 17529823629616385475, "a": 3009532316786026829}
NULLABLE_V1 = 2395881358218729975                                      # 02 04 76 31, 'v1'


@pytest.fixture
def ready(engine, connect_kafka):
    connect_kafka(engine)
    engine.run("CREATE TABLE t (k int NOT NULL, v text NOT NULL, n numeric)")
    return engine


def _sink(engine, topic, rest, options="", relation="t"):
    engine.run(f"CREATE SINK s FROM {relation} INTO KAFKA CONNECTION kafka"
               f" (TOPIC '{topic}'{options}) {rest}")


@pytest.mark.parametrize("count", [3, 4, 8])
def test_the_hash_of_a_json_key(ready, kafka, name, topic_reader, count):
    create_topic(kafka.bootstrap, name, count)
    _sink(ready, name, "KEY (k) FORMAT JSON ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES (1, 'x')")
    (message,) = topic_reader(name).wait_count(1)
    assert message.key == b'{"k":1}'
    assert message.partition == JSON_KEYS[1] % count


def test_the_hash_of_a_text_key(ready, kafka, name, topic_reader):
    create_topic(kafka.bootstrap, name, 16)
    _sink(ready, name, "KEY (v) KEY FORMAT TEXT VALUE FORMAT JSON ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES (1, '2'), (2, 'a')")
    places = {m.key.decode(): m.partition for m in topic_reader(name).wait_count(2)}
    assert places == {key: hash % 16 for key, hash in TEXT_KEYS.items()}


def test_the_hash_of_an_avro_key_is_without_the_id_of_its_schema(ready, kafka, connect_registry, name,
                                                                 topic_reader):
    connect_registry(ready)
    create_topic(kafka.bootstrap, name, 4)
    _sink(ready, name, "KEY (k) FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION csr"
          " ENVELOPE DEBEZIUM")
    ready.run("INSERT INTO t VALUES (1, 'x'), (2, 'x')")
    places = {m.key[5:]: m.partition for m in topic_reader(name).wait_count(2)}
    assert places == {b"\x02": AVRO_KEYS[1] % 4, b"\x04": AVRO_KEYS[2] % 4}


def test_without_a_key_everything_is_in_the_first_partition(ready, kafka, name, topic_reader):
    create_topic(kafka.bootstrap, name, 4)
    ready.run("CREATE MATERIALIZED VIEW counts AS SELECT k, count(*) AS n FROM t GROUP BY k")
    _sink(ready, name, "FORMAT JSON ENVELOPE DEBEZIUM", relation="counts")
    ready.run("INSERT INTO t SELECT g, 'x' FROM generate_series(1, 20) AS g")
    messages = topic_reader(name).wait_count(20)
    assert {(m.key, m.partition) for m in messages} == {(None, 0)}


def test_an_expression_its_null_and_its_errors(ready, name, topic_reader):
    ready.run("CREATE TABLE ab (id int NOT NULL, a int, b int)")
    _sink(ready, name, "KEY (id) NOT ENFORCED FORMAT JSON ENVELOPE UPSERT",
          ", TOPIC PARTITION COUNT 4, PARTITION BY = a / b", "ab")
    rows = {1: ("-1", "1", 0), 2: ("1", "0", 0), 3: ("1", "1", 1), 4: ("2", "1", 2),
            5: ("NULL", "1", 0), 6: ("7", "1", 3)}
    ready.run("INSERT INTO ab VALUES " + ", ".join(
        f"({id}, {a}, {b})" for id, (a, b, _) in rows.items()))
    places = {m.key_json["id"]: m.partition for m in topic_reader(name).wait_count(len(rows))}
    assert places == {id: place for id, (_, _, place) in rows.items()}


def test_a_hash_like_the_javas_producers(ready, name, topic_reader):
    _sink(ready, name, "KEY (v) NOT ENFORCED KEY FORMAT TEXT VALUE FORMAT JSON ENVELOPE UPSERT",
          ", TOPIC PARTITION COUNT 16, PARTITION BY = kafka_murmur2(v)")
    fruit = {"apple": 5, "banana": 13, "grape": 5, "orange": 8, "zucchini": 4}
    ready.run("INSERT INTO t VALUES " + ", ".join(f"(1, '{each}')" for each in fruit))
    assert {m.key.decode(): m.partition for m in topic_reader(name).wait_count(5)} == fruit


def test_any_column_under_upsert_a_deletion_goes_where_the_row_was(ready, name, topic_reader):
    _sink(ready, name, "KEY (k) NOT ENFORCED FORMAT JSON ENVELOPE UPSERT",
          ", TOPIC PARTITION COUNT 4, PARTITION BY = n")
    ready.run("INSERT INTO t VALUES (1, 'x', 1)")
    reader = topic_reader(name)
    reader.wait_count(1)
    ready.run("UPDATE t SET n = 2")
    reader.wait_count(2)
    ready.run("DELETE FROM t")
    assert [(m.partition, m.value is None) for m in reader.wait_count(3)] == [
        (1, False), (2, False), (2, True)]


def test_what_hash_functions_return(engine):
    texts = ["", "21", "foobar", "a-little-bit-long-string", "a-little-bit-longer-string",
             "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"]
    expected = [(0, 275646681, 14492805990617963705), (4252452532, 1173551340, 7529772019516855725),
                (2666930069, 1357151166, 5348458858952426560),
                (4000435554, 1161502112, 13634463480969222225),
                (2277486890, 661178819, 15118748813571373754),
                (3769350433, 2088585677, 7863670796178613151)]
    for kind in ("text", "bytea"):
        for text, values in zip(texts, expected):
            (found,) = engine.run("SELECT crc32(x)::text, kafka_murmur2(x)::text, seahash(x)::text"
                                  f" FROM (SELECT '{text}'::{kind}) AS one (x)")
            assert tuple(map(int, found)) == values, (kind, text)
    assert engine.run("SELECT seahash('to be or not to be')::text") == [("1988685042348123509",)]


def test_a_topic_that_grows_is_used_without_a_restart(ready, kafka, connect_registry, name,
                                                      topic_reader):
    connect_registry(ready)
    ready.run("CREATE TABLE words (w text)")
    create_topic(kafka.bootstrap, name, 100)
    _sink(ready, name, "KEY (w) FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION csr"
          " ENVELOPE DEBEZIUM", ", TOPIC METADATA REFRESH INTERVAL '1s'", "words")
    ready.run("INSERT INTO words VALUES ('v1')")
    (first,) = topic_reader(name).wait_count(1)
    assert (first.key[5:], first.partition) == (b"\x02\x04v1", NULLABLE_V1 % 100)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    admin.create_partitions([NewPartitions(name, 200)])[name].result(30)

    def moved():
        ready.run("INSERT INTO words VALUES ('v1')")
        return any(m.partition == NULLABLE_V1 % 200
                   for m in topic_reader(name).read_to_end())
    wait_until(moved, 60, "a message in the topic's new partitions")
    assert ready.run("SELECT status FROM mz_internal.mz_sink_status_history"
                     " ORDER BY occurred_at") == [("starting",), ("running",)]


def test_an_expression_outlives_renames_and_keeps_its_types(ready, name, topic_reader):
    ready.run("CREATE TYPE numbers AS LIST (ELEMENT TYPE = int4)")
    _sink(ready, name, "KEY (v) FORMAT JSON ENVELOPE DEBEZIUM",
          ", TOPIC PARTITION COUNT 8, PARTITION BY = list_length(v::numbers)")
    ready.run("INSERT INTO t VALUES (1, '{1,2,3}')")
    reader = topic_reader(name)
    reader.wait_count(1)
    with pytest.raises(psycopg.Error, match='cannot drop type "numbers": still depended upon by sink'):
        ready.run("DROP TYPE numbers")
    ready.run("ALTER TABLE t RENAME TO t2", "ALTER TYPE numbers RENAME TO n2",
              "ALTER CONNECTION kafka RENAME TO k2", "ALTER SINK s RENAME TO s2")
    ready.run("INSERT INTO t2 VALUES (2, '{1,2}')")
    reader.wait_count(2)
    ready.restart()
    ready.run("INSERT INTO t2 VALUES (3, '{1}')")
    assert [m.partition for m in reader.wait_count(3)] == [3, 2, 1]
    ((_, shown),) = ready.run("SHOW CREATE SINK s2")
    for each in ("penstock.public.t2", "penstock.public.k2", "penstock.public.n2"):
        assert each in shown
