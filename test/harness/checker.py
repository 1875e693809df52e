"""Decides whether what a read_committed consumer saw is exactly once. Pure: no I/O, no engine.

The world it judges: *writers* commit numbered transactions, each to rows of its own. A writer's
history is the list of the states after 0, 1, 2, ... of its transactions. A *view* is a function
from the states of one or more writers of one `group` to rows, and every row carries its group. A
*sink* publishes a view as a topic, under the envelope `debezium` or `upsert`.

What must hold, and is checked here:
1. in a partition times never decrease;
2. no key of a topic has two messages of one time;
3. every Debezium `before` is the `after` that the key last had;
4. an upsert tombstone has something to delete;
5. at every time, and over all topics together, the state is that after a whole number of each
   writer's transactions, and these numbers never go back;
6. the end of every topic is the view over all transactions, none missing.
"""
import bisect
import collections
import dataclasses
import functools
import hashlib

HASH_BYTES = 8
MASK = (1 << 8 * HASH_BYTES) - 1
INCOMPLETE = "incomplete at the end"


@dataclasses.dataclass(frozen=True)
class View:
    """`rows(states)` gives the rows (tuples) of one group from the states of `families`, in that
    order. A history is found under (family, group)."""
    name: str
    families: tuple
    rows: object


@dataclasses.dataclass(frozen=True)
class Sink:
    """A topic over a view. `row_of(json)` turns a decoded row into the tuple that `View.rows`
    gives for it, `group_of(row)` names its group."""
    topic: str
    view: View
    envelope: str
    row_of: object
    group_of: object


@dataclasses.dataclass(frozen=True)
class Record:
    """A message, decoded: `key` is hashable; `value` is the JSON value or None."""
    partition: int
    offset: int
    key: object
    value: object
    time: int


@dataclasses.dataclass(frozen=True)
class Problem:
    """One broken promise, where it was seen."""
    rule: str
    topic: str
    text: str

    def __str__(self):
        return f"{self.rule}: {self.topic}: {self.text}"


@functools.lru_cache(maxsize=1 << 17)
def row_hash(row):
    """Not Python's own hash: there -1 and -2 are the same."""
    return int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=HASH_BYTES).digest(),
                          "big")


def hash_of(rows):
    """A hash of a multiset of rows; the sum lets one row be added or taken away."""
    return sum(map(row_hash, rows)) & MASK


def check(sinks, records, histories):
    """All problems found. `records`: topic -> records in the order read (offset order within a
    partition). `histories`: (family, group) -> states."""
    problems = []
    changes = collections.defaultdict(list)
    for sink in sinks:
        _check_order(sink, records[sink.topic], problems)
        for time, removed, added in _changes(sink, records[sink.topic], problems):
            changes[time].append((sink, removed, added))
    _Walk(sinks, records, histories, problems).run(changes)
    return problems


def first_arrivals(records):
    """What is left of a topic that has messages at least once when those are left out that were
    there before: the same value for a key and a time, in the same partition. Another value stays,
    and breaks rule 2."""
    seen = set()
    left = []
    for record in records:
        message = record.partition, record.key, record.time, repr(record.value)
        if message not in seen:
            seen.add(message)
            left.append(record)
    return left


def check_beginning(sinks, records, histories):
    """The problems of the times that every topic with records has come to, for when something kept
    sinks from coming to their ends."""
    last = min((max(record.time for record in found) for found in records.values() if found),
               default=0)
    beginning = {topic: [record for record in found if record.time <= last]
                 for topic, found in records.items()}
    return [problem for problem in check(sinks, beginning, histories)
            if problem.rule != INCOMPLETE]


def _check_order(sink, records, problems):
    last = {}
    seen = {}
    for record in records:
        where = f"partition {record.partition} offset {record.offset}"
        before = last.get(record.partition)
        if before is not None and record.time < before:
            problems.append(Problem("time goes back", sink.topic,
                                    f"{where}: {record.time} after {before}"))
        last[record.partition] = max(record.time, before or 0)
        earlier = seen.setdefault((record.key, record.time), where)
        if earlier != where:
            problems.append(Problem("key twice at one time", sink.topic,
                                    f"{where} and {earlier}: key {record.key} time {record.time}"))


def _changes(sink, records, problems):
    """(time, row taken away or None, row added or None) for every record, by time."""
    present = {}
    found = []
    for record in sorted(records, key=lambda r: r.time):
        where = f"partition {record.partition} offset {record.offset} key {record.key}"
        old = present.get(record.key)
        if sink.envelope == "debezium":
            before, new = (None if record.value[side] is None else sink.row_of(record.value[side])
                           for side in ("before", "after"))
            if before != old:
                problems.append(Problem("wrong before", sink.topic,
                                        f"{where}: {before}, but the key had {old}"))
        else:
            new = None if record.value is None else sink.row_of(record.value)
            if new is None and old is None:
                problems.append(Problem("tombstone of nothing", sink.topic, where))
        found.append((record.time, old, new))
        if new is None:
            present.pop(record.key, None)
        else:
            present[record.key] = new
    return found


