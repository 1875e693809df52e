"""A sink's snapshot: the rows of a source table into a topic, beside librdkafka alone with the same
messages."""
import os
import time

from bench.consumer import CommittedEnd, make_topic, open_consumer, take
from bench.costs import Costs
from bench.report import Figures
from bench.servers import HEADER, SETTLE_TIMEOUT_S, must_run, wait_running, write_message
from bench.usage import cpu_seconds
from stack.processes import StackError, wait_until

NAME = "snapshot"
TITLE = "Snapshot of a sink: table of a source -> Kafka"
ROWS = 2_000_000
MESSAGES_PER_TRANSACTION = 100_000
TIMEOUT_S = 600
READ_BATCH = 10_000
READ_WAIT_S = 0.1
DATABASE = "snapshot"
# Storage is still sorting what it took in when the first sink begins; the second has it in order.
AT_ONCE, AT_REST, BARE = "penstock", "penstock, storage at rest", "bare producer"
REST_CORES = 0.05


def settings():
    """What is measured, for the record."""
    return {"rows": ROWS, "reference's messages per transaction": MESSAGES_PER_TRANSACTION}


def measure(servers, rounds):
    """All rounds; figures, and per round what each thread of penstock used."""
    figures, threads = Figures(), []
    with servers.database(DATABASE) as connection:
        create_table(connection)
        for number in range(rounds):
            with servers.engine(DATABASE) as engine:
                _ingest(servers, engine, figures)
                threads.append(_sink(servers, engine, AT_ONCE, number, figures))
                wait_at_rest(engine)
                _sink(servers, engine, AT_REST, number, figures)
            servers.drop_slots(connection, DATABASE)
            _reference(servers, number, figures)
            for name in (AT_ONCE, AT_REST):
                ours, theirs = (figures.samples[(which, "messages/s")][-1]
                                for which in (name, BARE))
                figures.add(f"{name} : {BARE}", "ratio", ours / theirs)
    return figures, threads


def _topic(name, number):
    return f"{name}-{number}".replace(" ", "-").replace(",", "")


def create_table(connection):
    """The table in PostgreSQL; a row is a JSON value of about 200 bytes."""
    connection.execute(
        "CREATE TABLE wide (id int PRIMARY KEY, customer int NOT NULL, quantity int NOT NULL,"
        " name text NOT NULL, note text NOT NULL)")
    connection.execute("ALTER TABLE wide REPLICA IDENTITY FULL")
    connection.execute(
        "INSERT INTO wide SELECT g, g % 50021, g % 97, 'article number ' || g,"
        " md5(g::text) || ' ' || md5((-g)::text) || ' and words that every row has in common'"
        f" FROM generate_series(1, {ROWS}) AS g")
    connection.execute("CREATE PUBLICATION bench FOR TABLE wide")
    connection.execute("VACUUM ANALYZE wide")
    connection.execute("CHECKPOINT")


def _ingest(servers, engine, figures):
    """The source's own snapshot: from CREATE TABLE to the first answer that has all rows."""
    engine.run("CREATE SOURCE articles FROM POSTGRES CONNECTION pg (PUBLICATION 'bench')")
    costs = Costs(servers, engine)
    began = time.monotonic()
    engine.run("CREATE TABLE wide FROM SOURCE articles (REFERENCE public.wide)")
    wait_until(lambda: engine.run("SELECT count(*) FROM wide") == [(ROWS,)], TIMEOUT_S,
               "the source's snapshot", poll_s=0.2)
    seconds = time.monotonic() - began
    spent = costs.until(costs.sample())
    figures.add("ingest", "s", seconds)
    figures.add("ingest", "rows/s", ROWS / seconds)
    figures.add("  ingest: other load meanwhile", "cores", spent["other cores"])
    figures.add("ingest CPU", "s/M rows", spent["penstock"] / ROWS * 1e6)
    figures.add("  ingest: PostgreSQL", "s/M rows", spent["PostgreSQL"] / ROWS * 1e6)
    figures.add("ingest VmHWM", "MiB", spent["peak MiB"])


