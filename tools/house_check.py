#!/usr/bin/env python3
"""Checks that the source tree keeps the shape docs/ARCHITECTURE.md promises.

usage: house_check.py SRC_ROOT LAYERS_FILE [--ext .h,.cc] [--report]

LAYERS_FILE holds one line per folder, lowest first:

    base:
    types: base
    data: types base
    storage: data types base

A line both names the folder and lists every folder it may include from.  A
folder may be listed only after it was declared, so the file cannot describe a
cycle.  '#' starts a comment.

Every rule below prints 'path:line: rule: text' and makes the exit status 1.
With --report the measured numbers are printed even when nothing is wrong.
"""

import argparse
import collections
import os
import re
import sys

# Limits.  They were read off admired code, not
# invented: p90 of a source file is 417 lines in LevelDB and 653 in Redpanda;
# 3 to 6 functions in a hundred exceed 70 lines in every codebase measured.
LINES_MAX = {".cc": 800, ".h": 400}
FUNCTION_LINES_MAX = 70
HEADERS_PER_TU_MEDIAN_MAX = 25
HEADERS_PER_TU_P90_MAX = 60
FUNCTION_MACROS_MAX = 12

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')
NOT_A_FUNCTION = re.compile(r"^(namespace|class|struct|enum|union|extern|public|private|protected)\b")
FUNCTION_MACRO = re.compile(r"^\s*#\s*define\s+[A-Za-z_0-9]+\(")
VAGUE_NAME = re.compile(r"(^|_)(util|utils|helper|helpers|common|misc|stuff)(_|\.|$)")

# Text that must not appear, and what to write instead.
BANNED = [
    (re.compile(r"\busing namespace std\b"), "qualify the name"),
    (re.compile(r"\bstd::regex\b"), "RE2, or a hand-written scanner"),
    (re.compile(r"\bstd::views::"), "a loop; clang-tidy 14 cannot parse libstdc++ views"),
    (re.compile(r"#\s*include\s+<iostream>"), "base/log.h"),
    (re.compile(r"(?<![\w_])assert\("), "CHECK or DCHECK"),
    (re.compile(r"\bFIXME\b"), "fix it before merge"),
    (re.compile(r"\bcatch\s*\(\s*\.\.\.\s*\)"), "catch at the third-party seam, by type"),
]

# A third-party header may be included only below the named folder, so that a
# library can be replaced by editing one room (or, where a tuple stands, those named).
THIRD_PARTY_ROOM = {
    "rocksdb/": "storage/rocksdb/",
    "librdkafka/": "bench/",
    "zlib.h": "connect/kafka/records/",
    "snappy": "connect/kafka/records/",
    "lz4": "connect/kafka/records/",
    "zstd": "connect/kafka/records/",
    "libpq-fe.h": "connect/postgres/",
    "curl/": "connect/http/",
    "libssh/": "connect/ssh/",
    "re2/": "expr/",
    "google/protobuf": "format/protobuf/",
    "simdjson.h": ("format/json/", "types/jsonb"),
    "ares.h": "connect/net/",
    "boost/asio": ("connect/net/", "server/"),
    "boost/beast": "server/",
    "openssl/ssl.h": ("connect/net/", "connect/http/"),
    "prometheus/": ("base/metrics", "server/"),
    "boost/multiprecision": "types/numeric",
    "cctz": "types/",
    "spdlog/": "base/",
    "CLI/": "main/",
}

# Headers that the build makes, see the CMakeLists.txt of their folder.
GENERATED = {"connect/kafka/protocol/messages.h", "connect/kafka/protocol/error_code.h"}


