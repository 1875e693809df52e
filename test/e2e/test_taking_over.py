"""A sink of another system is taken over, and back: topic, progress records, transactional id and all."""
import json
import time

import psycopg
import pytest

from harness.progress_rules import OtherSystem, Refused, resume
from harness.sinks import audit
from harness.topics import create_topic, read_topic, upsert_state
from stack.processes import wait_until

SINK = "u42"


def _now():
    return int(time.time() * 1000)


def _status(engine):
    rows = engine.run("SELECT status, error FROM mz_internal.mz_sink_statuses WHERE name = 's'")
    return rows[0] if rows else (None, None)


def _wait_status(engine, status):
    wait_until(lambda: _status(engine)[0] == status, 60, f"status {status}")


def _explain(engine, action):
    return dict(engine.run(f"EXPLAIN ALTER SINK s {action}"))


def _row(number, text):
    return json.dumps({"id": number}, separators=(",", ":")), json.dumps(
        {"id": number, "v": text}, separators=(",", ":"))


class Ground:
    """Names of one test, the other system's sink, and ours over them."""

    def __init__(self, engine, kafka, name):
        self.engine, self.kafka = engine, kafka
        self.topic, self.progress = name, f"{name}-progress"
        self.transactional_id = f"materialize-{name}-u7-{SINK}"
        create_topic(kafka.bootstrap, self.topic)  # Else the two would have to hash alike.
        create_topic(kafka.bootstrap, self.progress)
        self.theirs = OtherSystem(kafka.bootstrap, self.topic, self.progress, SINK,
                                  self.transactional_id)
        engine.run("CREATE TABLE t (id int NOT NULL, v text)",
                   "CREATE MATERIALIZED VIEW u AS SELECT id, max(v) AS v FROM t GROUP BY id",
                   f"CREATE CONNECTION kafka TO KAFKA (BROKER '{kafka.bootstrap}',"
                   f" SECURITY PROTOCOL PLAINTEXT, PROGRESS TOPIC '{self.progress}')")

    def create(self, name="s"):
        self.engine.run(
            f"CREATE SINK {name} FROM u INTO KAFKA CONNECTION kafka (TOPIC '{self.topic}',"
            f" SINK ID '{SINK}', TRANSACTIONAL ID '{self.transactional_id}')"
            " KEY (id) FORMAT JSON ENVELOPE UPSERT")

    def records(self):
        return read_topic(self.kafka.bootstrap, self.progress)

    def state(self):
        return {json.loads(key)["id"]: json.loads(value)["v"] for key, value in
                upsert_state(read_topic(self.kafka.bootstrap, self.topic)).items()}

    def wait_state(self, expected):
        wait_until(lambda: self.state() == expected, 60, f"{expected} in the topic")


@pytest.fixture
def ground(engine, kafka, name):
    return Ground(engine, kafka, name)


def test_by_adopting_progress_no_change_is_lost_or_repeated(ground):
    engine = ground.engine
    engine.run("INSERT INTO t VALUES (1, 'a')")
    ground.theirs.commit([_row(1, "a")], _now())
    ground.create()
    _wait_status(engine, "stalled")
    assert "ADOPT PROGRESS" in engine.run(
        "SELECT details::text FROM mz_internal.mz_sink_statuses WHERE name = 's'")[0][0]
    # Nobody was fenced: theirs goes on, and does what changes here, too.
    engine.run("INSERT INTO t VALUES (2, 'b')")
    ground.theirs.commit([_row(2, "b")], _now(), version=3)
    cutover = _now()
    ground.theirs.commit([], cutover, cutover + 1, version=3)
    told = _explain(engine, "ADOPT PROGRESS")
    assert f"frontier {cutover + 1}, version 3, written by another system" in told["last progress"]
    assert told["progress record"] == f"frontier {cutover + 1}, version 4"
    assert "fenced" in told["other writers"]
    engine.run("INSERT INTO t VALUES (3, 'c')")
    engine.run("ALTER SINK s ADOPT PROGRESS")
    _wait_status(engine, "running")
    ground.wait_state({1: "a", 2: "b", 3: "c"})
    assert len(read_topic(ground.kafka.bootstrap, ground.topic)) == 3
    assert ground.theirs.is_fenced()
    engine.run("UPDATE t SET v = 'd' WHERE id = 1")
    engine.crash()
    ground.wait_state({1: "d", 2: "b", 3: "c"})
    assert len(read_topic(ground.kafka.bootstrap, ground.topic)) == 4
    # Their rules read our records: it would go on behind us, but not under its old version.
    frontier, version = resume(ground.records(), SINK)
    assert frontier > cutover and version == 4
    with pytest.raises(Refused, match="Fenced off"):
        resume(ground.records(), SINK, 3)


