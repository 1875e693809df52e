#!/usr/bin/env python3
"""A tiny engine that the kill test itself is tested with: right, and wrong in ways of one's choice.

It understands exactly the statements of harness/workload.py. Tables and a log of changes are in
SQLite; a tick takes what was written and what PostgreSQL committed, recomputes every view, and logs
the differences; each sink sends the log in Kafka transactions with its progress. Nothing about it
is fast. REFERENCE_FAULT plants a fault:

  twice    how far a sink is, it keeps itself, after the commit, and does not read from Kafka
  forget   writes are acknowledged before they are on disk
  torn     a tick may end in the middle of a transaction of PostgreSQL
"""
import argparse
import http.server
import json
import os
import re
import signal
import socket
import socketserver
import sqlite3
import struct
import sys
import threading
import time

import confluent_kafka
import psycopg
from confluent_kafka.admin import AdminClient, NewTopic

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness.topics import TopicReader

FAULT = os.environ.get("REFERENCE_FAULT", "")
TICK_S = 0.01
BATCH_ROWS = 500
PROGRESS_TOPIC = "_reference-progress"


class Store:
    """All state, in one SQLite file. One lock; whoever writes, syncs."""

    def __init__(self, directory):
        os.makedirs(directory, exist_ok=True)
        self.lock = threading.RLock()
        self.db = sqlite3.connect(os.path.join(directory, "state"), isolation_level=None,
                                  check_same_thread=False)
        self.db.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "CREATE TABLE IF NOT EXISTS ddl (text TEXT);"
            "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value);"
            "CREATE TABLE IF NOT EXISTS log (n INTEGER PRIMARY KEY, sink, time, key, old, new)")

    def meta(self, name):
        found = self.db.execute("SELECT value FROM meta WHERE name = ?", [name]).fetchone()
        return found and found[0]

    def set_meta(self, name, value):
        with self.lock:
            self.db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [name, value])


