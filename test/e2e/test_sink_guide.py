"""Every statement of the user's guide to sinks (docs/sinks) works as it stands there, but for addresses and
credentials; and the sinks that it makes run."""
import glob
import os
import re

import pytest

from harness.fake_glue import KEY_ID, REGION, SECRET_KEY, FakeGlue
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


def statements(page):
    """The SQL of a page's blocks, one statement each."""
    with open(os.path.join(ROOT, "docs/sinks", page)) as source:
        blocks = re.findall(r"^```sql\n(.*?)^```", source.read(), re.S | re.M)
    text = re.sub(r"--[^\n]*", "", "\n".join(blocks))
    return [one.strip() for one in text.split(";") if one.strip()]


@pytest.mark.parametrize("page", PAGES)
def test_the_statements_of(engine, connect_kafka, schema_registry, name, page):
    glue = FakeGlue()
    glue.registries["orders"] = {}
    here = [("'https://registry.example.org:8081'", f"'{schema_registry.url}'"),
            ("'AKIA...'", f"'{KEY_ID}'"), ("REGION 'eu-central-1'", f"REGION '{REGION}', ENDPOINT '{glue.url}'"),
            ("(TOPIC '", f"(TOPIC '{name}-")]
    connect_kafka(engine)
    engine.run(*GIVEN)
    try:
        for statement in statements(page):
            for there, mine in here:
                statement = statement.replace(there, mine)
            engine.run(statement)
        wait_until(lambda: all(status == "running" for status, in engine.run(
            "SELECT status FROM mz_internal.mz_sink_statuses")), 60, "the page's sinks to run")
    finally:
        glue.close()
