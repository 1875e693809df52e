"""The world of the kill test: writers with known histories, views over them, and their sinks.

Every writer owns one group `w` of rows and commits transactions 1, 2, 3, ... to them, so that the
state of a group tells how many of its transactions it contains. Writers of the family `engine`
write a table of the engine over its SQL port; writers of the family `postgres` move money between
accounts in PostgreSQL, over two tables, so that the sum of a group's balances never changes.
"""
import random
import threading
import time

import psycopg

from .checker import Sink, View

ENGINE_ROWS_AT_START = 5
ENGINE_ROWS_MAX = 14
ACCOUNTS_AT_START = 6
ACCOUNTS_MAX = 10
BALANCE_AT_START = 100
TRANSFERS_KEPT = 12
RECONNECT_TIMEOUT_S = 150
# Of a large transaction: what a sink sends of it takes longer than a look at the topic.
LARGE_ROWS = 10_000

POSTGRES_TABLES = """
CREATE TABLE accounts (w bigint, id bigint, balance bigint NOT NULL, seq bigint NOT NULL,
                       PRIMARY KEY (w, id));
CREATE TABLE transfers (w bigint, seq bigint, source bigint NOT NULL, target bigint NOT NULL,
                        amount bigint NOT NULL, PRIMARY KEY (w, seq));
ALTER TABLE accounts REPLICA IDENTITY FULL;
ALTER TABLE transfers REPLICA IDENTITY FULL;
CREATE PUBLICATION bank FOR TABLE accounts, transfers;
"""

ENGINE_OBJECTS = """
CREATE SOURCE bank FROM POSTGRES CONNECTION pg (PUBLICATION 'bank');
CREATE TABLE accounts FROM SOURCE bank (REFERENCE public.accounts);
CREATE TABLE transfers FROM SOURCE bank (REFERENCE public.transfers);
CREATE MATERIALIZED VIEW even_notes AS SELECT w, id, seq, v FROM notes WHERE v % 2 = 0;
CREATE MATERIALIZED VIEW note_sums AS SELECT w, count(*) AS n, sum(v) AS v FROM notes GROUP BY w;
CREATE MATERIALIZED VIEW accounts_copy AS SELECT w, id, balance, seq FROM accounts;
CREATE MATERIALIZED VIEW rich AS SELECT w, id, balance, seq FROM accounts WHERE balance >= 100;
CREATE MATERIALIZED VIEW totals AS
  SELECT w, count(*) AS n, sum(balance) AS total, max(seq) AS seq FROM accounts GROUP BY w;
CREATE MATERIALIZED VIEW last_transfers AS
  SELECT a.w, a.id, a.balance, t.seq, t.amount
  FROM accounts a JOIN transfers t ON a.w = t.w AND a.seq = t.seq;
CREATE MATERIALIZED VIEW mixed AS
  SELECT t.w, t.n AS accounts, t.total, n.n AS notes, n.v
  FROM totals t JOIN note_sums n ON t.w = n.w;
"""
NOTES_TABLE = "CREATE TABLE notes (w int8 NOT NULL, id int8 NOT NULL, seq int8, v int8)"


def _notes(w, state):
    return [(w, key, *row) for key, row in state.items()]


def _even_notes(w, state):
    return [row for row in _notes(w, state) if row[3] % 2 == 0]


def _note_sums(w, state):
    return [(w, len(state), sum(v for _, v in state.values()))] if state else []


def _accounts(w, state):
    return [(w, key, *row) for key, row in state[0].items()]


def _transfers(w, state):
    return [(w, key, *row) for key, row in state[1].items()]


def _rich(w, state):
    return [row for row in _accounts(w, state) if row[2] >= 100]


def _totals(w, state):
    rows = state[0].values()
    return [(w, len(rows), sum(balance for balance, _ in rows), max(seq for _, seq in rows))]


def _last_transfers(w, state):
    accounts, transfers = state
    return [(w, key, balance, seq, transfers[seq][2])
            for key, (balance, seq) in accounts.items() if seq in transfers]


def _mixed(w, bank, notes):
    return [totals[:3] + sums[1:] for totals in _totals(w, bank)
            for sums in _note_sums(w, notes)]


