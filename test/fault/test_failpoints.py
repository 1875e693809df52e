"""The kill test's list of failpoints is that of the source."""
import os
import re

from harness import ROOT
from harness.failpoints import names


def _in_source():
    found = set()
    for folder, _, files in os.walk(os.path.join(ROOT, "src")):
        for name in files:
            if name.endswith((".cc", ".h")) and not name.endswith("_test.cc"):
                with open(os.path.join(folder, name), errors="replace") as source:
                    found.update(re.findall(r'failpoint\(\s*"([a-z0-9_.]+)"', source.read()))
    return found


def test_the_list_names_every_failpoint_of_the_source():
    assert sorted(names()) == sorted(_in_source())
