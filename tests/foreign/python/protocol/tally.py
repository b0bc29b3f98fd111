"""The tally of a ledger."""

from collections import Counter, defaultdict

from . import entries as codec
from . import structs
from .encoding import canonical_json, to_hex


def ballots_of(entries, election):
    for at, entry in enumerate(entries):
        if entry[0] == codec.BALLOT:
            ballot = codec.read_ballot(entry)
            if ballot["election"] == election:
                yield at, ballot


def sort_out(ballots, span, issued):
    """The ballots that count, and how many don't, by reason."""
    excluded, places, total = Counter(), defaultdict(list), 0
    for at, ballot in ballots:
        total += 1
        if at < span["first"]:
            excluded["early"] += 1
        elif at >= span["end"]:
            excluded["late"] += 1
        elif ballot["ballotKey"] != issued[ballot["rollIndex"]]:
            excluded["otherKey"] += 1
        else:
            places[ballot["rollIndex"]].append((-ballot["sequence"], at, ballot))
    counted = [min(of_place, key=lambda one: one[:2])[2] for of_place in places.values()]
    excluded["superseded"] += sum(map(len, places.values())) - len(counted)
    return total, counted, {reason: count for reason, count in excluded.items() if count}


def answers(counted, shape):
    questions = [{"blank": 0, "options": [0] * options} for options in shape[::3]]
    for ballot in counted:
        for question, chosen in zip(questions, codec.read_choice(ballot["choice"], len(questions))):
            question["blank"] += not chosen
            for option in chosen:
                question["options"][option - 1] += 1
    return questions


def tally(entries, span, issued, domain):
    """The JSON; the first entry is the manifest."""
    manifest = codec.read_statement("Manifest", entries[0])
    election = structs.digest("Manifest", manifest, domain)
    total, counted, excluded = sort_out(ballots_of(entries, election), span, issued)
    return canonical_json({
        "election": to_hex(election),
        "ledgerSize": len(entries),
        "range": span,
        "rollSize": len(issued),
        "issued": sum(place is not None for place in issued),
        "ballots": total,
        "counted": len(counted),
        "excluded": excluded,
        "questions": answers(counted, bytes.fromhex(manifest["shape"][2:])),
    })