ENGINE, POSTGRES = "engine", "postgres"
# view, relation's columns, families, rows, sink key, envelope, whether the key can be proven
SINK_TABLE = [
    ("notes", "w id seq v", (ENGINE,), _notes, "w id", "DEBEZIUM", True),
    ("even_notes", "w id seq v", (ENGINE,), _even_notes, "w id", "UPSERT", False),
    ("note_sums", "w n v", (ENGINE,), _note_sums, "w", "UPSERT", True),
    ("accounts", "w id balance seq", (POSTGRES,), _accounts, "w id", "DEBEZIUM", True),
    ("accounts_copy", "w id balance seq", (POSTGRES,), _accounts, "w id", "UPSERT", True),
    ("transfers", "w seq source target amount", (POSTGRES,), _transfers, "w seq", "UPSERT", True),
    ("rich", "w id balance seq", (POSTGRES,), _rich, "w id", "DEBEZIUM", True),
    ("totals", "w n total seq", (POSTGRES,), _totals, "w", "DEBEZIUM", True),
    ("last_transfers", "w id balance seq amount", (POSTGRES,), _last_transfers, "w id", "UPSERT",
     False),
    ("mixed", "w accounts total notes v", (POSTGRES, ENGINE), _mixed, "w", "DEBEZIUM", True),
]
# Made while the writers already write: their snapshots and as_of fall among kills.
LATE_SINKS = ("accounts_copy", "even_notes", "mixed")


AWAY = "kafka_away"


class Export:
    """One row of the table above: how its sink is created, and how its topic is read. Without
    `exactly_once` there are no transactions, and messages may be there again."""

    def __init__(self, prefix, row, name=None, connection="kafka", exactly_once=True):
        self.relation, columns, families, rows, key, envelope, self.proven = row
        self.columns = columns.split()
        self.key = key.split()
        self.envelope = envelope
        self.name = name or self.relation
        self.connection = connection
        self.exactly_once = exactly_once
        self.topic = f"{prefix}-{self.name}"
        self.sink = Sink(self.topic, View(self.relation, families, rows), envelope.lower(),
                         row_of=self.row_of, group_of=lambda row: row[0])

    def row_of(self, value):
        """The tuple of a JSON row; a numeric comes as text."""
        return tuple(int(value[column]) for column in self.columns)

    def key_of(self, value):
        return tuple(value[column] for column in self.key)

    def create(self):
        enforced = "" if self.proven or self.envelope == "DEBEZIUM" else " NOT ENFORCED"
        options = "" if self.exactly_once else " WITH (DELIVERY GUARANTEE = 'at least once')"
        return (f"CREATE SINK {self.name}_sink FROM {self.relation}"
                f" INTO KAFKA CONNECTION {self.connection} (TOPIC '{self.topic}', TOPIC PARTITION COUNT 2)"
                f" KEY ({', '.join(self.key)}){enforced} FORMAT JSON ENVELOPE {self.envelope}{options}")

    def select(self):
        return f"SELECT {', '.join(self.columns)} FROM {self.relation}"


def exports(prefix):
    """All sinks of a run; topics begin with `prefix`."""
    # The broker of "behind" may be away for a long time: it needs history that is merged meanwhile.
    return [*(Export(prefix, row) for row in SINK_TABLE),
            Export(prefix, SINK_TABLE[0], name="behind", connection=AWAY),
            Export(prefix, SINK_TABLE[0], name="repeated", exactly_once=False)]


class Writer(threading.Thread):
    """Commits transactions until told to stop. `states[n]` is the state after n of them, and
    `failure` says what went wrong, if anything. Owned by its thread; the main thread reads
    `states` after the join, and its length at any time."""

    def __init__(self, family, group, options):
        super().__init__(name=f"{family}-{group}", daemon=True)
        self.family = family
        self.group = group
        self.rng = random.Random(f"{options.run_seed}/{family}/{group}")
        self.pace_s = options.pace
        # A writer that has written plenty goes on slowly: a long outage needs no long history.
        self.plenty = options.transactions // options.writers
        self.slow_pace_s = options.slow_pace
        self.states = []
        self.failure = None
        self.in_doubt = 0
        self.stopping = threading.Event()
        # To be caught in the middle: `hold` asks for it, `held` says that a transaction is open,
        # and it goes on at `release`.
        self.hold = threading.Event()
        self.held = threading.Event()
        self.release = threading.Event()

    @property
    def committed(self):
        return len(self.states) - 1

    def run(self):
        try:
            while not self.stopping.is_set():
                self.step(len(self.states))
                time.sleep(self.rng.random() * 2 * self.mean_pause_s())
        except Exception as error:
            self.failure = f"{self.name} after {self.committed} transactions: " \
                           f"{type(error).__name__}: {error}"

    def mean_pause_s(self):
        """Between two transactions."""
        return self.pace_s if self.committed < self.plenty else self.slow_pace_s

    def pause_inside(self):
        """Called with a transaction open."""
        if self.hold.is_set():
            self.hold.clear()
            self.held.set()
            self.release.wait()
            self.release.clear()
            self.held.clear()


