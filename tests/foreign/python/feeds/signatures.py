"""Bare signatures, and typed data as wallets sign it."""

import json
from secrets import token_bytes

from eth_account import Account
from eth_account.messages import encode_typed_data

from protocol import signing, structs
from protocol.encoding import canonical_json, to_hex

from .case import CHANCE
from .election import Election


def bare(feed):
    for at in range(12):
        secret, digest = token_bytes(32), token_bytes(32)
        inputs = {"digest": to_hex(digest), "signer": signing.address(secret)}
        feed.accept(
            f"signature-{at}", "signature", inputs, signing.sign(secret, digest),
            flips=[0, 15, 31, 32, 33, 63],
            digest=to_hex(token_bytes(32)),
            signer=signing.address(token_bytes(32)),
        )


def messages(election):
    """One of each struct, with fresh values and numbers at their limits."""

    def word():
        return to_hex(token_bytes(32))

    def address():
        return to_hex(token_bytes(20))

    return {
        "Manifest": election.message,
        "RollStatement": {
            "election": word(), "sequence": 0, "size": 2**32 - 1, "root": word(),
        },
        "IssueRequest": {"election": word(), "deliveryKey": word()},
        "VotingToken": {
            "election": word(), "voterId": word(), "rollIndex": 2**32 - 1, "ballotKey": address(),
        },
        "Ballot": {
            "election": word(), "voterId": word(), "choice": to_hex(token_bytes(37)),
            "sequence": 255,
        },
        "Receipt": {"election": word(), "ballotDigest": word(), "includeBy": 2**53 - 1},
        "IssuerRotation": {"election": word(), "current": address(), "next": address()},
        "Close": {"election": word(), "rollSize": 0, "rollRoot": word(), "issued": word()},
        "Certified": {
            "election": word(), "ledgerSize": str(2**64 - 1), "ledgerHead": word(),
            "tallyHash": word(),
        },
        "Cancelled": {"election": word()},
        "Proposal": {
            "installation": word(), "nonce": word(), "expires": str(2**53), "contentHash": word(),
        },
        "Verdict": {
            "installation": word(), "ticket": word(), "same": CHANCE.choice([True, False]),
        },
    }


def signed_by(secret, request):
    return Account.sign_message(encode_typed_data(full_message=request), secret)


def forms(signed):
    """A signature as wallets give it."""
    r, s = signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")
    return {
        "compact": signing.compact(signed.r, signed.s, signed.v - 27),
        "v27": r + s + bytes([signed.v]),
        "v0": r + s + bytes([signed.v - 27]),
    }


def high_s(signed):
    """The other signature of the same digest and key."""
    s = (signing.ORDER - signed.s).to_bytes(32, "big")
    return signed.r.to_bytes(32, "big") + s + bytes([27 + (28 - signed.v)])


def case(feed, name, request, secret, text):
    """Of a signature with v = 0 the first 64 bytes are the compact form: one byte more or
    less may be right."""
    signed = signed_by(secret, request)
    inputs = {"typedData": text, "signer": signing.address(secret)}
    for form, data in forms(signed).items():
        feed.accept(
            f"{name}-{form}", "typedData", inputs, data, margin=2,
            signer=signing.address(token_bytes(32)),
        )
    feed.refuse(f"{name}-v27/high-s", "typedData", inputs, high_s(signed))


def written(request):
    return canonical_json(request).decode()


def wrong(feed, name, request, secret):
    """Signed as it stands, but no statement of the protocol."""

    def refuse(variant, **changes):
        changed = {**json.loads(written(request)), **changes}
        inputs = {"typedData": written(changed), "signer": signing.address(secret)}
        data = forms(signed_by(secret, changed))["compact"]
        feed.refuse(f"{name}-compact/{variant}", "typedData", inputs, data)

    domain, types, message = request["domain"], request["types"], request["message"]
    primary = request["primaryType"]
    refuse("domain-name", domain={**domain, "name": "Symbolum"})
    refuse("domain-version", domain={**domain, "version": "2"})
    refuse("another-struct", primaryType="Stolen", types={
        "EIP712Domain": types["EIP712Domain"], "Stolen": types[primary],
    })
    refuse("a-field-more", message={**message, "more": 1}, types={
        **types, primary: [*types[primary], {"name": "more", "type": "uint8"}],
    })
    if len(types[primary]) > 1:
        refuse("fields-turned", types={**types, primary: types[primary][::-1]})


def other_value(value):
    """Another value of the same form."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, list):
        return value[::-1] if len(value) > 1 else value * 2
    if isinstance(value, int):
        return value - 1 if value else 1
    return value[:-1] + ("1" if value[-1] != "1" else "2")


def typed(feed):
    election = Election()
    for name, message in messages(election).items():
        secret = token_bytes(32)
        request = structs.typed_data(name, message, election.domain)
        case(feed, f"typed-{name}", request, secret, written(request))
        wrong(feed, f"typed-{name}", request, secret)
        data = forms(signed_by(secret, request))["compact"]
        for field, value in message.items():
            changed = {**request, "message": {**message, field: other_value(value)}}
            inputs = {"typedData": written(changed), "signer": signing.address(secret)}
            feed.refuse(f"typed-{name}-compact/other-{field}", "typedData", inputs, data)
    secret = token_bytes(32)
    chain = {"chainId": 2**31, "verifyingContract": to_hex(token_bytes(20))}
    request = structs.typed_data("Cancelled", {"election": election.id}, chain)
    case(feed, "typed-indented", request, secret, json.dumps(request, indent=4))
