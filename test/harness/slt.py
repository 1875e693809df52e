"""Golden SQL files: parse them, run them over a connection, compare, rewrite.

A file is a list of records separated by empty lines; `#` begins a comment line.

    statement ok
    CREATE TABLE t (a int, b text)

    statement count 2
    INSERT INTO t VALUES (1, 'x y'), (2, NULL)

    statement error column "c" does not exist
    SELECT c FROM t

    query IT rowsort
    SELECT a, b FROM t
    ----
    1  x y
    2  NULL

After `query` there is one letter per column (B boolean, I integer, R real or numeric, T whatever
else), then `rowsort` unless the query orders its rows itself, and `noview` if it cannot be a
materialized view. One line is one row; spaces between values and within them are compared as one
space; an empty text is written (empty). The words after `statement error` are a regular expression
searched in the message; SQLSTATE is compared too when they begin with five characters in brackets,
as [22012]. `connection NAME` on a line of its own before a record runs it in another session.
"""
import dataclasses
import re

import psycopg

LETTERS = {"B": {16}, "I": {20, 21, 23, 26, 16460, 16462, 16464, 16552}, "R": {700, 701, 1700}}
VIEWABLE = re.compile(r"\s*(SELECT|VALUES|WITH|TABLE|\()", re.IGNORECASE)
DEFINES = re.compile(r"\s*(CREATE|ALTER|DROP)\b", re.IGNORECASE)


class Mismatch(Exception):
    """A record did not do what the file says; the text shows file, line and both sides."""


@dataclasses.dataclass
class Record:
    """One record; `lines` is where its results are in the file, for rewriting."""
    line: int
    kind: str
    sql: str
    connection: str = "default"
    error: str | None = None
    count: int | None = None
    letters: str = ""
    sort: bool = False
    view: bool = True
    expected: list = dataclasses.field(default_factory=list)
    lines: tuple = (0, 0)


def parse(text):
    """The records of a file's text; Mismatch if it is not in the form above."""
    lines = text.split("\n")
    records, at, connection = [], 0, "default"
    while at < len(lines):
        head = lines[at].strip()
        if not head or head.startswith("#"):
            at += 1
            continue
        words = head.split()
        if words[0] == "connection":
            connection = words[1]
            at += 1
            continue
        record = _head(at + 1, head, words, connection)
        connection = "default"
        at += 1
        start = at
        while at < len(lines) and lines[at].strip() and lines[at].strip() != "----":
            at += 1
        record.sql = "\n".join(lines[start:at])
        if record.kind == "query":
            if at == len(lines) or lines[at].strip() != "----":
                raise Mismatch(f"line {record.line}: a query needs ---- and its rows")
            at += 1
            start = at
            while at < len(lines) and lines[at].strip():
                at += 1
            record.expected = [" ".join(line.split()) for line in lines[start:at]]
            record.lines = (start, at)
        records.append(record)
    return records


def _head(line, head, words, connection):
    record = Record(line, words[0], "", connection)
    if words[0] == "query" and len(words) >= 2:
        record.letters = words[1]
        record.sort = "rowsort" in words[2:]
        record.view = "noview" not in words[2:]
        unknown = set(words[2:]) - {"rowsort", "noview"}
        if unknown or set(record.letters) - set("BIRT"):
            raise Mismatch(f"line {line}: do not know {head!r}")
    elif words[:2] == ["statement", "error"]:
        record.error = head.split(None, 2)[2] if len(words) > 2 else "."
    elif words[:2] == ["statement", "count"] and len(words) == 3:
        record.count = int(words[2])
    elif words != ["statement", "ok"]:
        raise Mismatch(f"line {line}: do not know {head!r}")
    return record


