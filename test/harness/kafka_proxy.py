"""Proxies of Kafka brokers that know where a request begins and which answer is its own, so that a test
can lose an answer, hold a request back, or let a copy arrive late, and know that it did.

The frames are those of Kafka's protocol guide: a length, the API's key and version, a correlation id,
and the client's id; an answer begins with the length and the correlation id.
"""
import collections
import contextlib
import dataclasses
import socket
import struct
import threading
import time

from harness.proxy import TcpProxy
from stack.processes import wait_until

APIS = {0: "Produce", 1: "Fetch", 2: "ListOffsets", 3: "Metadata", 10: "FindCoordinator",
        18: "ApiVersions", 19: "CreateTopics", 22: "InitProducerId", 24: "AddPartitionsToTxn",
        26: "EndTxn", 32: "DescribeConfigs"}
# From these versions on, headers and texts are of the compact kind (KIP-482).
COMPACT_FROM = {"InitProducerId": 2, "EndTxn": 3}
# Of those that begin with the transactional id.
NAMING = ("InitProducerId", "EndTxn")

LOST_ANSWER = "lost answer"        # The broker does it, the client's connection ends instead of an answer.
SILENT_ANSWER = "silent answer"    # The broker does it, and no answer comes.
LOST_REQUEST = "lost request"      # It never arrives, and the client's connection ends.
HELD = "held"                      # It waits, with all behind it, until `release`.
LATE = "late"                      # The client's connection ends; the request arrives after `release`.
DELAYED = "delayed"                # The same, but the client has to lose patience by itself.
WAITING = (HELD, LATE, DELAYED)


@dataclasses.dataclass(frozen=True)
class Request:
    """What the beginning of a request says; `transactional_id` where it is known."""
    api: str
    version: int
    correlation: int
    client_id: str
    transactional_id: str | None

    @staticmethod
    def of(frame):
        key, version, correlation, size = struct.unpack_from(">hhih", frame)
        client_id = frame[10:10 + max(size, 0)].decode()
        api = APIS.get(key, str(key))
        named = None
        if api in NAMING:
            named = _text(frame, 10 + max(size, 0), version >= COMPACT_FROM[api])
        return Request(api, version, correlation, client_id, named)


def _text(frame, at, compact):
    """A text that follows the header. Nobody sends tags in it, and ids are shorter than 127 bytes."""
    if compact:
        size, at = frame[at + 1] - 1, at + 2
    else:
        (size,), at = struct.unpack_from(">h", frame, at), at + 2
    return frame[at:at + size].decode() if size >= 0 else None


def end_txn_code(version, answer):
    """The error code of an EndTxn answer: behind correlation id, tags and throttle time."""
    return struct.unpack_from(">h", answer, 9 if version >= COMPACT_FROM["EndTxn"] else 8)[0]


class Trap:
    """What befalls the next `count` requests of an API, after the first `skip`. `caught` counts those
    that it has befallen (an answer is lost when the broker has given it), `answered` the answers
    that brokers gave to what was held or late, `codes` what they said, of EndTxn."""

    def __init__(self, api, action, count, skip):
        self.api, self.action = api, action
        self.caught = self.answered = 0
        self.codes = []
        self._skip = skip
        self._left = count
        self._lock = threading.Lock()
        self._released = threading.Event()

    def release(self):
        """Lets what waits go on, and no longer catches anything."""
        with self._lock:
            self._left = 0
        self._released.set()

    def released(self):
        return self._released.is_set()

    def wait_caught(self, count=1, timeout_s=30):
        wait_until(lambda: self.caught >= count, timeout_s, f"{count} {self.api} to be {self.action}",
                   poll_s=0.002)

    def wait_answered(self, count=1, timeout_s=30):
        wait_until(lambda: self.answered >= count, timeout_s, f"an answer to a {self.action} {self.api}",
                   poll_s=0.002)

    # --- for the proxies ---

    def takes(self, request):
        with self._lock:
            if request.api != self.api or self._left == 0:
                return False
            if self._skip > 0:
                self._skip -= 1
                return False
            self._left -= 1
            return True

    def catch(self):
        with self._lock:
            self.caught += 1

    def hear(self, request, answer):
        with self._lock:
            if request.api == "EndTxn":
                self.codes.append(end_txn_code(request.version, answer))
            self.answered += 1


