"""Recomputes the golden file from its seeds and fields: recompute.py GOLDEN --report OUT.json"""

import argparse
import json
import sys
from pathlib import Path

from protocol.encoding import to_hex
from protocol.kinds import KINDS


def plain(value):
    """Outputs as the golden file writes them."""
    if isinstance(value, (bytes, bytearray)):
        return to_hex(value)
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


class NotComputed(Exception):
    """An item depends on one that was skipped."""


class Book:
    """This program's own outputs, and what came of each item."""

    def __init__(self):
        self.outputs = {}
        self.recomputed, self.failed, self.skipped = [], [], []

    def resolve(self, value):
        if isinstance(value, str) and value.startswith("@"):
            return self.look_up(value[1:])
        if isinstance(value, list):
            return [self.resolve(one) for one in value]
        if isinstance(value, dict):
            return {name: self.resolve(one) for name, one in value.items()}
        return value

    def look_up(self, path):
        name, *parts = path.split(".")
        if name in self.skipped:
            raise NotComputed
        found = self.outputs[name]
        for part in parts:
            found = found[int(part)] if isinstance(found, list) else found[part]
        return found

    def item(self, item):
        name, compute = item["name"], KINDS.get(item["kind"])
        if compute is None:
            self.skipped.append(name)
            return
        try:
            self.outputs[name] = plain(compute(self.resolve(item["inputs"])))
        except NotComputed:
            self.skipped.append(name)
        except Exception as error:  # whatever it is goes into the report
            self.fail(name, "", item["outputs"], f"{type(error).__name__}: {error}")
        else:
            self.compare(item)

    def compare(self, item):
        name, expected, got = item["name"], item["outputs"], self.outputs[item["name"]]
        failures = len(self.failed)
        for output in sorted(expected.keys() | got.keys()):
            if expected.get(output) != got.get(output):
                self.fail(name, output, expected.get(output), got.get(output))
        if len(self.failed) == failures:
            self.recomputed.append(name)

    def fail(self, item, output, expected, got):
        self.failed.append({"item": item, "output": output, "expected": expected, "got": got})


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("golden", type=Path)
    arguments.add_argument("--report", type=Path, required=True)
    options = arguments.parse_args()
    book = Book()
    for item in json.loads(options.golden.read_text("utf-8"))["items"]:
        book.item(item)
    report = {
        "language": "python",
        "recomputed": book.recomputed,
        "failed": book.failed,
        "skipped": book.skipped,
    }
    options.report.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(
        f"python: {len(book.recomputed)} recomputed, {len(book.failed)} failed, "
        f"{len(book.skipped)} skipped"
    )
    return 1 if book.failed else 0


if __name__ == "__main__":
    sys.exit(main())
