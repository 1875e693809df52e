"""docs/sinks/promises.md tells the truth about tests: what it names is there."""
import os
import re

import pytest

from harness import ROOT

PAGE = "docs/sinks/promises.md"


def _read(path):
    with open(os.path.join(ROOT, path)) as source:
        return source.read()


def _rows(page):
    """(first cell, last cell) of every row of the page's tables."""
    cells = [row.strip("|").split("|") for row in page.split("\n") if row.startswith("| ")]
    return [(row[0].strip(), row[-1].strip()) for row in cells if set(row[0]) - set(" -")]


def _is_there(reference):
    """Whether a test, or a file, of this reference exists."""
    path, _, name = reference.partition("::")
    if not os.path.isfile(os.path.join(ROOT, path)):
        return False
    if not name:
        return True
    if path.endswith(".cc"):
        suite, _, test = name.partition(".")
        return re.search(rf"^TEST(_F|_P)?\({suite}, {test}\)", _read(path), re.M) is not None
    return re.search(rf"^def {name}\(", _read(path), re.M) is not None


def _text(path):
    """What a file says, texts in parts put together, and without what regular expressions add."""
    text = re.sub(r'"\s*\n\s*r?f?"', "", _read(path))
    return text.replace("\\", "")


def _rows_of(heading):
    return [row for row in _rows(_read(PAGE).split(heading)[1].split("\n## ")[0])][1:]


PROMISES = _rows_of("# What is promised, and which test holds it")
TEXTS = _rows_of("## Error texts")


@pytest.mark.parametrize("promise, tests", PROMISES, ids=[promise[:40] for promise, _ in PROMISES])
def test_the_tests_of_a_promise_are_there(promise, tests):
    references = re.findall(r"`(.*?)`", tests)
    assert references, promise
    assert [each for each in references if not _is_there(each)] == []


@pytest.mark.parametrize("cell, where", TEXTS, ids=[cell for cell, _ in TEXTS])
def test_an_error_text_is_tested_where_it_is_said_to_be(cell, where):
    (text,), (path,) = re.findall(r"`(.*?)`", cell), re.findall(r"`(.*?)`", where)
    assert text.replace("\\", "") in _text(path)


def test_what_is_not_there_is_noticed():
    assert not _is_there("test/e2e/test_sink_topics.py::test_of_nothing")
    assert not _is_there("src/sinks/sink_check_test.cc::SinkCheckTest.Nothing")
    assert not _is_there("test/sql/statements/nothing.slt")
    assert len(PROMISES) > 15 and len(TEXTS) > 60
