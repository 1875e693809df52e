"""What was written to the table of a scenario, statement by statement, and the judge who holds a topic
against it byte for byte. The judge shares nothing with the engine: it knows the statements, the envelope's
form, and what a read_committed consumer of another maker reads.
"""
import collections
import dataclasses
import json

PROBLEMS_SHOWN = 8


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the table."""
    id: int
    v: str | None
    n: int

    def json(self):
        return json.dumps({"id": self.id, "v": self.v, "n": self.n}, separators=(",", ":"),
                          ensure_ascii=False)


class History:
    """Steps in the order in which they were acknowledged. A step is what one statement changed: id ->
    (row before, row after), None where there is no row."""

    def __init__(self):
        self.steps = []
        self.rows = {}

    def add(self, changes):
        self.steps.append(changes)
        self.rows = applied(self.rows, changes)

    def messages(self):
        """How many messages there must be."""
        return sum(map(len, self.steps))


def applied(rows, changes):
    """The rows after a step."""
    rows = dict(rows)
    for key, (_, after) in changes.items():
        if after is None:
            del rows[key]
        else:
            rows[key] = after
    return rows


def json_message(envelope, key, before, after):
    """Key and value of the message of one change."""
    told = [None if row is None else row.json() for row in (before, after)]
    value = told[1]
    if envelope == "DEBEZIUM":
        value = '{"before":%s,"after":%s}' % tuple(text or "null" for text in told)
    return b'{"id":%d}' % key, None if value is None else value.encode()


class Judge:
    """Holds messages against a history. `message_of(key, before, after)` gives the bytes of a change."""

    def __init__(self, message_of):
        self.message_of = message_of

    def problems(self, messages, history, end="all", start=0):
        """Texts of all that is wrong. The messages of one time must be those of one step, in order of
        both; the first is that of step `start`. `end` says whether all steps must be there, or
        `some`: a beginning of them."""
        found = self._out_of_order(messages)
        groups = collections.defaultdict(list)
        for message in messages:
            if message.time is None:
                return [f"no time: {_show(message)}"]
            groups[message.time].append((message.key, message.value))
        steps = history.steps[start:]
        for number, (time, group) in enumerate(sorted(groups.items())):
            if number >= len(steps):
                found.append(f"at {time}, after the last step: {group[:3]}")
                continue
            found += self._compare(group, steps[number], f"step {start + number} at {time}")
        if end == "all" and len(groups) < len(steps):
            found.append(f"{len(groups)} of {len(steps)} steps are there")
        return found

    def _compare(self, group, step, place):
        wanted = collections.Counter(self.message_of(key, *rows) for key, rows in step.items())
        there = collections.Counter(group)
        return [f"{place}: {what} {list(rest.elements())[:3]}" for what, rest in (
            ("too many", there - wanted), ("missing", wanted - there)) if rest]

    @staticmethod
    def _out_of_order(messages):
        last = {}
        found = []
        for message in sorted(messages, key=lambda m: (m.partition, m.offset)):
            if message.time is not None and message.time < last.get(message.partition, 0):
                found.append(f"older than the one before it: {_show(message)}")
            last[message.partition] = message.time or 0
        return found


def _show(message):
    return f"{message.partition}/{message.offset} {message.key} {message.value} at {message.time}"


def shown(problems):
    more = len(problems) - PROBLEMS_SHOWN
    return "\n".join(problems[:PROBLEMS_SHOWN] + ([f"and {more} more"] if more > 0 else []))
