"""An issuer of OAuth tokens by the client-credentials grant (RFC 6749, chapter 4.4)."""
import base64
import contextlib
import http.server
import json
import threading

CLIENT, SECRET = "penstock", "between us"


class TokenIssuer(http.server.ThreadingHTTPServer):
    """Answers at `endpoint`: with what `make_token()` gives to the CLIENT who knows the SECRET, with
    invalid_client to others. `issued` counts the tokens."""

    daemon_threads = True

    def __init__(self, make_token):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.make_token = make_token
        self.issued = 0

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.server_port}/token"

    @contextlib.contextmanager
    def serving(self):
        thread = threading.Thread(target=self.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        # Each is form-encoded before they are joined (chapter 2.3.1).
        known = base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '%20')}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {known}":
            self._answer(401, {"error": "invalid_client"})
        elif self.path != "/token" or body != b"grant_type=client_credentials":
            self._answer(400, {"error": "invalid_request"})
        else:
            self.server.issued += 1
            self._answer(200, {"access_token": self.server.make_token(), "token_type": "Bearer",
                               "expires_in": 3600})

    def _answer(self, status, value):
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):
        pass
