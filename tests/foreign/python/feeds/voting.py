"""Requests, tokens, ballots, receipts."""

from secrets import token_bytes

from protocol import sealing, signing, structs
from protocol.encoding import canonical_json, to_hex, u32, unhex

from .case import CHANCE
from .election import Election, Voter

FITTING = [
    [[], [1], []],
    [[1, 3], [2], [255]],
    [[2], [2], list(range(1, 256))],
]
NOT_FITTING = {
    "least": [[1], [], []],
    "most": [[1, 2, 3], [1], []],
    "order": [[3, 1], [1], []],
    "option-0": [[0], [1], []],
    "option-4": [[4], [1], []],
    "an-option-twice": [[2, 2], [1], []],
    "a-question-less": [[1], [1]],
    "a-question-more": [[1], [1], [], []],
}


def request_plaintext(voter, signer=None, election=None):
    message = {
        "election": election or voter.election.id, "deliveryKey": to_hex(voter.delivery_key),
    }
    signed = structs.sign(
        "IssueRequest", message, voter.election.domain, [signer or voter.ballot_secret]
    )
    return voter.delivery_key + signed[0]


def issue_requests(feed):
    election = Election()
    to, aad = sealing.x25519_public(election.request_secret), election.digest
    for at in range(6):
        voter = Voter(election)
        name, plaintext = f"request-{at}", request_plaintext(voter)
        inputs = {
            "domain": election.domain, "election": election.id,
            "requestSecret": to_hex(election.request_secret),
            "ballotKey": voter.ballot_key, "deliveryKey": to_hex(voter.delivery_key),
        }
        feed.accept(
            name, "issueRequest", inputs, sealing.seal(to, "issue-request", aad, plaintext),
            domain=structs.log_domain("log.example/other"),
            election=to_hex(token_bytes(32)),
            requestSecret=to_hex(token_bytes(32)),
            ballotKey=to_hex(token_bytes(20)),
            deliveryKey=to_hex(token_bytes(32)),
        )
        other = request_plaintext(voter, election=to_hex(token_bytes(32)))
        wrong = {
            "another-purpose": sealing.seal(to, "voting-token", aad, plaintext),
            "another-aad": sealing.seal(to, "issue-request", token_bytes(32), plaintext),
            "no-aad": sealing.seal(to, "issue-request", b"", plaintext),
            "another-key": sealing.seal(voter.delivery_key, "issue-request", aad, plaintext),
            "longer-inside": sealing.seal(to, "issue-request", aad, plaintext + b"\x00"),
            "another-signer": sealing.seal(
                to, "issue-request", aad, request_plaintext(voter, signer=token_bytes(32))
            ),
            "another-election": sealing.seal(to, "issue-request", aad, other),
        }
        for variant, data in wrong.items():
            feed.refuse(f"{name}/{variant}", "issueRequest", inputs, data)


def token_plaintext(voter, signature=None):
    return unhex(voter.voter_id) + u32(voter.roll_index) + (signature or voter.token)


def tokens(feed):
    election = Election()
    stranger = Election(origin=election.origin)
    for at in range(6):
        voter = Voter(election)
        name, aad = f"token-{at}", election.digest
        seal = lambda plaintext, purpose="voting-token", to=None: sealing.seal(  # noqa: E731
            to or voter.delivery_key, purpose, aad, plaintext
        )
        inputs = {
            **election.base(), "bits": to_hex(voter.bits), "voterId": voter.voter_id,
            "rollIndex": voter.roll_index,
        }
        feed.accept(
            name, "token", inputs, seal(token_plaintext(voter)),
            trustFile=election.other_trust(), manifest=to_hex(stranger.entry),
            bits=to_hex(token_bytes(16)), voterId=to_hex(token_bytes(32)),
            rollIndex=voter.roll_index ^ 1,
        )
        other_issuer = voter.sign_token(token_bytes(32))
        other_key = voter.sign_token(election.issuer, ballotKey=to_hex(token_bytes(20)))
        other_place = voter.sign_token(election.issuer, rollIndex=voter.roll_index ^ 1)
        wrong = {
            "another-issuer": seal(token_plaintext(voter, other_issuer)),
            "another-ballot-key": seal(token_plaintext(voter, other_key)),
            "another-place": seal(token_plaintext(voter, other_place)),
            "another-purpose": seal(token_plaintext(voter), "issue-request"),
            "another-device": seal(token_plaintext(voter), to=Voter(election).delivery_key),
            "longer-inside": seal(token_plaintext(voter) + b"\x00"),
        }
        for variant, data in wrong.items():
            feed.refuse(f"{name}/{variant}", "token", inputs, data)


