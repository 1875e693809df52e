"""A large table comes in and goes out in bounded memory, killed on the way, each row once.

PENSTOCK_LONG=1 (`bin/test long`) does it with ten million rows of 200 bytes and three kills while
they go out, otherwise with fewer.
"""
import json
import os

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition

from harness.upstream import follow, publish
from stack.processes import wait_until

IS_LONG = bool(os.environ.get("PENSTOCK_LONG"))
ROWS = 10_000_000 if IS_LONG else 400_000
# The sink is killed when it has sent more than so many; a transaction has some 140,000.
KILLS = [0, ROWS // 3, 2 * ROWS // 3] if IS_LONG else [0]
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


def _committed(kafka, topic):
    """The end of the topic's only partition, for those who read what is committed."""
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": topic,
                         "isolation.level": "read_committed", "log_level": 0})
    try:
        return consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=30)[1]
    except KafkaException:
        return 0  # It is not there yet.
    finally:
        consumer.close()


def _read_all(kafka, topic):
    """How often each id is there, as a read_committed consumer sees it, and from when to when each
    transaction went (ms): between two is a marker, which takes an offset."""
    counts, seen, spans = bytearray(ROWS + 1), 0, []
    consumer = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": topic,
                         "isolation.level": "read_committed", "auto.offset.reset": "earliest",
                         "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, 0)])
    next_offset = -1
    try:
        while seen < ROWS:
            messages = consumer.consume(10_000, timeout=60)
            assert messages, f"{seen} of {ROWS} messages"
            for message in messages:
                assert message.error() is None
                counts[json.loads(message.key())["id"]] += 1
                at = message.timestamp()[1]
                if message.offset() != next_offset:
                    spans.append([at, at])
                spans[-1][1] = at
                next_offset = message.offset() + 1
            seen += len(messages)
        assert not consumer.consume(1, timeout=2), "more messages than rows"
    finally:
        consumer.close()
    return counts, spans


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
    for part in KILLS:
        wait_until(lambda enough=part: _committed(kafka, name) > enough, PATIENCE_S,
                   "a part of the snapshot", poll_s=0.01)
        peaks.append(_peak_mib(engine))
        engine.crash()
    counts, spans = _read_all(kafka, name)
    peaks.append(_peak_mib(engine))
    assert set(counts[1:]) == {1} and counts[0] == 0
    assert len(spans) > len(KILLS), "a kill came when all was sent"
    print(f"\n{ROWS} rows, VmHWM of each process: {', '.join(f'{p:.0f}' for p in peaks)} MiB; "
          f"{len(spans)} transactions, the longest {max(b - a for a, b in spans) / 1000:.1f} s")
    assert max(peaks) < MEMORY_MAX_MIB