def test_by_a_difference_whatever_the_topic_holds(ground):
    engine = ground.engine
    engine.run("INSERT INTO t VALUES (1, 'same'), (2, 'ours'), (3, 'only here')")
    ground.theirs.commit([_row(1, "same"), _row(2, "theirs"), _row(4, "only there")], _now())
    ground.create()
    _wait_status(engine, "stalled")
    told = _explain(engine, "RESTART WITH SNAPSHOT AS DIFFERENCE")
    assert "the topic lacks" in told["will be sent"]
    engine.run("ALTER SINK s RESTART WITH SNAPSHOT AS DIFFERENCE")
    ground.wait_state({1: "same", 2: "ours", 3: "only here"})
    assert len(read_topic(ground.kafka.bootstrap, ground.topic)) == 3 + 3
    assert audit(engine) == []


def test_an_older_record_of_a_gap_is_refused_and_a_difference_leads_out(ground):
    engine = ground.engine
    ground.theirs.commit([_row(1, "old")], _now() - 3_600_000)
    engine.run("INSERT INTO t VALUES (1, 'new')")
    ground.create()
    _wait_status(engine, "stalled")
    assert "would never be sent" in _explain(engine, "ADOPT PROGRESS")["refused"]
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="would never be sent"):
        engine.run("ALTER SINK s ADOPT PROGRESS")
    assert not ground.theirs.is_fenced()
    engine.run("ALTER SINK s RESTART WITH SNAPSHOT AS DIFFERENCE")
    ground.wait_state({1: "new"})


def test_the_other_system_takes_its_sink_back(ground):
    engine = ground.engine
    ground.theirs.commit([], _now())
    ground.create()
    _wait_status(engine, "stalled")
    engine.run("INSERT INTO t VALUES (1, 'a')", "ALTER SINK s RESTART WITH SNAPSHOT")
    ground.wait_state({1: "a"})
    frontier, version = resume(ground.records(), SINK)
    back = OtherSystem(ground.kafka.bootstrap, ground.topic, ground.progress, SINK,
                       ground.transactional_id)
    back.commit([_row(1, "back")], frontier, version=version + 1)
    engine.run("INSERT INTO t VALUES (2, 'b')")
    _wait_status(engine, "stalled")
    ground.wait_state({1: "back"})


def test_two_sinks_never_have_one_identity(ground):
    ground.create()
    with pytest.raises(psycopg.errors.DuplicateObject, match="SINK ID u42 already"):
        ground.create("other")
    for options, text in [("SINK ID 'a-b'", "invalid SINK ID: a-b"),
                          ("TRANSACTIONAL ID ''", "invalid TRANSACTIONAL ID"),
                          ("TRANSACTIONAL ID 'x', TRANSACTIONAL ID PREFIX 'y'", "exclude each other")]:
        with pytest.raises(psycopg.Error, match=text):
            ground.engine.run(f"CREATE SINK x FROM u INTO KAFKA CONNECTION kafka (TOPIC 'x', {options})"
                              " KEY (id) FORMAT JSON ENVELOPE UPSERT")
    shown = ground.engine.run("SHOW CREATE SINK s")[0][1]
    assert "SINK ID = 'u42'" in shown and f"TRANSACTIONAL ID = '{ground.transactional_id}'" in shown


def test_dropping_a_sink_that_was_not_taken_over_yet_leaves_theirs_alone(ground):
    ground.theirs.commit([], _now())
    before = len(ground.records())
    ground.create()
    ground.engine.run("DROP SINK s")
    ground.engine.restart()
    assert not ground.theirs.is_fenced()
    assert len(ground.records()) == before + 1
