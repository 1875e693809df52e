"""A sink that has nothing to say says nothing: no record, no transaction, no growing log.

PENSTOCK_LONG=1 (`bin/test long`) waits five minutes each; otherwise a few seconds.
"""
import os
import threading
import time

import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from harness.upstream import follow, publish
from stack.processes import wait_until

QUIET_S = 300 if os.environ.get("PENSTOCK_LONG") else 8
LOG_MAX_BYTES = 64 << 20


def _ends(kafka, topics):
    """The high watermarks of all partitions: markers of transactions count, too."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "none"})
    try:
        return {(topic, partition): consumer.get_watermark_offsets(
                    TopicPartition(topic, partition), timeout=30)[1]
                for topic in topics
                for partition in admin.list_topics(topic, timeout=30).topics[topic].partitions}
    finally:
        consumer.close()


def _log_bytes(engine):
    """What is kept of all collections' history, by the holder that keeps most."""
    rows = engine.run("SELECT max(retained_bytes) FROM mz_internal.mz_retention_holders")
    return int(rows[0][0] or 0)


@pytest.fixture
def quiet_sink(engine, kafka, pg, name, connect_kafka, connect_postgres, topic_reader):
    """A sink over a view of a followed table that has sent its snapshot; and its topics."""
    publish(pg, "v int", "SELECT g, g FROM generate_series(1, 100) AS g", "t")
    connect_postgres(engine, pg.info.dbname)
    connect_kafka(engine)
    follow(engine, "t")
    engine.run("CREATE MATERIALIZED VIEW few AS SELECT id, v FROM t WHERE id <= 10",
               f"CREATE SINK out FROM few INTO KAFKA CONNECTION kafka (TOPIC '{name}')"
               " KEY (id) FORMAT JSON ENVELOPE UPSERT")
    topic_reader(name).wait_count(10)
    progress = engine.run("SELECT sink_progress_topic FROM mz_catalog.mz_kafka_connections")[0][0]
    # The transaction's markers come a moment after what they make visible.
    topics, seen = (name, progress), []

    def settled():
        seen.append(_ends(kafka, topics))
        return len(seen) > 3 and seen[-1] == seen[-3]
    wait_until(settled, 30, "the markers of the last transaction", poll_s=0.3)
    return topics


@pytest.mark.timeout(QUIET_S + 120)
def test_without_input_nothing_is_written(engine, kafka, quiet_sink):
    before = _ends(kafka, quiet_sink)
    until = time.monotonic() + QUIET_S
    while time.monotonic() < until:
        time.sleep(min(5, QUIET_S / 4))
        assert _ends(kafka, quiet_sink) == before
    assert _log_bytes(engine) < LOG_MAX_BYTES


@pytest.mark.timeout(QUIET_S + 240)
def test_a_busy_input_that_changes_nothing_writes_nothing(engine, kafka, pg, quiet_sink):
    before = _ends(kafka, quiet_sink)
    stop = threading.Event()

    def write():
        with psycopg.connect(pg.info.dsn, password="postgres", autocommit=True) as connection:
            while not stop.is_set():
                connection.execute("UPDATE t SET v = v + 1 WHERE id > 50")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        until = time.monotonic() + QUIET_S
        while time.monotonic() < until:
            time.sleep(min(5, QUIET_S / 4))
            assert _ends(kafka, quiet_sink) == before
            assert _log_bytes(engine) < LOG_MAX_BYTES
    finally:
        stop.set()
        writer.join()
    pg.execute("UPDATE t SET v = -1 WHERE id = 1")
    wait_until(lambda: _ends(kafka, quiet_sink) != before, 30, "the change that is one")


def test_a_clean_restart_writes_no_data(engine, kafka, quiet_sink):
    data = quiet_sink[:1]
    before = _ends(kafka, data)
    for _ in range(3):
        engine.restart()
        wait_until(lambda: engine.run("SELECT status FROM mz_internal.mz_sink_statuses") ==
                   [("running",)], 30, "the sink to run")
    assert _ends(kafka, data) == before
