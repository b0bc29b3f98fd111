"""Devices ask for tokens, cast, and check what they are told."""

import random
import time
from types import SimpleNamespace

import calls
import log
import people
import wire
from device import Device, check_receipt
from facts import ensure, refused, refuses, until
from founding import DISTRICT

AT_THE_KIOSK = 32


def portal(story, name, voter):
    """The poll's portal, with the voter signed in."""
    signed_in = calls.Portal(story.portals[name])
    signed_in.sign_in(voter.login, voter.code)
    return signed_in


def request_token(story, name, voter, of=None):
    """Seals a request of a device (the voter's own, if no other is named) and opens the answer."""
    manifest = story.manifests[name]
    keys = (of or voter).device.keys(manifest.election)
    with portal(story, name, voter) as relay:
        if name == "street" and relay.elections() != story.papers:
            raise wire.Wrong("the portal shows other papers than the gateway")
        sealed = relay.token(manifest.election, keys.request(manifest))
    return keys.open(manifest, sealed)


def ask(story):
    """Everybody asks, in an order that has nothing to do with the roll's."""
    story.queue = random.sample(story.voters, len(story.voters))
    for name in ("park", "street"):
        entitled = [voter for voter in story.queue if name == "park" or voter.number < DISTRICT]
        for voter in entitled:
            voter.tokens[name] = request_token(story, name, voter)
        roll = log.roll(story.log, story.manifests[name])
        tokens = [voter.tokens[name] for voter in entitled]
        at_home = all(roll[token.roll_index] == token.voter_id for token in tokens)
        ensure(at_home and len({token.roll_index for token in tokens}) == len(tokens),
               f"{name}: {len(tokens)} tokens opened, signed by the issuer, each at its own place of the roll")


def ask_wrongly(story):
    first, second, outside = story.voters[0], story.voters[1], story.voters[DISTRICT]
    ensure(request_token(story, "park", first) == first.tokens["park"],
           "the same ballot key asks again: the same issuance")
    back = Device.from_recovery_code(first.device.recovery_code())
    ensure(back.bits == first.device.bits, "a device comes back from its recovery code")
    other = SimpleNamespace(device=Device())
    refused("PLACE_TAKEN", lambda: request_token(story, "park", first, other), "another ballot key at a place")
    refused("PLACE_TAKEN", lambda: request_token(story, "park", second, first),
            "a request handed in under another's registration ID")
    refused("NOT_ELIGIBLE", lambda: request_token(story, "street", outside), "a person of another district")
    shown = story.vault.participation(first.id, story.polls["park"])
    ensure((shown.eligible, shown.issued) == (True, True), "the vault says to the portal: eligible, issued")


def cast(story, name, voter, selections, sequence, gateway):
    """Casts a ballot and checks the receipt."""
    manifest, token = story.manifests[name], voter.tokens[name]
    entry = voter.device.keys(manifest.election).ballot_entry(manifest, token, selections, sequence)
    entry_hash, receipt = gateway.cast(entry.pack())
    if entry_hash != log.leaf_hash(entry.pack()):
        raise wire.Wrong("the gateway names another entry")
    check_receipt(manifest, entry, receipt)
    story.chosen[name][token.roll_index] = selections
    story.cast[name].append(entry)
    voter.ballots.setdefault(name, (entry, receipt))


def cast_all(story):
    """Everybody casts in the order in which they asked: the case that would tell a portal most."""
    revoting = [voter for voter in story.queue if voter.number % 5 == 0]
    for voter in story.queue:
        cast(story, "park", voter, people.park_choice(voter.number), 0, story.grpc)
        if voter.number < DISTRICT:
            cast(story, "street", voter, people.street_choice(voter.number), 0, story.http)
    for voter in revoting:
        cast(story, "park", voter, people.park_choice(voter.number + 1), 1, story.http)
    ensure(True, f"{len(story.queue)} ballots cast over gRPC, {DISTRICT} over HTTP/JSON, "
                 f"{len(revoting)} second ones; every receipt checked")
    entry, receipt = story.voters[0].ballots["street"]
    other, _ = story.voters[1].ballots["street"]
    refuses(lambda: check_receipt(story.manifests["street"], other, receipt),
            "a receipt for another's ballot is refused")
    flipped = entry.pack()[:-1] + bytes([entry.pack()[-1] ^ 1])
    for gateway, over in ((story.http, "HTTP/JSON"), (story.grpc, "gRPC")):
        refused("INVALID_SIGNATURE", lambda: gateway.cast(flipped), f"a ballot with a flipped bit over {over}")


def check_inclusion(story):
    """Who voted first sees the ballots in the log, and proves it to themselves."""
    voter = next(voter for voter in story.queue if voter.number < DISTRICT)
    for name, gateway, over in (("park", story.grpc, "gRPC"), ("street", story.http, "HTTP/JSON")):
        entry = voter.ballots[name][0].pack()
        index, proof, checkpoint = until("inclusion", lambda: gateway.status(log.leaf_hash(entry)))
        size, root = log.check_checkpoint(checkpoint, story.ledger_keys)
        log.check_inclusion(entry, index, size, proof, root)
        ensure(log.entries(story.log)[index] == entry,
               f"{name}: inclusion at {index} of {size} proven, told over {over}; the entry stands there")
        refuses(lambda: log.check_inclusion(entry, index ^ 1, size, proof, root), "not at another index")
        refuses(lambda: log.check_inclusion(entry + b"\0", index, size, proof, root), "not of another entry")
    other = checkpoint.replace(f"\n{size}\n", f"\n{size + 1}\n", 1)
    refuses(lambda: log.check_checkpoint(other, story.ledger_keys), "a checkpoint of another size is refused")


def vote_at_the_kiosk(story):
    """The real portal votes for people in simple mode; it holds their seeds."""
    for voter in story.voters[:AT_THE_KIOSK]:
        chosen = people.park_choice(voter.number)
        with portal(story, "kiosk", voter) as kiosk:
            kiosk.simple_vote(story.polls["kiosk"], chosen)
        story.chosen["kiosk"][voter.number] = chosen
    ensure(True, f"{AT_THE_KIOSK} people voted in simple mode through the real portal")


def come_late(story):
    """Waits for the end of voting; then a ballot is refused."""
    left = story.closes - time.time()
    if left <= 0:
        raise AssertionError("this machine was too slow: the polls closed before everybody had voted")
    print(f"  ..  {left:.0f} s until the polls close", flush=True)
    time.sleep(left + 1)
    voter = next(voter for voter in story.queue if voter.number % 5)
    manifest = story.manifests["park"]
    keys = voter.device.keys(manifest.election)
    late = keys.ballot_entry(manifest, voter.tokens["park"], people.park_choice(0), 1)
    refused("ELECTION_CLOSED", lambda: story.grpc.cast(late.pack()), "a ballot after closes")
