"""Every statement of the user's guide to sinks (docs/sinks) works as it stands there, but for addresses and
credentials; and the sinks that it makes run. Its consumer consumes, and the errors it explains exist."""
import glob
import json
import os
import re

import psycopg
import pytest

from harness.fake_glue import KEY_ID, REGION, SECRET_KEY, FakeGlue
from harness.progress_rules import OtherSystem
from harness.topics import create_topic
from stack.engine import ROOT
from stack.processes import wait_until

PAGES = sorted(os.path.basename(page) for page in glob.glob(os.path.join(ROOT, "docs/sinks/*.md")))
# What the pages take for granted.
GIVEN = [
    "CREATE TABLE orders_source (id int NOT NULL, customer text NOT NULL, amount numeric(10, 2))",
    "CREATE MATERIALIZED VIEW orders AS SELECT id, max(customer) AS customer, sum(amount) AS amount"
    " FROM orders_source GROUP BY id",
    "CREATE MATERIALIZED VIEW orders_v2 AS SELECT id, max(upper(customer)) AS customer,"
    " sum(amount) AS amount FROM orders_source GROUP BY id",
    "INSERT INTO orders_source VALUES (1, 'ann', 12.50), (2, 'bob', 3)",
    "CREATE SECRET registry_password AS 'unused'",
    f"CREATE SECRET aws_secret_key AS '{SECRET_KEY}'",
]


def text_of(page):
    with open(os.path.join(ROOT, "docs/sinks", page)) as source:
        return source.read()


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(page), re.S | re.M)


def statements(page):
    """The SQL of a page's blocks, one statement each."""
    text = re.sub(r"--[^\n]*", "", "\n".join(blocks(page, "sql")))
    return [one.strip() for one in text.split(";") if one.strip()]


def _other_system(kafka, name):
    """The sink that taking_over.md takes over."""
    topic, progress = f"{name}-taken", f"{name}-their-progress"
    create_topic(kafka.bootstrap, topic)
    create_topic(kafka.bootstrap, progress)
    OtherSystem(kafka.bootstrap, topic, progress, "u42", "materialize-9c0a-u7-u42").commit(
        [('{"id":1}', '{"id":1,"customer":"old","amount":1}')], 1)


def _run(engine, statement):
    """A sink may still be on its way to where the page has it: it is not born, or has not stalled."""
    def ran():
        try:
            engine.run(statement)
        except psycopg.errors.ObjectNotInPrerequisiteState:
            return False
        return True
    wait_until(ran, 60, statement)


@pytest.mark.parametrize("page", PAGES)
def test_the_statements_of(engine, connect_kafka, kafka, schema_registry, name, page):
    glue = FakeGlue()
    glue.registries["orders"] = {}
    here = [("'https://registry.example.org:8081'", f"'{schema_registry.url}'"),
            ("'AKIA...'", f"'{KEY_ID}'"), ("REGION 'eu-central-1'", f"REGION '{REGION}', ENDPOINT '{glue.url}'"),
            ("TOPIC '", f"TOPIC '{name}-"), ("'broker:9092'", f"'{kafka.bootstrap}'")]
    connect_kafka(engine)
    if page == "taking_over.md":
        _other_system(kafka, name)
    engine.run(*GIVEN)
    try:
        for statement in statements(page):
            for there, mine in here:
                statement = statement.replace(there, mine)
            _run(engine, statement)
        wait_until(lambda: all(status == "running" for status, in engine.run(
            "SELECT status FROM mz_internal.mz_sink_statuses")), 60, "the page's sinks to run")
    finally:
        glue.close()


def test_the_consumer_sees_each_message_and_after_a_crash_what_was_left_open(engine, connect_kafka, kafka, name):
    connect_kafka(engine)
    engine.run("CREATE TABLE t (id int NOT NULL)", "INSERT INTO t VALUES (1), (2), (3)",
               f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{name}') KEY (id) FORMAT JSON"
               " ENVELOPE DEBEZIUM")
    wait_until(lambda: engine.run("SELECT messages_committed::int8 FROM mz_internal.mz_sink_statistics")
               == [(3,)], 30, "the messages")
    (code,) = blocks("exactly_once.md", "python")
    page = {}
    exec(compile(code, "exactly_once.md", "exec"), page)
    seen = []

    def until(last):
        def process(message):
            seen.append(json.loads(message.key())["id"])
            return seen[-1] != last
        page["follow"](kafka.bootstrap, name, process)
    until(2)  # As if it had died while it processed the second.
    until(3)
    assert seen == [1, 2, 2, 3]


def test_the_errors_that_are_explained_are_there():
    sources = ""
    for path in glob.glob(os.path.join(ROOT, "src/**/*.*"), recursive=True):
        if path.endswith((".cc", ".h", "errors.txt")) and not path.endswith("_test.cc"):
            with open(path) as source:
                # Texts are broken into lines where they are long.
                sources += re.sub(r'"\s+"', "", source.read())
    table = text_of("operations.md").split("## When a sink stalls")[1]
    texts = [text for row in re.findall(r"^\| (`.*?`) \|", table, re.M) for text in re.findall(r"`(.*?)`", row)]
    assert len(texts) > 10
    for text in texts:
        # A letter alone stands for a name or number.
        pieces = re.split(r" [a-z] | ?\.\.\.", text)
        piece = max(pieces, key=len)
        # What brokers answer is told by the name of the error.
        assert piece in sources or piece.upper().replace(" ", "_") in sources, text


@pytest.mark.parametrize("page", PAGES)
def test_the_links_of(page):
    for target in re.findall(r"\]\(([^)]+)\)", text_of(page)):
        path, _, anchor = target.partition("#")
        place = os.path.normpath(os.path.join(ROOT, "docs/sinks", path or page))
        assert os.path.exists(place), target
        if anchor:
            with open(place) as source:
                titles = re.findall(r"^#+ (.*)$", source.read(), re.M)
            assert anchor in [re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
                              for title in titles], target
