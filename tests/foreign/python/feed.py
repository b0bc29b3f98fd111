"""Makes cases of fresh random keys for this project's code: feed.py OUT.json"""

import argparse
import json
from collections import Counter
from pathlib import Path

from feeds import files, log, signatures, statements, voting
from feeds.case import Feed

MAKERS = [
    signatures.bare,
    signatures.typed,
    statements.statements,
    files.contents,
    files.issued_lists,
    voting.issue_requests,
    voting.tokens,
    voting.ballots,
    voting.receipts,
    log.checkpoints,
    log.inclusions,
    log.consistencies,
]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("out", type=Path)
    options = arguments.parse_args()
    feed = Feed()
    for make in MAKERS:
        make(feed)
    text = json.dumps({"language": "python", "cases": feed.cases}, indent=1, ensure_ascii=False)
    options.out.write_text(text + "\n", "utf-8")
    counts = Counter(case["expect"] for case in feed.cases)
    print(f"python: {counts['accept']} cases to accept, {counts['refuse']} to refuse")


if __name__ == "__main__":
    main()