def wait_at_rest(engine):
    """Waits until storage has put in order what it took in."""
    def at_rest():
        before = cpu_seconds(engine.pid())
        time.sleep(1)
        return cpu_seconds(engine.pid()) - before < REST_CORES
    wait_until(at_rest, SETTLE_TIMEOUT_S, "penstock to rest", poll_s=0)


def _sink(servers, engine, name, number, figures):
    topic = _topic(name, number)
    sink = "at_once" if name == AT_ONCE else "at_rest"
    make_topic(servers.kafka.bootstrap, topic)
    costs = Costs(servers, engine)
    with CommittedEnd(servers.kafka.bootstrap, topic) as end:
        end.offset()
        began = time.monotonic()
        engine.run(f"CREATE SINK {sink} FROM wide INTO KAFKA CONNECTION kafka (TOPIC '{topic}')"
                   " KEY (id) FORMAT JSON ENVELOPE UPSERT")
        ended, sample = end.wait_settled(ROWS + 1, TIMEOUT_S, must_run(engine),
                                         sample=costs.sample)
    wait_running(engine, sink)
    spent = costs.until(sample)
    _add(figures, name, ended - began, spent["penstock"], spent)
    figures.add(f"{name} VmHWM", "MiB", spent["peak MiB"])
    return spent["threads"]


def _add(figures, name, seconds, cpu_seconds_used, spent):
    """The figures that every way of sending has."""
    figures.add(name, "messages/s", ROWS / seconds)
    figures.add(name, "s", seconds)
    figures.add(f"{name} CPU", "s/M messages", cpu_seconds_used / ROWS * 1e6)
    figures.add(f"  {name}: Kafka", "s/M messages", spent["Kafka"] / ROWS * 1e6)
    figures.add(f"  {name}: other load meanwhile", "cores", spent["other cores"])


def row_of_json(key):
    """The id in a JSON key."""
    return int(key[len(b'{"id":'):-1])


def keep_messages(servers, topic, path, partitions=1, row_of=row_of_json):
    """Writes the messages of a topic into a file, and checks that every row is there once. The
    mean size of a value."""
    seen = bytearray(ROWS + 1)
    count = value_bytes = ends = 0
    consumer = open_consumer(servers.kafka.bootstrap, topic, partitions)
    with open(path, "wb") as out:
        while ends < partitions:
            records, ended = take(consumer, READ_BATCH, READ_WAIT_S)
            for record in records:
                key, value = record.key(), record.value()
                write_message(out, key, value, dict(record.headers())[HEADER], record.partition())
                seen[row_of(key)] += 1
                value_bytes += len(value)
            count += len(records)
            ends += ended
    consumer.close()
    if count != ROWS or seen[1:] != b"\x01" * ROWS:
        raise StackError(f"{count} messages, of {sum(map(bool, seen))} rows, for {ROWS} rows")
    return value_bytes / count


def _reference(servers, number, figures):
    topic = _topic(AT_ONCE, number)
    path = os.path.join(servers.fast_directory, "messages")
    figures.add("value of a message", "bytes", keep_messages(servers, topic, path))
    bare_topic = _topic(BARE, number)
    make_topic(servers.kafka.bootstrap, bare_topic)
    costs = Costs(servers)
    with CommittedEnd(servers.kafka.bootstrap, bare_topic) as end:
        end.offset()
        program = servers.bare_producer(bare_topic, path, MESSAGES_PER_TRANSACTION)
        ended, sample = end.wait_settled(ROWS + 1, TIMEOUT_S, sample=costs.sample)
    program.finish()
    spent = costs.until(sample)
    os.remove(path)
    _add(figures, BARE, ended - program.began, program.cpu_seconds, spent)
    figures.add(f"{BARE} VmHWM", "MiB", program.peak_mib)
    servers.delete_topics(topic, _topic(AT_REST, number), bare_topic)
