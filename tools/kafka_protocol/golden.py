#!/usr/bin/env python3
"""Prints size and CRC-32C of every message at every version as Kafka's own serializer writes it.

    golden.py DIRECTORY_OF_KAFKAS_JARS > src/connect/kafka/protocol/golden.txt

The values come from the fields' names, by the rule in src/connect/kafka/protocol/fill.h; fields and
versions come from Kafka's definitions, not from our table. Needs Java 17; run by hand after condense.py.
"""
import base64
import glob
import json
import pathlib
import subprocess
import sys
import zipfile

from condense import APIS, definition
from generate import snake


def has(versions, version):
    if versions == "none":
        return False
    first, _, last = versions.rstrip("+").partition("-")
    return int(first) <= version <= (1 << 15 if versions.endswith("+") else int(last or first))


def span(versions):
    first, _, last = versions.partition("-")
    return range(int(first), int(last or first) + 1)


class Filler:
    def __init__(self, message, version):
        self.version = version
        self.structs = {s["name"]: s["fields"] for s in message.get("commonStructs", [])}

    def struct(self, fields, element):
        return {field["name"][0].lower() + field["name"][1:]: self.value(field, field["type"], element)
                for field in fields if has(field.get("taggedVersions", field["versions"]), self.version)}

    def value(self, field, kind, element):
        name = snake(field["name"])
        number = (sum(name.encode()) + element) & 0x7F
        if kind.startswith("[]"):
            return [self.value(field, kind[2:], i) for i in range(2)]
        if kind == "bool":
            return bool(number & 1)
        if kind.startswith(("int", "uint")):
            return number
        if kind == "string":
            return name
        if kind == "uuid":
            return base64.urlsafe_b64encode(bytes([number] * 16)).decode().rstrip("=")
        if kind in ("bytes", "records"):
            return base64.b64encode(name.encode()).decode()
        return self.struct(field.get("fields") or self.structs[kind], element)


def main():
    jars = pathlib.Path(sys.argv[1])
    lines = []
    with zipfile.ZipFile(glob.glob(f"{jars}/kafka-clients-*.jar")[0]) as jar:
        for name in (api + kind for api in APIS for kind in ("Request", "Response")):
            message = definition(jar, name)
            for version in span(message["validVersions"]):
                filled = Filler(message, version).struct(message["fields"], 0)
                lines.append(f"{name} {version} {json.dumps(filled)}")
    here = pathlib.Path(__file__).parent
    subprocess.run(["java", "-cp", f"{jars}/*", here / "Serialize.java"],
                   input="\n".join(lines) + "\n", text=True, check=True)


if __name__ == "__main__":
    main()