class EngineWriter(Writer):
    """Writes `notes` over SQL. A statement whose answer did not come is in doubt: after
    reconnecting, the table tells whether it was committed, and must show nothing else."""

    def __init__(self, engine, group, options):
        super().__init__(ENGINE, group, options)
        self.engine = engine
        self.connection = None
        self.next_id = ENGINE_ROWS_AT_START + 1
        # While it is set, a transaction inserts many rows, and the next one deletes them.
        self.large = threading.Event()
        self.states.append({key: (0, self.rng.randrange(100))
                            for key in range(1, ENGINE_ROWS_AT_START + 1)})

    def initial_rows(self):
        return _notes(self.group, self.states[0])

    def mean_pause_s(self):
        return self.pace_s if self.large.is_set() else super().mean_pause_s()

    def step(self, number):
        statements, state = self._plan(number, dict(self.states[-1]))
        try:
            connection = self.connection or self._reconnect()
            for statement in statements[:-1]:
                connection.execute(statement)
            if len(statements) > 1:
                self.pause_inside()
            connection.execute(statements[-1])
        except psycopg.OperationalError:
            self.in_doubt += 1
            if self._resolve(state):
                self.states.append(state)
            return
        self.states.append(state)

    def _plan(self, number, state):
        """The statements of the next transaction, and the state after it."""
        if len(state) > LARGE_ROWS:
            return self._shrunk(state)
        if self.large.is_set():
            return self._grown(number, state)
        kinds = ["insert", "block", "update", "update many"]
        if self.hold.is_set():
            kinds = ["block"]
        elif len(state) > ENGINE_ROWS_MAX:
            kinds = ["delete"]
        elif len(state) > ENGINE_ROWS_AT_START:
            kinds.append("delete")
        kind = self.rng.choice(kinds)
        w = self.group
        if kind in ("insert", "block"):
            added = {self._new_id(): (number, self.rng.randrange(1000))
                     for _ in range(self.rng.randrange(2, 5))}
            state.update(added)
            rows = [f"({w}, {key}, {seq}, {v})" for key, (seq, v) in added.items()]
            if kind == "insert":
                return [f"INSERT INTO notes VALUES {', '.join(rows)}"], state
            inserts = [f"INSERT INTO notes (w, id, seq, v) VALUES {row}" for row in rows]
            return ["BEGIN", *inserts, "COMMIT"], state
        if kind == "delete":
            gone = self.rng.sample(sorted(state), self.rng.randrange(1, 4))
            for key in gone:
                del state[key]
            return [f"DELETE FROM notes WHERE w = {w} AND id IN ({', '.join(map(str, gone))})"], \
                state
        amount = self.rng.randrange(1, 50)
        chosen = [self.rng.choice(sorted(state))] if kind == "update" else sorted(state)
        for key in chosen:
            state[key] = (number, state[key][1] + amount)
        condition = f" AND id = {chosen[0]}" if kind == "update" else ""
        return [f"UPDATE notes SET v = v + {amount}, seq = {number} WHERE w = {w}{condition}"], state

    def _grown(self, number, state):
        added = {self._new_id(): (number, place % 1000) for place in range(LARGE_ROWS)}
        rows = [f"({self.group}, {key}, {seq}, {v})" for key, (seq, v) in added.items()]
        return [f"INSERT INTO notes VALUES {', '.join(rows)}"], state | added

    def _shrunk(self, state):
        first = sorted(state)[-LARGE_ROWS]
        return [f"DELETE FROM notes WHERE w = {self.group} AND id >= {first}"], \
            {key: row for key, row in state.items() if key < first}

    def _new_id(self):
        self.next_id += 1
        return self.next_id

    def _resolve(self, state):
        """True if the transaction in doubt was committed."""
        self._close()
        rows = self._ask(f"SELECT id, seq, v FROM notes WHERE w = {self.group}")
        found = {key: (seq, v) for key, seq, v in rows}
        if len(found) != len(rows):
            raise AssertionError(f"a row is there twice: {sorted(rows)}")
        if found == state:
            return True
        if found != self.states[-1]:
            raise AssertionError(
                f"acknowledged transactions are lost or one is half there: the table shows "
                f"{sorted(found.items())}, acknowledged was {sorted(self.states[-1].items())}, "
                f"in doubt {sorted(state.items())}")
        return False

    def _ask(self, query):
        deadline = time.monotonic() + RECONNECT_TIMEOUT_S
        while True:
            try:
                return (self.connection or self._reconnect()).execute(query).fetchall()
            except psycopg.OperationalError:
                self._close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _reconnect(self):
        deadline = time.monotonic() + RECONNECT_TIMEOUT_S
        while True:
            try:
                if self.engine.sql is not None:
                    connection = self.engine.connect()
                    # A transaction is held open for as long as a fault takes.
                    connection.execute("SET idle_in_transaction_session_timeout = 0")
                    self.connection = connection
                    return self.connection
            except psycopg.OperationalError:
                pass
            if time.monotonic() > deadline:
                raise AssertionError("the engine did not come back")
            time.sleep(0.02)

    def _close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


