"""The network, the disk, the clock, and the schema registry."""
import datetime
import glob
import io
import json
import os
import struct
import urllib.parse

import fastavro
import psycopg

from harness.small_disk import fill, mounted
from scenario.scene import NoEffect, scenario
from stack.processes import wait_until

PATIENCE_S = 60
DELAY_S = 0.05
HOUR_S = 3600
FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
DISK_MIB = 192
LEFT_BYTES = 4 * 1024 * 1024


# --- network ---

@scenario("slow_connections")
def slow_connections(scene):
    """Every piece of traffic with every broker takes 50 ms longer."""
    scene.begin()
    scene.proxy.each("delay", DELAY_S)
    before = scene.proxy.traps.answers["EndTxn"]
    scene.flow(40)
    scene.took_effect(f"{scene.proxy.traps.answers['EndTxn'] - before} commits were slow",
                      scene.proxy.traps.answers["EndTxn"] > before)
    scene.proxy.each("heal")
    scene.flow(5)
    scene.judge()


@scenario("black_hole")
def black_hole(scene):
    """Connections stay open, and nothing gets through for seconds; then all of it comes at once."""
    _silence(scene, False)


@scenario("black_hole_then_reset")
def black_hole_then_reset(scene):
    """Connections stay open, and nothing gets through until they break."""
    _silence(scene, True)


def _silence(scene, reset):
    scene.begin("PRODUCER CONFIG = MAP['request.timeout.ms' => '2000']")
    scene.proxy.each("black_hole")
    seen = scene.proxy.traps.answers["Produce"]
    steps = scene.writer.steps()
    wait_until(lambda: scene.status()[0] == "stalled", PATIENCE_S, "the stall")
    # One answer may have been on its way.
    scene.took_effect(f"{scene.writer.steps() - steps} statements while nothing got through, and the "
                      "sink said so", scene.proxy.traps.answers["Produce"] <= seen + 3)
    if reset:
        scene.proxy.each("reset")
    scene.proxy.each("heal")
    scene.flow(5)
    scene.await_running()
    scene.judge()


@scenario("connections_cut", quick=True)
def connections_cut(scene):
    """All connections break, and new ones are refused for a while, again and again."""
    scene.begin()
    for _ in range(3):
        held = scene.hold_commit()
        scene.proxy.each("cut")
        held.release()
        steps = scene.writer.steps()
        wait_until(lambda: scene.writer.steps() > steps + 20, PATIENCE_S, "statements")
        scene.proxy.each("heal")
        scene.flow(3)
    scene.took_effect("three cuts with a transaction open")
    scene.judge()


# --- disk ---

@scenario("engine_disk_full")
def engine_disk_full(scene):
    """The engine's disk is full: writes are refused, nothing is lost, and all goes on with room again."""
    if os.geteuid() != 0:
        raise NoEffect("mounting a small file system takes root")
    os.makedirs(scene.directory, exist_ok=True)
    with mounted(scene.directory, DISK_MIB) as disk:
        scene.engine.mark = os.path.join(disk, "data")
        scene.begin()
        ballast = fill(disk, LEFT_BYTES)

        def refused():
            try:
                scene.engine.run("CREATE TABLE IF NOT EXISTS other (a int)",
                                 "INSERT INTO other VALUES (1)")
            except psycopg.errors.DiskFull:
                return True
            return False
        wait_until(refused, PATIENCE_S, "a refusal")
        scene.took_effect("writes were refused")
        if scene.number % 2:
            scene.engine.crash()
        os.unlink(ballast)
        scene.flow(10)
        scene.judge()
        scene.engine.kill()


# --- clock ---

@scenario("clock_jumps")
def clock_jumps(scene):
    """The engine's wall clock jumps an hour ahead, and two hours back, and it starts in between."""
    if not FAKETIME:
        raise NoEffect("libfaketime is not installed")
    os.makedirs(scene.directory, exist_ok=True)
    offset = os.path.join(scene.directory, "offset")

    def jump(seconds):
        with open(offset + ".new", "w") as out:
            out.write(f"{seconds:+d}\n")
        os.replace(offset + ".new", offset)
    jump(0)
    scene.engine.environment.update({
        "LD_PRELOAD": FAKETIME[0], "FAKETIME_TIMESTAMP_FILE": offset, "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"})
    scene.begin()
    for seconds in (HOUR_S, -HOUR_S, HOUR_S, 0):
        jump(seconds)
        scene.flow(20)
        scene.engine.crash()
        scene.flow(10)
    with open(scene.engine.log_file) as log:
        lines = log.readlines()
    times = [datetime.datetime.fromisoformat(line[:23]) for line in lines if line[:2] == "20"]
    jumps = [(after - before).total_seconds() for before, after in zip(times, times[1:])]
    scene.took_effect(f"the engine's clock jumped by {max(jumps):.0f} and {min(jumps):.0f} s",
                      max(jumps) > HOUR_S / 2 and min(jumps) < -HOUR_S / 2
                      and any("the wall clock jumped forward" in line for line in lines))
    scene.judge()


