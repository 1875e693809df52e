"""Our Kafka client beside librdkafka and beside a bare socket, on the same broker."""
import json
import os
import subprocess

from bench import PROGRAMS
from bench.consumer import make_topic, wait_for_leaders
from bench.costs import Costs
from bench.report import Figures, number, percentile, table
from stack.processes import StackError

NAME = "kafka_clients"
TITLE = "Kafka clients: transactions, transactions of one message, reading"
ROUNDS = 7
OURS, THEIRS, FLOOR = CLIENTS = ("penstock", "librdkafka", "socket")
PARTITIONS = 4
VALUE_BYTES, PROGRESS_BYTES = 200, 100
TRANSACTIONS, MESSAGES = 20, 100_000
PACED, BACK_TO_BACK, WARM_UP = 300, 500, 20
APART_MS = 30
PREPARED = "prepared"
TIMEOUT_S = 600
# What is deleted makes room at once: the log is in memory.
TOPIC_SETTINGS = {"file.delete.delay.ms": "1000"}

BULK, SPACED, DENSE, READING = "transactions", "30 ms apart", "back to back", "reading"
PER_MESSAGE, PER_TRANSACTION = "CPU us/message", "CPU ms/transaction"
# (part, whose, figure) and the most or the least that the median shall be; a ratio is that of ours
# to the other's in the same round.
GOALS = ((BULK, OURS, PER_MESSAGE, "<=", 0.15),
         (BULK, f"{OURS} : {FLOOR}", "messages/s", ">=", 0.8),
         (SPACED, OURS, "p50 ms", "<=", 2.5),
         (SPACED, OURS, PER_TRANSACTION, "<=", 0.3),
         (DENSE, f"{OURS} : {THEIRS}", "p90 ms", "<=", 1.0),
         (READING, f"{OURS} : {THEIRS}", PER_MESSAGE, "<=", 1 / 3))


def settings():
    """What is measured, for the record."""
    return {"partitions": PARTITIONS, "value bytes": VALUE_BYTES,
            "transactions": f"{TRANSACTIONS} of {MESSAGES:,} messages; of one message and a progress"
                            f" record {PACED} each {APART_MS} ms and {BACK_TO_BACK} back to back,"
                            f" after {WARM_UP}"}


def measure(servers, rounds):
    """All rounds; the clients take turns within each, each time another one first."""
    figures = Figures()
    _warm_up(servers)
    _prepare(servers)
    for number_of_round in range(rounds):
        first = number_of_round % len(CLIENTS)
        clients = CLIENTS[first:] + CLIENTS[:first]
        for part, run in ((BULK, _bulk), (SPACED, _spaced), (DENSE, _dense), (READING, _reading)):
            for client in clients:
                _observe(servers, part, client, figures, run)
        for part, pair, figure, _, _ in GOALS:
            if ":" in pair:
                ours, theirs = (figures.samples[(f"{part}: {client}", figure)][-1]
                                for client in pair.split(" : "))
                figures.add(f"{part}: {pair}", figure, ours / theirs)
    return figures


def goals(figures):
    """The goals beside the medians, as a table."""
    rows = []
    for part, whose, figure, relation, goal in GOALS:
        low, median, high = figures.spread(f"{part}: {whose}", figure)
        met = median <= goal if relation == "<=" else median >= goal
        rows.append([f"{part}: {whose}", figure, f"{relation} {number(goal)}",
                     "met" if met else "missed", number(low), number(median), number(high)])
    return table(["goal", "figure", "limit", "", "min", "median", "max"], rows, text_columns=4)


def _observe(servers, part, client, figures, run):
    costs = Costs(servers)
    found = run(servers, client)
    spent = costs.until(costs.sample())
    for figure, value in found.items():
        figures.add(f"{part}: {client}", figure, value)
    figures.add(f"  {part}: {client}: other load meanwhile", "cores", spent["other cores"])


def _bench(servers, client, part, *arguments):
    """One run of kafka_bench: what its line says."""
    command = [os.path.join(PROGRAMS, "kafka_bench"), client, part, servers.kafka.bootstrap,
               *map(str, arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise StackError(f"{' '.join(command)} took longer than {TIMEOUT_S} s") from None
    if done.returncode != 0:
        raise StackError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return json.loads(done.stdout)


def _make_topic(servers, topic):
    make_topic(servers.kafka.bootstrap, topic, PARTITIONS, TOPIC_SETTINGS)
    wait_for_leaders(servers.kafka.bootstrap, topic, PARTITIONS)


def _check_read(read, messages, value_bytes):
    """That every message was there once: they are numbered from 0."""
    expected = {"messages": messages, "number_sum": messages * (messages - 1) // 2,
                "value_bytes": messages * value_bytes}
    found = {name: read[name] for name in expected}
    if found != expected:
        raise StackError(f"the topic should hold {expected}, and holds {found}")


def _check_topic(servers, topic, messages, value_bytes):
    # By the same client for all.
    _check_read(_bench(servers, THEIRS, "read", topic, PARTITIONS), messages, value_bytes)


def _bulk(servers, client, transactions=None):
    topic = f"bulk-{client}"
    messages = (transactions or TRANSACTIONS) * MESSAGES
    _make_topic(servers, topic)
    spent = _bench(servers, client, "transactions", topic, messages // MESSAGES, MESSAGES)
    _check_topic(servers, topic, messages, VALUE_BYTES)
    servers.delete_topics(topic)
    return _rates(spent, messages)


def _rates(spent, messages):
    return {"messages/s": messages / spent["seconds"],
            PER_MESSAGE: spent["cpu_seconds"] / messages * 1e6}


def _single(servers, client, count, apart_ms):
    topic, progress = f"single-{client}", f"progress-{client}"
    for name in (topic, progress):
        _make_topic(servers, name)
    spent = _bench(servers, client, "single", topic, progress, WARM_UP, count, apart_ms)
    _check_topic(servers, topic, WARM_UP + count, VALUE_BYTES)
    _check_topic(servers, progress, WARM_UP + count, PROGRESS_BYTES)
    servers.delete_topics(topic, progress)
    took = spent["took_ms"]
    if len(took) != count:
        raise StackError(f"{len(took)} transactions were timed, not {count}")
    return {**{f"p{share} ms": percentile(took, share / 100) for share in (50, 90, 99)},
            PER_TRANSACTION: spent["cpu_seconds"] / count * 1e3}


def _spaced(servers, client):
    return _single(servers, client, PACED, APART_MS)


def _dense(servers, client):
    return _single(servers, client, BACK_TO_BACK, 0)


def _reading(servers, client):
    messages = TRANSACTIONS * MESSAGES
    read = _bench(servers, client, "read", PREPARED, PARTITIONS)
    _check_read(read, messages, VALUE_BYTES)
    return _rates(read, messages)


def _warm_up(servers):
    """The broker's virtual machine compiles what every client makes it do."""
    for client in CLIENTS:
        _bulk(servers, client, transactions=min(TRANSACTIONS, 5))
        _dense(servers, client)


def _prepare(servers):
    _make_topic(servers, PREPARED)
    _bench(servers, OURS, "transactions", PREPARED, TRANSACTIONS, MESSAGES)
