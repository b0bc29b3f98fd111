"""What a portal that keeps every byte can learn: lengths, orders, and bytes found again on the ledger."""

from collections import defaultdict

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from symbolon.issuance.v1 import issuance_pb2

import device
import log
import order
import search
from facts import ensure
from founding import BATCH
from voting import AT_THE_KIOSK


def look(story):
    """The search over what passed both portals, and its controls."""
    ledger = search.Ledger(story.log, log.entries(story.log), story.known)
    for name, seen in (("park", story.seen_by_relay), ("street", story.seen_by_portal)):
        _kept_everything(story, name, seen)
        kept, found = sum(len(data) for _, data in seen), ledger.shared_with(seen)
        ensure(not found, f"{name}: {kept} bytes in {len(seen)} records that passed the portal, "
                          f"{ledger.bytes} bytes of ledger, in common: {_show(found)}")
        _compare_lengths(story, name, seen)
        _compare_orders(story, name, seen)
    _find_in_simple_mode(story, ledger)
    _find_what_is_planted(story, ledger)


def _requests(seen):
    return [issuance_pb2.IssueTokenRequest.FromString(data)
            for where, data in seen if where.endswith("IssueToken, request")]


def _tokens(seen):
    return [issuance_pb2.IssueTokenResponse.FromString(data).sealed_token
            for where, data in seen if where.endswith("IssueToken, answer")]


def _kept_everything(story, name, seen):
    """What passed on the vault's side must have been kept on the devices' side too: nothing bypassed."""
    texts = b"\n".join(data for where, data in seen if "IssueToken" not in where)
    passed = [one.sealed_request for one in _requests(seen)] + _tokens(seen)
    asked = {one.registration_id for one in _requests(seen)}
    entitled = {voter.id for voter in story.voters if name in voter.tokens}
    ensure(entitled <= asked and all(one.hex().encode() in texts for one in passed),
           f"{name}: all {len(_requests(seen))} requests and {len(_tokens(seen))} tokens "
           f"of {len(entitled)} voters were kept on both sides of the portal")


def _compare_lengths(story, name, seen):
    requests = {len(one.sealed_request) for one in _requests(seen) if one.election == story.polls[name]}
    tokens = {len(token) for token in _tokens(seen)}
    ensure((requests, tokens) == ({device.REQUEST_LENGTH}, {device.TOKEN_LENGTH}),
           f"{name}: every request is {device.REQUEST_LENGTH} bytes, every token {device.TOKEN_LENGTH}")


def _compare_orders(story, name, seen):
    """Batches stand by roll index; inside one, no order that the portal knows tells the ledger's."""
    batches = _batches(story, name)
    ensure(all(map(_stands_by_roll_index, batches)),
           f"{name}: ballots in batches of {', '.join(str(len(one)) for one in batches)}, each stands by roll index")
    places = [len({ballot.roll_index for ballot in batch}) for batch in batches]
    ensure(all(number >= BATCH for number in places[:-1]), f"{name}: none but the last is of fewer than {BATCH} places")
    place = {voter.id: voter.tokens[name].roll_index for voter in story.voters if name in voter.tokens}
    asked = dict.fromkeys(one.registration_id for one in _requests(seen) if one.election == story.polls[name])
    issued = [place[one] for one in asked if one in place]
    ledger = [ballot.roll_index for ballot in max(batches, key=len) if ballot.sequence == 0]
    ensure(len(ledger) >= BATCH, f"{name}: a batch of {len(ledger)} places")
    for known, what in ((issued, "issuance"), (list(place.values()), "registration")):
        rho = _against(known, ledger)
        ensure(order.tells_nothing(rho, len(ledger)),
               f"{name}: rank correlation of {what} and ledger within the batch {rho:+.2f}")
    rho = _against(issued, [index for index in issued if index in ledger])
    ensure(not order.tells_nothing(rho, len(ledger)), f"{name}: control: had it stood by arrival, {rho:+.2f}")


def _batches(story, name):
    """A poll's ballots by the growth of the log that brought them."""
    grown = defaultdict(list)
    sizes = log.checkpoint_sizes(story.log)
    for index, ballot in story.ballots[name]:
        grown[next(size for size in sizes if size > index)].append(ballot)
    return list(grown.values())


def _stands_by_roll_index(batch):
    keys = [(one.roll_index, one.sequence, log.leaf_hash(one.pack())) for one in batch]
    return keys == sorted(keys)


def _against(known, ledger):
    """Rank correlation of a known order of places with theirs on the ledger."""
    return order.correlation([known.index(place) for place in ledger], list(range(len(ledger))))


def _find_in_simple_mode(story, ledger):
    """The control: where the portal holds the keys, the same search must find everybody."""
    found = ledger.shared_with(story.seen_at_kiosk)
    ballots = [ballot for _, ballot in story.ballots["kiosk"]]
    ids = sum(_whole(one.voter_id, found) for one in ballots)
    keys = sum(_whole(bytes.fromhex(one.ballot_key[2:]), found) for one in ballots)
    ensure(len(ballots) == AT_THE_KIOSK == ids == keys,
           f"control, simple mode: the search finds {ids} voter IDs and {keys} ballot keys of {len(ballots)}")
    held = {_held_ballot_key(story, voter.id) for voter in story.voters[:AT_THE_KIOSK]}
    ensure(held == {one.ballot_key for one in ballots},
           f"control, simple mode: the seeds that the portal holds give all {len(held)} ballot keys")


def _whole(value, found):
    """Whether a value was found, but for its ends, which by chance may go on from what is known before them."""
    value = value[2:-2]
    return all(value[at : at + search.WINDOW] in found for at in range(len(value) - search.WINDOW + 1))


def _held_ballot_key(story, person):
    """The ballot key from the seed that the portal keeps for a person."""
    name = Hash(SHA256())
    name.update(person)
    sealed = (story.city.root / "seeds" / name.finalize().hex()).read_bytes()
    key = AESGCM((story.city.root / "seed.key").read_bytes())
    bits = key.decrypt(sealed[:12], sealed[12:], person)
    return device.Device(bits).keys(story.polls["kiosk"]).ballot_key


def _find_what_is_planted(story, ledger):
    """The other control: eight bytes of a voter, in each encoding."""
    ballot = story.ballots["park"][0][1]
    values = [ballot.voter_id[3:11], bytes.fromhex(ballot.ballot_key[2:])[12:]]
    for encodings in zip(*(search.planted(value).items() for value in values)):
        found = [ledger.shared_with([("planted", data)]) for _, data in encodings]
        ensure(all(found), f"control: 8 bytes of a voter ID or a ballot key are found, {encodings[0][0]}")


def _show(found):
    places = [f"{window.hex()} ({here} / {there})" for window, (here, there) in list(found.items())[:5]]
    return f"{len(found)} windows of {search.WINDOW} bytes" + "".join("\n        " + one for one in places)
