"""Catch-up: how fast changes of an absence go from PostgreSQL through a view into Kafka, beside
pg_recvlogical, which only takes the same changes from PostgreSQL and throws them away."""
import time

from bench import accounts
from bench.consumer import Follower, state
from bench.costs import Costs
from bench.report import Figures
from bench.servers import must_run
from bench.usage import Program
from stack.postgres import PASSWORD, PROGRAMS
from stack.processes import StackError

NAME = "catch-up"
TITLE = "Catch-up: PostgreSQL -> grouped view -> Kafka"
TRANSACTIONS, CHANGES_EACH = 3_000, 100
CHANGES = TRANSACTIONS * CHANGES_EACH
SLOT = "reference"
TIMEOUT_S = 600
READ_BATCH = 1_000

CHANGE_ALL = f"""
CREATE PROCEDURE change_all() LANGUAGE plpgsql AS $$
BEGIN
  FOR t IN 0 .. {TRANSACTIONS - 1} LOOP
    FOR c IN 0 .. {CHANGES_EACH - 1} LOOP
      UPDATE account SET amount = amount + 1
        WHERE id = ((t * {CHANGES_EACH} + c)::bigint * 7919 % {accounts.ROWS} + 1)::int;
    END LOOP;
    COMMIT;
  END LOOP;
END $$"""


def settings():
    """What is measured, for the record."""
    return {"changes": CHANGES, "transactions": TRANSACTIONS, "rows": accounts.ROWS,
            "groups": accounts.GROUPS}


def measure(servers, rounds):
    """All rounds; figures, and per round what each thread of penstock used."""
    figures, threads = Figures(), []
    for number in range(rounds):
        with servers.database(f"catch_up_{number}") as connection:
            accounts.create(connection)
            with servers.engine(connection.info.dbname) as engine:
                threads.append(_penstock(servers, engine, connection, number, figures))
            _reference(servers, connection, figures)
        ours, theirs = (figures.samples[(name, "changes/s")][-1] for name in _RATES)
        figures.add("penstock : pg_recvlogical", "ratio", ours / theirs)
    return figures, threads


_RATES = ("penstock", "pg_recvlogical")


def _change(connection):
    """Makes all changes, the marker's last; an LSN that lies behind all but the last COMMIT."""
    connection.execute(
        "SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [SLOT])
    connection.execute(CHANGE_ALL)
    connection.execute("CALL change_all()")
    with connection.transaction():
        connection.execute("UPDATE account SET amount = 1 WHERE id = %s", [accounts.MARKER_ID])
        return connection.execute("SELECT pg_current_wal_insert_lsn()").fetchone()[0]


def _penstock(servers, engine, connection, number, figures):
    topic = f"totals-{number}"
    accounts.follow(servers, engine, topic)
    engine.stop()
    _change(connection)
    follower = Follower(servers.kafka.bootstrap, topic, *accounts.marker_message(1), READ_BATCH)
    started = time.monotonic()
    engine.begin().wait_ready()
    ready = time.monotonic()
    costs = Costs(servers, engine)
    start_cpu_seconds = costs.sample()["penstock"]
    messages = follower.wait(TIMEOUT_S, must_run(engine))
    spent = costs.until(costs.sample())
    seconds = messages[-1][0] - ready
    figures.add("penstock", "changes/s", CHANGES / seconds)
    figures.add("  penstock: other load meanwhile", "cores", spent["other cores"])
    figures.add("penstock CPU", "s/M changes", spent["penstock"] / CHANGES * 1e6)
    figures.add("  penstock: PostgreSQL", "s/M changes", spent["PostgreSQL"] / CHANGES * 1e6)
    figures.add("  penstock: Kafka", "s/M changes", spent["Kafka"] / CHANGES * 1e6)
    figures.add("penstock VmHWM", "MiB", spent["peak MiB"])
    figures.add("start to ready", "s", ready - started)
    figures.add("start to ready CPU", "s", start_cpu_seconds)
    figures.add("ready to last result", "s", seconds)
    figures.add("messages written", "", len(messages) - accounts.GROUPS - 1)
    wrong = accounts.differences(connection, state(messages))
    if wrong:
        raise StackError(f"the topic differs from PostgreSQL in {wrong} groups")
    return spent["threads"]


def _reference(servers, connection, figures):
    end = connection.execute("SELECT pg_current_wal_lsn()").fetchone()[0]
    postgres = servers.postgres
    costs = Costs(servers)
    program = Program(
        [f"{PROGRAMS}/pg_recvlogical", "-h", "127.0.0.1", "-p", str(postgres.port),
         "-U", "postgres", "-d", connection.info.dbname, "--slot", SLOT, "--start", "--no-loop",
         "--endpos", end, "-o", "proto_version=1", "-o", "publication_names=bench",
         "-f", "/dev/null"], {"PGPASSWORD": PASSWORD}).finish()
    spent = costs.until(costs.sample())
    figures.add("pg_recvlogical", "changes/s", CHANGES / program.seconds)
    figures.add("  pg_recvlogical: other load meanwhile", "cores", spent["other cores"])
    figures.add("pg_recvlogical CPU", "s/M changes", program.cpu_seconds / CHANGES * 1e6)
    figures.add("  pg_recvlogical: PostgreSQL", "s/M changes", spent["PostgreSQL"] / CHANGES * 1e6)
    figures.add("pg_recvlogical VmHWM", "MiB", program.peak_mib)
