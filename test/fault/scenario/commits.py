"""Answers that are lost, and requests that arrive late: what happens to a transaction's own requests."""
from harness.kafka_proxy import DELAYED, HELD, LATE, LOST_ANSWER, LOST_REQUEST, SILENT_ANSWER
from scenario.scene import scenario
from stack.processes import wait_until

QUICK_ANSWERS = "PRODUCER CONFIG = MAP['request.timeout.ms' => '1500']"
LOSSES = 3


def _lose(scene, action, api="EndTxn", options=""):
    """LOSSES requests of an API come to nothing, one after the other, and the sink goes on."""
    scene.begin(options)
    for _ in range(LOSSES):
        trap = scene.proxy.trap(api, action)
        trap.wait_caught()
        scene.flow(3)
    scene.took_effect(f"{LOSSES} {api}: {action}")
    scene.judge()


@scenario("end_txn_answer_lost", quick=True)
def end_txn_answer_lost(scene):
    """The broker ends a transaction, and the connection breaks instead of an answer."""
    _lose(scene, LOST_ANSWER)


@scenario("end_txn_answer_lost_v1", version=1)
def end_txn_answer_lost_v1(scene):
    """With transactions of version 1, where EndTxn must not be asked again: the broker ends one, and the
    connection breaks instead of an answer."""
    _lose(scene, LOST_ANSWER)


@scenario("end_txn_answer_silent")
def end_txn_answer_silent(scene):
    """The broker ends a transaction, and its answer never comes."""
    _lose(scene, SILENT_ANSWER, options=QUICK_ANSWERS)


@scenario("end_txn_request_lost", version=1)
def end_txn_request_lost(scene):
    """EndTxn never arrives, which the sink cannot tell from a lost answer."""
    _lose(scene, LOST_REQUEST)


@scenario("produce_answer_lost")
def produce_answer_lost(scene):
    """A batch is appended, and the connection breaks instead of an answer."""
    _lose(scene, LOST_ANSWER, "Produce")


@scenario("add_partitions_answer_lost", version=1)
def add_partitions_answer_lost(scene):
    """Partitions are part of the transaction, and the connection breaks instead of an answer."""
    _lose(scene, LOST_ANSWER, "AddPartitionsToTxn")


@scenario("init_producer_answer_lost")
def init_producer_answer_lost(scene):
    """The fence of a start has worked, and the connection breaks instead of an answer."""
    scene.begin()
    for _ in range(LOSSES):
        trap = scene.proxy.trap("InitProducerId", LOST_ANSWER)
        scene.engine.crash()
        trap.wait_caught()
        scene.flow(3)
    scene.took_effect(f"{LOSSES} InitProducerId: {LOST_ANSWER}")
    scene.judge()


@scenario("end_txn_answer_lost_and_killed", quick=True)
def end_txn_answer_lost_and_killed(scene):
    """The broker ends a transaction, and the engine dies before it hears of it."""
    scene.begin()
    for _ in range(LOSSES):
        trap = scene.proxy.trap("EndTxn", SILENT_ANSWER)
        trap.wait_caught()
        scene.engine.crash()
        scene.flow(3)
    scene.took_effect(f"{LOSSES} commits were not heard of")
    scene.judge()


@scenario("end_txn_request_lost_and_killed")
def end_txn_request_lost_and_killed(scene):
    """The engine dies when EndTxn has left it, and it never arrives."""
    scene.begin()
    for _ in range(LOSSES):
        trap = scene.proxy.trap("EndTxn", LATE)
        trap.wait_caught()
        scene.engine.crash()
        scene.flow(3)
        # The copy comes when the next life has sent something.
        trap.release()
        trap.wait_answered()
        scene.flow(3)
    scene.took_effect(f"{LOSSES} copies of a dead process arrived late")
    scene.judge()


def _late(scene, api, action=LATE, options=""):
    """A copy of a request arrives while the next transaction, or one after it, is open."""
    scene.begin(options)
    late = scene.proxy.trap(api, action)
    late.wait_caught()
    # The first EndTxn from now on ends the transaction in which this happened.
    held = scene.hold_commit(skip=1)
    late.release()
    late.wait_answered()
    scene.took_effect(f"a late {api} was answered while the next transaction was open"
                      + "".join(f", with error {code}" for code in late.codes),
                      not held.released())
    held.release()
    scene.flow(5)
    scene.judge()


@scenario("late_end_txn", quick=True)
def late_end_txn(scene):
    """A copy of EndTxn arrives when the next transaction has begun."""
    _late(scene, "EndTxn")


@scenario("late_end_txn_v1", version=1)
def late_end_txn_v1(scene):
    """With transactions of version 1: a copy of EndTxn arrives when the next transaction has begun."""
    _late(scene, "EndTxn")


@scenario("late_produce")
def late_produce(scene):
    """A copy of a batch arrives when the next transaction has begun."""
    _late(scene, "Produce")


@scenario("late_produce_v1", version=1)
def late_produce_v1(scene):
    """With transactions of version 1: a copy of a batch arrives when the next transaction has begun."""
    _late(scene, "Produce")


@scenario("late_add_partitions", version=1)
def late_add_partitions(scene):
    """A copy of AddPartitionsToTxn arrives when the next transaction has begun."""
    _late(scene, "AddPartitionsToTxn")


def _delayed(scene, api):
    """The same, but the connection does not break: the sink loses patience."""
    _late(scene, api, DELAYED, QUICK_ANSWERS)


@scenario("delayed_end_txn")
def delayed_end_txn(scene):
    """EndTxn is so late that it is asked again, and arrives when the next transaction has begun."""
    _delayed(scene, "EndTxn")


@scenario("delayed_end_txn_v1", version=1)
def delayed_end_txn_v1(scene):
    """With transactions of version 1: EndTxn is so late that its outcome is unknown, and arrives when the
    next transaction has begun."""
    _delayed(scene, "EndTxn")


@scenario("delayed_produce")
def delayed_produce(scene):
    """A batch is so late that it is sent again, and arrives when the next transaction has begun."""
    _delayed(scene, "Produce")


@scenario("delayed_produce_v1", version=1)
def delayed_produce_v1(scene):
    """With transactions of version 1: a batch is so late that it is sent again, and arrives when the next
    transaction has begun."""
    _delayed(scene, "Produce")


@scenario("delayed_add_partitions", version=1)
def delayed_add_partitions(scene):
    """AddPartitionsToTxn is so late that it is asked again, and arrives when the next transaction has
    begun."""
    _delayed(scene, "AddPartitionsToTxn")


@scenario("slow_commits")
def slow_commits(scene):
    """Commits are held back one after the other, and then all goes on."""
    scene.begin()
    trap = scene.proxy.trap("EndTxn", HELD, count=1000)
    trap.wait_caught()
    wanted = scene.writer.steps() + 100
    wait_until(lambda: scene.writer.steps() >= wanted, 60, "100 statements")
    scene.took_effect("100 statements were acknowledged while a commit was held",
                      trap.caught == 1)
    trap.release()
    scene.flow(5)
    scene.judge()
