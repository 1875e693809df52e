"""The rules of the other system, on the records that are known of it."""
import pytest

from harness.progress_rules import Refused, parse, resume
from harness.topics import Message


def _message(offset, key, value):
    return Message(0, offset, key, value, (), None)


@pytest.mark.parametrize("payload, expected", [
    ('{"timestamp":1}', (2, 0)), ('{"timestamp":null}', (None, 0)), ('{"frontier":[1]}', (1, 0)),
    ('{"frontier":[], "version": 42}', (None, 42))])
def test_known_forms(payload, expected):
    assert parse(payload) == expected


@pytest.mark.parametrize("payload", ["{}", '{"frontier":null}', '{"frontier":[1,2]}', "no JSON"])
def test_other_forms_are_refused(payload):
    with pytest.raises(Refused, match="invalid progress record"):
        parse(payload)


def test_the_last_record_counts_unless_it_goes_back_or_is_of_a_newer_version():
    key = b"mz-sink-u1"
    first = _message(0, key, b'{"frontier":[5],"version":0}')
    second = _message(1, key, b'{"frontier":[7],"version":1}')
    others = [_message(2, b"mz-sink-u2", b'{"frontier":[9],"version":0}'), _message(3, key, None),
              _message(4, b"penstock-sink-u1", b"anything")]
    assert resume([], "u1") == (0, None)
    assert resume([first, second, *others], "u1", 1) == (7, 1)
    with pytest.raises(Refused, match="regressed"):
        resume([second, first], "u1")
    with pytest.raises(Refused, match="Fenced off"):
        resume([second], "u1", 0)
