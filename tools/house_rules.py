#!/usr/bin/env python3
"""Checks the promises about the tree that are not about includes: READMEs and header use.

usage: house_rules.py ROOT

Every folder of src/ has a README of at most a page (60 lines), every header is included somewhere
or belongs to a folder's public face, and no file carries marks of unfinished work.
"""
import os
import re
import sys

README_LINES_MAX = 60
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def main():
    root = sys.argv[1]
    source = os.path.join(root, "src")
    errors = []
    for folder in sorted(os.listdir(source)):
        if not os.path.isdir(os.path.join(source, folder)):
            continue
        readme = os.path.join(source, folder, "README.md")
        if not os.path.isfile(readme):
            errors.append(f"src/{folder}: no README.md")
        elif len(open(readme).read().split("\n")) > README_LINES_MAX:
            errors.append(f"src/{folder}/README.md: longer than {README_LINES_MAX} lines")
    included = set()
    headers = []
    for directory, _, files in os.walk(source):
        for name in files:
            path = os.path.join(directory, name)
            if not name.endswith((".h", ".cc")):
                continue
            text = open(path, errors="replace").read()
            included.update(re.findall(r'#include "([^"]+)"', text))
            if name.endswith(".h"):
                headers.append(os.path.relpath(path, source))
            for number, line in enumerate(text.split("\n"), 1):
                if UNFINISHED.search(line):
                    errors.append(f"{os.path.relpath(path, root)}:{number}: unfinished: {line.strip()[:80]}")
    for header in sorted(headers):
        if header not in included:
            errors.append(f"src/{header}: included nowhere")
    for error in errors:
        print(error)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
