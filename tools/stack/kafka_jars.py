"""Kafka's jars, fetched once per user by Maven, and the command lines that run them."""
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys

from stack.processes import StackError

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# A release is known by the pom that pins it.
KAFKA_4 = os.path.join(HERE, "pom.xml")
KAFKA_3 = os.path.join(HERE, "pom-kafka3.xml")
# Debezium's transformations and Kafka Connect's converters, with a client to read a topic by.
DEBEZIUM = os.path.join(HERE, "pom-debezium.xml")
# One small machine runs the broker beside everything else: a quick start matters more than speed.
QUICK_JVM = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
FAST_JVM = ["-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"]


def library(release=KAFKA_4):
    """The folder of a release's jars, fetched once per user and pinned pom."""
    with open(release, "rb") as pom:
        name = "kafka-" + hashlib.sha256(pom.read()).hexdigest()[:12]
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    for base in (os.path.join(cache, "penstock"), os.path.join(ROOT, ".run")):
        try:
            os.makedirs(base, exist_ok=True)
            lock = open(os.path.join(base, name + ".lock"), "w")
        except OSError:
            continue
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return _fetch(release, os.path.join(base, name))
    raise StackError("no folder to keep Kafka in: neither the cache nor .run can be written")


def _fetch(release, folder):
    done = os.path.join(folder, ".done")
    if os.path.exists(done):
        return folder
    print("fetching Kafka from Maven Central", file=sys.stderr, flush=True)
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        # -C: a jar whose checksum is not the one that its repository names is refused.
        code = subprocess.call([
            "mvn", "-B", "-ntp", "-q", "-C", "-f", release, "dependency:copy-dependencies",
            "-DincludeScope=runtime", f"-DoutputDirectory={folder}"], stdout=sys.stderr)
        if code == 0:
            open(done, "w").close()
            return folder
    raise StackError("Maven could not fetch Kafka")


def java(main, arguments, heap="256m", jvm=(), release=KAFKA_4):
    """The command line that runs a class of Kafka's jars."""
    log4j = os.path.join(HERE, "log4j2.properties")
    return ["java", "-Xms64m", f"-Xmx{heap}", *(jvm or QUICK_JVM), "-XX:-UsePerfData",
            "-Djava.awt.headless=true", f"-Dlog4j2.configurationFile={log4j}",
            "-cp", os.path.join(library(release), "*"), main, *arguments]


def run_tool(main, *arguments):
    """Runs one of Kafka's command line classes and returns what it printed."""
    done = subprocess.run(java(main, arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    if done.returncode != 0:
        raise StackError(f"{main}: {done.stdout}{done.stderr}")
    return done.stdout
