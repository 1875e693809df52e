"""The exactness checker accepts a faithful topic and catches each kind of planted fault."""
import dataclasses
import random

import pytest

from harness.checker import Record, Sink, View, check, check_beginning, first_arrivals

GROUPS = ("g1", "g2")
TRANSACTIONS = 60


def _pass(group, state):
    return [(group, key, value) for key, value in state.items()]


def _even(group, state):
    return [(group, key, value) for key, value in state.items() if value % 2 == 0]


def _total(group, state):
    return [(group, len(state), sum(state.values()))] if state else []


def _both(group, one, two):
    return [(group, sum(one.values()), sum(two.values()))]


def _sink(topic, view, envelope):
    return Sink(topic, view, envelope, row_of=tuple, group_of=lambda row: row[0])


SINKS = [
    _sink("pass", View("pass", ("one",), _pass), "debezium"),
    _sink("other", View("other", ("two",), _pass), "upsert"),
    _sink("even", View("even", ("one",), _even), "upsert"),
    _sink("total", View("total", ("one",), _total), "debezium"),
    _sink("both", View("both", ("one", "two"), _both), "debezium"),
]
KEY_WIDTH = {"pass": 2, "other": 2, "even": 2, "total": 1, "both": 1}


def _histories(rng):
    histories = {}
    for family in ("one", "two"):
        for group in GROUPS:
            state = {key: 10 for key in range(6)}
            states = [dict(state)]
            for number in range(1, TRANSACTIONS):
                source, sink = rng.sample(range(6), 2)
                state[source] = state.get(source, 0) - number
                state[sink] = state.get(sink, 0) + number
                if number % 7 == 0:
                    state.pop(rng.randrange(6), None)
                states.append(dict(state))
            histories[family, group] = states
    return histories


def _topics(rng, histories, sinks=None, late=()):
    """What a right engine publishes: some transactions of every writer at each time."""
    records = {sink.topic: [] for sink in sinks or SINKS}
    offsets = {}
    at = {writer: 0 for writer in histories}
    shown = {sink.topic: {} for sink in SINKS}
    time = 1000
    while True:
        for sink in sinks or SINKS:
            if sink.topic in late and time < 1000 + 30:
                continue
            rows = {}
            for group in GROUPS:
                states = [histories[family, group][at[family, group]]
                          for family in sink.view.families]
                for row in sink.view.rows(group, *states):
                    rows[row[:KEY_WIDTH[sink.topic]]] = row
            old = shown[sink.topic]
            for key in sorted(set(old) | set(rows), key=lambda _: rng.random()):
                before, after = old.get(key), rows.get(key)
                if before == after:
                    continue
                value = after
                if sink.envelope == "debezium":
                    value = {"before": before, "after": after}
                place = (sink.topic, hash(key) % 2)
                offsets[place] = offsets.get(place, 0) + 1
                records[sink.topic].append(Record(place[1], offsets[place], key, value, time))
            shown[sink.topic] = rows
        if all(at[writer] == len(histories[writer]) - 1 for writer in histories):
            return records
        for writer in histories:
            at[writer] = min(at[writer] + rng.randrange(4), len(histories[writer]) - 1)
        time += rng.randrange(1, 5)


@pytest.fixture(params=range(5))
def world(request):
    rng = random.Random(request.param)
    histories = _histories(rng)
    return rng, histories, _topics(rng, histories)


def _rules(records, histories):
    return {problem.rule for problem in check(SINKS, records, histories)}


def test_a_faithful_topic_has_no_problems(world):
    _, histories, records = world
    assert check(SINKS, records, histories) == []


@pytest.mark.parametrize("topic", ["pass", "other", "even", "total", "both"])
def test_messages_that_came_again_may_be_left_out(world, topic):
    rng, histories, records = world
    first = rng.randrange(len(records[topic]))
    again = records[topic][first:first + 20]
    twice = [*records[topic][:first + 30], *again, *records[topic][first + 30:]]
    assert first_arrivals(twice) == records[topic]
    assert check(SINKS, {**records, topic: first_arrivals(twice)}, histories) == []


def test_another_value_of_a_key_and_time_is_no_message_that_came_again(world):
    _, histories, records = world
    wrong = dataclasses.replace(records["other"][-1], offset=1000, value=("g1", 0, -12345))
    records["other"] = first_arrivals([*records["other"], wrong])
    assert "key twice at one time" in _rules(records, histories)


def test_a_sink_that_began_later_has_no_problems(world):
    rng, histories, _ = world
    records = _topics(rng, histories, late=("even", "pass", "both"))
    assert check(SINKS, records, histories) == []


