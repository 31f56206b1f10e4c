#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check-layers: the architecture as a table, and whether the tree keeps it.

A folder of src/ is a storey. The table says which folders a folder may include; everything else,
a cycle between files, or a foreign library outside its room is a failure. Prints TAP.
"""
import os
import re
import sys

ALLOWED = {
    "base": [],
    "proto": ["base"],
    "crypto": ["base"],
    "config": ["base", "proto"],
    "store": ["base", "proto", "crypto"],
    "edge": ["base", "proto", "crypto"],
    "sip": ["base", "proto", "crypto"],
    "push": ["base", "proto", "crypto"],
    "registrar": ["base", "proto", "crypto", "store", "sip"],
    "wake": ["base", "proto", "crypto", "sip", "push", "registrar"],
    "media": ["base", "proto", "crypto", "sip", "registrar"],
    "call": ["base", "proto", "crypto", "sip", "registrar", "wake", "media"],
    "manage": ["base", "proto", "crypto", "config", "store", "edge", "sip", "push", "registrar",
               "wake", "media", "call"],
    "daemon": ["base", "proto", "crypto", "config", "store", "edge", "sip", "push", "registrar",
               "wake", "media", "call", "manage"],
    "ctl": ["base"],
}

# Which rooms a foreign library may enter: a prefix of what stands in <...>.
LIBRARIES = {
    "sofia-sip/": lambda path: path.startswith("sip/"),
    "openssl/": lambda path: path.startswith(("crypto/", "edge/")),
    "curl/": lambda path: path in ("push/push-http.c", "push/push-transfer.c",
                                   "push/push-transfer.h"),
    "sqlite3.h": lambda path: path.startswith("store/"),
    "wslay/": lambda path: path.startswith("edge/"),
}

# What a build in the source tree leaves there, made by gdbus-codegen.
GENERATED = {"manage/bus-info.c", "manage/bus-info.h"}

MAX_LINES = 500
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def sources(src):
    for folder, folders, files in os.walk(src):
        folders.sort()
        for name in sorted(files):
            if name.endswith((".c", ".h")):
                yield os.path.relpath(os.path.join(folder, name), src)


def read(src, path):
    with open(os.path.join(src, path), encoding="utf-8") as file:
        return file.read()


def check_edges(src, paths):
    for path in paths:
        storey = path.split("/")[0]
        if storey not in ALLOWED:
            yield f"{path}: no storey named {storey}"
            continue
        for own, foreign in INCLUDE.findall(read(src, path)):
            if own and own != "config.h":
                if "/" not in own:
                    yield f'{path}: #include "{own}" does not carry its folder'
                elif own.split("/")[0] not in ALLOWED[storey] + [storey]:
                    yield f'{path}: {storey}/ may not include "{own}"'
            for prefix, may in LIBRARIES.items():
                if foreign.startswith(prefix) and not may(path):
                    yield f"{path}: <{foreign}> is not let into this room"


def check_cycles(src, paths):
    edges = {path: [own for own, _ in INCLUDE.findall(read(src, path)) if own in paths]
             for path in paths}
    # A .c file and its header are one noun.
    noun = lambda path: path.rsplit(".", 1)[0]
    graph = {}
    for path, targets in edges.items():
        graph.setdefault(noun(path), set()).update(noun(t) for t in targets
                                                   if noun(t) != noun(path))
    state = {}

    def visit(node, trail):
        state[node] = "open"
        for target in sorted(graph.get(node, ())):
            if state.get(target) == "open":
                yield "a cycle: " + " -> ".join(trail[trail.index(target):] + [target])
            elif target not in state:
                yield from visit(target, trail + [target])
        state[node] = "done"

    for node in sorted(graph):
        if node not in state:
            yield from visit(node, [node])


def check_basenames(src, paths):
    seen = {}
    for path in paths:
        name = os.path.basename(path)
        if name in seen:
            yield f"{path}: the name stands already in {seen[name]}"
        seen[name] = path


def check_lengths(src, paths):
    for path in paths:
        lines = read(src, path).count("\n")
        if lines > MAX_LINES:
            yield f"{path}: {lines} lines; past {MAX_LINES} a file is two nouns"


def check_door_signs(src, paths):
    for path in paths:
        text = read(src, path)
        if not text.startswith("/* SPDX-License-Identifier: LGPL-2.1-or-later */\n"):
            yield f"{path}: no licence line"
        noun = os.path.basename(path).rsplit(".", 1)[0]
        if path.endswith(".c") and f"\n * {noun}: " not in text:
            yield f"{path}: no door sign ({noun}: what it is)"


def main():
    top = os.environ.get("top_srcdir", os.path.join(os.path.dirname(__file__), ".."))
    src = os.path.join(top, "src")
    paths = [path for path in sources(src) if path not in GENERATED]
    checks = [check_edges, check_cycles, check_basenames, check_lengths, check_door_signs]
    print(f"1..{len(checks)}")
    failed = False
    for number, check in enumerate(checks, 1):
        found = sorted(set(check(src, paths)))
        failed |= bool(found)
        print(f"{'not ok' if found else 'ok'} {number} - {check.__name__[6:]} of {len(paths)} files")
        for line in found:
            print(f"# {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
