"""The judge of the scenarios notices whatever is wrong in a topic, and a run without effect is no run."""
import dataclasses
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scenarios
from harness.topics import Message
from scenario import stories
from scenario.history import History, Judge, Row, json_message
from scenario.scene import SCENARIOS, Failure, NoEffect, Scenario

STEPS = [
    {1: (None, Row(1, "a", 0)), 2: (None, Row(2, None, 0))},
    {1: (Row(1, "a", 0), Row(1, "b", 1))},
    {2: (Row(2, None, 0), None)},
    {3: (None, Row(3, 'q"\n', 3))},
]


@pytest.fixture
def history():
    made = History()
    for step in STEPS:
        made.add(step)
    return made


def _message(offset, time, key, value, partition=0):
    return Message(partition, offset, key, value, (), time)


def _messages(envelope):
    """The right ones, all in a partition."""
    found = []
    for number, step in enumerate(STEPS):
        for key, change in step.items():
            found.append(_message(len(found), 100 + 10 * number, *json_message(envelope, key, *change)))
    return found


def _problems(messages, history, envelope="UPSERT", **options):
    judge = Judge(lambda *change: json_message(envelope, *change))
    return judge.problems(messages, history, **options)


def test_the_bytes_are_those_of_the_formats():
    old, new = Row(1, "a", 0), Row(1, 'q"\né', 1)
    assert json_message("UPSERT", 1, old, new) == (
        b'{"id":1}', '{"id":1,"v":"q\\"\\né","n":1}'.encode())
    assert json_message("UPSERT", 1, old, None) == (b'{"id":1}', None)
    assert json_message("DEBEZIUM", 1, old, None) == (
        b'{"id":1}', b'{"before":{"id":1,"v":"a","n":0},"after":null}')


@pytest.mark.parametrize("envelope", ["UPSERT", "DEBEZIUM"])
def test_what_is_right_passes(history, envelope):
    assert history.rows == {1: Row(1, "b", 1), 3: Row(3, 'q"\n', 3)}
    assert history.messages() == 5
    assert _problems(_messages(envelope), history, envelope) == []


def _replace(messages, place, **fields):
    return [dataclasses.replace(m, **fields) if n == place else m for n, m in enumerate(messages)]


WRONG = {
    "a message twice": (lambda found: [*found, dataclasses.replace(found[-1], offset=9)], "too many"),
    "a message missing": (lambda found: found[1:], "missing"),
    "the last step missing": (lambda found: found[:-1], "3 of 4 steps"),
    "a step in the middle missing": (lambda found: found[:2] + found[3:], "3 of 4 steps"),
    "a step twice": (lambda found: found + [dataclasses.replace(m, offset=m.offset + 5, time=m.time + 500)
                                            for m in found[3:]], "after the last step"),
    "a step torn": (lambda found: _replace(found, 1, time=105), "missing"),
    "another byte": (lambda found: _replace(found, 4, value=found[4].value + b" "), "too many"),
    "no tombstone": (lambda found: _replace(found, 3, value=b""), "missing"),
    "out of order": (lambda found: _replace(found, 4, offset=-1), "older than the one before it"),
    "without a time": (lambda found: _replace(found, 2, time=None), "no time"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_told(history, wrong):
    plant, says = WRONG[wrong]
    assert says in "\n".join(_problems(plant(_messages("UPSERT")), history))


def test_a_beginning_is_right_where_the_sink_has_stalled(history):
    found = _messages("UPSERT")
    assert _problems(found[:3], history, end="some") == []
    assert _problems(found[:1], history, end="some") != []
    assert _problems(found[3:], history, start=2) == []


# --- the runs ---

class Scene:
    """One that has nothing."""

    def __init__(self, stage, name, number):
        self.prefix = "none"
        self.effects = []
        self.brokers_ended = False
        self.engine = self

    log_file = "no log"

    def close(self):
        pass

    wipe = close


class Stage:
    in_order = True

    def speak_version(self, version):
        pass

    def tidy(self, prefix):
        pass


def _tally(monkeypatch, play):
    monkeypatch.setattr(scenarios, "Scene", Scene)
    tally = scenarios.Tally()
    said = scenarios.play(Stage(), Scenario("x", "a story", play, False, 2), 0, tally)
    return said, tally


def _seen(scene):
    scene.effects.append("it happened")


def test_a_run_counts_when_its_fault_was_seen(monkeypatch):
    said, tally = _tally(monkeypatch, _seen)
    assert said and (tally.played, tally.effects, tally.right, tally.wrong) == (1, 1, 1, 0)
    assert tally.outcome == "every change once"


def _nothing(scene):
    pass


def _missed(scene):
    raise NoEffect("too late")


@pytest.mark.parametrize("play", [_nothing, _missed])
def test_a_run_without_effect_is_none(monkeypatch, play):
    said, tally = _tally(monkeypatch, play)
    assert not said and (tally.played, tally.effects, tally.right, tally.wrong) == (1, 0, 0, 0)


def test_a_wrong_run_is_told(monkeypatch):
    def wrong(scene):
        _seen(scene)
        raise Failure("a message twice")
    said, tally = _tally(monkeypatch, wrong)
    assert said and (tally.effects, tally.right, tally.wrong) == (1, 0, 1)
    monkeypatch.setitem(SCENARIOS, "x", Scenario("x", "a story", wrong, False, 2))
    assert "WRONG 1 times" in scenarios.text_table({"x": tally})
    assert "| `x` | a story | 1 | 1 | 0 |" in scenarios.markdown_table({"x": tally})


def test_outcomes_are_told_without_what_is_of_one_run():
    told = scenarios._general("topic s12ab-data at 1796072316522, offset 12, by life " + "0a" * 16, "s12ab")
    assert told == "topic ...-data at ..., offset 12, by life ..."


def test_every_failpoint_has_a_scenario():
    from harness.failpoints import listed
    stories.load()
    assert {f"kill:{name}" for name in listed()} <= set(SCENARIOS)
    assert all(each.says.endswith(".") for each in SCENARIOS.values())
