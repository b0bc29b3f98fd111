"""Statements of officers as ledger entries."""

from secrets import token_bytes

from protocol import signing, structs
from protocol.encoding import to_hex

from .election import OPENS, Election

WORD = 32


def messages(election):
    word = lambda: to_hex(token_bytes(32))  # noqa: E731
    return {
        "RollStatement": {
            "election": election.id, "sequence": 0, "size": 70_000, "root": word(),
        },
        "IssuerRotation": {
            "election": election.id, "current": signing.address(election.issuer),
            "next": to_hex(token_bytes(20)),
        },
        "Close": {
            "election": election.id, "rollSize": 70_000, "rollRoot": word(), "issued": word(),
        },
        "Certified": {
            "election": election.id, "ledgerSize": 2**40, "ledgerHead": word(),
            "tallyHash": word(),
        },
        "Cancelled": {"election": election.id},
    }


def wrongly_signed(feed, name, election, kind, message, inputs):
    signatures = structs.sign(kind, message, election.domain, election.officers)
    stranger = structs.sign(kind, message, election.domain, [token_bytes(32)])
    other_domain = structs.sign(
        kind, message, structs.log_domain("log.example/other"), election.officers
    )
    enough = signatures[: election.threshold]
    variants = {
        "too-few": signatures[: election.threshold - 1],
        "none": [],
        "twice": [signatures[0], *enough],
        "turned": signatures[::-1],
        "a-stranger": enough[:-1] + stranger,
        "another-domain": other_domain,
    }
    for variant, chosen in variants.items():
        entry = election.pack(kind, message, chosen)
        feed.refuse(f"{name}/{variant}", "statement", inputs, entry)


def not_canonical(feed, name, kind, entry, election, inputs):
    """A bit in the padding of the last address or number of a struct that has one."""
    padded = {"IssuerRotation": 2 * WORD, "RollStatement": WORD, "Close": WORD, "Certified": WORD}
    if kind in padded:
        at = 2 + padded[kind]
        dirty = entry[:at] + b"\x01" + entry[at + 1 :]
        feed.refuse(f"{name}/dirty-padding", "statement", inputs, dirty)


def under_a_manifest(feed, election, tag):
    inputs = election.base()
    other = Election(origin=election.origin)
    for kind, message in messages(election).items():
        name = f"statement-{tag}-{kind}"
        entry = election.statement(kind, message)
        feed.accept(
            name, "statement", inputs, entry,
            trustFile=election.other_trust(), manifest=to_hex(other.entry),
        )
        whole = election.statement(kind, message, election.officers)
        feed.accept(f"{name}-all", "statement", inputs, whole, trustFile=election.other_trust())
        wrongly_signed(feed, name, election, kind, message, inputs)
        not_canonical(feed, name, kind, entry, election, inputs)
        elsewhere = election.statement(kind, {**message, "election": other.id})
        feed.refuse(f"{name}/another-election", "statement", inputs, elsewhere)


GOOD = {
    "plain": {},
    "portal": {"custody": 1, "rollBatchMin": 2**32 - 1, "ballotBatchMin": 2**16 - 1},
    "long": {"grace": 0, "maxBallots": 255, "forgetAfter": 2**64 - 1},
}
BAD = {
    "blind": {"anonymity": 1},
    "results-at-close": {"results": 1},
    "sealed": {"payload": 1},
    "no-such-custody": {"custody": 2},
    "no-ballots": {"maxBallots": 0},
    "closes-at-once": {"closes": OPENS},
    "forgets-too-early": {"forgetAfter": OPENS + 86_400 + 600},
    "grace-beyond-time": {"grace": 2**64 - 1},
    "no-shape": {"shape": "0x"},
    "most-below-least": {"shape": "0x030201"},
    "threshold-0": {"threshold": 0},
    "threshold-4": {"threshold": 4},
    "gateway-0": {"gateways": ["0x" + "00" * 20]},
    "issuer-0": {"issuer": "0x" + "00" * 20},
}


def manifests(feed):
    for tag, changes in GOOD.items():
        election = Election(gateways=3, changes=changes)
        inputs = {"trustFile": election.trust()}
        name = f"manifest-{tag}"
        feed.accept(name, "statement", inputs, election.entry, trustFile=election.other_trust())
        feed.refuse(
            f"{name}/other-threshold", "statement",
            {"trustFile": election.trust(threshold=1)}, election.entry,
        )
        wrongly_signed(feed, name, election, "Manifest", election.message, inputs)
    for tag, changes in BAD.items():
        election = Election(changes=changes)
        inputs = {"trustFile": election.trust()}
        feed.refuse(f"manifest-plain/{tag}", "statement", inputs, election.entry)
    for member in ("officers", "gateways"):
        election = Election(gateways=2)
        message = {**election.message, member: election.message[member][::-1]}
        entry = election.statement("Manifest", message)
        inputs = {"trustFile": election.trust()}
        feed.refuse(f"manifest-plain/{member}-turned", "statement", inputs, entry)


def statements(feed):
    manifests(feed)
    for tag, officers, threshold in (("2-of-3", 3, 2), ("1-of-2", 2, 1), ("5-of-7", 7, 5)):
        under_a_manifest(feed, Election(officers, threshold), tag)
