"""What somebody does to the progress topic. A sink whose progress is gone must not guess: it stalls, says
so, and says it again after a restart; whatever does not touch its last record does not touch the sink."""
import contextlib
import json

import confluent_kafka
from confluent_kafka import TopicPartition
from confluent_kafka.admin import (AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions,
                                   NewTopic, ResourceType)

from harness.topics import TopicReader, leaders
from scenario.processes import SHORT_TIMEOUT
from scenario.scene import Failure, scenario
from stack.processes import wait_until

PATIENCE_S = 60
GONE = (r"kafka: committed progress at offset (\d+) is gone: the progress topic holds offsets "
        r"(\d+) to (\d+)")
LOST_REMEDY = "The progress topic was deleted, truncated or rolled back"


def _marks(scene):
    """(low, high) of the progress topic."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": scene.stage.cluster.bootstrap,
                                         "group.id": scene.prefix, "log_level": 0})
    try:
        return consumer.get_watermark_offsets(TopicPartition(scene.progress, 0), timeout=30)
    finally:
        consumer.close()


def _delete_records(scene, offset):
    _set(scene, **{"cleanup.policy": "compact,delete"})

    def deleted():
        # Brokers refuse it while they know the topic as one that is only compacted.
        with contextlib.suppress(confluent_kafka.KafkaException):
            asked = scene.stage.admin.delete_records([TopicPartition(scene.progress, 0, offset)])
            return [answer.result(PATIENCE_S) for answer in asked.values()]
        return None
    wait_until(deleted, PATIENCE_S, "records to be deleted")
    return _marks(scene)


def _create(scene, partitions=1):
    """The progress topic anew, as soon as the old one is away."""
    def created():
        with contextlib.suppress(confluent_kafka.KafkaException):
            topic = NewTopic(scene.progress, partitions, config={"cleanup.policy": "compact"})
            scene.stage.admin.create_topics([topic])[scene.progress].result(PATIENCE_S)
            return True
        return False
    wait_until(created, PATIENCE_S, "the progress topic anew")


def _delete(scene):
    scene.stage.admin.delete_topics([scene.progress])[scene.progress].result(PATIENCE_S)
    wait_until(lambda: (scene.progress, 0) not in leaders(scene.stage.cluster.bootstrap), PATIENCE_S,
               "the end of the progress topic")


def _set(scene, **config):
    resource = ConfigResource(ResourceType.TOPIC, scene.progress, incremental_configs=[
        ConfigEntry(name, str(value), incremental_operation=AlterConfigOpType.SET)
        for name, value in config.items()])
    scene.stage.admin.incremental_alter_configs([resource])[resource].result(PATIENCE_S)


def _stalls_for_good(scene, pattern, remedy):
    """The stall, its remedy, that a restart changes nothing, and that the topic is a beginning."""
    text = scene.await_stall(pattern)
    details = str(scene.engine.run("SELECT details FROM mz_internal.mz_sink_statuses"
                                   " WHERE name = 's'")[0][0])
    if remedy not in details:
        raise Failure(f"the remedy is {details}")
    fences = scene.proxy.traps.requests["InitProducerId"]
    scene.engine.crash()
    # What was kept is cause and remedy in one.
    scene.await_stall(pattern + r"\. .*")
    if scene.proxy.traps.requests["InitProducerId"] != fences:
        raise Failure("a sink that has stalled for good fenced somebody")
    scene.judge("some")
    return f"stalled as defined: {text}"


@scenario("progress_emptied", quick=True)
def progress_emptied(scene):
    """All records of the progress topic are deleted while the engine is away: the topic is empty, and
    begins above zero."""
    scene.begin()
    scene.settle()
    scene.engine.kill()
    low, high = _delete_records(scene, confluent_kafka.OFFSET_END)
    scene.took_effect(f"the progress topic is empty and begins at {low}", low == high > 0)
    scene.engine.up()
    return _stalls_for_good(scene, GONE, LOST_REMEDY)


@scenario("progress_emptied_under_a_running_sink")
def progress_emptied_under_a_running_sink(scene):
    """All records of the progress topic are deleted while a sink writes: it goes on, also after a
    restart, since it has written progress again."""
    scene.begin()
    low, _ = _delete_records(scene, confluent_kafka.OFFSET_END)
    scene.took_effect(f"the progress topic begins at {low}", low > 0)
    scene.flow(5)
    scene.engine.crash()
    scene.flow(5)
    scene.judge()


@scenario("progress_empty_before_a_new_sink")
def progress_empty_before_a_new_sink(scene):
    """A new sink finds a progress topic that is empty and begins above zero."""
    _create(scene)
    producer = scene.producer()
    for _ in range(5):
        producer.produce(scene.progress, key=b"somebody", value=b"{}")
    producer.flush(PATIENCE_S)
    low, high = _delete_records(scene, confluent_kafka.OFFSET_END)
    scene.took_effect(f"the progress topic is empty and begins at {low}", low == high > 0)
    scene.begin()
    scene.engine.crash()
    scene.flow(5)
    scene.judge()


@scenario("progress_truncated_before_k")
def progress_truncated_before_k(scene):
    """Older records of the progress topic are deleted, and the last ones stay."""
    scene.begin()
    scene.settle()
    scene.engine.kill()
    _, high = _marks(scene)
    # The last transaction has two records and a marker.
    low, _ = _delete_records(scene, high - 3)
    scene.took_effect(f"the progress topic holds offsets {low} to {high}", 0 < low < high)
    scene.engine.up()
    scene.resume_writing()
    scene.judge()


@scenario("progress_deleted")
def progress_deleted(scene):
    """The progress topic is deleted while the engine is away."""
    scene.begin()
    scene.settle()
    scene.engine.kill()
    _delete(scene)
    scene.took_effect("the progress topic is gone")
    scene.engine.up()
    return _stalls_for_good(scene, GONE, LOST_REMEDY)


@scenario("progress_deleted_under_a_running_sink")
def progress_deleted_under_a_running_sink(scene):
    """The progress topic is deleted while a sink writes."""
    # Nobody fences what the crash leaves open, and so AUDIT SINK waits for its timeout.
    scene.begin(SHORT_TIMEOUT)
    _delete(scene)
    text = scene.await_stall(rf"kafka: {scene.progress}: Unknown topic or partition")
    scene.took_effect(f"the progress topic is gone: {text}")
    scene.engine.crash()
    return _stalls_for_good(scene, GONE, LOST_REMEDY)


@scenario("progress_rolled_back")
def progress_rolled_back(scene):
    """The progress topic is replaced by a shorter one, as a restored one would be."""
    scene.begin()
    # A topic that is rolled back less far than the note is behind cannot be told from a right one.
    scene.settle_and_note()
    scene.engine.kill()
    with TopicReader(scene.stage.cluster.bootstrap, scene.progress) as reader:
        old = reader.read_to_end(PATIENCE_S)
    _delete(scene)
    _create(scene)
    producer = scene.producer()
    for message in old[:2]:
        producer.produce(scene.progress, key=message.key, value=message.value)
    producer.flush(PATIENCE_S)
    _, high = _marks(scene)
    scene.took_effect(f"the progress topic ends at {high}, and the last record was at "
                      f"{old[-1].offset}", high <= old[-1].offset)
    scene.engine.up()
    return _stalls_for_good(scene, GONE, LOST_REMEDY)


@scenario("progress_of_another")
def progress_of_another(scene):
    """The progress topic is replaced by one that holds more records, all of somebody else."""
    scene.begin()
    scene.settle()
    scene.engine.kill()
    _, high = _marks(scene)
    _delete(scene)
    _create(scene)
    producer = scene.producer()
    for _ in range(high + 10):
        producer.produce(scene.progress, key=b"somebody", value=b"{}")
    producer.flush(PATIENCE_S)
    scene.took_effect(f"{high + 10} records of somebody else")
    scene.engine.up()
    return _stalls_for_good(scene, GONE, LOST_REMEDY)


@scenario("progress_with_retention")
def progress_with_retention(scene):
    """Retention deletes the progress of a sink that has nothing to write; while it runs it goes on, and a
    restart finds the next record."""
    scene.begin()
    scene.settle()
    _set(scene, **{"cleanup.policy": "delete", "retention.ms": 1000})

    def emptied():
        low, high = _marks(scene)
        return low == high > 0 and low
    low = wait_until(emptied, PATIENCE_S, "retention")
    scene.took_effect(f"retention emptied the progress topic, which begins at {low}")
    _set(scene, **{"retention.ms": 3600000})
    scene.resume_writing()
    scene.engine.crash()
    scene.flow(5)
    scene.judge()


@scenario("progress_lost_to_retention")
def progress_lost_to_retention(scene):
    """Retention deletes the progress of a sink while the engine is away."""
    scene.begin()
    scene.settle()
    scene.engine.kill()
    _set(scene, **{"cleanup.policy": "delete", "retention.ms": 1000})

    def emptied():
        low, high = _marks(scene)
        return low == high > 0 and low
    low = wait_until(emptied, PATIENCE_S, "retention")
    scene.took_effect(f"retention emptied the progress topic, which begins at {low}")
    scene.engine.up()
    return _stalls_for_good(scene, GONE, LOST_REMEDY)


@scenario("progress_of_two_partitions")
def progress_of_two_partitions(scene):
    """The progress topic gets a second partition, which the sink notices when it starts."""
    scene.begin()
    scene.stage.admin.create_partitions([NewPartitions(scene.progress, 2)])[scene.progress].result(
        PATIENCE_S)
    wait_until(lambda: (scene.progress, 1) in leaders(scene.stage.cluster.bootstrap), PATIENCE_S,
               "a second partition")
    scene.took_effect("the progress topic has two partitions")
    scene.flow(5)
    scene.settle()
    scene.engine.crash()
    text = scene.await_stall(rf"kafka: Progress topic {scene.progress} should contain a single "
                             r"partition, but instead contains 2 partitions")
    scene.judge("some")
    return f"stalled as defined: {text}"


@scenario("progress_shared_with_an_open_transaction")
def progress_shared_with_an_open_transaction(scene):
    """Somebody else has a transaction open in the progress topic when the engine starts, and ends it
    after a while."""
    scene.begin()
    other = scene.producer(transactional_id=scene.prefix + "-other", transaction_timeout_ms=60000)
    other.init_transactions(PATIENCE_S)
    other.begin_transaction()
    other.produce(scene.progress, key=b"mz-sink-u999", value=b'{"frontier":[1],"version":0}')
    other.flush(PATIENCE_S)
    # It writes on before it is restarted: records behind an open transaction.
    scene.flow(5)
    scene.engine.crash()
    text = scene.await_stall(rf"kafka: waiting for open transactions in topic {scene.progress}")
    scene.took_effect(f"it said: {text}")
    if scene.number % 2:
        other.abort_transaction(PATIENCE_S)
    else:
        other.commit_transaction(PATIENCE_S)
    scene.flow(5)
    scene.judge()


@scenario("another_writer_with_our_id")
def another_writer_with_our_id(scene):
    """Another system commits a record of the sink's own key, as a system that shares its ids would."""
    scene.begin()
    scene.settle()
    with TopicReader(scene.stage.cluster.bootstrap, scene.progress) as reader:
        last = [m for m in reader.read_to_end(PATIENCE_S) if m.key.startswith(b"mz-sink-")][-1]
    scene.engine.kill()
    other = scene.producer()
    value = last.value_json
    value["frontier"] = [value["frontier"][0] + 1000]
    other.produce(scene.progress, key=last.key, value=json.dumps(value).encode())
    other.flush(PATIENCE_S)
    scene.took_effect(f"another writer claims {value}")
    scene.engine.up()
    return _stalls_for_good(
        scene, r"kafka: another writer committed the progress record at offset \d+ \(frontier "
        r"\d+, written without a life\)",
        "another system writes with this sink's id")