class Runner:
    """Runs the records of one file. `connect` makes a connection in autocommit."""

    def __init__(self, connect, name):
        self.connect = connect
        self.name = name
        self.connections = {}

    def run(self, records):
        try:
            for record in records:
                self.run_record(record)
        finally:
            self.close()

    def close(self):
        for connection in self.connections.values():
            connection.close()
        self.connections.clear()

    def run_record(self, record):
        if record.kind == "query":
            self.compare(record, self.rows(record, record.sql))
        else:
            self.statement(record)

    def execute(self, record, sql):
        if record.connection not in self.connections:
            self.connections[record.connection] = self.connect()
        return self.connections[record.connection].execute(sql.encode())

    def statement(self, record):
        try:
            cursor = self.execute(record, record.sql)
        except psycopg.Error as error:
            message, state = str(error).split("\n")[0], error.sqlstate or ""
            if record.error is None:
                self.fail(record, f"failed: [{state}] {error}")
            wanted = re.match(r"\[(\w{5})\]\s*", record.error)
            pattern = record.error[wanted.end():] if wanted else record.error
            if wanted and wanted.group(1) != state:
                self.fail(record, f"SQLSTATE {state} instead of {wanted.group(1)}: {message}")
            if not re.search(pattern, str(error)):
                self.fail(record, f"another error: [{state}] {error}")
            return
        if record.error is not None:
            self.fail(record, f"no error, expected: {record.error}")
        if record.count is not None and cursor.rowcount != record.count:
            self.fail(record, f"{cursor.rowcount} rows instead of {record.count}")

    def rows(self, record, sql):
        """The rows of a query as lines of text; the columns' types are compared with the letters."""
        try:
            result = self.execute(record, sql).pgresult
        except psycopg.Error as error:
            self.fail(record, f"failed: [{error.sqlstate}] {error}")
        if result.nfields != len(record.letters):
            self.fail(record, f"{result.nfields} columns instead of {len(record.letters)}")
        for column, letter in enumerate(record.letters):
            if letter in LETTERS and result.ftype(column) not in LETTERS[letter]:
                self.fail(record, f"column {column + 1} has type {result.ftype(column)}, "
                                  f"which is not {letter}")
        return [" ".join(_text(result.get_value(row, column)) for column in range(result.nfields))
                for row in range(result.ntuples)]

    def compare(self, record, rows, what=""):
        rows = [" ".join(row.split()) for row in rows]
        expected = record.expected
        if record.sort or what:
            rows, expected = sorted(rows), sorted(expected)
        if rows != expected:
            self.fail(record, what + "expected:\n    " + "\n    ".join(expected)
                      + "\n  found:\n    " + "\n    ".join(rows))

    def fail(self, record, text):
        raise Mismatch(f"{self.name}:{record.line}: {text}\n  in: {record.sql}") from None


def _text(value):
    if value is None:
        return "NULL"
    return value.decode() or "(empty)"


class ViewRunner(Runner):
    """Runs the file so that every query that can be is a materialized view, made as early as its
    tables are there: what it shows in the end it has learned change by change."""

    def __init__(self, connect, name):
        super().__init__(connect, name)
        self.queries = []
        self.views = {}

    def run(self, records):
        try:
            self.queries = [record for record in records if _viewable(record)]
            for record in records:
                self.run_record(record)
        finally:
            self.close()

    def run_record(self, record):
        # A view of a later query must not be in the way of a statement.
        if re.match(r"\s*(DROP|ALTER)\b", record.sql, re.IGNORECASE):
            for line in list(self.views):
                self._drop_view(record, line)
        super().run_record(record)
        if record.kind == "statement" and DEFINES.match(record.sql):
            for query in self.queries:
                if query.line > record.line and query.line not in self.views:
                    self._make_view(query, must=False)
        elif _viewable(record):
            if record.line not in self.views:
                self._make_view(record, must=True)
            rows = self.rows(record, f"SELECT * FROM {self.views[record.line]}")
            self.compare(record, rows, "as a view: ")
            self._drop_view(record, record.line)

    def _make_view(self, record, must):
        view = f"golden_view_{record.line}"
        columns = ", ".join(f"c{number}" for number in range(len(record.letters)))
        try:
            self.execute(record, f"CREATE MATERIALIZED VIEW {view} ({columns}) AS {record.sql}")
            self.views[record.line] = view
        except psycopg.Error as error:
            if must:
                self.fail(record, f"cannot be a view (say noview if that is right): {error}")

    def _drop_view(self, record, line):
        self.execute(record, f"DROP MATERIALIZED VIEW {self.views.pop(line)}")


def _viewable(record):
    return record.kind == "query" and record.view and VIEWABLE.match(record.sql) is not None


def rewrite(text, connect, name):
    """The file's text with the rows that its queries return now."""
    lines = text.split("\n")
    runner = Runner(connect, name)
    replaced = []
    try:
        for record in parse(text):
            if record.kind == "query":
                rows = runner.rows(record, record.sql)
                replaced.append((record.lines, sorted(rows) if record.sort else rows))
            else:
                runner.statement(record)
    finally:
        runner.close()
    for (start, end), rows in reversed(replaced):
        lines[start:end] = rows
    return "\n".join(lines)
