#!/usr/bin/env python3
"""Flips one byte at random places of a public log; the observer must never verify it.

    python3 tests/demo/flips.py OBSERVER LOG TRUST [COUNT [SEED]]

Every kind of public file gets its share. Prints each outcome, then a table; exit 1 if any flip
was verified.
"""
import collections
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

LEAST = 10


def kinds(log):
    """Kinds of public files: name to (path, offsets that may be flipped)."""
    found = collections.defaultdict(list)
    latest = (log / "checkpoint").read_bytes()
    for path in sorted(p for p in log.rglob("*") if p.is_file()):
        name = path.relative_to(log).as_posix()
        size = path.stat().st_size
        if name.startswith(".log/") or size == 0:
            continue
        if name.startswith("tile/entries/"):
            found["entries"].append((path, range(size)))
        elif name.startswith("tile/"):
            found["hash tiles"].append((path, range(size)))
        elif name.startswith("checkpoints/") and name != "checkpoints/sizes":
            text = path.read_bytes()
            if text == latest:
                continue
            body = text.index(b"\n\n") + 2
            found["old checkpoints"].append((path, range(body)))
            found["cosignatures"].append((path, range(body, size)))
        elif name.startswith("roll/"):
            found["roll leaves" if "/leaves/" in name else "roll tiles"].append((path, range(size)))
        elif name.startswith("content/"):
            is_json = path.read_bytes()[:1] == b"{"
            found["contents" if is_json else "issued lists"].append((path, range(size)))
    return found


def observe(observer, log, trust):
    said = subprocess.run([observer, "verify", str(log), "--trust", trust, "--json"], capture_output=True, timeout=300)
    try:
        verdict = json.loads(said.stdout)
    except json.JSONDecodeError:
        return said.returncode, said.stderr.decode(errors="replace").strip()[:200]
    named = verdict.get("violations") or verdict.get("missing") or verdict.get("verdict")
    return said.returncode, json.dumps(named)[:200]


def main():
    observer, log, trust = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 300
    rng = random.Random(int(sys.argv[5]) if len(sys.argv) > 5 else 1)
    code, said = observe(observer, log, trust)
    if code != 0:
        print(f"the log isn't verified as it is: {code} {said}")
        return 1
    table, verified = collections.Counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "log"
        shutil.copytree(log, copy)
        places = kinds(copy)
        share = max(LEAST, -(-count // len(places)))
        for kind, files in sorted(places.items()):
            for _ in range(share):
                path, offsets = rng.choice(files)
                offset = rng.choice(offsets)
                content = bytearray(path.read_bytes())
                before = bytes(content)
                content[offset] ^= 1 << rng.randrange(8)
                path.write_bytes(content)
                code, said = observe(observer, copy, trust)
                path.write_bytes(before)
                outcome = {0: "VERIFIED", 1: "violated", 2: "incomplete"}.get(code, f"exit {code}")
                verified += code not in (1, 2)
                table[kind, outcome] += 1
                print(f"{kind}: {path.relative_to(copy)} byte {offset}: {outcome} {said}")
    print(f"\n{'kind':16} {'flips':>6} {'violated':>9} {'incomplete':>11} {'verified':>9}")
    for kind in sorted({kind for kind, _ in table}):
        violated, incomplete = table[kind, "violated"], table[kind, "incomplete"]
        all_flips = sum(n for (k, _), n in table.items() if k == kind)
        print(f"{kind:16} {all_flips:6} {violated:9} {incomplete:11} {all_flips - violated - incomplete:9}")
    return 1 if verified else 0


sys.exit(main())
