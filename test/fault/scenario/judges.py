"""The judges themselves: what somebody planted in a topic, both of them must tell."""
from harness.topics import TIMESTAMP_HEADER
from scenario.scene import Failure, scenario

PATIENCE_S = 60


def _plant(scene, message, **changed):
    """Sends a message of the topic once more, with changes, as if the sink had."""
    fields = {"key": message.key, "value": message.value, "partition": message.partition,
              "headers": [(TIMESTAMP_HEADER, str(message.time).encode())], **changed}
    producer = scene.producer()
    producer.produce(scene.topic, **fields)
    if producer.flush(PATIENCE_S) != 0:
        raise Failure("nothing was planted")


def _both_notice(scene):
    planted = scene.writer.history.messages() + 1
    for judge in (lambda: scene.audit(planted), lambda: scene.judge_topic("all")):
        try:
            judge()
        except Failure as noticed:
            scene.took_effect(str(noticed).splitlines()[0])
        else:
            raise Failure(f"a judge noticed nothing, after {scene.effects}")
    return "both judges told it"


def _settled(scene):
    # The key of a view is proven: a second message of it at a time is told as such.
    scene.relation = "u"
    scene.begin()
    scene.settle_and_note()
    scene.judge_topic("all")


@scenario("planted_duplicate", quick=True)
def planted_duplicate(scene):
    """Somebody sends a message of the sink once more: both judges must tell, or this suite is worth
    nothing."""
    _settled(scene)
    _plant(scene, scene.reader.messages[-1])
    return _both_notice(scene)


@scenario("planted_difference")
def planted_difference(scene):
    """Somebody sends a message of the sink with one byte changed: both judges must tell."""
    _settled(scene)
    last = [m for m in scene.reader.messages if m.value][-1]
    _plant(scene, last, value=last.value.replace(b'"n":', b'"n":1'))
    return _both_notice(scene)
