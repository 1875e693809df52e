"""Latency: from COMMIT in PostgreSQL to a read_committed consumer of the view's topic, where the
time goes inside, and how long Kafka alone needs for a transaction of one message."""
import json
import time

import confluent_kafka

from bench import accounts, histograms
from bench.consumer import Follower, make_topic
from bench.costs import Costs
from bench.report import Figures, percentile
from bench.servers import must_run
from stack.processes import StackError

NAME = "latency"
TITLE = "Latency: COMMIT in PostgreSQL -> grouped view -> consumer"
PER_SECOND, SECONDS, WARM_UP_SECONDS = 100, 20, 2
COMMITS, WARM_UP = PER_SECOND * SECONDS, PER_SECOND * WARM_UP_SECONDS
BROKER_WARM_UP = 30_000
TIMEOUT_S = 120


def settings():
    """What is measured, for the record."""
    return {"commits": COMMITS, "per second": PER_SECOND, "rows": accounts.ROWS,
            "groups": accounts.GROUPS}


def measure(servers, rounds):
    """All rounds; figures, and per round what each thread of penstock used."""
    figures, threads = Figures(), []
    _warm_up_broker(servers)
    for number in range(rounds):
        with servers.database(f"latency_{number}") as connection:
            accounts.create(connection)
            with servers.engine(connection.info.dbname) as engine:
                threads.append(_penstock(servers, engine, connection, number, figures))
        _kafka_alone(servers, number, figures)
    return figures, threads


def _paced(count):
    """Counts up at the pace of the writer; late turns are made up for."""
    began = time.monotonic()
    for i in range(count):
        time.sleep(max(0.0, began + i / PER_SECOND - time.monotonic()))
        yield i


def _add_latencies(figures, prefix, seconds):
    for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
        figures.add(f"{prefix} {name}", "ms", 1000 * percentile(seconds, share))


def _penstock(servers, engine, connection, number, figures):
    topic = f"latency-{number}"
    accounts.follow(servers, engine, topic)
    follower = Follower(servers.kafka.bootstrap, topic, *accounts.marker_message(1))
    # Every commit changes a group of its own: what a message shows is then one commit's.
    assert WARM_UP + COMMITS <= accounts.GROUPS
    update = "UPDATE account SET amount = 1 WHERE id = %s"
    for i in _paced(WARM_UP):
        connection.execute(update, [i + 1], prepare=True)
    costs = Costs(servers, engine)
    before = histograms.read(engine.get("/metrics"))
    committed = {}
    for i in _paced(COMMITS):
        row = WARM_UP + i + 1
        connection.execute(update, [row], prepare=True)  # Commits by itself.
        committed[row % accounts.GROUPS] = time.monotonic()
    connection.execute(update, [accounts.MARKER_ID])
    messages = follower.wait(TIMEOUT_S, must_run(engine))
    spent = costs.until(costs.sample())
    hops = histograms.between(before, histograms.read(engine.get("/metrics")))
    arrived = {}
    for arrival, _, value in messages:
        row = json.loads(value)
        if row["total"] == 1:
            arrived.setdefault(row["grp"], arrival)
    missing = committed.keys() - arrived.keys()
    if missing:
        raise StackError(f"{len(missing)} of {COMMITS} commits never showed in the topic")
    _add_latencies(figures, "COMMIT to consumer",
                   [arrived[grp] - at for grp, at in committed.items()])
    figures.add("  other load meanwhile", "cores", spent["other cores"])
    for name, buckets in sorted(hops.items()):
        for label, share in (("p50", 0.5), ("p99", 0.99)):
            figures.add(f"  {name} {label}", "ms", 1000 * histograms.percentile(buckets, share))
        figures.add(f"  {name} times", "", buckets[float("inf")])
    figures.add("penstock CPU", "s/M changes", spent["penstock"] / COMMITS * 1e6)
    figures.add("penstock CPU", "cores", spent["penstock"] / SECONDS)
    figures.add("PostgreSQL CPU", "cores", spent["PostgreSQL"] / SECONDS)
    figures.add("Kafka CPU", "cores", spent["Kafka"] / SECONDS)
    figures.add("penstock VmHWM", "MiB", spent["peak MiB"])
    return spent["threads"]


def _warm_up_broker(servers):
    """Lets the broker's virtual machine compile the way of a small transaction, which takes some
    ten thousands of them: while it does, it takes the cores from everybody for 20 ms at a time."""
    _commit_each(servers, "small-warm-up", range(BROKER_WARM_UP))


def _kafka_alone(servers, number, figures):
    """The floor: a client commits one message at the same pace; from its send to a consumer."""
    latencies, spent = _commit_each(servers, f"kafka-alone-{number}", _paced(WARM_UP + COMMITS))
    _add_latencies(figures, "Kafka alone", latencies)
    figures.add("Kafka alone CPU of its client", "s/M changes", spent / COMMITS * 1e6)


def _commit_each(servers, topic, turns):
    """A transaction of one message per turn. Seconds from send to arrival at a consumer of those
    after the first WARM_UP, and the CPU seconds that they cost this client."""
    make_topic(servers.kafka.bootstrap, topic)
    follower = Follower(servers.kafka.bootstrap, topic, b"last", b"")
    producer = confluent_kafka.Producer({
        "bootstrap.servers": servers.kafka.bootstrap, "transactional.id": topic, "linger.ms": 0})
    producer.init_transactions(30)
    sent = {}
    for i in turns:
        if i == WARM_UP:
            cpu_before = time.process_time()
        key = b"%d" % i
        sent[key] = time.monotonic()
        _commit(producer, topic, key)
    spent = time.process_time() - cpu_before
    _commit(producer, topic, b"last")
    return [arrival - sent[key] for arrival, key, _
            in follower.wait(TIMEOUT_S)[WARM_UP:] if key in sent], spent


def _commit(producer, topic, key):
    producer.begin_transaction()
    producer.produce(topic, key=key, value=b"x" * 40)
    producer.commit_transaction(30)
