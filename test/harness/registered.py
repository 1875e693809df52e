"""Messages whose schemas are in a registry, written and read by a library of somebody else: what an independent
producer plants, and an independent reader sees."""
import io
import json
import struct
import uuid

import fastavro

from harness.fake_glue import KEY_ID, REGION, SECRET_KEY, FakeGlue


class Confluent:
    """A registry of Confluent's protocol."""
    format = "FORMAT AVRO USING CONFLUENT SCHEMA REGISTRY CONNECTION csr"
    head_bytes = 5

    def __init__(self, server):
        self._server = server

    def connect(self, engine):
        engine.run(f"CREATE CONNECTION csr TO CONFLUENT SCHEMA REGISTRY (URL '{self._server.url}')")

    def head(self, subject):
        """What stands before a message by the subject's latest schema."""
        return struct.pack(">bi", 0, self._server.ask("GET", f"/subjects/{subject}/versions/latest")["id"])

    def schema(self, head):
        assert head[0] == 0
        return self._server.schema_by_id(int.from_bytes(head[1:], "big"))

    def close(self):
        pass


class Glue:
    """The fake of AWS Glue, on its own."""
    format = "FORMAT AVRO USING AWS GLUE SCHEMA REGISTRY CONNECTION glue"
    head_bytes = 18

    def __init__(self):
        self._fake = FakeGlue()
        self._fake.registries["r"] = {}

    def connect(self, engine):
        engine.run(f"CREATE SECRET aws_key AS '{SECRET_KEY}'",
                   f"CREATE CONNECTION aws TO AWS (ENDPOINT '{self._fake.url}', REGION '{REGION}',"
                   f" ACCESS KEY ID '{KEY_ID}', SECRET ACCESS KEY SECRET aws_key)",
                   "CREATE CONNECTION glue TO AWS GLUE SCHEMA REGISTRY (AWS CONNECTION aws, REGISTRY 'r')")

    def head(self, subject):
        return b"\3\0" + uuid.UUID(self._fake.registries["r"][subject][-1][0]).bytes

    def schema(self, head):
        assert head[:2] == b"\3\0"
        return self._fake.definition(str(uuid.UUID(bytes=head[2:])))

    def close(self):
        self._fake.close()


class Coder:
    """Keys and values of a topic as Python values, and back."""

    def __init__(self, registry, topic):
        self._registry = registry
        self._topic = topic

    def decode(self, data):
        """A key or value by the schema that it names."""
        if data is None:
            return None
        size = self._registry.head_bytes
        body = io.BytesIO(data[size:])
        schema = fastavro.parse_schema(json.loads(self._registry.schema(data[:size])))
        value = fastavro.schemaless_reader(body, schema)
        assert body.read() == b"", "bytes behind the value"
        return value

    def encode(self, side, value):
        """A key or value (`side`) by the latest schema of its subject."""
        head = self._registry.head(f"{self._topic}-{side}")
        out = io.BytesIO()
        fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(self._registry.schema(head))), value)
        return head + out.getvalue()
