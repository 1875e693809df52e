"""Connections that live longer than their sessions, tokens that end before their connections, and
brokers that are slow or silent."""
import base64
import contextlib
import os
import re
import subprocess
import time

import pytest

from harness.kafka_clients import COMMIT, KafkaProbe
from harness.probe import ProbeError, ask, listener, read, record, write, writer
from harness.proxy import TcpProxy
from harness.topics import create_topic
from stack import tokens
from stack.secured_kafka import BRIEF_SESSION_MS, MECHANISMS, OWNER

SESSIONS = 3


def _connections(pid):
    """The sockets that a process has open, each by a number that no later one gets."""
    folder = f"/proc/{pid}/fd"
    targets = []
    for entry in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):
            targets.append(os.readlink(os.path.join(folder, entry)))
    return {target for target in targets if target.startswith("socket:")}


@pytest.fixture
def token(tmp_path):
    """A file whose token a test changes."""
    path = tmp_path / "token"
    path.write_text(tokens.unsecured(OWNER))
    return path


def test_connections_outlive_their_sessions(secured_kafka, token, name):
    """KIP-368: a connection that does not authenticate anew in time is closed by the broker."""
    create_topic(secured_kafka.bootstrap, name)
    probes = {mechanism: listener(secured_kafka, "BRIEF", mechanism, token=str(token))
              for mechanism in MECHANISMS}
    reader = subprocess.Popen([*probes["PLAIN"].command, "read", "--topic", name, "--at-most-ms",
                               str((SESSIONS + 2) * BRIEF_SESSION_MS)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(writer(probe, f"{name}-{mechanism}"))
                   for mechanism, probe in probes.items()]
        pids = [each.pid for each in (*writers, reader)]
        for each in writers:
            each.transaction(record(name, "0"))
        before = [_connections(pid) for pid in pids]
        end = time.monotonic() + SESSIONS * BRIEF_SESSION_MS / 1000
        rounds = 1
        while time.monotonic() < end:
            for each in writers:
                assert each.transaction(record(name, str(rounds))) == {"committed": True}
            rounds += 1
        assert all(before) and [_connections(pid) for pid in pids] == before
        out, err = reader.communicate(timeout=60)
    assert reader.returncode == 0, err + out[-1000:]
    assert len(out.splitlines()) == len(writers) * rounds + 1


def test_a_connection_goes_on_with_the_token_that_is_valid_by_then(secured_kafka, token, name):
    create_topic(secured_kafka.bootstrap, name)
    probe = listener(secured_kafka, "SASL", "OAUTHBEARER", token=str(token))
    token.write_text(tokens.unsecured(OWNER, 3))
    with writer(probe, name) as producer:
        producer.transaction(record(name, "first"))
        before = _connections(producer.pid)
        token.write_text(tokens.unsecured(OWNER))
        end = time.monotonic() + 4
        while time.monotonic() < end:
            assert producer.transaction(record(name, "more")) == {"committed": True}
        assert _connections(producer.pid) == before


def test_a_token_that_ends_ends_the_work_with_its_reason(secured_kafka, token, name):
    create_topic(secured_kafka.bootstrap, name)
    probe = listener(secured_kafka, "SASL", "OAUTHBEARER", token=str(token))
    token.write_text(tokens.unsecured(OWNER, 3))
    committed = 0
    with writer(probe, name) as producer, pytest.raises(ProbeError) as caught:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            producer.transaction(record(name, "v"))
            committed += 1
    assert committed > 0
    address = re.escape(secured_kafka.listeners["SASL"])
    assert re.search(f"broker {address}: SASL authentication failed: .*invalid_token",
                     caught.value.message)
    assert len(read(listener(secured_kafka, "SASL", "PLAIN"), name)) == committed


@pytest.fixture
def proxy(secured_kafka):
    """What lies between clients and a listener that sends them through it."""
    listen, advertised = secured_kafka.proxied
    made = TcpProxy(advertised, listen)
    yield made
    made.close()


def test_a_slow_broker_is_waited_for(secured_kafka, proxy, name):
    create_topic(secured_kafka.bootstrap, name)
    proxy.delay(0.3)
    probe = KafkaProbe(f"127.0.0.1:{proxy.port}")
    assert write(probe, name, [record(name, "v"), COMMIT]) == [{"committed": True}]
    assert read(probe, name) == ["v"]


def test_a_silent_broker_is_given_up(proxy):
    proxy.black_hole()
    with pytest.raises(ProbeError, match=f"broker 127.0.0.1:{proxy.port}: Connection timeout"):
        ask(KafkaProbe(f"127.0.0.1:{proxy.port}"), "brokers")


def test_a_connection_that_is_reset_between_transactions_is_made_anew(secured_kafka, proxy, name):
    create_topic(secured_kafka.bootstrap, name)
    with writer(KafkaProbe(f"127.0.0.1:{proxy.port}"), name) as producer:
        producer.transaction(record(name, "before"))
        proxy.reset()
        assert producer.transaction(record(name, "after")) == {"committed": True}
    assert read(KafkaProbe(secured_kafka.bootstrap), name) == ["before", "after"]
