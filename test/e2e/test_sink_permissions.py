"""What a sink must be allowed at the brokers, each missing alone: it is told by name, and given it the
sink goes on. And what it need not be allowed."""
import pytest

from harness.acls import grant
from harness.topics import TopicReader, create_topic, produce
from stack.processes import wait_until
from stack.secured_kafka import GUEST, password

PATIENCE_S = 120
# Name of a case: the permission that is missing, whether the topics are there, what the status says.
CASES = {
    "progress-create": (("topic", "progress", "create"), False,
                        "error registering kafka progress topic for sink: "),
    "progress-read": (("topic", "progress", "read"), True, "reading progress: "),
    "progress-write": (("topic", "progress", "write"), True, ""),
    "data-create": (("topic", "data", "create"), False, "Error creating topic {}-data for sink: "),
    "data-write": (("topic", "data", "write"), True, ""),
    "id-write": (("transactional id", "", "write"), True, "Transactional Id authorization failed"),
}
NEEDED = {("topic", "progress", "read"), ("topic", "progress", "write"), ("topic", "data", "write"),
          ("transactional id", "", "write")}
# In place of what is there.
CREATE = {("topic", "progress", "create"), ("topic", "data", "create")}


@pytest.fixture
def guest(engine, secured_kafka):
    """The engine with the secret `word` of the guest, and a table with one row."""
    engine.run(f"CREATE SECRET word AS '{password(GUEST)}'", "CREATE TABLE t (id int NOT NULL)",
               "INSERT INTO t VALUES (1)")
    return engine


def _resource(case, part):
    """What a case calls its progress topic, its data topic, or its transactional ids begin with."""
    return f"{case}-{part}" if part else case


def _grant(broker, case, permissions):
    exact = [(kind, _resource(case, part), operation) for kind, part, operation in permissions
             if kind == "topic"]
    begins = [(kind, _resource(case, part), operation) for kind, part, operation in permissions
              if kind != "topic"]
    if exact:
        grant(broker.bootstrap, GUEST, *exact)
    if begins:
        grant(broker.bootstrap, GUEST, *begins, pattern="prefixed")


def _statements(broker, sink, case):
    return [f"CREATE CONNECTION {sink}_c TO KAFKA (BROKER '{broker.listeners['SASL']}',"
            f" SECURITY PROTOCOL SASL_PLAINTEXT, SASL MECHANISMS 'PLAIN', SASL USERNAME '{GUEST}',"
            f" SASL PASSWORD SECRET word, PROGRESS TOPIC '{case}-progress')",
            f"CREATE SINK {sink} FROM t INTO KAFKA CONNECTION {sink}_c (TOPIC '{case}-data',"
            f" TRANSACTIONAL ID PREFIX '{case}-') KEY (id) FORMAT JSON ENVELOPE DEBEZIUM"]


def _create_sink(engine, broker, sink, case):
    engine.run(*_statements(broker, sink, case))


def _statuses(engine):
    return {name: (status, error or "", hints or "") for name, status, error, hints in engine.run(
        "SELECT name, status, error, details->>'hints' FROM mz_internal.mz_sink_statuses")}


def test_each_missing_permission_is_told_and_waited_for(guest, secured_kafka, name):
    sinks = {case: "s_" + case.replace("-", "_") for case in CASES}
    for case, (missing, there, _) in CASES.items():
        place = f"{name}-{case}"
        if there:
            create_topic(secured_kafka.bootstrap, place + "-data")
            create_topic(secured_kafka.bootstrap, place + "-progress")
            # Of an empty topic nothing has to be read.
            produce(secured_kafka.bootstrap, place + "-progress", 1)
        _grant(secured_kafka, place, (NEEDED | (set() if there else CREATE)) - {missing})
        _create_sink(guest, secured_kafka, sinks[case], place)

    for case, ((kind, part, operation), _, text) in CASES.items():
        place = f"{name}-{case}"
        wanted = ["kafka: ", text.format(place)]
        if kind == "topic":
            wanted += ["TOPIC_AUTHORIZATION_FAILED (", "Topic authorization failed", f"{place}-{part}"]

        def told():
            status, error, hints = _statuses(guest)[sinks[case]]
            return status == "stalled" and all(each in error for each in wanted) and (
                "Grant " in hints or "Allow " in hints)
        # Permissions take a moment to be in force; until then something else may be missing, too.
        wait_until(told, PATIENCE_S, f"{case} to be told with {wanted}")
        _grant(secured_kafka, place, {(kind, part, operation)})
    wait_until(lambda: all(status == "running" for status, _, _ in _statuses(guest).values()),
               PATIENCE_S, "all to run")
    for case in CASES:
        with TopicReader(secured_kafka.bootstrap, f"{name}-{case}-data", PATIENCE_S) as reader:
            assert [m.key_json["id"] for m in reader.wait_count(1, PATIENCE_S)] == [1]


def test_what_is_missing_is_told_when_the_sink_is_created(guest, secured_kafka, name):
    """Also where it does no harm yet: of an empty progress topic nothing is read."""
    for part in ("data", "progress"):
        create_topic(secured_kafka.bootstrap, f"{name}-{part}")
    _grant(secured_kafka, name, NEEDED - {("topic", "progress", "read")})
    connection, sink = _statements(secured_kafka, "s", name)
    guest.run(connection)
    expected = (f"progress topic {name}-progress: TOPIC_AUTHORIZATION_FAILED (Read is not allowed)",
                f"Grant Read on topic {name}-progress to the user of the connection.")

    def told():
        notices = []
        with guest.connect() as sql:
            sql.add_notice_handler(lambda notice: notices.append(
                (notice.message_primary, notice.message_hint)))
            sql.execute(sink)
        guest.run("DROP SINK s")
        return expected in notices
    # Until the other permissions are in force more is missing.
    wait_until(told, PATIENCE_S, "the missing permission to be told")


def test_nothing_else_is_needed(guest, secured_kafka, name):
    """Neither DescribeConfigs of the cluster nor a consumer group, also not at a restart."""
    _grant(secured_kafka, name, NEEDED | CREATE)
    _create_sink(guest, secured_kafka, "s", name)
    with TopicReader(secured_kafka.bootstrap, name + "-data", PATIENCE_S) as reader:
        reader.wait_count(1, PATIENCE_S)
        guest.restart()
        guest.run("INSERT INTO t VALUES (2)")
        assert [m.key_json["id"] for m in reader.wait_count(2, PATIENCE_S)] == [1, 2]
    status, error, _ = _statuses(guest)["s"]
    assert (status, error) == ("running", "")