class _Walk:
    """Goes through all times, keeps the state of every topic as a hash per group, and finds for
    every writer the number of transactions that the topics together show."""

    def __init__(self, sinks, records, histories, problems):
        self.sinks = sinks
        self.histories = histories
        self.problems = problems
        self.start = {sink.topic: min((r.time for r in records[sink.topic]), default=None)
                      for sink in sinks}
        self.state = collections.defaultdict(int)
        self.reached = {writer: 0 for writer in histories}
        self.expected = {}
        self.numbers = {}
        self.broken = set()

    def run(self, changes):
        for time in sorted(changes):
            touched = set()
            for sink, removed, added in changes[time]:
                for row, sign in ((removed, -1), (added, 1)):
                    if row is not None:
                        group = sink.group_of(row)
                        touched.add(group)
                        place = (sink.topic, group)
                        self.state[place] = (self.state[place] + sign * row_hash(row)) & MASK
            for group in touched:
                self._judge(time, group)
        self._judge_end()

    def _active(self, time, family, group):
        return tuple(sink for sink in self.sinks if sink.view.families == (family,)
                     and self.start[sink.topic] is not None and self.start[sink.topic] <= time)

    def _judge(self, time, group):
        families = [family for family, of in self.histories if of == group]
        if not families:
            self.problems.append(Problem("unknown group", "all", f"time {time}: group {group}"))
        for family in families:
            active = self._active(time, family, group)
            if active and (family, group) not in self.broken:
                self._advance(time, family, group, active)
        self._judge_joined(time, group)

    def _judge_joined(self, time, group):
        """Views over several writers: they must show the numbers that the other topics show."""
        for sink in self.sinks:
            families = sink.view.families
            if (len(families) > 1 and self.start[sink.topic] is not None
                    and self.start[sink.topic] <= time
                    and not any((family, group) in self.broken for family in families)):
                numbers = tuple(self.reached[family, group] for family in families)
                if self.state[sink.topic, group] != self._hash(sink.view, group, numbers):
                    self.problems.append(Problem(
                        "torn across writers", sink.topic,
                        f"time {time}: group {group} is not the view after {families} {numbers}"))
                    self.broken.add((families[0], group))

    def _advance(self, time, family, group, active):
        seen = tuple(self.state[sink.topic, group] for sink in active)
        at = self._numbers(family, group, active).get(seen, ())
        place = bisect.bisect_left(at, self.reached[family, group])
        if place < len(at):
            self.reached[family, group] = at[place]
            return
        self.broken.add((family, group))
        topics = ", ".join(sink.topic for sink in active)
        if at:
            text = (f"time {time}: {family} {group} shows transaction {at[-1]} after "
                    f"{self.reached[family, group]}")
            self.problems.append(Problem("state goes back", topics, text))
        else:
            self.problems.append(Problem(
                "torn transaction", topics,
                f"time {time}: the state of {family} {group} is that after no whole number of "
                f"transactions (before: {self.reached[family, group]}; each topic alone: "
                f"{self._alone(family, group, active, seen)})"))

    def _alone(self, family, group, active, seen):
        shown = []
        for sink, state in zip(active, seen):
            at = self._numbers(family, group, (sink,)).get((state,), ())
            place = bisect.bisect_left(at, self.reached[family, group])
            shown.append(f"{sink.topic}: {at[place] if place < len(at) else 'none'}")
        return ", ".join(shown)

    def _numbers(self, family, group, active):
        """Which numbers of transactions have which hashes in the active topics."""
        name = (family, group, tuple(sink.topic for sink in active))
        if name not in self.numbers:
            table = collections.defaultdict(list)
            for number in range(len(self.histories[family, group])):
                table[tuple(self._hash(sink.view, group, (number,)) for sink in active)].append(
                    number)
            self.numbers[name] = table
        return self.numbers[name]

    def _hash(self, view, group, numbers):
        name = (view.name, group, numbers)
        if name not in self.expected:
            states = [self.histories[family, group][number]
                      for family, number in zip(view.families, numbers)]
            self.expected[name] = hash_of(view.rows(group, *states))
        return self.expected[name]

    def _judge_end(self):
        for sink in self.sinks:
            groups = {group for _, group in self.histories}
            for group in sorted(groups):
                if any((family, group) not in self.histories for family in sink.view.families):
                    continue
                last = tuple(len(self.histories[family, group]) - 1
                             for family in sink.view.families)
                if self.state[sink.topic, group] != self._hash(sink.view, group, last):
                    self.problems.append(Problem(
                        INCOMPLETE, sink.topic,
                        f"group {group} is not the view after {last} transactions"))