# --- registry ---

AVRO = "FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION csr"
SCHEMA = {"type": "record", "name": "envelope", "fields": [
    {"name": "id", "type": "int"}, {"name": "v", "type": ["null", "string"]},
    {"name": "n", "type": "long"}]}
KEY_SCHEMA = {"type": "record", "name": "row", "fields": [{"name": "id", "type": "int"}]}


def _avro_sink(scene):
    """The engine with a sink in Avro, whose registry is behind a proxy; no rows yet."""
    registry, proxy = scene.stage.registry
    scene.envelope, scene.relation = "UPSERT", "t"
    url = registry.url.replace(str(registry.port), str(proxy.port))
    scene.start()
    scene.engine.run(
        f"CREATE CONNECTION csr TO CONFLUENT SCHEMA REGISTRY (URL '{url}')",
        f"CREATE SINK s FROM t INTO KAFKA CONNECTION kafka (TOPIC '{scene.topic}',"
        f" TOPIC PARTITION COUNT 2) KEY (id) NOT ENFORCED {AVRO} ENVELOPE UPSERT")


def _avro_message(registry, topic):
    """What the judge expects: bytes by a library of somebody else, and numbers from the registry."""
    def head(side):
        subject = urllib.parse.quote(f"{topic}-{side}", safe="")
        return struct.pack(">bi", 0, registry.ask("GET", f"/subjects/{subject}/versions/latest")["id"])

    def encoded(schema, record):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, record)
        return out.getvalue()
    heads = {side: head(side) for side in ("key", "value")}

    def message(key, before, after):
        value = None if after is None else heads["value"] + encoded(
            SCHEMA, {"id": after.id, "v": after.v, "n": after.n})
        return heads["key"] + encoded(KEY_SCHEMA, {"id": key}), value
    return message


@scenario("registry_away")
def registry_away(scene):
    """The schema registry is away while the sink runs, which does not matter, and at a start, which does:
    the sink waits for it."""
    registry, proxy = scene.stage.registry
    _avro_sink(scene)
    scene.write()
    proxy.cut()
    scene.flow(5)
    scene.settle()
    scene.engine.crash()
    scene.writer.go_on()
    text = scene.await_stall(
        r".*unable to publish schema to registry in kafka sink: transport: .*")
    scene.took_effect(f"it said: {text}")
    proxy.heal()
    scene.flow(5)
    scene.judge(message_of=_avro_message(registry, scene.topic))


@scenario("registry_incompatible_later")
def registry_incompatible_later(scene):
    """The registry gets another schema while the sink runs, with which the sink's is not compatible: what
    was published stays published, also for a start."""
    registry, _ = scene.stage.registry
    subject = f"{scene.topic}-value"
    _avro_sink(scene)
    scene.write()
    message_of = _avro_message(registry, scene.topic)
    registry.ask("PUT", f"/config/{subject}", {"compatibility": "NONE"})
    registry.ask("POST", f"/subjects/{subject}/versions", {"schema": json.dumps(
        {"type": "record", "name": "envelope", "fields": [{"name": "other", "type": "int"}]})})
    registry.ask("PUT", f"/config/{subject}", {"compatibility": "FULL"})
    scene.took_effect(f"versions of the schema: {registry.versions(subject)}",
                      len(registry.versions(subject)) == 2)
    scene.flow(5)
    scene.engine.crash()
    scene.flow(5)
    scene.judge(message_of=message_of)


@scenario("registry_incompatible")
def registry_incompatible(scene):
    """The registry holds a schema that the sink's is not compatible with, until that is allowed."""
    registry, _ = scene.stage.registry
    subject = f"{scene.topic}-value"
    registry.ask("POST", f"/subjects/{subject}/versions", {"schema": json.dumps(
        {"type": "record", "name": "envelope", "fields": [{"name": "other", "type": "int"}]})})
    registry.ask("PUT", f"/config/{subject}", {"compatibility": "FULL"})
    _avro_sink(scene)
    scene.writer.step(["first"])
    text = scene.await_stall(r".*unable to publish schema to registry in kafka sink: "
                             r"schema being registered is incompatible with an earlier schema")
    scene.took_effect(f"it said: {text}")
    registry.ask("PUT", f"/config/{subject}", {"compatibility": "NONE"})
    # It asks again every half minute, and at once after a start.
    scene.engine.crash()
    scene.read()
    scene.reader.wait_count(1, PATIENCE_S)
    scene.writer.go()
    scene.flow(5)
    scene.judge(message_of=_avro_message(registry, scene.topic))
