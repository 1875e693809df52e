"""The table that catch-up and latency change, and the grouped view of it in a topic."""
from bench.consumer import CommittedEnd, make_topic
from bench.servers import must_run, wait_running

ROWS = 100_000
GROUPS = 3_000
# The row of the marker: alone in its group, so that a message of its key is about it alone.
MARKER_ID, MARKER_GROUP = 0, -1
SNAPSHOT_TIMEOUT_S = 120

VIEW = "SELECT grp, count(*) AS n, sum(amount) AS total FROM account GROUP BY grp"


def create(connection):
    """Makes the table in PostgreSQL: rows 1 to ROWS spread over the groups, and the marker."""
    connection.execute(
        "CREATE TABLE account (id int PRIMARY KEY, grp int NOT NULL, amount int NOT NULL,"
        " note text NOT NULL)")
    connection.execute("ALTER TABLE account REPLICA IDENTITY FULL")
    connection.execute(
        f"INSERT INTO account SELECT g, g % {GROUPS}, 0, 'account number ' || g"
        f" FROM generate_series(1, {ROWS}) AS g")
    connection.execute(f"INSERT INTO account VALUES ({MARKER_ID}, {MARKER_GROUP}, 0, 'marker')")
    connection.execute("CREATE PUBLICATION bench FOR TABLE account")
    connection.execute("VACUUM ANALYZE account")
    connection.execute("CHECKPOINT")


def follow(servers, engine, topic):
    """Makes source, view and sink in penstock, and waits until the topic has the first rows."""
    make_topic(servers.kafka.bootstrap, topic)
    engine.run("CREATE SOURCE bank FROM POSTGRES CONNECTION pg (PUBLICATION 'bench')",
               "CREATE TABLE account FROM SOURCE bank (REFERENCE public.account)",
               f"CREATE MATERIALIZED VIEW totals AS {VIEW}",
               f"CREATE SINK totals_sink FROM totals INTO KAFKA CONNECTION kafka (TOPIC '{topic}')"
               " KEY (grp) FORMAT JSON ENVELOPE UPSERT")
    with CommittedEnd(servers.kafka.bootstrap, topic) as end:
        end.wait_for(GROUPS + 2, SNAPSHOT_TIMEOUT_S, must_run(engine))
    wait_running(engine, "totals_sink")


def marker_message(amount):
    """What the topic says when the marker has this amount: its key, and a part of its value."""
    return b'{"grp":%d}' % MARKER_GROUP, b'"total":%d' % amount


def differences(connection, state):
    """How many groups differ between PostgreSQL and what a topic ends with."""
    wanted = {b'{"grp":%d}' % grp: {"grp": grp, "n": n, "total": total}
              for grp, n, total in connection.execute(VIEW)}
    return sum(wanted.get(key) != state.get(key) for key in wanted.keys() | state.keys())
