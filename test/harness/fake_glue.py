"""AWS Glue's schema registry, as much of its API as publishing a schema takes. Each call's signature is
checked with AWS' own library. Versions become available when they are looked at the second time."""
import collections
import http.server
import json
import threading
import uuid

import botocore.auth
import botocore.awsrequest
import botocore.credentials

REGION = "eu-central-1"
KEY_ID, SECRET_KEY = "AKIDPENSTOCK", "an/example+secret"


class Refusal(Exception):
    """`args`: the exception's name in the API, and a message."""


class FakeGlue:
    """Serves `url` until `close`. `registries[name][schema]` are lists of (version id, definition);
    `refusing` makes every call fail so."""

    def __init__(self):
        self.registries = collections.defaultdict(dict)
        self.levels = {}
        self.refusing = None
        self.calls = []
        self._pending = {}
        self._failed = set()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"glue": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def definition(self, version_id):
        """The schema with this version id."""
        return next(definition for schemas in self.registries.values() for versions in schemas.values()
                    for found, definition in versions if found == version_id)

    def answer(self, operation, body):
        with self._lock:
            self.calls.append(operation)
            if self.refusing:
                raise Refusal(*self.refusing)
            return getattr(self, "_" + operation)(body)

    def _GetRegistry(self, body):
        name = body["RegistryId"]["RegistryName"]
        if name not in self.registries:
            raise Refusal("EntityNotFoundException", f"Registry is not found. RegistryName: {name}")
        return {"RegistryName": name, "Status": "AVAILABLE"}

    def _versions(self, body):
        schema = body["SchemaId"]
        schemas = self.registries.get(schema["RegistryName"], {})
        if schema["SchemaName"] not in schemas:
            raise Refusal("EntityNotFoundException", "Schema is not found.")
        return schemas[schema["SchemaName"]]

    def _GetSchemaByDefinition(self, body):
        for version_id, definition in self._versions(body):
            if definition == body["SchemaDefinition"]:
                return {"SchemaVersionId": version_id, "Status": self._status(version_id)}
        raise Refusal("EntityNotFoundException", "Schema version is not found.")

    def _RegisterSchemaVersion(self, body):
        versions = self._versions(body)
        version_id = str(uuid.uuid4())
        level = self.levels[body["SchemaId"]["SchemaName"]]
        if level == "DISABLED":
            raise Refusal("InvalidInputException", "Versioning is disabled.")
        if level != "NONE" and versions and versions[-1][1] != body["SchemaDefinition"]:
            self._failed.add(version_id)
        versions.append((version_id, body["SchemaDefinition"]))
        self._pending[version_id] = 1
        return {"SchemaVersionId": version_id, "VersionNumber": len(versions), "Status": "PENDING"}

    def _CreateSchema(self, body):
        schemas = self.registries[body["RegistryId"]["RegistryName"]]
        if body["SchemaName"] in schemas:
            raise Refusal("AlreadyExistsException", "Schema already exists.")
        assert body["DataFormat"] == "AVRO"
        self.levels[body["SchemaName"]] = body["Compatibility"]
        version_id = str(uuid.uuid4())
        schemas[body["SchemaName"]] = [(version_id, body["SchemaDefinition"])]
        return {"SchemaVersionId": version_id, "SchemaVersionStatus": "AVAILABLE"}

    def _CheckSchemaVersionValidity(self, body):
        assert body["DataFormat"] == "AVRO"
        return {"Valid": True}

    def _GetSchema(self, body):
        self._versions(body)
        return {"Compatibility": self.levels[body["SchemaId"]["SchemaName"]]}

    def _GetSchemaVersion(self, body):
        version_id = body["SchemaVersionId"]
        status = self._status(version_id)
        self._pending[version_id] = self._pending.get(version_id, 0) - 1
        return {"SchemaVersionId": version_id, "Status": status}

    def _status(self, version_id):
        if self._pending.get(version_id, 0) > 0:
            return "PENDING"
        return "FAILURE" if version_id in self._failed else "AVAILABLE"


class _Handler(http.server.BaseHTTPRequestHandler):
    glue = None

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            self._check_signature(body)
            operation = self.headers["X-Amz-Target"].removeprefix("AWSGlue.")
            self._send(200, self.glue.answer(operation, json.loads(body)))
        except Refusal as refusal:
            self._send(400, {"__type": refusal.args[0], "Message": refusal.args[1]})

    def _check_signature(self, body):
        signed = self.headers["Authorization"]
        names = signed.split("SignedHeaders=")[1].split(",")[0].split(";")
        request = botocore.awsrequest.AWSRequest(
            "POST", self.glue.url + "/", data=body,
            headers={name: self.headers[name] for name in names if name != "x-amz-date"})
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        auth = botocore.auth.SigV4Auth(botocore.credentials.Credentials(KEY_ID, SECRET_KEY), "glue",
                                       REGION)
        request.headers["X-Amz-Date"] = self.headers["X-Amz-Date"]
        text = auth.string_to_sign(request, auth.canonical_request(request))
        if not signed.endswith("Signature=" + auth.signature(text, request)):
            raise Refusal("InvalidSignatureException", "The request signature does not match.")

    def _send(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass
