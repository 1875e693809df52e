"""A large table comes in and goes out in bounded memory, killed on the way, each row once.

PENSTOCK_LONG=1 (`bin/test long`) does it with two million rows of 200 bytes, otherwise with fewer.
"""
import json
import os

import pytest
from confluent_kafka import Consumer

from harness.upstream import follow, publish
from stack.processes import wait_until

ROWS = 2_000_000 if os.environ.get("PENSTOCK_LONG") else 150_000
MEMORY_MAX_MIB = 400
PATIENCE_S = 600


def _peak_mib(engine):
    """VmHWM of the running process."""
    with open(f"/proc/{engine.pid()}/status") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _staged(engine):
    rows = engine.run("SELECT max(snapshot_records_staged) FROM mz_internal.mz_source_statistics")
    return int(rows[0][0] or 0)


def _committed(engine):
    rows = engine.run("SELECT max(messages_committed) FROM mz_internal.mz_sink_statistics")
    return int(rows[0][0] or 0)


def _read_all(kafka, topic, expected):
    """How often each id is there, as a read_committed consumer sees it."""
    counts = {}
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": topic,
                         "isolation.level": "read_committed", "auto.offset.reset": "earliest",
                         "enable.auto.commit": False})
    consumer.subscribe([topic])
    try:
        seen = 0
        while seen < expected:
            messages = consumer.consume(10_000, timeout=60)
            assert messages, f"{seen} of {expected} messages"
            for message in messages:
                assert message.error() is None
                key = json.loads(message.key())["id"]
                counts[key] = counts.get(key, 0) + 1
            seen += len(messages)
        assert not consumer.consume(1, timeout=2), "more messages than rows"
    finally:
        consumer.close()
    return counts


@pytest.mark.timeout(3 * PATIENCE_S)
def test_a_large_snapshot_comes_in_and_leaves_exactly_once(engine, kafka, pg, name,
                                                           connect_kafka, connect_postgres):
    publish(pg, "filler text NOT NULL",
            f"SELECT g, repeat(md5(g::text), 5) FROM generate_series(1, {ROWS}) AS g", "t")
    connect_postgres(engine, pg.info.dbname)
    connect_kafka(engine)
    peaks = []
    follow(engine, "t")
    wait_until(lambda: _staged(engine) > ROWS / 4, PATIENCE_S, "a part of the copy", poll_s=0.02)
    peaks.append(_peak_mib(engine))
    engine.crash()
    wait_until(lambda: engine.run("SELECT status FROM mz_internal.mz_source_statuses"
                                  " WHERE name = 's'") == [("running",)], PATIENCE_S, "the source")
    assert engine.run("SELECT count(*) FROM t") == [(ROWS,)]
    engine.run(f"CREATE SINK out FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}')"
               " KEY (id) FORMAT JSON ENVELOPE UPSERT")
    wait_until(lambda: _committed(engine) > 0, PATIENCE_S, "a part of the snapshot", poll_s=0.01)
    peaks.append(_peak_mib(engine))
    engine.crash()
    counts = _read_all(kafka, name, ROWS)
    peaks.append(_peak_mib(engine))
    assert len(counts) == ROWS and set(counts.values()) == {1}
    print(f"\n{ROWS} rows, VmHWM of each process: {', '.join(f'{p:.0f}' for p in peaks)} MiB")
    assert max(peaks) < MEMORY_MAX_MIB
