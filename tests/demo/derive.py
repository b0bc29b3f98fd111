#!/usr/bin/env python3
"""Derives every figure of the demo from its CSV alone, with nothing of ours.

    python3 tests/demo/derive.py people.csv                 prints the figures
    python3 tests/demo/derive.py people.csv figures.json    compares, exit 1 where they differ

Canonical forms, rules and what voters do are written anew from their descriptions
(src/demo/README.md and the protocol's text), with Python's own Unicode tables.
"""
import collections
import csv
import datetime
import hashlib
import io
import json
import sys
import unicodedata

ATTRIBUTES = ["family_name", "given_name", "birth_date", "document"]
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
HYPHENS = set("-\u058a\u05be\u1400\u1806\u2043\u2212\u2e17\u2e3a\u2e3b\u2e40\u30a0") | {chr(c) for c in range(0x2010, 0x2016)}
APOSTROPHES = set("'`\u02b9\u02c8\u02ca\u02cb\u055a\u05f3\u2018\u2019\u201b\u2032\u2035\ua78c") | {chr(c) for c in range(0x02bb, 0x02c0)}
LONE_ACCENTS = set("\u00b4\u0384\u1fbd\u1fbf\u1ffd\u1ffe")
SEPARATORS = set(" /\\.,:;_#()\u00b7|") | HYPHENS
EAST_ASIAN = [{"LATIN", "HAN", "HIRAGANA", "KATAKANA"}, {"LATIN", "HAN", "BOPOMOFO"}, {"LATIN", "HAN", "HANGUL"}]


class Wrong(Exception):
    pass


def ignorable(c):
    o = ord(c)
    return (
        o in (0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0)
        or 0x180B <= o <= 0x180F or 0x200B <= o <= 0x200F or 0x202A <= o <= 0x202E
        or 0x2060 <= o <= 0x206F or 0xFE00 <= o <= 0xFE0F or 0xFFF0 <= o <= 0xFFF8
        or 0xE0000 <= o <= 0xE0FFF or 0x1BCA0 <= o <= 0x1BCA3 or 0x1D173 <= o <= 0x1D17A
    )


def common(value, before=lambda c: c):
    for c in value:
        if c in BIDI or unicodedata.category(c) in ("Cc", "Co", "Cn", "Cs") or c == "\ufffd":
            raise Wrong
    text = unicodedata.normalize("NFD", "".join(c for c in value if not ignorable(c)))
    text = "".join(before(c) for c in text)
    while True:
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
        folded = "".join(c for c in folded if not ignorable(c))
        if folded == text:
            break
        text = folded
    text = " ".join(text.split())
    previous = " "
    for c in text:
        if previous == " " and unicodedata.category(c)[0] == "M":
            raise Wrong
        previous = c
    return text


def script(c):
    category = unicodedata.category(c)
    if category[0] != "L" and category[0] != "M":
        return None
    name = unicodedata.name(c, "")
    if name.startswith(("COMBINING", "MODIFIER", "KATAKANA-HIRAGANA")) or not name:
        return None
    word = name.replace("CJK UNIFIED", "HAN").replace("CJK COMPATIBILITY", "HAN").replace("IDEOGRAPHIC ITERATION", "HAN")
    return word.split()[0].split("-")[0]


def check_scripts(text, ends):
    word = set()
    for c in text + " ":
        if ends(c):
            if len(word) > 1 and not any(word <= allowed for allowed in EAST_ASIAN):
                raise Wrong
            word = set()
        elif script(c):
            word.add(script(c))


def name(value):
    text = common(value, lambda c: "'" if c in LONE_ACCENTS else c)
    text = "".join("'" if c in APOSTROPHES else "-" if c in HYPHENS else c for c in text)
    if not any(unicodedata.category(c)[0] == "L" for c in text):
        raise Wrong
    check_scripts(text, lambda c: c in " -")
    if len(text) > 256:
        raise Wrong
    return text


def date(value):
    text = common(value)
    text = "".join(str(unicodedata.decimal(c)) if unicodedata.category(c) == "Nd" else "-" if c in HYPHENS else c for c in text)
    parts = text.split("-") if "-" in text else [text[:4], text[4:6], text[6:]]
    if [len(part) for part in parts] != [4, 2, 2] or not all(part.isdecimal() for part in parts):
        raise Wrong
    year, month, day = map(int, parts)
    try:
        datetime.date(year, month, day)
    except ValueError:
        raise Wrong from None
    if not 1800 <= year <= 2199:
        raise Wrong
    return "-".join(parts)


def document(value):
    text = common(value, lambda c: " " if c == "№" else c)
    letter = lambda c: unicodedata.category(c)[0] in "LM"
    check_scripts(text, lambda c: not letter(c))
    out = []
    for c in text:
        if unicodedata.category(c) == "Nd":
            out.append(str(unicodedata.decimal(c)))
        elif c in SEPARATORS:
            continue
        elif letter(c):
            out.append(c)
        else:
            raise Wrong
    out = unicodedata.normalize("NFKC", "".join(out))
    if not 3 <= len(out) <= 64:
        raise Wrong
    return out