@pytest.mark.parametrize("topic", ["pass", "other", "even", "total", "both"])
def test_a_gap_is_caught(world, topic):
    rng, histories, records = world
    del records[topic][rng.randrange(len(records[topic]))]
    assert _rules(records, histories)


@pytest.mark.parametrize("topic", ["pass", "other", "even", "total", "both"])
def test_a_lost_tail_is_caught(world, topic):
    _, histories, records = world
    last = records[topic][-1].time
    records[topic] = [record for record in records[topic] if record.time < last]
    assert "incomplete at the end" in _rules(records, histories)


@pytest.mark.parametrize("topic", ["pass", "other", "even", "total", "both"])
def test_sinks_that_stopped_early_were_right_so_far(world, topic):
    rng, histories, records = world
    stop = rng.choice(records[topic]).time
    records[topic] = [record for record in records[topic] if record.time <= stop]
    assert check_beginning(SINKS, records, histories) == []
    gap = next(place for place, record in enumerate(records["pass"]) if record.time <= stop)
    del records["pass"][gap]
    assert check_beginning(SINKS, records, histories)


@pytest.mark.parametrize("topic", ["pass", "other", "even", "total", "both"])
def test_a_duplicate_is_caught(world, topic):
    rng, histories, records = world
    place = rng.randrange(len(records[topic]))
    found = records[topic][place]
    records[topic].insert(place + 1, Record(found.partition, found.offset + 1, found.key,
                                            found.value, found.time))
    assert "key twice at one time" in _rules(records, histories)


def test_a_transaction_sent_again_at_a_later_time_is_caught(world):
    _, histories, records = world
    last = records["pass"][-1].time
    again = [record for record in records["pass"] if record.time == last]
    records["pass"] += [Record(record.partition, record.offset + 100, record.key, record.value,
                               last + 1) for record in again]
    assert "wrong before" in _rules(records, histories)


def test_a_torn_transaction_is_caught(world):
    rng, histories, records = world
    times = sorted({record.time for record in records["pass"]})[1:-1]
    for time in rng.sample(times, len(times)):
        torn = [place for place, record in enumerate(records["pass"]) if record.time == time]
        if len(torn) >= 2:
            break
    late = records["pass"].pop(torn[0])
    place = next(i for i, record in enumerate(records["pass"]) if record.time > time)
    records["pass"].insert(place, Record(late.partition, late.offset, late.key, late.value,
                                         time + 0.5))
    assert "torn transaction" in _rules(records, histories)


def test_topics_that_disagree_about_a_time_are_caught(world):
    """Each topic alone is right, but one shows a transaction later than the others do."""
    _, histories, records = world
    last = records["total"][-1].time
    records["total"] = [
        record if record.time < last else
        Record(record.partition, record.offset, record.key, record.value, last + 1)
        for record in records["total"]]
    assert "torn transaction" in _rules(records, histories)


def test_a_joined_view_ahead_of_its_inputs_is_caught(world):
    _, histories, records = world
    times = sorted({record.time for record in records["both"]})
    early = {time: times[max(0, place - 1)] for place, time in enumerate(times)}
    records["both"] = [Record(record.partition, record.offset, (record.key, place),
                              record.value, early[record.time])
                       for place, record in enumerate(records["both"])]
    assert "torn across writers" in _rules(records, histories)


def test_a_wrong_before_is_caught(world):
    rng, histories, records = world
    places = [place for place, record in enumerate(records["pass"])
              if record.value["before"] is not None]
    place = rng.choice(places)
    found = records["pass"][place]
    wrong = found.value["before"][:2] + (found.value["before"][2] + 1,)
    records["pass"][place] = Record(found.partition, found.offset, found.key,
                                    {**found.value, "before": wrong}, found.time)
    assert "wrong before" in _rules(records, histories)


def test_time_going_back_is_caught(world):
    _, histories, records = world
    last = records["pass"][-1]
    records["pass"].append(Record(last.partition, last.offset + 1, ("g1", 99),
                                  {"before": None, "after": None}, last.time - 3))
    assert "time goes back" in _rules(records, histories)


def test_a_tombstone_of_nothing_is_caught(world):
    _, histories, records = world
    records["even"].append(Record(0, 10_000, ("g1", 77), None, 10_000_000))
    assert _rules(records, histories) == {"tombstone of nothing"}


def test_a_transaction_that_never_was_acknowledged_into_history_is_caught(world):
    """The topic must not run ahead of the writers either."""
    _, histories, records = world
    shorter = {writer: states[:-1] for writer, states in histories.items()}
    assert check(SINKS, records, shorter)
