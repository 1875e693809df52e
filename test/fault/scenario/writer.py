"""The one who writes to the table of a scenario: a statement after the other, so that each has a time of
its own, and over deaths and pauses of the engine. Of a statement without an answer it asks what became of it.
"""
import contextlib
import os
import random
import socket
import threading

import psycopg

from scenario.history import History, Row, applied

KEYS_MAX = 200
PAUSE_S = 0.004
RETRY_S = 0.05
TEXTS = ("", "plain", 'quote " and \\', "line\nfeed", "größer ≥", "0123456789" * 30, None)


class Writer(threading.Thread):
    """Changes `table (id int NOT NULL, v text, n int8 NOT NULL)` from `go()` until `finish()`. Nobody
    else writes to the table meanwhile."""

    def __init__(self, engine, table, seed):
        super().__init__(daemon=True, name="writer")
        self.engine = engine
        self.table = table
        self.history = History()
        self.failure = None
        self.in_doubt = 0
        self._rng = random.Random(seed)
        self._keys = 0
        self._connection = None
        self._done = threading.Event()
        self._may_write = threading.Event()
        self._may_write.set()
        self._lock = threading.Lock()

    def step(self, rows=None):
        """One statement by the caller: of new rows with these texts, or of any kind."""
        with self._lock:
            if rows or self._may_write.is_set():
                self._play(*(self._insert(rows) if rows else self._statement()))

    def go(self):
        self.start()

    def rest(self):
        """Writes nothing after the present statement, until `go_on`."""
        self._may_write.clear()
        # step() has the lock while a statement is under way.
        with self._lock:
            pass

    def go_on(self):
        self._may_write.set()

    def stop(self):
        """Ends soon, whatever comes of the present statement."""
        self._done.set()

    def finish(self, timeout_s=60):
        """Ends after the present statement, which must have an outcome in time."""
        self.stop()
        if self.is_alive():
            self.join(timeout_s)
        if self.is_alive():
            raise AssertionError("a statement has no outcome")
        self._drop()
        if self.failure:
            raise AssertionError(self.failure)

    def reconnect(self):
        """Gives up the present connection, from another thread; its statement may be under way."""
        connection = self._connection
        if connection is not None:
            # Not close(): that is for the thread which uses it.
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as sock:
                sock.shutdown(socket.SHUT_RDWR)

    def steps(self):
        return len(self.history.steps)

    def run(self):
        try:
            while not self._done.wait(PAUSE_S):
                if self._may_write.wait(PAUSE_S):
                    self.step()
        except Exception as error:
            self.failure = f"the writer: {type(error).__name__}: {error}"

    # --- statements ---

    def _statement(self):
        """(SQL, changes) of something that changes something."""
        rows = self.history.rows
        kind = self._rng.random()
        if len(rows) < 4 or (kind < 0.4 and len(rows) < KEYS_MAX):
            return self._insert([self._rng.choice(TEXTS) for _ in range(self._rng.randint(1, 4))])
        chosen = self._rng.sample(sorted(rows), min(len(rows), self._rng.randint(1, 4)))
        which = f"id IN ({', '.join(map(str, chosen))})"
        if kind < 0.85:
            text, n = self._rng.choice(TEXTS), self.steps()
            return (f"UPDATE {self.table} SET v = {literal(text)}, n = {n} WHERE {which}",
                    {key: (rows[key], Row(key, text, n)) for key in chosen})
        return (f"DELETE FROM {self.table} WHERE {which}", {key: (rows[key], None) for key in chosen})

    def _insert(self, texts):
        first, self._keys = self._keys, self._keys + len(texts)
        new = [Row(first + place, text, self.steps()) for place, text in enumerate(texts)]
        values = ", ".join(f"({row.id}, {literal(row.v)}, {row.n})" for row in new)
        return (f"INSERT INTO {self.table} VALUES {values}", {row.id: (None, row) for row in new})

    # --- how ---

    def _play(self, statement, changes):
        """Until it is done: its effect is asked for when its answer was lost."""
        asking = False
        while True:
            try:
                if asking:
                    found = self._read()
                    if found == applied(self.history.rows, changes):
                        break
                    if found != self.history.rows:
                        raise AssertionError(f"{statement}: done in part, or something else is gone")
                    asking = False
                self._connect().execute(statement)
                break
            except psycopg.errors.DiskFull:
                pass  # Refused, not lost.
            except psycopg.OperationalError:
                self._drop()
                if not asking:
                    self.in_doubt += 1
                asking = True
            if self._done.wait(RETRY_S) and self._done.is_set() and not asking:
                return
        self.history.add(changes)

    def _connect(self):
        if self._connection is None:
            if self.engine.sql is None:
                raise psycopg.OperationalError("not up")
            self._connection = self.engine.connect()
        return self._connection

    def _read(self):
        rows = self._connect().execute(f"SELECT id, v, n FROM {self.table}").fetchall()
        return {int(key): Row(int(key), v, int(n)) for key, v, n in rows}

    def _drop(self):
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def literal(text):
    if text is None:
        return "NULL"
    return "'" + text.replace("'", "''") + "'"
