"""What the world sees in the end: the certified tally is what was cast."""

import json
from hashlib import sha256

import city
import log
import wire
from facts import ensure, until, wait_past
from founding import DISTRICT


def close_and_certify(story):
    for name, election in story.polls.items():
        story.city.close(name, election)
    wait_past(story.closes + city.GRACE + 1)
    story.tallies = {name: story.city.certify(name, election) for name, election in story.polls.items()}
    results = lambda: sum(entry[0] == wire.TAGS["Certified"] for entry in log.entries(story.log))
    until("the results are on the log", lambda: results() == len(story.polls))


def compare_tallies(story):
    """The certified tally against what was cast, our own count, and the observer's."""
    code, verdict = story.city.observe()
    ensure(code == 0, "the observer: verified")
    for name, manifest in story.manifests.items():
        story.ballots[name] = log.ballots(story.log, manifest)
        certified = json.loads(story.tallies[name])
        expected = _expected(story, name)
        ensure({key: certified[key] for key in expected} == expected,
               f"{name}: the certified tally is what was cast: {json.dumps(expected['questions'])}")
        ensure(_own_count(story, name) == expected["questions"], f"{name}: so is our own count of the log")
        stated = log.statement(story.log, "Certified", manifest)
        ensure(log.canonical(certified) == story.tallies[name]
               and sha256(story.tallies[name]).digest() == stated["tallyHash"],
               f"{name}: the officers signed the hash of this tally")
        ensure(_find_tally(verdict, "0x" + manifest.election.hex()) == certified,
               f"{name}: the observer's tally is the certified one")
    _every_ballot_is_there(story)


def _expected(story, name):
    cast = list(story.chosen[name].values())
    superseded = len(story.cast[name]) - len(cast) if story.cast[name] else 0
    return {
        "ballots": len(cast) + superseded, "counted": len(cast), "issued": len(cast),
        "excluded": {"superseded": superseded} if superseded else {},
        "questions": log.count(cast, story.manifests[name].shape),
        "rollSize": DISTRICT if name == "street" else len(story.voters),
    }


def _own_count(story, name):
    last = {}
    for _, ballot in story.ballots[name]:
        if ballot.roll_index not in last or ballot.sequence > last[ballot.roll_index].sequence:
            last[ballot.roll_index] = ballot
    shape = story.manifests[name].shape
    return log.count([wire.unpack_choice(ballot.choice, shape) for ballot in last.values()], shape)


def _every_ballot_is_there(story):
    cast = [entry.pack() for entries in story.cast.values() for entry in entries]
    there = set(log.entries(story.log))
    ensure(all(entry in there for entry in cast), f"each of {len(cast)} ballots with a receipt stands on the ledger")
    for name in ("park", "street"):
        keys = log.issued(story.log, story.manifests[name])
        for voter in story.voters:
            token = voter.tokens.get(name)
            if token and keys[token.roll_index] != voter.device.keys(story.polls[name]).ballot_key:
                raise wire.Wrong("the issued list has another key at a voter's place")
    ensure(True, "the signed list of issued keys has each device's key at its place")


def _find_tally(value, election):
    """The tally of an election, wherever it stands in the observer's answer."""
    if isinstance(value, dict):
        if value.get("election") == election and "questions" in value and "range" in value:
            return value
        value = list(value.values())
    if isinstance(value, list):
        return next(filter(None, (_find_tally(one, election) for one in value)), None)
    return None