class Traps:
    """The traps of all proxies of a cluster, and what passed them."""

    def __init__(self):
        self.requests = collections.Counter()
        self.answers = collections.Counter()
        self.transactional_ids = set()  # Of those that have ended a transaction.
        self.lock = threading.Lock()
        self._set = []

    def add(self, api, action, count=1, skip=0):
        trap = Trap(api, action, count, skip)
        with self.lock:
            self._set.append(trap)
        return trap

    def clear(self):
        """No traps, nothing counted; what waited goes on."""
        with self.lock:
            old, self._set = self._set, []
            self.requests.clear()
            self.answers.clear()
            self.transactional_ids.clear()
        for trap in old:
            trap.release()

    def of(self, request):
        """Counts a request, and the trap that takes it."""
        with self.lock:
            self.requests[request.api] += 1
            if request.api == "EndTxn":
                self.transactional_ids.add(request.transactional_id)
            return next((trap for trap in self._set if trap.takes(request)), None)

    def count_answer(self, request):
        with self.lock:
            self.answers[request.api] += 1


class KafkaProxy(TcpProxy):
    """One broker's. The faults of TcpProxy are there, too."""

    def __init__(self, port, target_port, traps):
        self._traps = traps
        super().__init__(port, target_port)

    def _carry(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.target_port), timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for sock in (client, server):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (client, server)
        with self._lock:
            self._links.add(pair)
        link = _Link(self, self._traps, client, server)
        back = threading.Thread(target=link.answers, daemon=True)
        back.start()
        link.requests()
        back.join()
        with self._lock:
            self._links.discard(pair)
        for sock in pair:
            sock.close()

    def pass_on(self, sock, frame):
        """Sends a frame as the faults of the moment let it."""
        if self._delay_s:
            time.sleep(self._delay_s)
        while self._silent and not self._closed:
            time.sleep(0.005)
        sock.sendall(struct.pack(">i", len(frame)) + frame)

    def refuses(self):
        return self._refusing

    def closed(self):
        return self._closed


class _Link:
    """One connection: a thread for the requests, one for the answers."""

    def __init__(self, proxy, traps, client, server):
        self.proxy, self.traps = proxy, traps
        self.client, self.server = client, server
        self.sent = {}  # Correlation id -> the request, and the trap that took it.
        self.late = False

    def requests(self):
        with contextlib.suppress(OSError):
            while not self.proxy.refuses() and self._request(_frame(self.client)):
                pass
        if not self.late:
            _shut(self.server)
        _shut(self.client)

    def _request(self, frame):
        """Handles one request; whether the connection goes on."""
        if frame is None:
            return False
        request = Request.of(frame)
        trap = self.traps.of(request)
        action = trap.action if trap else None
        if action == LOST_REQUEST:
            trap.catch()
            return False
        self.sent[request.correlation] = request, trap
        if action in (LATE, DELAYED):
            self.late = True
        if action == LATE:
            _shut(self.client)
        if action in WAITING:
            trap.catch()
            while not trap.released() and not self.proxy.closed():
                time.sleep(0.002)
        self.proxy.pass_on(self.server, frame)
        return not self.late

    def answers(self):
        with contextlib.suppress(OSError):
            while not self.proxy.refuses():
                answer = _frame(self.server)
                if answer is None or not self._answer(answer):
                    break
        for sock in (self.client, self.server):
            _shut(sock)

    def _answer(self, answer):
        request, trap = self.sent.pop(struct.unpack_from(">i", answer)[0])
        if trap is not None and trap.action in (LOST_ANSWER, SILENT_ANSWER):
            if trap.action == LOST_ANSWER:
                _shut(self.client)
            trap.catch()
            return trap.action == SILENT_ANSWER
        self.traps.count_answer(request)
        if trap is not None:
            trap.hear(request, answer)
            if trap.action in (LATE, DELAYED):
                return False
        try:
            self.proxy.pass_on(self.client, answer)
        except OSError:
            return self.late  # An answer to an earlier request, which nobody waits for any more.
        return True


class ClusterProxy:
    """The proxies of all brokers; `ports` are pairs of the port that clients come to and the one
    where the broker listens for them. `traps` are common to all."""

    def __init__(self, ports):
        self.traps = Traps()
        self.proxies = [KafkaProxy(advertised, listening, self.traps)
                        for advertised, listening in ports]
        self.bootstrap = ",".join(f"127.0.0.1:{proxy.port}" for proxy in self.proxies)

    def trap(self, api, action, count=1, skip=0):
        return self.traps.add(api, action, count, skip)

    def heal(self):
        """No fault and no trap."""
        self.traps.clear()
        self.each("heal")

    def each(self, fault, *arguments):
        """The same fault of TcpProxy for all brokers."""
        for proxy in self.proxies:
            getattr(proxy, fault)(*arguments)

    def close(self):
        self.traps.clear()
        self.each("close")


def _frame(sock):
    """The next frame without its length; None at the connection's end."""
    head = _exactly(sock, 4)
    return None if head is None else _exactly(sock, struct.unpack(">i", head)[0])


def _exactly(sock, size):
    data = bytearray()
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            return None
        data += piece
    return bytes(data)


def _shut(sock):
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
