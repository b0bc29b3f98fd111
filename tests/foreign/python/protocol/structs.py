"""The EIP-712 structs of the protocol."""

import eth_abi
from eth_account.messages import encode_typed_data
from eth_utils import keccak

from . import signing
from .encoding import canonical_json, unhex

ENCODED = [
    "Manifest(bytes32 nonce,bytes32 contentHash,bytes shape,uint64 opens,uint64 closes,"
    "uint64 grace,uint64 forgetAfter,uint8 maxBallots,uint32 rollBatchMin,"
    "uint16 ballotBatchMin,uint8 custody,uint8 anonymity,uint8 results,bytes32 tallyKey,"
    "address[] officers,uint8 threshold,address issuer,bytes32 requestKey,"
    "address[] gateways,bytes32 ledgerKeys,uint8 payload)",
    "RollStatement(bytes32 election,uint32 sequence,uint32 size,bytes32 root)",
    "IssueRequest(bytes32 election,bytes32 deliveryKey)",
    "VotingToken(bytes32 election,bytes32 voterId,uint32 rollIndex,address ballotKey)",
    "Ballot(bytes32 election,bytes32 voterId,bytes choice,uint8 sequence)",
    "Receipt(bytes32 election,bytes32 ballotDigest,uint64 includeBy)",
    "IssuerRotation(bytes32 election,address current,address next)",
    "Close(bytes32 election,uint32 rollSize,bytes32 rollRoot,bytes32 issued)",
    "Certified(bytes32 election,uint64 ledgerSize,bytes32 ledgerHead,bytes32 tallyHash)",
    "Cancelled(bytes32 election)",
    "Proposal(bytes32 installation,bytes32 nonce,uint64 expires,bytes32 contentHash)",
    "Verdict(bytes32 installation,bytes32 ticket,bool same)",
]
DOMAIN_FIELDS = "string name,string version,uint256 chainId,address verifyingContract"


def read_fields(text):
    return [dict(zip(("type", "name"), field.split())) for field in text.split(",")]


FIELDS = {text.split("(")[0]: read_fields(text.split("(")[1][:-1]) for text in ENCODED}


def encode_type(name):
    return next(text for text in ENCODED if text.startswith(name + "("))


def log_domain(origin):
    return {"chainId": 0, "verifyingContract": "0x" + keccak(text=origin)[-20:].hex()}


def typed_data(name, message, domain):
    """The request to a wallet, as an object."""
    return {
        "types": {"EIP712Domain": read_fields(DOMAIN_FIELDS), name: FIELDS[name]},
        "primaryType": name,
        "domain": {"name": "Symbolon", "version": "1", **domain},
        "message": message,
    }


def hashes(request):
    """Domain separator, hash of the struct, and digest of a request."""
    signable = encode_typed_data(full_message=request)
    digest = keccak(b"\x19" + signable.version + signable.header + signable.body)
    return signable.header, signable.body, digest


def separator(domain):
    return hashes(typed_data("Cancelled", {"election": "0x" + "00" * 32}, domain))[0]


def digest(name, message, domain):
    return hashes(typed_data(name, message, domain))[2]


def sign(name, message, domain, secrets):
    """A signature of each secret, in ascending order of the addresses."""
    signed = digest(name, message, domain)
    return [signing.sign(secret, signed) for secret in signing.in_order(secrets)]


def abi_type(name):
    return "(" + ",".join(field["type"] for field in FIELDS[name]) + ")"


def abi_encode(name, message):
    def value(field):
        given = message[field["name"]]
        return unhex(given) if field["type"].startswith("bytes") else given

    return eth_abi.encode([abi_type(name)], [tuple(value(field) for field in FIELDS[name])])


def abi_decode(name, data):
    """The message of a struct."""

    def value(given):
        if isinstance(given, tuple):
            return [value(one) for one in given]
        return "0x" + given.hex() if isinstance(given, bytes) else given

    (values,) = eth_abi.decode([abi_type(name)], data)
    return {field["name"]: value(one) for field, one in zip(FIELDS[name], values)}


def typed_item(name, message, domain, secrets):
    """Every form of a struct."""
    request = typed_data(name, message, domain)
    _, hash_struct, signed = hashes(request)
    return {
        "encodeType": encode_type(name),
        "hashStruct": hash_struct,
        "digest": signed,
        "abi": abi_encode(name, message),
        "typedData": canonical_json(request).decode("utf-8"),
        "signatures": sign(name, message, domain, secrets),
    }