class PostgresWriter(Writer):
    """Moves money between accounts of its group; every transaction touches both tables."""

    def __init__(self, address, group, options):
        super().__init__(POSTGRES, group, options)
        self.address = address
        self.connection = None
        self.next_id = ACCOUNTS_AT_START + 1
        accounts = {key: (BALANCE_AT_START, 0) for key in range(1, ACCOUNTS_AT_START + 1)}
        self.states.append((accounts, {0: (1, 1, 0)}))

    def step(self, number):
        if self.connection is None:
            self.connection = psycopg.connect(self.address)
        accounts, transfers = dict(self.states[-1][0]), dict(self.states[-1][1])
        execute = self.connection.execute
        source, target = self.rng.sample(sorted(accounts), 2)
        if self.rng.random() < 0.15 and len(accounts) < ACCOUNTS_MAX:
            target = self.next_id
            self.next_id += 1
            accounts[target] = (0, number)
            execute("INSERT INTO accounts VALUES (%s, %s, 0, %s)", [self.group, target, number])
        closing = self.rng.random() < 0.15 and len(accounts) > ACCOUNTS_AT_START
        amount = accounts[source][0] if closing else self.rng.randrange(1, 40)
        accounts[source] = (accounts[source][0] - amount, number)
        execute("UPDATE accounts SET balance = balance - %s, seq = %s WHERE w = %s AND id = %s",
                [amount, number, self.group, source])
        self.pause_inside()
        accounts[target] = (accounts[target][0] + amount, number)
        execute("UPDATE accounts SET balance = balance + %s, seq = %s WHERE w = %s AND id = %s",
                [amount, number, self.group, target])
        if closing:
            del accounts[source]
            execute("DELETE FROM accounts WHERE w = %s AND id = %s", [self.group, source])
        transfers[number] = (source, target, amount)
        execute("INSERT INTO transfers VALUES (%s, %s, %s, %s, %s)",
                [self.group, number, source, target, amount])
        if number % TRANSFERS_KEPT == 0:
            for old in [seq for seq in transfers if seq <= number - TRANSFERS_KEPT]:
                del transfers[old]
            execute("DELETE FROM transfers WHERE w = %s AND seq <= %s",
                    [self.group, number - TRANSFERS_KEPT])
        self.connection.commit()
        self.states.append((accounts, transfers))


def create_bank(address, writers):
    """The tables of PostgreSQL with the first state of its writers."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(POSTGRES_TABLES)
        for writer in writers:
            accounts, transfers = writer.states[0]
            for row in _accounts(writer.group, (accounts, transfers)):
                connection.execute("INSERT INTO accounts VALUES (%s, %s, %s, %s)", row)
            for row in _transfers(writer.group, (accounts, transfers)):
                connection.execute("INSERT INTO transfers VALUES (%s, %s, %s, %s, %s)", row)


def engine_statements(kafka_address, postgres_port, database, writers):
    """What makes everything that the engine has before the writers begin, but the sinks."""
    rows = [row for writer in writers for row in writer.initial_rows()]
    brokers = kafka_address.split(",")
    seeds = f"BROKER '{brokers[0]}'" if len(brokers) == 1 else f"BROKERS {tuple(brokers)}"
    return [
        *[f"CREATE CONNECTION {name} TO KAFKA ({seeds},"
          f" SECURITY PROTOCOL PLAINTEXT)" for name in ("kafka", AWAY)],
        "CREATE SECRET pg_password AS 'postgres'",
        f"CREATE CONNECTION pg TO POSTGRES (HOST '127.0.0.1', PORT {postgres_port}, USER"
        f" 'postgres', PASSWORD SECRET pg_password, DATABASE '{database}')",
        NOTES_TABLE,
        "INSERT INTO notes VALUES " + ", ".join(map(str, rows)),
        *[statement.strip() for statement in ENGINE_OBJECTS.split(";") if statement.strip()]]
