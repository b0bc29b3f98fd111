"""A voter's device on foreign libraries: keys, request, token, ballot, receipt."""

import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from eth_account import Account
from mnemonic import Mnemonic
from pyhpke import AEADId, CipherSuite, KDFId, KEMId

import wire
from wire import Wrong

VERSION = "symbolon/v1/"
REQUEST_LENGTH, TOKEN_LENGTH = 144, 148
SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.AES256_GCM)


def frame(purpose, *parts):
    """A label, then each field after its length."""
    return (VERSION + purpose).encode() + b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def derive(bits, purpose, election):
    return HKDF(SHA256(), 32, None, frame(purpose, election)).derive(bits)


@dataclass
class Token:
    voter_id: bytes
    roll_index: int
    signature: bytes


class Device:
    """What holds a device seed."""

    def __init__(self, bits=None):
        self.bits = bits or secrets.token_bytes(16)

    @classmethod
    def from_recovery_code(cls, words):
        return cls(bytes(Mnemonic("english").to_entropy(words)))

    def recovery_code(self):
        return Mnemonic("english").to_mnemonic(self.bits)

    def keys(self, election):
        return Keys(self.bits, election)


class Keys:
    """A device's keys of one election."""

    def __init__(self, bits, election):
        self.ballot = derive(bits, "device-ballot-key", election)
        self.delivery = derive(bits, "device-delivery-key", election)
        self.ballot_key = Account.from_key(self.ballot).address.lower()
        private = X25519PrivateKey.from_private_bytes(self.delivery)
        self.delivery_key = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def request(self, manifest):
        """An issue request, sealed to the election."""
        message = {"election": manifest.election, "deliveryKey": self.delivery_key}
        signature = wire.sign(self.ballot, manifest.domain, "IssueRequest", message)
        to = SUITE.kem.deserialize_public_key(manifest.requestKey)
        encapsulated, sender = SUITE.create_sender_context(to, info=(VERSION + "issue-request").encode())
        return encapsulated + sender.seal(self.delivery_key + signature, aad=manifest.election)

    def open(self, manifest, sealed):
        """The token, if the election's issuer signed it for our ballot key."""
        mine = SUITE.kem.deserialize_private_key(self.delivery)
        info = (VERSION + "voting-token").encode()
        recipient = SUITE.create_recipient_context(sealed[:32], mine, info=info)
        plain = recipient.open(sealed[32:], aad=manifest.election)
        if len(plain) != 100:
            raise Wrong("a token isn't 100 bytes")
        token = Token(plain[:32], int.from_bytes(plain[32:36], "big"), plain[36:])
        message = {"election": manifest.election, "voterId": token.voter_id,
                   "rollIndex": token.roll_index, "ballotKey": self.ballot_key}
        if wire.signer(manifest.domain, "VotingToken", message, token.signature) != manifest.issuer:
            raise Wrong("another than the issuer signed the token")
        return token

    def ballot_entry(self, manifest, token, selections, sequence):
        """A signed ballot."""
        choice = wire.pack_choice(selections, manifest.shape)
        entry = wire.BallotEntry(manifest.election, token.voter_id, token.roll_index, self.ballot_key,
                                 sequence, choice, token.signature, b"")
        entry.ballot_signature = wire.sign(self.ballot, manifest.domain, "Ballot", entry.ballot())
        return entry


def check_receipt(manifest, entry, receipt):
    """Refuses a receipt that isn't a gateway's promise about this very ballot."""
    message = {name: receipt[name] for name in ("election", "ballotDigest", "includeBy")}
    if wire.signer(manifest.domain, "Receipt", message, receipt["signature"]) not in manifest.gateways:
        raise Wrong("no gateway of the manifest signed the receipt")
    if receipt["election"] != manifest.election:
        raise Wrong("the receipt is of another election")
    if receipt["ballotDigest"] != wire.digest(manifest.domain, "Ballot", entry.ballot()):
        raise Wrong("the receipt is for another ballot")
    if receipt["includeBy"] > manifest.closes + manifest.grace:
        raise Wrong("the receipt promises too late a time")