def other_ballots(election, voter):
    """Ballots that are signed and yet wrong."""
    thief, stranger = Voter(election), Voter(Election(origin=election.origin))
    made = {f"choice-{tag}": voter.ballot(one)[1] for tag, one in NOT_FITTING.items()}
    made |= {
        "a-sequence-too-high": voter.ballot(FITTING[0], election.message["maxBallots"])[1],
        "anothers-token": voter.ballot(FITTING[0], tokenSignature=to_hex(thief.token))[1],
        "anothers-key": voter.ballot(FITTING[0], ballotKey=thief.ballot_key)[1],
        "another-place": voter.ballot(FITTING[0], rollIndex=voter.roll_index ^ 1)[1],
        "another-issuer": Voter(election, issuer=token_bytes(32)).ballot(FITTING[0])[1],
        "another-election": stranger.ballot(FITTING[0])[1],
    }
    return made


def ballots(feed):
    election = Election()
    stranger = Election(origin=election.origin)
    for at, selections in enumerate(FITTING):
        for sequence in (0, 3):
            voter = Voter(election)
            entry = voter.ballot(selections, sequence)[1]
            feed.accept(
                f"ballot-{at}-{sequence}", "ballot", election.base(), entry,
                trustFile=election.other_trust(), manifest=to_hex(stranger.entry),
            )
    for variant, entry in other_ballots(election, Voter(election)).items():
        feed.refuse(f"ballot-0-0/{variant}", "ballot", election.base(), entry)


def receipt(election, message, include_by, secret, of=None):
    promise = {
        "election": of or election.id,
        "ballotDigest": to_hex(structs.digest("Ballot", message, election.domain)),
        "includeBy": include_by,
    }
    signed = structs.sign("Receipt", promise, election.domain, [secret])[0]
    return canonical_json({**promise, "signature": to_hex(signed)})


def receipts(feed):
    election = Election(gateways=3)
    last = election.message["closes"] + election.message["grace"]
    for at, secret in enumerate(election.gateways):
        voter = Voter(election)
        name, include_by = f"receipt-{at}", CHANCE.choice([last, last - 500])
        message, entry = voter.ballot(CHANCE.choice(FITTING))
        inputs = {**election.base(), "ballot": to_hex(entry)}
        feed.accept(
            name, "receipt", inputs, receipt(election, message, include_by, secret),
            trustFile=election.other_trust(),
            manifest=to_hex(Election(origin=election.origin).entry),
            ballot=to_hex(Voter(election).ballot(FITTING[0])[1]),
        )
        other = Voter(election).ballot(FITTING[0])[0]
        wrong = {
            "a-stranger": receipt(election, message, include_by, token_bytes(32)),
            "an-officer": receipt(election, message, include_by, election.officers[0]),
            "too-late": receipt(election, message, last + 1, secret),
            "another-ballot": receipt(election, other, include_by, secret),
            "another-election": receipt(
                election, message, include_by, secret, of=to_hex(token_bytes(32))
            ),
        }
        for variant, data in wrong.items():
            feed.refuse(f"{name}/{variant}", "receipt", inputs, data)
