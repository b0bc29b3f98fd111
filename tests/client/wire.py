"""Statements and entries as the protocol packs them: EIP-712 structs, signatures, choices."""

from dataclasses import dataclass

import eth_abi
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak

HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
TAGS = {"Manifest": 0x01, "RollStatement": 0x02, "Close": 0x04, "Certified": 0x05}
BALLOT_TAG = 0x10

STRUCTS = {
    "Manifest": "bytes32 nonce,bytes32 contentHash,bytes shape,uint64 opens,uint64 closes,uint64 grace,"
    "uint64 forgetAfter,uint8 maxBallots,uint32 rollBatchMin,uint16 ballotBatchMin,uint8 custody,"
    "uint8 anonymity,uint8 results,bytes32 tallyKey,address[] officers,uint8 threshold,address issuer,"
    "bytes32 requestKey,address[] gateways,bytes32 ledgerKeys,uint8 payload",
    "RollStatement": "bytes32 election,uint32 sequence,uint32 size,bytes32 root",
    "Close": "bytes32 election,uint32 rollSize,bytes32 rollRoot,bytes32 issued",
    "Certified": "bytes32 election,uint64 ledgerSize,bytes32 ledgerHead,bytes32 tallyHash",
    "IssueRequest": "bytes32 election,bytes32 deliveryKey",
    "VotingToken": "bytes32 election,bytes32 voterId,uint32 rollIndex,address ballotKey",
    "Ballot": "bytes32 election,bytes32 voterId,bytes choice,uint8 sequence",
    "Receipt": "bytes32 election,bytes32 ballotDigest,uint64 includeBy",
}


class Wrong(Exception):
    """Something that the protocol forbids."""


def fields(struct):
    """The struct's fields as pairs of type and name, in order."""
    return [field.split(" ") for field in STRUCTS[struct].split(",")]


def domain_of_log(origin):
    """The EIP-712 domain of a log of this origin."""
    contract = "0x" + keccak(text=origin)[-20:].hex()
    return {"name": "Symbolon", "version": "1", "chainId": 0, "verifyingContract": contract}


def signable(domain, struct, message):
    types = {struct: [{"type": kind, "name": name} for kind, name in fields(struct)]}
    return encode_typed_data(domain_data=domain, message_types=types, message_data=message)


def digest(domain, struct, message):
    whole = signable(domain, struct, message)
    return keccak(b"\x19" + whole.version + whole.header + whole.body)


def sign(key, domain, struct, message):
    """An EIP-2098 signature of 64 bytes."""
    signed = Account.sign_message(signable(domain, struct, message), key)
    parity = (signed.v - 27) << 255
    return signed.r.to_bytes(32, "big") + (signed.s | parity).to_bytes(32, "big")


def signer(domain, struct, message, signature):
    """The address that a compact signature recovers to."""
    if len(signature) != 64:
        raise Wrong("a signature isn't 64 bytes")
    r, last = signature[:32], int.from_bytes(signature[32:], "big")
    parity, s = last >> 255, last & ((1 << 255) - 1)
    if s > HALF_ORDER:
        raise Wrong("a signature has a high s")
    long = r + s.to_bytes(32, "big") + bytes([27 + parity])
    return Account.recover_message(signable(domain, struct, message), signature=long).lower()


def pack_choice(selections, shape):
    """Per question a count byte and the option numbers, if the shape allows them."""
    questions = [shape[at : at + 3] for at in range(0, len(shape), 3)]
    if len(questions) != len(selections):
        raise Wrong("as many answers as questions are needed")
    for chosen, (options, least, most) in zip(selections, questions):
        rising = all(a < b for a, b in zip(chosen, chosen[1:]))
        if not (rising and least <= len(chosen) <= most and all(1 <= n <= options for n in chosen)):
            raise Wrong("a choice doesn't fit its question")
    return b"".join(bytes([len(chosen), *chosen]) for chosen in selections)


