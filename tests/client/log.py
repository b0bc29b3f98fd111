"""The public log: checkpoints, inclusion, entries, rolls, and a tally of our own."""

import base64
import hashlib
import json
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import wire
from wire import Wrong

LOG_KEY, COSIGNER_KEY = 1, 4


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class VerifierKey:
    """A C2SP verifier key: `name+id+base64(type ‖ public key)`."""

    def __init__(self, text):
        self.name, key_id, key = text.split("+", 2)
        key = base64.b64decode(key)
        self.id, self.kind = bytes.fromhex(key_id), key[0]
        self.key = Ed25519PublicKey.from_public_bytes(key[1:])
        if hashlib.sha256(self.name.encode() + b"\n" + key).digest()[:4] != self.id:
            raise Wrong("a key's ID isn't its own")

    def signed(self, text, signature):
        try:
            if self.kind == LOG_KEY:
                self.key.verify(signature, text)
            else:
                time = int.from_bytes(signature[:8], "big")
                self.key.verify(signature[8:], f"cosignature/v1\ntime {time}\n".encode() + text)
        except InvalidSignature:
            raise Wrong("a checkpoint's signature is wrong") from None


def check_checkpoint(note, keys):
    """Size and root of a checkpoint that the log and enough cosigners signed."""
    text, lines = note.encode().split(b"\n\n", 1)
    text += b"\n"
    known = {(key.name, key.id): key for key in map(VerifierKey, [keys["log"], *keys["cosigners"]])}
    signed = set()
    for line in lines.decode().splitlines():
        dash, name, signature = line.split(" ")
        signature = base64.b64decode(signature)
        key = known.get((name, signature[:4]))
        if dash == "\u2014" and key is not None:
            key.signed(text, signature[4:])
            signed.add((key.name, key.id))
    cosigned = [pair for pair in signed if known[pair].kind == COSIGNER_KEY]
    if len(signed) == len(cosigned) or len(cosigned) < keys["quorum"]:
        raise Wrong("the log or too few cosigners signed the checkpoint")
    origin, size, root = text.decode().splitlines()
    if origin != keys["origin"]:
        raise Wrong("a checkpoint of another log")
    return int(size), base64.b64decode(root)


def check_inclusion(entry, index, size, proof, root):
    """Refuses an inclusion proof (RFC 9162, 2.1.3.2) that doesn't hold."""
    if index >= size:
        raise Wrong("an index beyond the tree")
    at, last, hashed = index, size - 1, leaf_hash(entry)
    for sibling in proof:
        if last == 0:
            raise Wrong("an inclusion proof is too long")
        if at & 1 or at == last:
            hashed = node_hash(sibling, hashed)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            hashed = node_hash(hashed, sibling)
        at, last = at >> 1, last >> 1
    if last != 0 or hashed != root:
        raise Wrong("an inclusion proof doesn't hold")


def _widest(folder):
    """The files of a row of tiles in order, a partial one only where no full one stands."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            number, _, width = str(path.relative_to(folder)).partition(".p/")
            index = int("".join(number.replace("x", "").split("/")))
            found[index] = max(found.get(index, (0, path)), (int(width or 256), path))
    return [path for _, (_, path) in sorted(found.items())]


def entries(folder):
    """All entries of a log's folder."""
    everything = []
    for path in _widest(Path(folder) / "tile/entries"):
        data, at = path.read_bytes(), 0
        while at < len(data):
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            everything.append(data[at + 2 : end])
            at = end
    return everything


def tree_root(leaves):
    """The RFC 6962 root of some leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(tree_root(leaves[:split]), tree_root(leaves[split:]))


def statement(folder, struct, manifest):
    """The first statement of its kind on the election, signed by its officers."""
    tag = wire.TAGS[struct]
    first = next(entry for entry in entries(folder) if entry[0] == tag and entry[2:34] == manifest.election)
    return manifest.statement(struct, first)


def roll(folder, manifest):
    """The voter IDs of an election's roll, as the officers' statement has it."""
    tiles = _widest(Path(folder) / f"roll/{manifest.election.hex()}/leaves")
    data = b"".join(path.read_bytes() for path in tiles)
    leaves = [data[at : at + 32] for at in range(0, len(data), 32)]
    stated = statement(folder, "RollStatement", manifest)
    if (len(leaves), tree_root([leaf_hash(leaf) for leaf in leaves])) != (stated["size"], stated["root"]):
        raise Wrong("the roll isn't the one that the officers signed")
    return leaves


def issued(folder, manifest):
    """The ballot key of each place, as the officers' Close has them; None where none was issued."""
    sha256 = statement(folder, "Close", manifest)["issued"]
    data = (Path(folder) / f"content/{sha256.hex()}").read_bytes()
    if hashlib.sha256(data).digest() != sha256:
        raise Wrong("the issued list isn't the one that the officers signed")
    keys = [data[at : at + 20] for at in range(0, len(data), 20)]
    return ["0x" + key.hex() if any(key) else None for key in keys]


def ballots(folder, manifest):
    """The election's ballots with their index, every signature and place checked."""
    places, keys, found = roll(folder, manifest), issued(folder, manifest), []
    for index, entry in enumerate(entries(folder)):
        if entry[0] != wire.BALLOT_TAG or entry[1:33] != manifest.election:
            continue
        ballot = wire.BallotEntry.unpack(entry)
        if places[ballot.roll_index] != ballot.voter_id:
            raise Wrong("a voter ID stands at another place of the roll")
        if keys[ballot.roll_index] != ballot.ballot_key:
            raise Wrong("a ballot is of another key than its place was issued")
        if wire.signer(manifest.domain, "VotingToken", ballot.token(), ballot.token_signature) != manifest.issuer:
            raise Wrong("a token on the ledger isn't the issuer's")
        if wire.signer(manifest.domain, "Ballot", ballot.ballot(), ballot.ballot_signature) != ballot.ballot_key:
            raise Wrong("a ballot on the ledger isn't its key's")
        found.append((index, ballot))
    return found


def checkpoint_sizes(folder):
    return [int(line) for line in (Path(folder) / "checkpoints/sizes").read_text().split()]


def count(selections, shape):
    """Blanks and the count of each option, by question."""
    questions = []
    for question in range(len(shape) // 3):
        chosen = [one[question] for one in selections]
        options = [sum(number in one for one in chosen) for number in range(1, shape[3 * question] + 1)]
        questions.append({"blank": sum(not one for one in chosen), "options": options})
    return questions


def canonical(value):
    """RFC 8785, for ASCII names and whole numbers."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
