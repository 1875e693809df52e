"""Every file of test/sql over the SQL port, as it is and with its queries as maintained views.

PENSTOCK_REWRITE=1 writes the rows that are returned now into the files: read the difference.
"""
import os

import pytest

from harness import ROOT, slt

FOLDER = os.path.join(ROOT, "test", "sql")
FILES = sorted(os.path.relpath(os.path.join(folder, name), FOLDER)
               for folder, _, names in os.walk(FOLDER) for name in names if name.endswith(".slt"))


def _read(name):
    with open(os.path.join(FOLDER, name)) as source:
        return source.read()


@pytest.mark.parametrize("name", FILES)
def test_direct(make_engine, name):
    engine = make_engine().up()
    if os.environ.get("PENSTOCK_REWRITE"):
        text = slt.rewrite(_read(name), engine.connect, name)
        with open(os.path.join(FOLDER, name), "w") as out:
            out.write(text)
    slt.Runner(engine.connect, name).run(slt.parse(_read(name)))


@pytest.mark.parametrize("name", FILES)
def test_as_maintained_views(make_engine, name):
    slt.ViewRunner(make_engine().up().connect, name).run(slt.parse(_read(name)))