def read_layers(path):
    """Returns {folder: set of folders it may include}."""
    allowed = {}
    for number, line in enumerate(open(path), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        folder, _, below = line.partition(":")
        below = below.split()
        for name in below:
            if name not in allowed:
                sys.exit(f"{path}:{number}: '{folder}' lists '{name}' before it is declared")
        allowed[folder.strip()] = set(below)
    return allowed


def source_files(root, extensions):
    for directory, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            if os.path.splitext(name)[1] in extensions:
                yield os.path.relpath(os.path.join(directory, name), root)


def functions(lines):
    """Yields (first line, length) of definitions whose closing brace is in column 0.

    That is every namespace-scope function clang-format lays out with
    NamespaceIndentation: None, which is what the project uses.
    """
    signature = None  # Line where a definition may have begun.
    body = None  # Line where its body is known to have begun.
    for number, line in enumerate(lines, 1):
        if body is not None:
            if line.startswith("}"):
                yield signature, number - signature + 1
                signature = body = None
            continue
        if NOT_A_FUNCTION.match(line):
            signature = None  # The class under a 'template <...>' line is no function either.
        elif re.match(r"^[A-Za-z_~]", line):
            signature = number
        if signature is not None:
            if line.rstrip().endswith("= {"):
                signature = None  # A table, not a function.
            elif line.rstrip().endswith("{"):
                body = number
            elif line.rstrip().endswith(";") or not line.strip():
                signature = None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("root")
    parser.add_argument("layers")
    parser.add_argument("--ext", default=".h,.cc")
    parser.add_argument("--report", action="store_true")
    arguments = parser.parse_args()
    extensions = set(arguments.ext.split(","))
    allowed = read_layers(arguments.layers)

    errors = []
    includes = collections.defaultdict(set)
    macros = 0
    files = list(source_files(arguments.root, extensions))
    known = set(files) | GENERATED

    for path in files:
        text = open(os.path.join(arguments.root, path), errors="replace").read()
        lines = text.split("\n")
        folder = path.split("/")[0]
        is_test = path.endswith(("_test.cc", "_bench.cc", "_fuzz.cc", "_conformance.cc"))
        report = lambda number, rule, message: errors.append(f"{path}:{number}: {rule}: {message}")

        if folder not in allowed:
            report(1, "layer", f"folder '{folder}' is not in the layers file")
        if VAGUE_NAME.search(os.path.basename(path)):
            report(1, "name", "name the file after its concept")
        limit = LINES_MAX.get(os.path.splitext(path)[1])
        if limit and len(lines) > limit and not is_test:
            report(1, "size", f"{len(lines)} lines, limit {limit}")
        if not lines[0].startswith("//"):
            report(1, "comment", "a file opens with what it is for")

        for number, line in enumerate(lines, 1):
            if FUNCTION_MACRO.match(line):
                macros += 1
                if folder != "base":
                    report(number, "macro", "function-like macros live in base/")
            for pattern, instead in BANNED:
                if pattern.search(line.split("//")[0]):
                    report(number, "banned", f"write {instead}")
            match = INCLUDE.match(line)
            if not match:
                continue
            ours, theirs = match.groups()
            if ours:
                if ours not in known:
                    report(number, "include", f'"{ours}" is not a path from the source root')
                    continue
                includes[path].add(ours)
                other = ours.split("/")[0]
                if other != folder and other not in allowed.get(folder, set()):
                    report(number, "layer", f"{folder} may not include {other}")
            else:
                for prefix, room in THIRD_PARTY_ROOM.items():
                    if theirs.startswith(prefix) and not path.startswith(room):
                        report(number, "seam", f"<{theirs}> belongs in {room}")

        for first, length in functions(lines):
            if length > FUNCTION_LINES_MAX and not is_test:
                report(first, "function", f"{length} lines, limit {FUNCTION_LINES_MAX}")

    def closure(path):
        seen, stack = set(), [path]
        while stack:
            for other in includes[stack.pop()]:
                if other not in seen:
                    seen.add(other)
                    stack.append(other)
        return seen

    for path in files:
        if path.endswith((".h", ".hpp", ".hh")) and path in closure(path):
            errors.append(f"{path}:1: cycle: the header reaches itself")

    weights = sorted(len(closure(p)) for p in files if not p.endswith((".h", ".hpp", ".hh")))
    median = weights[len(weights) // 2] if weights else 0
    p90 = weights[int(len(weights) * 0.9)] if weights else 0
    if median > HEADERS_PER_TU_MEDIAN_MAX or p90 > HEADERS_PER_TU_P90_MAX:
        errors.append(f"{arguments.root}:1: weight: a source file pulls {median} project headers (p90 {p90})")
    if macros > FUNCTION_MACROS_MAX:
        errors.append(f"{arguments.root}:1: macro: {macros} function-like macros, limit {FUNCTION_MACROS_MAX}")

    for error in errors:
        print(error)
    if arguments.report:
        rules = collections.Counter(e.split(": ")[1] for e in errors)
        print(f"files {len(files)}, headers per source file median {median} p90 {p90}, function-like macros {macros}")
        print("by rule:", dict(rules))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
