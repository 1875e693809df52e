"""A TCP proxy on loopback whose traffic a test can cut, delay or swallow."""
import contextlib
import socket
import threading
import time

CHUNK_BYTES = 65536


class TcpProxy:
    """Listens on `port` and carries every connection to `target`. Two threads per connection;
    `close` ends and joins them. The faults act on the connections of the moment and on new ones."""

    def __init__(self, port, target_port):
        self.port = port
        self.target_port = target_port
        self._lock = threading.Lock()
        self._links = set()
        self._threads = []
        self._closed = False
        self._refusing = False
        self._silent = False
        self._delay_s = 0.0
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(64)
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def cut(self):
        """Every connection ends at once, new ones are refused until `heal`."""
        self._refusing = True
        self._drop_all()

    def reset(self):
        """Every connection ends at once; new ones are taken."""
        self._drop_all()

    def delay(self, seconds):
        """Every piece of traffic, either way, waits this long."""
        self._delay_s = seconds

    def black_hole(self):
        """Connections stay open, and nothing gets through either way until `heal`."""
        self._silent = True

    def heal(self):
        """Traffic flows again, also what waited in a black hole."""
        self._refusing = self._silent = False
        self._delay_s = 0.0

    def close(self):
        self._closed = True
        self._silent = False
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._acceptor.join()
        self._drop_all()
        for thread in self._threads:
            thread.join()

    def _drop_all(self):
        with self._lock:
            for pair in self._links:
                for sock in pair:
                    with contextlib.suppress(OSError):
                        sock.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._refusing:
                client.close()
                continue
            thread = threading.Thread(target=self._carry, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _carry(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.target_port), timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        pair = (client, server)
        for sock in pair:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._links.add(pair)
        back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
        back.start()
        self._pump(client, server)
        back.join()
        with self._lock:
            self._links.discard(pair)
        for sock in pair:
            sock.close()

    def _pump(self, source, sink):
        """One direction until an end of either side; then both sides are told."""
        with contextlib.suppress(OSError):
            while not self._refusing:
                data = source.recv(CHUNK_BYTES)
                if not data:
                    break
                if self._delay_s:
                    time.sleep(self._delay_s)
                while self._silent and not self._closed:
                    time.sleep(0.005)
                sink.sendall(data)
        for sock in (source, sink):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