def unpack_choice(choice, shape):
    selections, at = [], 0
    for _ in range(len(shape) // 3):
        count = choice[at]
        selections.append(list(choice[at + 1 : at + 1 + count]))
        at += 1 + count
    if pack_choice(selections, shape) != choice:
        raise Wrong("a choice isn't canonical")
    return selections


def statement(struct, entry, domain, officers, threshold):
    """The fields of a packed statement that enough of the officers signed."""
    if entry[0] != TAGS[struct]:
        raise Wrong(f"not a {struct}")
    end = len(entry) - 64 * entry[1]
    body, signatures = entry[2:end], entry[end:]
    kinds = "(" + ",".join(kind for kind, _ in fields(struct)) + ")"
    values = eth_abi.decode([kinds], body)
    if eth_abi.encode([kinds], values) != body:
        raise Wrong(f"the {struct} isn't canonical")
    lists = [list(value) if isinstance(value, tuple) else value for value in values[0]]
    message = dict(zip([name for _, name in fields(struct)], lists))
    single = [signatures[at : at + 64] for at in range(0, len(signatures), 64)]
    signers = [signer(domain, struct, message, signature) for signature in single]
    if signers != sorted(set(signers)) or not set(signers) <= set(officers):
        raise Wrong(f"strangers signed the {struct}, or not in order")
    if len(signers) < threshold:
        raise Wrong(f"too few officers signed the {struct}")
    return message


@dataclass
class Manifest:
    """An election's manifest, signed by enough of the officers that the trust file names."""

    domain: dict
    message: dict
    election: bytes

    @classmethod
    def verify(cls, entry, trust):
        """Opens a packed Manifest and checks it against the city's trust file."""
        domain = domain_of_log(trust["origin"])
        if any(domain[name] != trust["domain"][name] for name in ("chainId", "verifyingContract")):
            raise Wrong("the trust file's domain isn't its origin's")
        message = statement("Manifest", entry, domain, trust["officers"], trust["threshold"])
        if (message["officers"], message["threshold"]) != (trust["officers"], trust["threshold"]):
            raise Wrong("the manifest names other officers than the trust file")
        return cls(domain, message, digest(domain, "Manifest", message))

    def statement(self, struct, entry):
        """A statement on this election."""
        message = statement(struct, entry, self.domain, self.officers, self.threshold)
        if message["election"] != self.election:
            raise Wrong("a statement on another election")
        return message

    def __getattr__(self, name):
        try:
            return self.message[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass
class BallotEntry:
    """A ballot as it stands on the ledger."""

    election: bytes
    voter_id: bytes
    roll_index: int
    ballot_key: str
    sequence: int
    choice: bytes
    token_signature: bytes
    ballot_signature: bytes

    def pack(self):
        return b"".join([
            bytes([BALLOT_TAG]), self.election, self.voter_id, self.roll_index.to_bytes(4, "big"),
            bytes.fromhex(self.ballot_key[2:]), bytes([self.sequence]),
            len(self.choice).to_bytes(2, "big"), self.choice, self.token_signature, self.ballot_signature,
        ])

    @classmethod
    def unpack(cls, entry):
        length = int.from_bytes(entry[90:92], "big")
        if entry[0] != BALLOT_TAG or len(entry) != 92 + length + 128:
            raise Wrong("not a ballot")
        signatures = entry[92 + length :]
        return cls(
            entry[1:33], entry[33:65], int.from_bytes(entry[65:69], "big"), "0x" + entry[69:89].hex(),
            entry[89], entry[92 : 92 + length], signatures[:64], signatures[64:],
        )

    def token(self):
        return {"election": self.election, "voterId": self.voter_id,
                "rollIndex": self.roll_index, "ballotKey": self.ballot_key}

    def ballot(self):
        return {"election": self.election, "voterId": self.voter_id,
                "choice": self.choice, "sequence": self.sequence}
