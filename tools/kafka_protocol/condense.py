#!/usr/bin/env python3
"""Condenses Apache Kafka's message definitions into our table of the messages that we speak.

    condense.py kafka-clients-X.Y.Z.jar > src/connect/kafka/protocol/messages.txt

Run by hand when Kafka's protocol has grown; the build reads the table only. What a line of the table
means is said at its head.
"""
import json
import re
import sys
import zipfile

APIS = [
    "Produce", "Fetch", "ListOffsets", "Metadata", "OffsetCommit", "OffsetFetch", "FindCoordinator",
    "SaslHandshake", "ApiVersions", "CreateTopics", "DeleteTopics", "DeleteRecords",
    "InitProducerId", "OffsetForLeaderEpoch", "AddPartitionsToTxn", "EndTxn", "DescribeConfigs",
    "SaslAuthenticate", "CreatePartitions", "IncrementalAlterConfigs", "DescribeCluster",
    "DescribeProducers", "DescribeTransactions", "ListTransactions",
]

HEAD = """\
# The messages of Kafka's protocol that we speak, condensed by tools/kafka_protocol/condense.py from
# the definitions inside {source}.
#
#   api NAME KEY VERSIONS flexible VERSIONS     followed by its `request` and its `response`
#     FIELD TYPE [VERSIONS] [null VERSIONS] [tag N VERSIONS] [= DEFAULT] [ignorable]
#
# A field without versions is in all of them. `null`: the versions in which it may be null. `tag`: the
# versions in which it is a tagged field (KIP-482). `ignorable`: a value that the version at hand
# cannot carry is dropped; of any other field that is a bug. Fields further in belong to the struct
# above them; `struct NAME` declares one that several fields share.
"""


def definition(jar, name):
    lines = jar.read(f"common/message/{name}.json").decode().splitlines()
    return json.loads("\n".join(re.sub(r"^\s*//.*", "", line) for line in lines))


def field_line(field):
    words = [field["name"], field["type"]]
    if field["versions"] != "0+":
        words.append(field["versions"])
    if "nullableVersions" in field:
        words += ["null", field["nullableVersions"]]
    if "taggedVersions" in field:
        words += ["tag", str(field["tag"]), field["taggedVersions"]]
    default = field.get("default")
    if default not in (None, ""):
        words += ["=", str(default).lower()]
    if field.get("ignorable"):
        words.append("ignorable")
    return " ".join(words)


def print_fields(fields, depth):
    for field in fields:
        print("  " * depth + field_line(field))
        print_fields(field.get("fields", []), depth + 1)


def print_message(message):
    print(f"  {message['type']}")
    for struct in message.get("commonStructs", []):
        print(f"    struct {struct['name']}")
        print_fields(struct["fields"], 3)
    print_fields(message["fields"], 2)


def main():
    path = sys.argv[1]
    print(HEAD.format(source=path.rsplit("/", 1)[-1]))
    with zipfile.ZipFile(path) as jar:
        for api in APIS:
            request, response = (definition(jar, api + kind) for kind in ("Request", "Response"))
            assert request["validVersions"] == response["validVersions"], api
            assert request["flexibleVersions"] == response["flexibleVersions"], api
            print(f"api {api} {request['apiKey']} {request['validVersions']}"
                  f" flexible {request['flexibleVersions']}")
            print_message(request)
            print_message(response)


if __name__ == "__main__":
    main()
