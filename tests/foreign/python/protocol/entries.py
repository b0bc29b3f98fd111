"""Choices, ledger entries, bundles, issued lists."""

from . import structs
from .encoding import sha256, u32, unhex

TAGS = {
    name: tag
    for tag, name in enumerate(
        ["Manifest", "RollStatement", "IssuerRotation", "Close", "Certified", "Cancelled"], 1
    )
}
BALLOT = 0x10


def shape(questions):
    return bytes(
        part
        for question in questions
        for part in (question["options"], question["least"], question["most"])
    )


def choice(selections):
    return b"".join(bytes([len(chosen), *chosen]) for chosen in selections)


def statement(name, abi, signatures):
    return bytes([TAGS[name], len(signatures)]) + abi + b"".join(signatures)


def ballot(fields):
    return b"".join([
        bytes([BALLOT]),
        unhex(fields["election"]),
        unhex(fields["voterId"]),
        u32(fields["rollIndex"]),
        unhex(fields["ballotKey"]),
        bytes([fields["sequence"]]),
        len(unhex(fields["choice"])).to_bytes(2, "big"),
        unhex(fields["choice"]),
        unhex(fields["tokenSignature"]),
        unhex(fields["ballotSignature"]),
    ])


def entry_hash(entry):
    return sha256(b"\x00" + entry)


def issued_list(places):
    return b"".join(unhex(place) if place else bytes(20) for place in places)


def bundle(entries):
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def read_ballot(entry):
    """The fields that a tally needs."""
    assert entry[0] == BALLOT
    length = int.from_bytes(entry[90:92], "big")
    assert len(entry) == 92 + length + 128
    return {
        "election": entry[1:33],
        "rollIndex": int.from_bytes(entry[65:69], "big"),
        "ballotKey": "0x" + entry[69:89].hex(),
        "sequence": entry[89],
        "choice": entry[92 : 92 + length],
    }


def read_choice(data, questions):
    selections, at = [], 0
    for _ in range(questions):
        count = data[at]
        selections.append(list(data[at + 1 : at + 1 + count]))
        at += 1 + count
    assert at == len(data)
    return selections


def read_statement(name, entry):
    """The message of a statement's entry."""
    assert entry[0] == TAGS[name]
    return structs.abi_decode(name, entry[2 : len(entry) - 64 * entry[1]])
