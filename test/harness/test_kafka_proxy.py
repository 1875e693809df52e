"""The proxy that knows Kafka's requests: each trap does what it says to the request it is for, and to no
other. The broker is a socket that echoes."""
import socket
import struct
import threading

import pytest

from harness.kafka_proxy import (DELAYED, HELD, LATE, LOST_ANSWER, LOST_REQUEST, SILENT_ANSWER,
                                 ClusterProxy, Request, end_txn_code)
from stack.processes import StackError, free_ports, wait_until

PRODUCE, INIT_PRODUCER_ID, END_TXN = 0, 22, 26
COMPACT_VERSION = {PRODUCE: 7, INIT_PRODUCER_ID: 2, END_TXN: 3}


def _frame(api, correlation, transactional_id="tid"):
    head = struct.pack(">hhih", api, COMPACT_VERSION[api], correlation, 6) + b"client"
    if api == PRODUCE:
        return head + b"records"
    named = transactional_id.encode()
    return head + b"\0" + bytes([len(named) + 1]) + named + b"rest"


def _read(sock):
    """The next frame, b"" at the end."""
    try:
        head = sock.recv(4, socket.MSG_WAITALL)
    except ConnectionResetError:
        return b""
    return sock.recv(struct.unpack(">i", head)[0], socket.MSG_WAITALL) if len(head) == 4 else b""


def _send(sock, frame):
    sock.sendall(struct.pack(">i", len(frame)) + frame)


class Broker:
    """Answers every request with its correlation id and the error code 7, and keeps it."""

    def __init__(self):
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock):
        while frame := _read(sock):
            self.requests.append(frame)
            _send(sock, frame[4:8] + b"\0" + struct.pack(">ih", 0, 7) + b"\0")


@pytest.fixture
def broker():
    made = Broker()
    yield made
    made.listener.close()


@pytest.fixture
def proxy(broker):
    made = ClusterProxy([(free_ports(1)[0], broker.port)])
    yield made
    made.close()


def _client(proxy):
    sock = socket.create_connection(("127.0.0.1", proxy.proxies[0].port), timeout=10)
    return sock


def _ask(sock, api, correlation):
    """The correlation id of the answer; none when the connection ends."""
    _send(sock, _frame(api, correlation))
    answer = _read(sock)
    return struct.unpack_from(">i", answer)[0] if answer else None


def test_requests_are_told_by_their_beginning():
    request = Request.of(_frame(END_TXN, 5, "mine"))
    assert (request.api, request.version, request.correlation) == ("EndTxn", 3, 5)
    assert (request.client_id, request.transactional_id) == ("client", "mine")
    assert Request.of(_frame(PRODUCE, 6)).transactional_id is None
    old = struct.pack(">hhih", INIT_PRODUCER_ID, 1, 9, -1) + struct.pack(">h", 3) + b"tid"
    assert Request.of(old).transactional_id == "tid"
    assert Request.of(old[:10] + struct.pack(">h", -1)).transactional_id is None
    assert end_txn_code(3, b"\0\0\0\1" + b"\0" + struct.pack(">ih", 0, 48)) == 48
    assert end_txn_code(2, b"\0\0\0\1" + struct.pack(">ih", 0, 47)) == 47


def test_without_a_trap_all_passes_and_is_counted(proxy, broker):
    with _client(proxy) as sock:
        assert [_ask(sock, PRODUCE, 1), _ask(sock, END_TXN, 2)] == [1, 2]
    assert proxy.traps.requests == proxy.traps.answers == {"Produce": 1, "EndTxn": 1}
    assert proxy.traps.transactional_ids == {"tid"}
    assert broker.requests == [_frame(PRODUCE, 1), _frame(END_TXN, 2)]


def test_an_answer_is_lost_with_its_connection(proxy, broker):
    trap = proxy.trap("EndTxn", LOST_ANSWER)
    with _client(proxy) as sock:
        assert _ask(sock, PRODUCE, 1) == 1
        assert _ask(sock, END_TXN, 2) is None
    trap.wait_caught()
    assert broker.requests[-1] == _frame(END_TXN, 2)
    with _client(proxy) as sock:
        assert _ask(sock, END_TXN, 3) == 3
    assert trap.caught == 1


def test_an_answer_stays_away(proxy, broker):
    trap = proxy.trap("EndTxn", SILENT_ANSWER, skip=1)
    with _client(proxy) as sock:
        assert _ask(sock, END_TXN, 1) == 1
        _send(sock, _frame(END_TXN, 2))
        trap.wait_caught()
        assert _ask(sock, PRODUCE, 3) == 3
    assert len(broker.requests) == 3


def test_a_request_is_lost(proxy, broker):
    trap = proxy.trap("EndTxn", LOST_REQUEST)
    with _client(proxy) as sock:
        assert _ask(sock, END_TXN, 1) is None
    trap.wait_caught()
    assert broker.requests == []


def test_a_request_is_held_with_all_behind_it(proxy, broker):
    trap = proxy.trap("EndTxn", HELD)
    with _client(proxy) as sock:
        _send(sock, _frame(END_TXN, 1))
        _send(sock, _frame(PRODUCE, 2))
        trap.wait_caught()
        with _client(proxy) as other:
            assert _ask(other, END_TXN, 7) == 7
        assert broker.requests == [_frame(END_TXN, 7)]
        trap.release()
        assert [_read(sock)[:4], _read(sock)[:4]] == [b"\0\0\0\1", b"\0\0\0\2"]
    assert trap.answered == 1 and trap.codes == [7]


def test_a_copy_arrives_late(proxy, broker):
    trap = proxy.trap("EndTxn", LATE)
    with _client(proxy) as sock:
        assert _ask(sock, END_TXN, 1) is None
    trap.wait_caught()
    with _client(proxy) as sock:
        assert _ask(sock, END_TXN, 2) == 2
    assert broker.requests == [_frame(END_TXN, 2)]
    trap.release()
    trap.wait_answered()
    assert broker.requests == [_frame(END_TXN, 2), _frame(END_TXN, 1)] and trap.codes == [7]


def test_a_delayed_copy_arrives_when_its_client_has_gone(proxy, broker):
    trap = proxy.trap("EndTxn", DELAYED)
    with _client(proxy) as sock:
        _send(sock, _frame(END_TXN, 1))
        trap.wait_caught()
        sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            sock.recv(1)
    with _client(proxy) as sock:
        assert _ask(sock, END_TXN, 2) == 2
    trap.release()
    trap.wait_answered()
    assert broker.requests == [_frame(END_TXN, 2), _frame(END_TXN, 1)]


def test_a_trap_that_catches_nothing_says_so(proxy):
    trap = proxy.trap("EndTxn", LOST_ANSWER)
    with _client(proxy) as sock:
        assert _ask(sock, PRODUCE, 1) == 1
    with pytest.raises(StackError, match="1 EndTxn to be lost answer"):
        trap.wait_caught(timeout_s=0.1)


def test_clearing_lets_go_of_everything(proxy, broker):
    held = proxy.trap("EndTxn", HELD)
    with _client(proxy) as sock:
        _send(sock, _frame(END_TXN, 1))
        held.wait_caught()
        proxy.heal()
        assert _read(sock)[:4] == b"\0\0\0\1"
        wait_until(lambda: held.answered == 1, 10, "the answer")
        assert _ask(sock, END_TXN, 2) == 2
    assert proxy.traps.requests == {"EndTxn": 1}
