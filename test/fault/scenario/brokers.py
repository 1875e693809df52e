"""Leaders and coordinators that move, and brokers that die, at the worst moment."""
import contextlib
import os

from harness.kafka_proxy import HELD
from harness.small_disk import fill
from harness.topics import leader_of
from scenario.scene import NoEffect, scenario
from scenario.stage import SMALL_NODE
from stack.processes import wait_until

PATIENCE_S = 60
# Of a file system that is full for a broker: less than a segment's index takes.
LEFT_BYTES = 16 * 1024


@scenario("coordinator_moved_mid_commit")
def coordinator_moved_mid_commit(scene):
    """EndTxn is under way when another broker becomes the transaction's coordinator."""
    _coordinator_moved(scene)


@scenario("coordinator_moved_mid_commit_v1", version=1)
def coordinator_moved_mid_commit_v1(scene):
    """With transactions of version 1: EndTxn is under way when another broker becomes the coordinator."""
    _coordinator_moved(scene)


def _coordinator_moved(scene):
    scene.begin()
    held = scene.hold_commit()
    before, after = scene.stage.move_coordinator(scene.transactional_id())
    held.release()
    held.wait_answered()
    scene.took_effect(f"coordinator {before} to {after}; EndTxn answered with {held.codes}",
                      before != after)
    scene.flow(5)
    scene.judge()


@scenario("leader_moved_mid_batch")
def leader_moved_mid_batch(scene):
    """A batch is under way when its partition gets another leader."""
    scene.begin()
    held = scene.proxy.trap("Produce", HELD)
    held.wait_caught()
    faults = scene.stage.faults
    before = {place: leader for place, leader in faults.leaders().items()
              if place[0] in (scene.topic, scene.progress)}
    faults.move({place: faults.other_than(leader) for place, leader in before.items()})
    after = faults.leaders()
    held.release()
    held.wait_answered()
    scene.took_effect(f"{len(before)} leaders moved under a batch",
                      all(after[place] != leader for place, leader in before.items()))
    scene.flow(5)
    scene.judge()


def _with_open_transaction(scene, choose, end):
    """A broker goes while a transaction is open, and comes back."""
    scene.brokers_ended = True
    scene.begin()
    held = scene.hold_commit()
    number = choose()
    node = scene.stage.cluster.nodes[number]
    with scene.stage.faults.away(number, end):
        scene.took_effect(f"broker {number} ended with a transaction open",
                          node.pid() is None and not held.released())
        held.release()
        scene.flow(5)
    scene.flow(5)
    scene.judge()


@scenario("broker_killed_with_open_transaction")
def broker_killed_with_open_transaction(scene):
    """The leader of a partition dies while a transaction is open in it."""
    _with_open_transaction(
        scene, lambda: leader_of(scene.stage.cluster.bootstrap, scene.topic, scene.number % 2),
        scene.stage.faults.kill)


@scenario("broker_stopped_with_open_transaction")
def broker_stopped_with_open_transaction(scene):
    """The leader of a partition stops in order while a transaction is open in it."""
    _with_open_transaction(
        scene, lambda: leader_of(scene.stage.cluster.bootstrap, scene.topic, scene.number % 2),
        scene.stage.faults.stop)


@scenario("coordinator_killed_mid_commit")
def coordinator_killed_mid_commit(scene):
    """The coordinator dies while EndTxn is under way to it."""
    _with_open_transaction(scene, lambda: scene.stage.faults.leaders()[
        scene.stage.coordinator_place(scene.transactional_id())], scene.stage.faults.kill)


@scenario("progress_leader_killed")
def progress_leader_killed(scene):
    """The leader of the progress topic dies while a transaction is open in it, and the engine with it."""
    scene.brokers_ended = True
    scene.begin()
    held = scene.hold_commit()
    number = leader_of(scene.stage.cluster.bootstrap, scene.progress)
    with scene.stage.faults.away(number, scene.stage.faults.kill):
        scene.took_effect(f"broker {number} and the engine died with a transaction open",
                          not held.released())
        scene.engine.crash()
        held.release()
        scene.flow(5)
    scene.judge()


@scenario("broker_disk_full")
def broker_disk_full(scene):
    """The disk of one broker is full, which ends it, and then it has room again."""
    scene.brokers_ended = True
    scene.begin()
    if scene.stage.small_disk is None:
        raise NoEffect("mounting a small file system takes root")
    # Who leads notices first.
    faults = scene.stage.faults
    faults.move({(scene.topic, partition): SMALL_NODE for partition in (0, 1)
                 if leader_of(scene.stage.cluster.bootstrap, scene.topic, partition) != SMALL_NODE})
    node = scene.stage.cluster.nodes[SMALL_NODE]
    ballast = fill(scene.stage.small_disk, LEFT_BYTES)
    try:
        wait_until(lambda: node.pid() is None, PATIENCE_S, "the end of a broker without room")
        with open(node.log_file, errors="replace") as log:
            told = log.read()
        # The second is of a file that is mapped into memory, and cannot grow there.
        scene.took_effect("a broker ended for want of room", any(
            text in told for text in ("No space left on device", "unsafe memory access operation")))
        scene.flow(5)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(ballast)
        node.up(leash=True)
    scene.stage.faults.wait_in_sync()
    scene.flow(5)
    scene.judge()


@scenario("two_brokers_killed")
def two_brokers_killed(scene):
    """Two of three brokers die, so that nothing can be written; the sink says so, and goes on when they
    are back."""
    _die_together(scene, [1, 2])


@scenario("all_brokers_killed")
def all_brokers_killed(scene):
    """All brokers die at once while a transaction is open, and come back."""
    _die_together(scene, [1, 2, 3])


def _die_together(scene, numbers):
    scene.brokers_ended = True
    scene.begin()
    held = scene.hold_commit()
    nodes = [scene.stage.cluster.nodes[number] for number in numbers]
    for node in nodes:
        node.kill()
    held.release()
    text = scene.await_stall("kafka: .*")
    scene.took_effect(f"{len(nodes)} brokers were away, and it said: {text}",
                      not any(node.pid() for node in nodes))
    scene.stage.cluster.up(leash=True)
    scene.stage.faults.wait_in_sync()
    scene.flow(5)
    scene.judge()
