"""A vault's ring file, and what its keys say."""

from . import derive, notes, sealing, signing
from .encoding import frame, sha256, u32, u64, unhex

MAGIC, VERSION, REVISION, EPOCH = b"symbolon-ring", 1, 2, 1
PASSPHRASE, ACTIVE = 1, 1
# Name in the inputs and number of each purpose, in the order of the file.
PURPOSES = [
    ("index", 0), ("sealing", 1), ("portalDomain", 2), ("audit", 3),
    ("electionDomain", 4), ("electionToken", 5), ("electionRequest", 6),
]


class Inputs:
    """The inputs with bytes instead of texts."""

    def __init__(self, inputs):
        self.given = inputs
        self.random = {name: unhex(value) for name, value in inputs["random"].items()}
        self.portal = inputs["portal"].encode()
        self.nonce = unhex(inputs["electionNonce"])

    def key(self, name):
        return self.random[name + ".value"]


def unsealing(given):
    costs = [given.given[name] for name in ("memoryKib", "passes", "lanes")]
    return bytes([PASSPHRASE]) + b"".join(map(u32, costs)) + given.random["salt"]


def wrapped_root_key(given, secret_id):
    installation = given.random["installation"]
    secret = derive.argon2id(
        "passphrase",
        [installation, given.given["passphrase"].encode()],
        given.random["salt"],
        given.given["memoryKib"],
        given.given["passes"],
        given.given["lanes"],
    )
    key = derive.hkdf(secret + given.random["ringSecret"], "ring-key", [installation])
    aad = frame("ring-root", [installation, u64(REVISION), secret_id, unsealing(given)])
    return sealing.aes_gcm(key, given.random["rootKey.nonce"], given.random["rootKey"], aad)


def purpose_bytes(given, number):
    suffix = b""
    if number == 2:
        suffix = bytes([len(given.portal)]) + given.portal
    elif number >= 4:
        suffix = given.nonce
    return bytes([number]) + suffix


def ring_key(given, name, number):
    """One key of the file."""
    key_id, purpose = given.random[name + ".id"], purpose_bytes(given, number)
    aad = frame("ring-wrapping", [given.random["installation"], key_id, purpose, u32(EPOCH)])
    wrapper = derive.hkdf(given.random["rootKey"], "ring-wrapper")
    wrapped = sealing.aes_gcm(wrapper, given.random[name + ".nonce"], given.key(name), aad)
    now = u64(given.given["now"])
    times = now + b"\x01" + now + b"\x00" + b"\x00"
    return key_id + purpose + u32(EPOCH) + bytes([ACTIVE]) + times + wrapped


def ring_file(given, secret_id):
    body = b"".join([
        MAGIC, VERSION.to_bytes(2, "big"), given.random["installation"], u64(REVISION), secret_id,
        unsealing(given), wrapped_root_key(given, secret_id), u32(len(PURPOSES)),
        *(ring_key(given, name, number) for name, number in PURPOSES),
    ])
    seal_key = derive.hkdf(given.random["rootKey"], "ring-seal-key")
    return body + derive.hmac(seal_key, "ring-content", [sha256(body)])


def sealed_record(key, key_id, record):
    form = b"\x01"
    own, nonce, row, plaintext = (
        unhex(record[name]) for name in ("own", "nonce", "row", "plaintext")
    )
    aad = frame("record-binding", [form, record["table"].encode(), row, key_id, u32(EPOCH)])
    record_key = derive.hkdf(key, "record-key", [own])
    return form + key_id + u32(EPOCH) + own + sealing.aes_gcm(record_key, nonce, plaintext, aad)


def of_index(given, registration_id):
    index, lookup = given.key("index"), given.given["lookup"]
    row = [lookup["table"].encode(), unhex(lookup["field"])]

    def blind(purpose, fields):
        return u32(EPOCH) + derive.hmac(index, purpose, fields)

    return {
        "blindIndex": blind("blind-index", [unhex(given.given["stretched"])]),
        "registrationLookup": blind("registration-lookup", [given.portal, registration_id]),
        "rowLookup": blind("row-lookup", row),
    }


def of_election(given):
    domain, lookup = given.key("electionDomain"), given.given["lookup"]
    subject = [given.given["subject"]["kind"].encode(), unhex(given.given["subject"]["id"])]
    row = [lookup["table"].encode(), unhex(lookup["field"])]
    sealing_key = derive.hkdf(domain, "election-sealing-key")
    request_key = derive.hkdf(given.key("electionRequest"), "request-key")
    return {
        "voterId": derive.hmac(domain, "pseudonym", [unhex(given.given["root"])]),
        "issuer": signing.address(derive.hkdf(given.key("electionToken"), "issuer-key")),
        "requestKey": sealing.x25519_public(request_key),
        "electionRow": derive.hmac(
            derive.hkdf(domain, "election-blinding-key"), "election-row", row
        ),
        "electionSealedRecord": sealed_record(
            sealing_key, given.random["electionDomain.id"], given.given["record"]
        ),
        "electionSubject": derive.hmac(
            derive.hkdf(domain, "election-subject-key"), "audit-subject", subject
        ),
    }


def ring(inputs):
    given = Inputs(inputs)
    secret_id = derive.hkdf(given.random["ringSecret"], "ring-secret-id")[:16]
    audit, subject = given.key("audit"), inputs["subject"]
    registration_id = derive.hmac(
        given.key("portalDomain"), "pseudonym", [unhex(inputs["root"])]
    )
    blinding = derive.hkdf(audit, "audit-blinding-key")
    return {
        "ringFile": ring_file(given, secret_id),
        "ringSecretId": secret_id,
        "registrationId": registration_id,
        **of_index(given, registration_id),
        **of_election(given),
        "sealedRecord": sealed_record(
            given.key("sealing"), given.random["sealing.id"], inputs["record"]
        ),
        "auditSubject": derive.hmac(
            blinding, "audit-subject", [subject["kind"].encode(), unhex(subject["id"])]
        ),
        "auditPublicKey": notes.public(derive.hkdf(audit, "audit-checkpoint")),
    }
