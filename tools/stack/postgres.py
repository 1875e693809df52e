"""A scratch PostgreSQL 15 with logical replication, its own folder and port, for tests and the demo.

python3 tools/stack/postgres.py start --dir D --port P [--keep]
python3 tools/stack/postgres.py stop --dir D

User and password are postgres/postgres. The server that a Debian package may have started on port
5432 is neither used nor touched. As root it runs as the user postgres, else as the caller.
"""
import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile

if __package__ in (None, ""):
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stack.processes import Daemon, StackError, free_ports, tail, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAMS = "/usr/lib/postgresql/15/bin"
PASSWORD = "postgres"
SOCKET_PATH_MAX = 100

SETTINGS = """
port = {port}
listen_addresses = '127.0.0.1'
unix_socket_directories = '{sockets}'
wal_level = logical
max_connections = 200
max_wal_senders = 40
max_replication_slots = 40
shared_buffers = 64MB
max_wal_size = 1GB
fsync = {fsync}
"""


def _as_server_user(command):
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.getuid() == 0 else command


def _reachable(path):
    """Whether the server's user may walk down to `path`."""
    if os.getuid() != 0:
        return True
    return subprocess.call(_as_server_user(["test", "-x", path]), cwd="/") == 0


class Postgres(Daemon):
    """A server whose records are in `directory`; its data are there too unless root keeps that
    folder from the user postgres: then they are in a folder of their own under /var/tmp."""

    def __init__(self, directory):
        super().__init__(directory, "postgres")
        self.port = None
        self.home_file = os.path.join(directory, "home")
        self.home = None
        self._take_home()

    def _take_home(self):
        if os.path.exists(self.home_file):
            with open(self.home_file) as source:
                self.home = source.read().strip()
            self.mark = os.path.join(self.home, "data")

    @property
    def address(self):
        """Keywords of libpq that reach the server as its superuser."""
        return f"host=127.0.0.1 port={self.port} user=postgres password={PASSWORD}"

    def create(self, port=None, fsync=False):
        """Makes a new empty cluster; what was there is wiped."""
        self.wipe()
        os.makedirs(self.directory)
        self.port = port or free_ports(1)[0]
        home = self.directory
        if not _reachable(home):
            home = tempfile.mkdtemp(prefix="penstock-postgres-", dir="/var/tmp")
        with open(self.home_file, "w") as out:
            out.write(home)
        self._take_home()
        os.makedirs(self.mark, mode=0o700)
        password_file = os.path.join(home, "password")
        with open(password_file, "w") as out:
            out.write(PASSWORD)
        if os.getuid() == 0:
            for path in (home, self.mark, password_file):
                shutil.chown(path, "postgres", "postgres")
        done = subprocess.run(_as_server_user([
            f"{PROGRAMS}/initdb", "-D", self.mark, "-U", "postgres", "--auth=scram-sha-256",
            f"--pwfile={password_file}", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]),
            cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise StackError("initdb failed:\n" + done.stdout)
        sockets = home if len(home) < SOCKET_PATH_MAX - 20 else ""
        with open(os.path.join(self.mark, "postgresql.conf"), "a") as out:
            out.write(SETTINGS.format(port=self.port, sockets=sockets,
                                      fsync="on" if fsync else "off"))
        return self

    def open(self):
        """Takes up what an earlier `create` made."""
        with open(os.path.join(self.mark, "postgresql.conf")) as source:
            ports = [line.split("=")[1] for line in source if line.startswith("port =")]
        self.port = int(ports[-1])
        return self

    def up(self, leash=False):
        """Starts it if it does not run, and waits until it takes connections."""
        if self.pid() is None:
            self.start(self._command(), leash=leash, append=True)

        def serving():
            if self.pid() is None:
                raise StackError("PostgreSQL died:\n" + tail(self.log_file, 30))
            return subprocess.call(
                [f"{PROGRAMS}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]) == 0
        wait_until(serving, 60, "PostgreSQL to start")
        return self

    def _command(self):
        command = [f"{PROGRAMS}/postgres", "-D", self.mark]
        if os.getuid() != 0:
            return command
        # setpriv becomes the server, so that the pid file holds the server's own id.
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]

    def end(self, polite=signal.SIGINT, timeout_s=20):
        """A fast shutdown: clients are thrown out, data are flushed."""
        super().end(polite, timeout_s)

    def kill(self):
        """SIGQUIT: ends the server and its children at once, as after a crash."""
        if self.send(signal.SIGQUIT):
            self.wait_gone(10)

    def wipe(self):
        """Ends it and removes every file of it."""
        if self.home:
            self.kill()
            shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(self.directory, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["start", "stop"])
    parser.add_argument("--dir", default=os.path.join(ROOT, ".run", "postgres"))
    parser.add_argument("--port", type=int)
    parser.add_argument("--keep", action="store_true", help="keep the data of an earlier start")
    arguments = parser.parse_args()
    server = Postgres(os.path.abspath(arguments.dir))
    if arguments.command == "stop":
        server.end()
        return
    if arguments.keep and server.home:
        server.open()
    else:
        server.create(arguments.port, fsync=True)
    print(server.up().address)


if __name__ == "__main__":
    try:
        main()
    except StackError as error:
        sys.exit(str(error))
