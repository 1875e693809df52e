"""What somebody does to the topic of a sink, and messages and snapshots that are too large for it."""
import contextlib
import time

import confluent_kafka
import psycopg
from confluent_kafka.admin import (AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions,
                                   NewTopic, ResourceType)

from harness.topics import leaders
from scenario.processes import SHORT_TIMEOUT
from scenario.scene import PARTITIONS, Failure, scenario
from stack.processes import wait_until

PATIENCE_S = 60
SHORT_TIMEOUT_S = 5
SNAPSHOT_ROWS = 7000
LARGE_TEXT = 2_000_000


def _delete(scene):
    scene.stage.admin.delete_topics([scene.topic])[scene.topic].result(PATIENCE_S)
    wait_until(lambda: (scene.topic, 0) not in leaders(scene.stage.cluster.bootstrap), PATIENCE_S,
               "the topic's end")


def _create(scene):
    def created():
        with contextlib.suppress(confluent_kafka.KafkaException):
            topic = NewTopic(scene.topic, PARTITIONS)
            scene.stage.admin.create_topics([topic])[scene.topic].result(PATIENCE_S)
            return True
        return False
    wait_until(created, PATIENCE_S, "the topic anew")


@scenario("topic_deleted")
def topic_deleted(scene):
    """The sink's topic is deleted while it has nothing to write, and made again when it has said that
    the topic is away: it goes on behind what it had sent."""
    scene.begin()
    scene.settle()
    sent = scene.writer.steps()
    _delete(scene)
    scene.writer.go_on()
    text = scene.await_stall(rf"kafka: {scene.topic}: Unknown topic or partition")
    scene.took_effect(f"it said: {text}", not scene.topic_exists())
    _create(scene)
    scene.read()
    scene.reader.wait_count(1, PATIENCE_S)
    scene.await_running()
    # What the old topic had is missing from the new one, and nothing else.
    scene.judge(start=sent, audit=("missing", "gap"))
    return "it said so, and went on where it was"


@scenario("topic_deleted_and_restarted")
def topic_deleted_and_restarted(scene):
    """The sink's topic is deleted while the engine is away, and made again later: the sink does not make it
    by itself."""
    scene.begin()
    scene.settle()
    sent = scene.writer.steps()
    scene.engine.kill()
    _delete(scene)
    scene.engine.up()
    scene.writer.go_on()
    scene.await_stall(rf"kafka: topic {scene.topic} does not exist")
    scene.took_effect("the topic was gone at the start", not scene.topic_exists())
    _create(scene)
    scene.read()
    scene.reader.wait_count(1, PATIENCE_S)
    scene.judge(start=sent, audit=("missing", "gap"))
    return "it said so, and went on where it was"


@scenario("topic_made_anew")
def topic_made_anew(scene):
    """The sink's topic is replaced by a new one of the same name behind its back."""
    scene.begin()
    scene.settle()
    sent = scene.writer.steps()
    _delete(scene)
    _create(scene)
    scene.read()
    scene.took_effect("another topic has the name")
    scene.writer.go_on()
    scene.reader.wait_count(1, PATIENCE_S)
    scene.judge(start=sent, audit=("missing", "gap"))


@scenario("partitions_added")
def partitions_added(scene):
    """The topic gets more partitions while the sink writes: it uses them."""
    scene.begin(topic_options=", TOPIC METADATA REFRESH INTERVAL '1s'")
    more = PARTITIONS + 3
    scene.stage.admin.create_partitions([NewPartitions(scene.topic, more)])[scene.topic].result(
        PATIENCE_S)
    wait_until(lambda: (scene.topic, more - 1) in leaders(scene.stage.cluster.bootstrap), PATIENCE_S,
               "more partitions")
    scene.reader.close()
    scene.reader = None
    scene.read()
    scene.reader.wait_for(lambda found: any(m.partition >= PARTITIONS for m in found), PATIENCE_S,
                          "messages in new partitions")
    scene.took_effect(f"messages came to partitions beyond {PARTITIONS}")
    scene.engine.crash()
    scene.flow(5)
    scene.judge()


@scenario("snapshot_longer_than_the_transaction_timeout")
def long_snapshot(scene):
    """A snapshot takes longer than a transaction may, in several parts, and the process dies within."""
    # A message takes a millisecond.
    slow = "sink.after_send=delay:1"
    scene.start(slow)
    scene.writer.step(["x"] * SNAPSHOT_ROWS)
    began = time.monotonic()
    scene.create_sink(SHORT_TIMEOUT)
    scene.read()
    if scene.number % 2:
        scene.reader.wait_count(1, PATIENCE_S)
        scene.engine.crash(slow)
    scene.reader.wait_count(SNAPSHOT_ROWS, PATIENCE_S)
    took = time.monotonic() - began
    scene.took_effect(f"the snapshot took {took:.1f} s", took > SHORT_TIMEOUT_S)
    scene.engine.crash()
    scene.writer.go()
    scene.flow(5)
    scene.judge()


@scenario("oversized_record")
def oversized_record(scene):
    """A row is larger than messages may be: all before it is sent, the sink says so, and goes on when it
    is allowed."""
    scene.begin()
    scene.settle()
    scene.writer.step(["x" * LARGE_TEXT])
    behind = scene.writer.steps()
    scene.writer.go_on()
    text = scene.await_stall(r"kafka: .*MESSAGE_TOO_LARGE.*")
    scene.took_effect(f"it said: {text}")
    if len({m.time for m in scene.reader.read_to_end()}) != behind - 1:
        raise Failure("what was before the large row is not in the topic, or something behind it")
    resource = ConfigResource(ResourceType.TOPIC, scene.topic, incremental_configs=[
        ConfigEntry("max.message.bytes", "8000000",
                    incremental_operation=AlterConfigOpType.SET)])
    scene.stage.admin.incremental_alter_configs([resource])[resource].result(PATIENCE_S)
    scene.engine.run("ALTER SINK s SET (MAX MESSAGE BYTES = 4000000)")
    scene.flow(5)
    scene.judge()


@scenario("oversized_record_taken_back")
def oversized_record_taken_back(scene):
    """The large row is deleted again: the sink must still send it first, and stays where it is."""
    scene.begin()
    scene.settle()
    scene.writer.step(["x" * LARGE_TEXT])
    scene.writer.go_on()
    text = scene.await_stall(r"kafka: .*MESSAGE_TOO_LARGE.*")
    scene.took_effect(f"it said: {text}")
    with contextlib.suppress(psycopg.OperationalError):
        scene.engine.crash()
    scene.await_stall(r"kafka: .*MESSAGE_TOO_LARGE.*")
    scene.judge("some")
    return f"stalled as defined: {text}"