class Engine:
    """Ticks, PostgreSQL and sinks over a store."""

    def __init__(self, store):
        self.store = store
        self.waiting = []
        self.wake = threading.Condition()
        self.sinks = {}
        self.kafka = self.postgres = None
        for (text,) in store.db.execute("SELECT text FROM ddl").fetchall():
            self.define(text)
        threading.Thread(target=self.tick_forever, daemon=True).start()

    # --- statements ---

    def define(self, text):
        """Takes up a CREATE statement, now or after a restart."""
        found = re.search(r"BROKERS? (\('[^)]+\)|'[^']+')", text)
        if found:
            self.kafka = ",".join(re.findall(r"'([^']+)'", found.group(1)))
        found = re.search(r"PORT (\d+).*DATABASE '(\w+)'", text)
        if found:
            self.postgres = (f"host=127.0.0.1 port={found.group(1)} user=postgres "
                             f"password=postgres dbname={found.group(2)} connect_timeout=3")
        found = re.match(r"CREATE SINK (\w+) FROM (\w+) .*TOPIC '([^']+)'.*KEY \(([^)]*)\).*"
                         r"ENVELOPE (\w+)", text, re.DOTALL)
        if found:
            sink = Sink(self, *found.groups())
            self.sinks[sink.name] = sink
            threading.Thread(target=sink.run, daemon=True).start()

    def create(self, text):
        db = self.store.db
        with self.store.lock:
            if db.execute("SELECT 1 FROM ddl WHERE text = ?", [text]).fetchone():
                raise ValueError("it already exists")
            db.execute("BEGIN")
            if text.startswith(("CREATE TABLE notes", "CREATE MATERIALIZED")):
                db.execute(text.replace("MATERIALIZED ", ""))
            if "FROM SOURCE" in text:
                self.copy(re.match(r"CREATE TABLE (\w+)", text).group(1))
            db.execute("INSERT INTO ddl VALUES (?)", [text])
            db.execute("COMMIT")
            self.define(text)

    def copy(self, table):
        """The first contents of a table of PostgreSQL; nobody writes to it yet."""
        columns = {"accounts": "w, id, balance, seq",
                   "transfers": "w, seq, source, target, amount"}[table]
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            if self.store.meta("slot") is None:
                slot = f"reference_{os.getpid()}_{int(time.time())}"
                connection.execute("SELECT pg_create_logical_replication_slot(%s,"
                                   " 'test_decoding')", [slot])
                self.store.set_meta("slot", slot)
            rows = connection.execute(f"SELECT {columns} FROM {table}").fetchall()
        self.store.db.execute(f"CREATE TABLE {table} ({columns})")
        self.store.db.executemany(
            f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)

    def write(self, statements):
        """Hands a transaction to the next tick and waits until it is on disk."""
        done = threading.Event()
        with self.wake:
            self.waiting.append((statements, done))
            self.wake.notify()
        if FAULT != "forget":
            done.wait()

    # --- ticks ---

    def tick_forever(self):
        upstream = None
        while True:
            with self.wake:
                self.wake.wait(TICK_S)
                writes, self.waiting = self.waiting, []
            if FAULT == "forget":
                time.sleep(0.05)
            slot, changes, position = self.store.meta("slot"), [], None
            try:
                if slot is not None:
                    upstream = upstream or psycopg.connect(self.postgres, autocommit=True)
                    changes, position = self.read_changes(upstream, slot)
            except psycopg.Error:
                upstream = None
            self.tick(writes, changes, position)
            try:
                if position:
                    upstream.execute("SELECT pg_replication_slot_advance(%s, %s)",
                                     [slot, position])
            except psycopg.Error:
                upstream = None

    def read_changes(self, upstream, slot):
        """Statements of whole transactions after the last one taken, and where they end."""
        taken = self.store.meta("position") or "0/0"
        rows = upstream.execute(
            "SELECT lsn::text, data, lsn > %s::pg_lsn FROM pg_logical_slot_peek_changes(%s, NULL,"
            " %s, 'include-xids', 'false')", [taken, slot, BATCH_ROWS]).fetchall()
        found, transaction, position = [], [], None
        for lsn, data, is_new in rows:
            if data.startswith("table"):
                transaction.append(_statement(data))
            elif data == "COMMIT":
                if is_new:
                    found += transaction
                    position = lsn
                transaction = []
        if FAULT == "torn" and len(found) > 2 and time.time() % 1 < 0.05:
            self.tick([], found[:1], None)
            found = found[1:]
        return found, position

    def tick(self, writes, changes, position):
        db = self.store.db
        with self.store.lock:
            new = [sink for sink in self.sinks.values() if not sink.started()]
            if writes or changes or new or position:
                stamp = max(int(time.time() * 1000), (self.store.meta("time") or 0) + 1)
                db.execute("BEGIN")
                for statements, _ in writes:
                    for statement in statements:
                        db.execute(statement)
                for statement in changes:
                    db.execute(statement)
                if position:
                    self.store.set_meta("position", position)
                self.store.set_meta("time", stamp)
                for sink in self.sinks.values():
                    sink.log_difference(stamp)
                db.execute("COMMIT")
        for _, done in writes:
            done.set()


def _statement(data):
    """SQL of one line of test_decoding."""
    table, kind, rest = re.match(r"table public\.(\w+): (\w+): (.*)", data).groups()
    old, new = "", rest
    if kind == "UPDATE":
        old, new = re.match(r"old-key: (.*) new-tuple: (.*)", rest).groups()
    elif kind == "DELETE":
        old = rest
    values = dict(re.findall(r"(\w+)\[bigint\]:(-?\d+)", new))
    where = " AND ".join(f"{n} = {v}" for n, v in re.findall(r"(\w+)\[bigint\]:(-?\d+)", old))
    if kind == "INSERT":
        return (f"INSERT INTO {table} ({', '.join(values)}) VALUES "
                f"({', '.join(values.values())})")
    if kind == "DELETE":
        return f"DELETE FROM {table} WHERE {where}"
    return f"UPDATE {table} SET {', '.join(f'{n} = {v}' for n, v in values.items())} WHERE {where}"


