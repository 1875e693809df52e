"""A sink's formats and partitions: the same snapshot as JSON and as Avro, into 1 and 16 partitions,
beside our own client that sends the same messages from a file."""
import os
import subprocess
import time

from bench import PROGRAMS
from bench.consumer import CommittedEnd, make_topic, wait_for_leaders
from bench.costs import Costs
from bench.report import Figures
from bench.servers import must_run, wait_running
from bench.snapshot import (MESSAGES_PER_TRANSACTION, ROWS, TIMEOUT_S, create_table, keep_messages,
                            row_of_json, wait_at_rest)
from stack.processes import wait_until
from stack.schema_registry import SchemaRegistry

NAME = "sink"
TITLE = "A sink's formats: table of a source -> Kafka, beside the same messages prepared"
DATABASE = "sink"
PARTITIONS = (1, 16)
FORMATS = {"JSON": "JSON", "Avro": "AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION registry"}
HEAD_BYTES = 5  # Of a registry's header.
GOAL = 0.6


def settings():
    """What is measured, for the record."""
    return {"rows": ROWS, "partitions": " and ".join(map(str, PARTITIONS)),
            "prepared messages per transaction": MESSAGES_PER_TRANSACTION}


def measure(servers, rounds):
    """All rounds; figures, and per round what each thread of penstock used."""
    figures, threads = Figures(), []
    registry = SchemaRegistry(os.path.join(servers.fast_directory, "registry"))
    try:
        registry.up(leash=True)
        with servers.database(DATABASE) as connection:
            create_table(connection)
            for number in range(rounds):
                with servers.engine(DATABASE) as engine:
                    _ingest(engine, registry)
                    for partitions in PARTITIONS:
                        for form in FORMATS:
                            threads.append(_compare(servers, engine, form, partitions, number,
                                                    figures))
                servers.drop_slots(connection, DATABASE)
    finally:
        registry.kill()
    return figures, threads


def _ingest(engine, registry):
    engine.run(f"CREATE CONNECTION registry TO CONFLUENT SCHEMA REGISTRY (URL '{registry.url}')",
               "CREATE SOURCE articles FROM POSTGRES CONNECTION pg (PUBLICATION 'bench')",
               "CREATE TABLE wide FROM SOURCE articles (REFERENCE public.wide)")
    wait_until(lambda: engine.run("SELECT count(*) FROM wide") == [(ROWS,)], TIMEOUT_S,
               "the source's snapshot", poll_s=0.2)
    wait_at_rest(engine)


def _compare(servers, engine, form, partitions, number, figures):
    """One sink and, right after it, its messages by our client alone."""
    name = f"{form}, {partitions} partition{'s' if partitions > 1 else ''}"
    topic = f"sink-{form}-{partitions}-{number}"
    path = os.path.join(servers.fast_directory, "messages")
    ours, threads = _sink(servers, engine, form, partitions, topic, name, figures)
    row_of = row_of_avro if form == "Avro" else row_of_json
    figures.add(f"  {name}: value", "bytes", keep_messages(servers, topic, path, partitions, row_of))
    theirs = _prepared(servers, topic + "-prepared", path, partitions, name, figures)
    os.remove(path)
    figures.add(f"{name} : prepared", "ratio", ours / theirs)
    servers.delete_topics(topic, topic + "-prepared")
    return threads


def _make_topic(servers, topic, partitions):
    make_topic(servers.kafka.bootstrap, topic, partitions)
    wait_for_leaders(servers.kafka.bootstrap, topic, partitions)


def _sink(servers, engine, form, partitions, topic, name, figures):
    _make_topic(servers, topic, partitions)
    costs = Costs(servers, engine)
    with CommittedEnd(servers.kafka.bootstrap, topic, partitions) as end:
        end.offset()
        began = time.monotonic()
        engine.run(f"CREATE SINK s FROM wide INTO KAFKA CONNECTION kafka (TOPIC '{topic}')"
                   f" KEY (id) FORMAT {FORMATS[form]} ENVELOPE UPSERT")
        ended, sample = end.wait_settled(ROWS + 1, TIMEOUT_S, must_run(engine),
                                         sample=costs.sample)
    wait_running(engine, "s")
    engine.run("DROP SINK s")
    spent = costs.until(sample)
    figures.add(name, "messages/s", ROWS / (ended - began))
    figures.add(f"  {name}: CPU", "s/M messages", spent["penstock"] / ROWS * 1e6)
    figures.add(f"  {name}: Kafka", "s/M messages", spent["Kafka"] / ROWS * 1e6)
    figures.add(f"  {name}: other load meanwhile", "cores", spent["other cores"])
    figures.add(f"  {name}: VmHWM", "MiB", spent["peak MiB"])
    return ROWS / (ended - began), spent["threads"]


def _prepared(servers, topic, path, partitions, name, figures):
    _make_topic(servers, topic, partitions)
    with CommittedEnd(servers.kafka.bootstrap, topic, partitions) as end:
        end.offset()
        program = servers.bare_producer(topic, path, MESSAGES_PER_TRANSACTION, "prepared_producer")
        ended, _ = end.wait_settled(ROWS + 1, TIMEOUT_S)
    program.finish()
    rate = ROWS / (ended - program.began)
    figures.add(f"  {name}: prepared", "messages/s", rate)
    figures.add(f"  {name}: prepared CPU", "s/M messages", program.cpu_seconds / ROWS * 1e6)
    return rate


def row_of_avro(key):
    """The one int of a key (zigzag, 7 bits a byte, the lowest first)."""
    number = 0
    for place, byte in enumerate(key[HEAD_BYTES:]):
        number |= (byte & 0x7F) << (7 * place)
    return number >> 1


def encoding():
    """What a message costs before it is sent, a line each."""
    return subprocess.run([os.path.join(PROGRAMS, "encoding_bench")], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.rstrip()


def goals(figures):
    """Whether a sink of one partition comes near enough to its messages prepared."""
    lines = []
    for form in FORMATS:
        samples = sorted(figures.samples[f"{form}, 1 partition : prepared", "ratio"])
        median = samples[len(samples) // 2]
        lines.append(f"{form}: {median:.2f} of prepared messages, goal {GOAL}: "
                     f"{'met' if median >= GOAL else 'MISSED'}")
    return "\n".join(lines)
