"""An election of fresh random keys."""

from secrets import token_bytes, token_hex

from protocol import device, entries, notes, sealing, signing, structs
from protocol.encoding import canonical_json, sha256, to_hex, unhex

from .case import CHANCE

OPENS = 1_900_000_000


def addresses(secrets):
    return [signing.address(secret) for secret in signing.in_order(secrets)]


def text(words):
    return {"en": words, "ar": f"سؤال {words}", "zh-Hant": f"問題「{words}」"}


def question(options, least, most):
    return {
        "title": text(f"of {options}"),
        "text": text("Which?\n\"All\" of them \\ \u2028 or some: \U0001f5f3"),
        "options": [text(f"option {at} {token_hex(3)}") for at in range(options)],
        "least": least,
        "most": most,
    }


def content(*questions):
    return {
        "version": "symbolon/v1",
        "title": text("Poll " + token_hex(4)),
        "text": text(""),
        "questions": [question(*one) for one in questions],
        "quorum": CHANCE.randrange(10_001),
    }


def shape(given):
    return entries.shape([{**one, "options": len(one["options"])} for one in given["questions"]])


class Election:
    """Keys, files and manifest. `changes` replace members of the manifest."""

    def __init__(self, officers=3, threshold=2, gateways=1, origin=None, changes=None):
        self.origin = origin or f"log-{token_hex(4)}.example/ballots"
        self.domain = structs.log_domain(self.origin)
        self.officers = signing.in_order([token_bytes(32) for _ in range(officers)])
        self.threshold = threshold
        self.issuer = token_bytes(32)
        self.gateways = [token_bytes(32) for _ in range(gateways)]
        self.request_secret = token_bytes(32)
        self.content = content((3, 0, 2), (2, 1, 1), (255, 0, 255))
        self.shape = shape(self.content)
        self.message = {**self.manifest(), **(changes or {})}
        self.digest = structs.digest("Manifest", self.message, self.domain)
        self.id = to_hex(self.digest)
        self.entry = self.statement("Manifest", self.message)

    def manifest(self):
        return {
            "nonce": to_hex(token_bytes(32)),
            "contentHash": to_hex(sha256(canonical_json(self.content))),
            "shape": to_hex(self.shape),
            "opens": OPENS, "closes": OPENS + 86_400, "grace": 600,
            "forgetAfter": OPENS + 200_000,
            "maxBallots": 4, "rollBatchMin": 0, "ballotBatchMin": 3,
            "custody": 0, "anonymity": 0, "results": 0,
            "tallyKey": to_hex(bytes(32)),
            "officers": addresses(self.officers), "threshold": self.threshold,
            "issuer": signing.address(self.issuer),
            "requestKey": to_hex(sealing.x25519_public(self.request_secret)),
            "gateways": addresses(self.gateways),
            "ledgerKeys": to_hex(token_bytes(32)),
            "payload": 0,
        }

    def trust(self, **changes):
        file = {
            "version": "symbolon/v1", "name": "Stadt Ωμέγα", "domain": self.domain,
            "origin": self.origin, "officers": addresses(self.officers),
            "threshold": self.threshold,
        }
        return canonical_json({**file, **changes}).decode()

    def other_trust(self):
        """The same log with another officer."""
        return self.trust(officers=addresses([token_bytes(32), *self.officers[1:]]))

    def base(self):
        """The inputs that most kinds have."""
        return {"trustFile": self.trust(), "manifest": to_hex(self.entry)}

    def pack(self, name, message, signatures):
        return entries.statement(name, structs.abi_encode(name, message), signatures)

    def statement(self, name, message, signers=None):
        """A ledger entry; the first officers sign unless others are named."""
        signers = self.officers[: self.threshold] if signers is None else signers
        return self.pack(name, message, structs.sign(name, message, self.domain, signers))


class Voter:
    """A device with its place in the roll and its token."""

    def __init__(self, election, bits=None, issuer=None):
        self.election = election
        self.bits = token_bytes(16) if bits is None else bits
        self.ballot_secret = device.ballot_secret(self.bits, election.digest)
        self.ballot_key = signing.address(self.ballot_secret)
        self.delivery_key = unhex(to_hex(device.keys(self.bits, election.digest)["deliveryKey"]))
        self.voter_id = to_hex(token_bytes(32))
        self.roll_index = CHANCE.randrange(2**32)
        self.token = self.sign_token(issuer or election.issuer)

    def sign_token(self, issuer, **changes):
        message = {
            "election": self.election.id, "voterId": self.voter_id,
            "rollIndex": self.roll_index, "ballotKey": self.ballot_key, **changes,
        }
        return structs.sign("VotingToken", message, self.election.domain, [issuer])[0]

    def ballot(self, selections, sequence=0, **changes):
        """The message of a ballot, and its packed entry; `changes` are of the latter."""
        choice = to_hex(entries.choice(selections))
        message = {
            "election": self.election.id, "voterId": self.voter_id,
            "choice": choice, "sequence": sequence,
        }
        signed = structs.sign("Ballot", message, self.election.domain, [self.ballot_secret])[0]
        fields = {
            **message, "rollIndex": self.roll_index, "ballotKey": self.ballot_key,
            "tokenSignature": to_hex(self.token), "ballotSignature": to_hex(signed), **changes,
        }
        return message, entries.ballot(fields)


class Log:
    """Keys of a log and its witnesses."""

    def __init__(self, witnesses, quorum):
        self.origin = f"log-{token_hex(4)}.example/ballots"
        self.secret = token_bytes(32)
        self.witnesses = [(f"witness-{at}.example", token_bytes(32)) for at in range(witnesses)]
        self.quorum = quorum

    def cosigners(self):
        return [(self.origin, self.secret), *self.witnesses]

    def keys(self, **changes):
        file = {
            "version": "symbolon/v1", "origin": self.origin,
            "log": notes.verifier_key(self.origin, notes.LOG, self.secret),
            "cosigners": [
                notes.verifier_key(name, notes.COSIGNER, secret)
                for name, secret in self.cosigners()
            ],
            "quorum": self.quorum,
        }
        return canonical_json({**file, **changes}).decode()