KINDS = {"family_name": name, "given_name": name, "birth_date": date, "document": document}


def canonical(row):
    """The canonical attributes, or the field at fault."""
    values = {}
    for attribute in ATTRIBUTES:
        if row[attribute] == "":
            continue
        try:
            values[attribute] = KINDS[attribute](row[attribute])
        except Wrong:
            return None, attribute
    for attribute in ATTRIBUTES[:3]:
        if attribute not in values:
            return None, attribute
    return values, None


def rows(path):
    """Each record with the line that it begins on."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        text = file.read()
    reader = csv.reader(io.StringIO(text, newline=""))
    header = next(reader)
    begins = reader.line_num + 1
    for cells in reader:
        if cells:
            yield begins, dict(zip(header, cells))
        begins = reader.line_num + 1


def register(path):
    """Applies the rules, row by row."""
    by_document, by_names, people = {}, {}, []
    figures = {"people": 0, "refusedRows": [], "conflicts": [], "joined": 0}
    for line, row in rows(path):
        figures["people"] += 1
        values, field = canonical(row)
        if values is None:
            figures["refusedRows"].append({"line": line, "field": field})
            continue
        names = (values["family_name"], values["given_name"], values["birth_date"])
        found = by_document.get(values.get("document"))
        if found is not None and found is by_names.get(names):
            figures["joined"] += 1
            found["districts"].add(row["district"])
        elif found is None and names not in by_names:
            person = {"line": line, "row": row, "districts": {row["district"]}}
            people.append(person)
            by_names[names] = person
            if "document" in values:
                by_document[values["document"]] = person
        else:
            figures["conflicts"].append(line)
    figures["records"] = len(people)
    return figures, people


def tally(ballots, options):
    questions = [{"blank": 0, "options": [0] * count} for count in options]
    for ballot in ballots:
        for question, chosen in zip(questions, ballot):
            if not chosen:
                question["blank"] += 1
            for option in chosen:
                question["options"][option - 1] += 1
    return questions


def vote(people):
    everybody = {"roll": len(people), "tokens": 0, "accepted": 0}
    everybody_refused, refused_requests = collections.Counter(), collections.Counter()
    district = people[0]["row"]["district"]
    members = [person for person in people if district in person["districts"]]
    local = {"roll": len(members), "tokens": 0, "accepted": 0}
    first, second, somebody_has_a_token = [], [], False
    for person in people:
        d = hashlib.sha256("\x1f".join(person["row"][a] for a in ATTRIBUTES).encode()).digest()
        lends = somebody_has_a_token
        if d[0] < 8:
            continue
        entitled = district in person["districts"]
        everybody["tokens"] += 1
        somebody_has_a_token = True
        if entitled:
            local["tokens"] += 1
        else:
            refused_requests["NOT_ELIGIBLE"] += 1
        if d[0] < 20:
            continue
        if d[4] < 6 and lends:
            everybody_refused["INVALID_SIGNATURE"] += 1
        if d[3] < 6:
            everybody_refused["ELECTION_CLOSED"] += 1
        else:
            everybody["accepted"] += 2 if d[1] < 24 else 1
            bench = [] if d[2] < 16 else [1 + d[5] % 3]
            trees = sorted({1 + (d[6] + i) % 256 % 5 for i in range(1 + d[7] % 3)})
            first.append([bench, trees])
        if entitled:
            local["accepted"] += 1
            second.append([[1 + d[8] % 4]])
    everybody |= {"refusedRequests": {}, "refusedBallots": dict(everybody_refused), "counted": len(first), "questions": tally(first, [3, 5])}
    local |= {"refusedRequests": dict(refused_requests), "refusedBallots": {}, "counted": len(second), "questions": tally(second, [4])}
    return {"everybody": everybody, "district": local}


def main():
    figures, people = register(sys.argv[1])
    figures["polls"] = vote(people)
    figures["verdict"] = "verified"
    if len(sys.argv) == 2:
        print(json.dumps(figures, indent=1))
        return 0
    with open(sys.argv[2], encoding="utf-8") as file:
        said = json.load(file)
    for poll in said["polls"].values():
        poll.pop("election")
    wrong = 0
    for path, ours, theirs in flat("", figures, said):
        if ours != theirs:
            wrong += 1
            print(f"{path}: derived {ours}, the demo says {theirs}")
    print(f"{'the figures differ' if wrong else 'every figure is the same'}")
    return 1 if wrong else 0


def flat(path, ours, theirs):
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(set(ours) | set(theirs)):
            yield from flat(f"{path}/{key}", ours.get(key), theirs.get(key))
    else:
        yield path, ours, theirs


sys.exit(main())
