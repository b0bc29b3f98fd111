"""Each kind of item of the golden file: inputs without references give the outputs."""

import json

from . import derive, device, entries, layout, notes, ring, sealing, signing, structs, tally, tree
from .encoding import canonical_json, frame, sha256, text_file, to_hex, unhex


def fields(inputs):
    return [unhex(field) for field in inputs["fields"]]


def argon2id(inputs):
    costs = [inputs[name] for name in ("memoryKib", "passes", "lanes")]
    salt = unhex(inputs["salt"])
    return {"hash": derive.argon2id(inputs["purpose"], fields(inputs), salt, *costs)}


def secp256k1(inputs):
    secret = unhex(inputs["secret"])
    return {"address": signing.address(secret), "checksummed": signing.checksummed(secret)}


def ed25519(inputs):
    name, secret = inputs["name"], unhex(inputs["secret"])
    return {
        "public": notes.public(secret),
        "logKey": notes.verifier_key(name, notes.LOG, secret),
        "cosignerKey": notes.verifier_key(name, notes.COSIGNER, secret),
    }


def rule_id(inputs):
    parts = [inputs["canonicaliser"], inputs["ruleKind"]]
    for attribute in inputs["attributes"]:
        parts += [attribute["name"], attribute["kind"], ",".join(attribute["folds"])]
    return {"id": sha256(frame("rule-id", [part.encode() for part in parts]))}


def match_key(inputs):
    parts = [one[name] for one in inputs["attributes"] for name in ("kind", "canonical")]
    return {"bytes": frame("match-key", [part.encode() for part in parts])}


def hpke(inputs):
    secret, aad = unhex(inputs["recipientSecret"]), unhex(inputs["aad"])
    public, ikm_e = sealing.x25519_public(secret), unhex(inputs["ikmE"])
    plaintext = b"".join(map(unhex, inputs["plaintext"]))
    sealed = sealing.seal(public, inputs["purpose"], aad, plaintext, ikm_e)
    assert sealing.open_sealed(secret, inputs["purpose"], aad, sealed) == plaintext
    return {"recipientPublic": public, "sealed": sealed}


def domain(inputs):
    given = structs.log_domain(inputs["origin"]) if "origin" in inputs else inputs
    return {**given, "separator": structs.separator(given)}


def typed(inputs):
    signers = [unhex(secret) for secret in inputs["signers"]]
    return structs.typed_item(inputs["type"], inputs["message"], inputs["domain"], signers)


def signature_file(inputs):
    request = json.loads(inputs["typedData"])
    digest = structs.hashes(request)[2]
    return text_file(canonical_json({
        "statement": request["primaryType"],
        "digest": to_hex(digest),
        "signer": signing.recover(digest, unhex(inputs["signature"])),
        "signature": inputs["signature"],
    }))


def choice(inputs):
    shape = entries.shape(inputs["shape"])
    return {"shape": shape, "choice": entries.choice(inputs["selections"])}


def with_hash(entry):
    return {"bytes": entry, "hash": entries.entry_hash(entry)}


def statement_entry(inputs):
    signatures = [unhex(signature) for signature in inputs["signatures"]]
    return with_hash(entries.statement(inputs["type"], unhex(inputs["abi"]), signatures))


def issued_list(inputs):
    data = entries.issued_list(inputs["places"])
    return {"bytes": data, "sha256": sha256(data)}


def json_file(inputs):
    return text_file(canonical_json(inputs["value"]))


def content(inputs):
    questions = [
        {**question, "options": len(question["options"])}
        for question in inputs["value"]["questions"]
    ]
    return {**json_file(inputs), "shape": entries.shape(questions)}


def tally_of(inputs):
    trusted = json.loads(inputs["trustFile"])["domain"]
    ledger = [unhex(entry) for entry in inputs["entries"]]
    return text_file(tally.tally(ledger, inputs["range"], inputs["issued"], trusted))


def leaves(inputs):
    given = inputs["entries"]
    if isinstance(given, list):
        return [unhex(entry) for entry in given]
    return [f"{given['text']}{at}".encode("ascii") for at in range(given["count"])]


def tree_of(inputs):
    made = tree.Tree(leaves(inputs))
    return {
        "size": made.size,
        "root": made.root(),
        "roots": {str(size): made.root(size) for size in inputs["sizes"]},
        "tiles": made.tiles(),
        "inclusion": [made.inclusion(one["index"], one["size"]) for one in inputs["inclusion"]],
        "consistency": [made.consistency(one["from"], one["to"]) for one in inputs["consistency"]],
    }


def bundle(inputs):
    held = leaves(inputs)
    path = "tile/entries/" + layout.tile_path(inputs["number"], len(held))
    return {"path": path, "bytes": entries.bundle(held)}


def checkpoint(inputs):
    origin, secret = inputs["origin"], unhex(inputs["logSecret"])
    body = notes.checkpoint_body(origin, inputs["size"], unhex(inputs["root"]))
    lines = [notes.sign(origin, secret, body), notes.cosign(origin, secret, body, inputs["time"])]
    for witness in inputs["witnesses"]:
        lines.append(notes.cosign(witness["name"], unhex(witness["secret"]), body, witness["time"]))
    return {"body": body, **text_file(notes.note(body, lines).encode())}


KINDS = {
    "frame": lambda inputs: {"bytes": frame(inputs["purpose"], fields(inputs))},
    "hmac": lambda inputs: {
        "tag": derive.hmac(unhex(inputs["key"]), inputs["purpose"], fields(inputs))
    },
    "hkdf": lambda inputs: {
        "key": derive.hkdf(unhex(inputs["secret"]), inputs["purpose"], fields(inputs))
    },
    "argon2id": argon2id,
    "secp256k1": secp256k1,
    "x25519": lambda inputs: {"public": sealing.x25519_public(unhex(inputs["secret"]))},
    "ed25519": ed25519,
    "ruleId": rule_id,
    "matchKey": match_key,
    "ring": ring.ring,
    "device": lambda inputs: device.keys(unhex(inputs["bits"]), unhex(inputs["election"])),
    "hpke": hpke,
    "domain": domain,
    "typed": typed,
    "signatureFile": signature_file,
    "choice": choice,
    "statementEntry": statement_entry,
    "ballotEntry": lambda inputs: with_hash(entries.ballot(inputs)),
    "issuedList": issued_list,
    "trustFile": json_file,
    "ledgerKeys": json_file,
    "content": content,
    "receiptFile": json_file,
    "complaintFile": json_file,
    "tally": tally_of,
    "tree": tree_of,
    "bundle": bundle,
    "checkpoint": checkpoint,
    "layout": layout.layout,
}
