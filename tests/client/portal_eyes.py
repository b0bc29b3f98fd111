"""What a portal that keeps every byte can learn: lengths, orders, and bytes found again on the ledger."""

from collections import defaultdict

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from symbolon.issuance.v1 import issuance_pb2

import device
import log
import order
import search


def requests(seen):
    """The issue requests among the messages, with their answers' lengths apart."""
    asked = [data for where, data in seen if where.endswith("IssueToken, request")]
    answered = [data for where, data in seen if where.endswith("IssueToken, answer")]
    return ([issuance_pb2.IssueTokenRequest.FromString(data) for data in asked],
            [issuance_pb2.IssueTokenResponse.FromString(data) for data in answered])


def lengths(seen):
    """The lengths of sealed requests by election, and of sealed tokens."""
    asked, answered = requests(seen)
    by_election = defaultdict(set)
    for one in asked:
        by_election[one.election].add(len(one.sealed_request))
    return dict(by_election), {len(one.sealed_token) for one in answered}


def first_asked(seen, election):
    """Registration IDs in the order in which the vault was first asked for them."""
    return list(dict.fromkeys(one.registration_id for one in requests(seen)[0] if one.election == election))


def batches(folder, ballots):
    """An election's ballots by the growth of the log that brought them."""
    grown = defaultdict(list)
    sizes = log.checkpoint_sizes(folder)
    for index, ballot in ballots:
        grown[next(size for size in sizes if size > index)].append(ballot)
    return list(grown.values())


def in_order(batch):
    """Whether a batch stands by roll index, sequence and entry hash."""
    keys = [(one.roll_index, one.sequence, log.leaf_hash(one.pack())) for one in batch]
    return keys == sorted(keys)


def correlations(issued, batch):
    """Rank correlation of an order of places with a batch of the ledger: rho and how many places."""
    first = [one.roll_index for one in batch if one.sequence == 0 and one.roll_index in set(issued)]
    return order.correlation([issued.index(place) for place in first], list(range(len(first)))), len(first)


def held_ballot_keys(city, election, people):
    """Ballot keys from the seeds that a portal in simple mode holds, by registration ID."""
    key = AESGCM((city.root / "seed.key").read_bytes())
    keys = {}
    for person in people:
        name = Hash(SHA256())
        name.update(person)
        sealed = (city.root / "seeds" / name.finalize().hex()).read_bytes()
        bits = key.decrypt(sealed[:12], sealed[12:], person)
        keys[person] = device.Device(bits).keys(election).ballot_key
    return keys


def found_whole(value, found):
    """Whether every window of a value was found."""
    return all(value[at : at + search.WINDOW] in found for at in range(len(value) - search.WINDOW + 1))


def sees_through_encodings(folder, entries, known, entry):
    """Encodings in which a planted voter ID or ballot key is overlooked; there must be none."""
    ledger = search.Ledger(folder, entries, known)
    overlooked = []
    for what, value in (("voter ID", entry.voter_id), ("ballot key", bytes.fromhex(entry.ballot_key[2:]))):
        for encoding, data in search.planted(value).items():
            if not ledger.shared_with([("planted", data)]):
                overlooked.append(f"{what} in {encoding}")
    for encoding, data in search.planted(value[:8]).items():
        if not ledger.shared_with([("planted", data)]):
            overlooked.append(f"8 bytes in {encoding}")
    return overlooked