class Sink:
    """One topic. Its thread sends the log in order; only the tick writes the log."""

    def __init__(self, engine, name, relation, topic, key, envelope):
        self.engine = engine
        self.name, self.relation, self.topic, self.envelope = name, relation, topic, envelope
        self.key = key.split(", ")
        self.shown = None
        self.progress_key = f"mz-sink-{self.topic}".encode()

    def started(self):
        return self.engine.store.meta(f"started {self.name}") is not None

    def log_difference(self, stamp):
        db = self.engine.store.db
        cursor = db.execute(f"SELECT * FROM {self.relation}")
        names = [column[0] for column in cursor.description]
        rows = {}
        for row in cursor.fetchall():
            value = dict(zip(names, row))
            rows[json.dumps({k: value[k] for k in self.key})] = json.dumps(value)
        if self.shown is None:
            self.shown = self.logged()
        for key in self.shown.keys() | rows.keys():
            old, new = self.shown.get(key), rows.get(key)
            if old != new:
                db.execute("INSERT INTO log (sink, time, key, old, new) VALUES (?, ?, ?, ?, ?)",
                           [self.name, stamp, key, old, new])
        self.shown = rows
        self.engine.store.set_meta(f"started {self.name}", 1)

    def logged(self):
        rows = self.engine.store.db.execute(
            "SELECT key, new FROM log WHERE sink = ? ORDER BY n", [self.name]).fetchall()
        return {key: new for key, new in dict(rows).items() if new is not None}

    def run(self):
        while True:
            try:
                producer = self.fence()
                sent = self.progress()
                while True:
                    sent = self.send(producer, sent)
                    if FAULT == "twice":
                        time.sleep(0.05)
                        self.engine.store.set_meta(f"sent {self.name}", sent)
            except Exception as error:
                print(f"{self.name}: {error}", file=sys.stderr, flush=True)
                time.sleep(0.2)

    def fence(self):
        admin = AdminClient({"bootstrap.servers": self.engine.kafka, "log_level": 0})
        topics = admin.list_topics(timeout=5).topics
        for topic, partitions in ((self.topic, 2), (PROGRESS_TOPIC, 1)):
            if topic not in topics:
                try:
                    admin.create_topics([NewTopic(topic, partitions)])[topic].result(5)
                except confluent_kafka.KafkaException as error:
                    if "already exists" not in str(error):
                        raise
        producer = confluent_kafka.Producer({
            "bootstrap.servers": self.engine.kafka, "transactional.id": self.topic,
            "transaction.timeout.ms": 20000, "linger.ms": 1, "log_level": 0,
            "reconnect.backoff.max.ms": 500, "socket.timeout.ms": 5000})
        producer.init_transactions(20)
        return producer

    def progress(self):
        """The last number committed. Other sinks' open transactions hide what is behind them, so
        a reader of what is committed has to come to the end that an uncommitted one sees."""
        if FAULT == "twice":
            return self.engine.store.meta(f"sent {self.name}") or 0
        with TopicReader(self.engine.kafka, PROGRESS_TOPIC, isolation="read_uncommitted") as all_of:
            ends = all_of.ends()
        with TopicReader(self.engine.kafka, PROGRESS_TOPIC) as committed:
            found = [int(message.value) for message in committed.read_to(ends, 60)
                     if message.key == self.progress_key]
        return found[-1] if found else 0

    def send(self, producer, sent):
        """One transaction: everything logged after `sent`."""
        with self.engine.store.lock:
            rows = self.engine.store.db.execute(
                "SELECT n, time, key, old, new FROM log WHERE sink = ? AND n > ? ORDER BY n",
                [self.name, sent]).fetchall()
        if not rows:
            time.sleep(0.01)
            return sent
        producer.begin_transaction()
        for _, stamp, key, old, new in rows:
            value = new
            if self.envelope == "DEBEZIUM":
                value = f'{{"before": {old or "null"}, "after": {new or "null"}}}'
            producer.produce(self.topic, key=key, value=value,
                             headers=[("materialize-timestamp", str(stamp))])
        producer.produce(PROGRESS_TOPIC, key=self.progress_key, value=str(rows[-1][0]))
        producer.commit_transaction(20)
        return rows[-1][0]


