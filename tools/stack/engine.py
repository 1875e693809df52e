"""One `penstock` process over one data directory: start, wait until ready, kill, stop, connect."""
import json
import os
import signal
import urllib.error
import urllib.request

import psycopg

from stack.processes import Daemon, StackError, free_ports, tail, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
READY_TIMEOUT_S = 60
STOP_TIMEOUT_S = 10
LOG_TAIL_LINES = 60


def binary():
    """The program under test: PENSTOCK_BINARY, or the release build of this tree."""
    return os.environ.get("PENSTOCK_BINARY") or os.path.join(ROOT, "build/release/penstock")


class Engine(Daemon):
    """Every start adds to the same log; `sql`, `internal_sql` and `http` hold the addresses of the
    present start, new ones each time unless `ports` fixes them (SQL, internal SQL, HTTP). With a
    `leash` the process dies with the thread that started it."""

    def __init__(self, directory, arguments=(), environment=None, ports=None, leash=True):
        super().__init__(directory, os.path.join(directory, "data"))
        os.makedirs(directory, exist_ok=True)
        self.arguments = list(arguments)
        self.environment = dict(environment or {})
        self.ports = ports
        self.leash = leash
        self.sql = self.internal_sql = self.http = None

    def begin(self, failpoints=None):
        """Starts the process without waiting until it is ready."""
        sql, internal_sql, http = self.ports or (0, 0, free_ports(1)[0])
        self.http = f"127.0.0.1:{http}"
        self.sql = self.internal_sql = None
        environment = {**os.environ, **self.environment}
        environment.pop("PENSTOCK_FAILPOINTS", None)
        if failpoints:
            environment["PENSTOCK_FAILPOINTS"] = failpoints
        with open(self.log_file, "a") as log:
            log.write(f"--- start, failpoints: {failpoints or 'none'}\n")
        self.start([binary(), "--data-directory", self.mark,
                    "--sql-listen-addr", f"127.0.0.1:{sql}",
                    "--internal-sql-listen-addr", f"127.0.0.1:{internal_sql}",
                    "--http-listen-addr", self.http, *self.arguments],
                   env=environment, leash=self.leash, append=True)
        return self

    def wait_ready(self, timeout_s=READY_TIMEOUT_S):
        """Waits for GET /health/ready and learns the addresses. StackError if the process dies."""
        def ready():
            if self.pid() is None:
                raise StackError(f"penstock ended with {self.process.poll()} before it was ready:\n"
                                 + self.log_tail())
            # A process that dies after the first answer closes its sockets before it is gone.
            return self.get("/health/ready") and self.get("/api/addresses")
        try:
            addresses = wait_until(ready, timeout_s, "penstock to be ready", poll_s=0.02)
        except StackError as error:
            raise StackError(f"{error}\n{self.log_tail()}") from None
        found = json.loads(addresses)
        self.sql, self.internal_sql = found["sql"], found["internal_sql"]
        return self

    def up(self, failpoints=None):
        """Starts the process and waits until it is ready."""
        return self.begin(failpoints).wait_ready()

    def get(self, path):
        """The body of an HTTP GET that answers 200, else None."""
        try:
            with urllib.request.urlopen(f"http://{self.http}{path}", timeout=5) as answer:
                return answer.read().decode() if answer.status == 200 else None
        except (urllib.error.URLError, OSError):
            return None

    def stop(self, timeout_s=STOP_TIMEOUT_S):
        """SIGTERM; the process must end with 0 in time, else StackError."""
        if not self.send(signal.SIGTERM):
            raise StackError("penstock was not running:\n" + self.log_tail())
        try:
            code = self.wait_gone(timeout_s)
        except StackError:
            self.kill()
            raise StackError(f"penstock did not stop within {timeout_s} s:\n"
                             + self.log_tail()) from None
        if code != 0:
            raise StackError(f"penstock stopped with {code}:\n" + self.log_tail())

    def restart(self, failpoints=None):
        """A stop and a start."""
        self.stop()
        return self.up(failpoints)

    def crash(self, failpoints=None):
        """SIGKILL and a start."""
        self.kill()
        return self.up(failpoints)

    def connect(self, user="penstock", database="penstock", autocommit=True, **options):
        """A psycopg connection to the SQL port."""
        host, port = self.sql.rsplit(":", 1)
        return psycopg.connect(host=host, port=int(port), user=user, dbname=database,
                               autocommit=autocommit, connect_timeout=10, **options)

    def connect_internal(self):
        """A psycopg connection to the internal SQL port, as the superuser mz_system."""
        host, port = self.internal_sql.rsplit(":", 1)
        return psycopg.connect(host=host, port=int(port), user="mz_system", dbname="penstock",
                               autocommit=True, connect_timeout=10)

    def run(self, *statements):
        """Executes statements in a connection of their own; rows of the last one that has any."""
        rows = None
        with self.connect() as connection:
            for statement in statements:
                cursor = connection.execute(statement)
                if cursor.description is not None:
                    rows = cursor.fetchall()
        return rows

    def log_tail(self, lines=LOG_TAIL_LINES):
        """The end of the log of all starts."""
        return tail(self.log_file, lines)
