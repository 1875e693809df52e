"""A transactional id at its limits: an epoch that is nearly used up, an id that the coordinator has
forgotten, or that somebody else takes. The coordinator is told of the first two by a record in its own
topic, which it reads when it is moved."""
import struct

from harness.topics import TopicReader
from scenario.scene import Failure, scenario
from scenario.stage import TRANSACTION_STATE
from stack.processes import wait_until

PATIENCE_S = 60
# The last epoch that a coordinator gives is one below the largest int16.
EPOCHS_LEFT = 4
NEARLY_LAST_EPOCH = 0x7FFE - EPOCHS_LEFT
# Where the producer id and its epoch are in a TransactionLogValue.
PLACE_OF_PRODUCER = 2


def _state(scene, transactional_id):
    """(partition, key, value) of what the coordinator wrote last of an id."""
    with TopicReader(scene.stage.cluster.bootstrap, TRANSACTION_STATE) as reader:
        messages = reader.read_to_end(PATIENCE_S)
    wanted = transactional_id.encode()
    return [(m.partition, m.key, m.value) for m in messages if m.key[4:] == wanted][-1]


def _producer_of(value):
    return struct.unpack_from(">qh", value, PLACE_OF_PRODUCER)


def _rewrite(scene, partition, key, value):
    """Adds a record to the coordinator's topic, and has another broker read it."""
    # To clients of other names brokers refuse their own topics.
    producer = scene.producer(client_id="__admin_client")
    producer.produce(TRANSACTION_STATE, key=key, value=value, partition=partition)
    if producer.flush(PATIENCE_S) != 0:
        raise Failure("the coordinator's topic was not written to")
    scene.stage.faults.wait_in_sync()
    scene.stage.move_coordinator(scene.transactional_id())


@scenario("producer_epoch_used_up")
def producer_epoch_used_up(scene):
    """The epochs of a producer id come to their end, and the sink gets another id."""
    _use_up(scene, 1)


@scenario("producer_epoch_used_up_v1", version=1)
def producer_epoch_used_up_v1(scene):
    """With transactions of version 1, where each fence takes an epoch and no commit does: the epochs of a
    producer id come to their end."""
    _use_up(scene, EPOCHS_LEFT + 2)


def _use_up(scene, starts):
    scene.begin()
    # The state of an open transaction is not one to be rewritten.
    scene.settle()
    scene.engine.stop()
    transactional_id = scene.transactional_id()
    partition, key, value = _state(scene, transactional_id)
    before, _ = _producer_of(value)
    patched = bytearray(value)
    struct.pack_into(">h", patched, PLACE_OF_PRODUCER + 8, NEARLY_LAST_EPOCH)
    _rewrite(scene, partition, key, bytes(patched))
    for _ in range(starts):
        scene.engine.up()
        answers = scene.proxy.traps.answers
        wanted = answers["EndTxn"] + (EPOCHS_LEFT + 3 if starts == 1 else 1)
        scene.writer.go_on()
        wait_until(lambda: answers["EndTxn"] >= wanted, PATIENCE_S, "transactions")
        scene.settle()
        scene.engine.stop()
    after, epoch = _producer_of(_state(scene, transactional_id)[2])
    scene.took_effect(f"producer {before} at epoch {NEARLY_LAST_EPOCH} became {after} at {epoch}",
                      after != before)
    scene.engine.up()
    scene.resume_writing()
    scene.judge()


@scenario("transactional_id_expired")
def transactional_id_expired(scene):
    """The coordinator forgets the id of a sink that has not written for long, and then it writes."""
    scene.begin()
    scene.settle()
    transactional_id = scene.transactional_id()
    partition, key, value = _state(scene, transactional_id)
    _rewrite(scene, partition, key, None)
    scene.resume_writing()
    said = _state(scene, transactional_id)[2]
    scene.took_effect(f"the id was forgotten, and is that of producer {_producer_of(said)[0]} now, "
                      f"after {_producer_of(value)[0]}", _producer_of(said)[0] != _producer_of(value)[0])
    scene.judge()


def _take(scene, transactional_id):
    """Fences whoever has the id."""
    scene.producer(transactional_id=transactional_id).init_transactions(PATIENCE_S)


@scenario("fenced_by_another")
def fenced_by_another(scene):
    """Somebody else takes the sink's transactional id, and commits nothing: the sink takes it back."""
    scene.begin()
    fences = scene.proxy.traps.answers["InitProducerId"]
    for _ in range(3):
        _take(scene, scene.transactional_id())
        scene.flow(10)
    fenced = scene.proxy.traps.answers["InitProducerId"] - fences
    scene.took_effect(f"the sink took its id back {fenced} times", fenced > 0)
    scene.judge()


@scenario("aborted_by_another")
def aborted_by_another(scene):
    """Somebody else takes the sink's transactional id while its transaction is open, which aborts it."""
    scene.begin()
    transactional_id = scene.transactional_id()
    held = scene.hold_commit()
    _take(scene, transactional_id)
    held.release()
    held.wait_answered()
    scene.took_effect(f"a transaction was aborted, and EndTxn came to {held.codes}",
                      held.codes and held.codes[0] != 0)
    scene.flow(5)
    scene.judge()