class Session(socketserver.BaseRequestHandler):
    """The least of the PostgreSQL protocol that psycopg needs."""

    def handle(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            (size,) = struct.unpack("!i", self.exactly(4))
            if struct.unpack("!i", self.exactly(size - 4)[:4])[0] == 80877103:
                self.request.sendall(b"N")
                continue
            break
        self.block = None
        self.statements = {}
        self.send(b"R", struct.pack("!i", 0))
        for name, value in (("client_encoding", "UTF8"), ("server_version", "15.0"),
                            ("standard_conforming_strings", "on")):
            self.send(b"S", f"{name}\0{value}\0".encode())
        self.ready()
        while True:
            kind = self.exactly(1)
            (size,) = struct.unpack("!i", self.exactly(4))
            body = self.exactly(size - 4)
            if kind == b"X":
                return
            self.message(kind, body)

    def message(self, kind, body):
        if kind == b"Q":
            self.answer(body[:-1].decode(), describe=True)
            self.ready()
        elif kind == b"P":
            name, text = body.split(b"\0")[:2]
            self.statements[name] = text.decode()
            self.send(b"1", b"")
        elif kind == b"B":
            self.bound = self.statements[body.split(b"\0")[1]]
            self.send(b"2", b"")
        elif kind == b"D":
            self.send(b"n", b"")
        elif kind == b"E":
            self.answer(self.bound, describe=False)
        elif kind == b"C":
            self.send(b"3", b"")
        elif kind == b"S":
            self.ready()

    def answer(self, text, describe):
        engine = self.server.engine
        word = text.split()[0].upper()
        try:
            if word == "SELECT":
                with engine.store.lock:
                    cursor = engine.store.db.execute(text)
                    self.rows(cursor, describe)
                return
            if word == "CREATE":
                engine.create(text)
            elif word == "SET":
                pass  # What sessions set is about timeouts, and here nothing times out.
            elif word == "BEGIN":
                self.block = []
            elif word == "COMMIT":
                engine.write(self.block)
                self.block = None
            elif self.block is not None:
                self.block.append(text)
            else:
                engine.write([text])
            self.send(b"C", word.encode() + b"\0")
        except (sqlite3.Error, ValueError, psycopg.Error) as error:
            self.send(b"E", b"SERROR\0CXX000\0M" + str(error).encode() + b"\0\0")

    def rows(self, cursor, describe):
        if describe:
            fields = b"".join(column[0].encode() + b"\0" + struct.pack("!ihihih", 0, 0, 20, 8, -1, 0)
                              for column in cursor.description)
            self.send(b"T", struct.pack("!h", len(cursor.description)) + fields)
        rows = cursor.fetchall()
        for row in rows:
            values = [str(value).encode() for value in row]
            self.send(b"D", struct.pack("!h", len(row)) + b"".join(
                struct.pack("!i", len(value)) + value for value in values))
        self.send(b"C", f"SELECT {len(rows)}\0".encode())

    def exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self.request.recv(size - len(data))
            if not piece:
                raise ConnectionError
            data += piece
        return data

    def send(self, kind, body):
        self.request.sendall(kind + struct.pack("!i", len(body) + 4) + body)

    def ready(self):
        self.send(b"Z", b"I" if self.block is None else b"T")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser()
    for flag in ("--data-directory", "--sql-listen-addr", "--internal-sql-listen-addr",
                 "--http-listen-addr"):
        parser.add_argument(flag)
    options = parser.parse_args()
    server = Server(("127.0.0.1", 0), Session)
    server.engine = Engine(Store(options.data_directory))
    address = f"127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"sql": address, "internal_sql": address}).encode())

        def log_message(self, *_):
            pass
    host, port = options.http_listen_addr.split(":")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    http.server.ThreadingHTTPServer((host, int(port)), Page).serve_forever()


if __name__ == "__main__":
    main()
