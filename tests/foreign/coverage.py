"""Demands that each item of the golden file was recomputed by at least one language and
that none failed: coverage.py GOLDEN REPORT.json...

Prints how many items of each kind each language recomputed.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path


def read(path):
    return json.loads(path.read_text("utf-8"))


def problems(kinds, reports):
    """What is missing, wrong, or said twice."""
    languages = [report["language"] for report in reports]
    if len(set(languages)) < len(languages):
        yield f"two reports of one language: {', '.join(languages)}"
    for report in reports:
        yield from problems_of(kinds, report)
    recomputed = {name for report in reports for name in report["recomputed"]}
    for name, kind in kinds.items():
        if name not in recomputed:
            yield f"{name} ({kind}): recomputed by nobody"


def problems_of(kinds, report):
    language = report["language"]
    for failure in report["failed"]:
        yield (
            f"{language}: {failure['item']}.{failure['output']}: "
            f"expected {failure['expected']}, got {failure['got']}"
        )
    failed = {failure["item"] for failure in report["failed"]}
    named = Counter([*report["recomputed"], *report["skipped"], *failed])
    for name in kinds:
        if named[name] != 1:
            yield f"{language}: {name} is named {named[name]} times"
    for name in named.keys() - kinds.keys():
        yield f"{language}: there is no item {name}"


def table(kinds, reports):
    """A line a kind, a column a language."""
    items = Counter(kinds.values())
    counts = [Counter(kinds.get(name) for name in report["recomputed"]) for report in reports]
    head = ["kind", "items", *(report["language"] for report in reports)]
    rows = [[kind, items[kind], *(count[kind] for count in counts)] for kind in items]
    total = ["all", len(kinds), *(len(report["recomputed"]) for report in reports)]
    return [head, *rows, total]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    arguments.add_argument("golden", type=Path)
    arguments.add_argument("reports", type=Path, nargs="+")
    options = arguments.parse_args()
    kinds = {item["name"]: item["kind"] for item in read(options.golden)["items"]}
    reports = [read(path) for path in options.reports]
    for kind, *numbers in table(kinds, reports):
        print(f"{kind:16}" + "".join(f"{number:>12}" for number in numbers))
    found = list(problems(kinds, reports))
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
