"""Asks both systems, compares the answers, and makes a difference as small as it can be."""
import dataclasses
import math
from decimal import Decimal

import psycopg

from .known import reason

DIGITS = 9
STEPS_MAX = 400
# Types that only differ in name: a text is text, whatever its declared length.
SAME_TYPE = {1043: 25, 1042: 25, 705: 25}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Rows in a form that can be compared, or the SQLSTATE of an error."""
    rows: tuple = ()
    types: tuple = ()
    error: str | None = None

    @property
    def kind(self):
        return f"error {self.error}" if self.error else "rows"


def ask(connection, sql):
    """What a system answers to a query."""
    try:
        cursor = connection.execute(sql.encode())
    except psycopg.Error as error:
        if connection.closed:
            raise AssertionError(f"the connection was lost over: {sql}") from None
        return Outcome(error=f"{error.sqlstate}: {str(error).splitlines()[0]}")
    types = tuple(SAME_TYPE.get(column.type_code, column.type_code)
                  for column in cursor.description)
    rows = sorted((tuple(map(_plain, row)) for row in cursor.fetchall()), key=repr)
    return Outcome(rows=tuple(rows), types=types)


def _plain(value):
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, (float, Decimal)):
        number = float(value)
        if not math.isfinite(number):
            return str(number)
        return f"{number:.{DIGITS}g}".replace("-0", "0") if number == 0 else f"{number:.{DIGITS}g}"
    return value if value is None else f"{type(value).__name__} {value}"


class Oracle:
    """One batch: tables that both systems have, and queries over them."""

    def __init__(self, postgres, engine, tables):
        self.postgres = postgres
        self.engine = engine
        self.tables = tables

    def both(self, sql):
        for connection in (self.postgres, self.engine):
            connection.execute(sql.encode())

    def create(self):
        for table in self.tables:
            self.both(table.create())

    def drop(self):
        for table in self.tables:
            self.both(f"DROP TABLE {table.name}")

    def fill(self):
        """Both systems get the first rows, whatever was there."""
        for table in self.tables:
            self.both(f"DELETE FROM {table.name}")
            if table.insert():
                self.both(table.insert())

    def change(self):
        """Both systems make the changes; a table is what PostgreSQL says if they could not agree
        about a change (whose expressions may fail)."""
        for table in self.tables:
            for statement in table.changes:
                theirs, ours = self._changed(self.postgres, statement), \
                    self._changed(self.engine, statement)
                if theirs != ours and not (theirs.startswith("22") and ours == "ok"):
                    raise AssertionError(f"{statement}\n  PostgreSQL: {theirs}\n  here: {ours}")

    @staticmethod
    def _changed(connection, statement):
        try:
            connection.execute(statement.encode())
            return "ok"
        except psycopg.Error as error:
            return f"{error.sqlstate}: {str(error).splitlines()[0]}"

    def difference(self, query, as_view):
        """How the answers differ, as text, or None. As a view, the query is made one before the
        tables change and read after it."""
        if not as_view:
            return self._compare(query.sql, query.sql)
        columns = ", ".join(f"c{place}" for place in range(len(query.types)))
        try:
            self.engine.execute(f"CREATE MATERIALIZED VIEW oracle_view ({columns}) AS "
                                f"{query.sql}".encode())
        except psycopg.Error as error:
            return f"cannot be a materialized view: {error}"
        try:
            self.change()
            return self._compare(query.sql, "SELECT * FROM oracle_view")
        finally:
            self.engine.execute("DROP MATERIALIZED VIEW oracle_view")
            self.fill()

    def _compare(self, sql, ours_sql):
        theirs, ours = ask(self.postgres, sql), ask(self.engine, ours_sql)
        if theirs.error and theirs.error.startswith("57014"):
            return None
        if theirs == ours or (theirs.error and ours.error
                              and theirs.error[:5] == ours.error[:5]):
            return None
        if reason(theirs.kind, ours.kind, sql):
            return None
        return f"PostgreSQL: {_shown(theirs)}\nhere:       {_shown(ours)}"

    def minimise(self, query, as_view):
        """The smallest query found that still differs in some way."""
        steps = 0
        while steps < STEPS_MAX:
            for less in query.smaller():
                steps += 1
                if steps > STEPS_MAX:
                    return query
                # A smaller query may be no query at all: PostgreSQL decides.
                if len(less.sql) < len(query.sql) and not ask(self.postgres, less.sql).error \
                        and self.difference(less, as_view):
                    query = less
                    break
            else:
                return query
        return query

    def report(self, query, as_view):
        """Everything that repeats the difference by hand."""
        query = self.minimise(query, as_view)
        lines = [self.difference(query, as_view) or "(the difference did not show again)"]
        for table in self.tables:
            if f"{table.name} " in query.sql + " ":
                lines += [f"{table.create()};", f"{table.insert()};"]
                lines += [f"{change};  -- after the view is made" for change in table.changes
                          if as_view]
        return "\n".join([*lines, f"{query.sql};"])


def _shown(outcome):
    if outcome.error:
        return f"error {outcome.error}"
    return f"types {outcome.types}, {len(outcome.rows)} rows: {list(outcome.rows[:8])}"
