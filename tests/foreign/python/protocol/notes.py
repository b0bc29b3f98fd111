"""C2SP signed notes, checkpoints and cosignatures."""

from base64 import b64encode

from nacl.signing import SigningKey

from .encoding import sha256, u64

LOG, COSIGNER = 1, 4


def public(secret):
    return bytes(SigningKey(secret).verify_key)


def typed_key(kind, secret):
    return bytes([kind]) + public(secret)


def key_id(name, kind, secret):
    return sha256(name.encode() + b"\n" + typed_key(kind, secret))[:4]


def verifier_key(name, kind, secret):
    key = b64encode(typed_key(kind, secret)).decode()
    return f"{name}+{key_id(name, kind, secret).hex()}+{key}"


def line(name, kind, secret, signature):
    signed = b64encode(key_id(name, kind, secret) + signature).decode()
    return f"— {name} {signed}\n"


def sign(name, secret, body):
    return line(name, LOG, secret, SigningKey(secret).sign(body.encode()).signature)


def cosign(name, secret, body, time):
    message = f"cosignature/v1\ntime {time}\n{body}".encode()
    signature = u64(time) + SigningKey(secret).sign(message).signature
    return line(name, COSIGNER, secret, signature)


def checkpoint_body(origin, size, root):
    return f"{origin}\n{size}\n{b64encode(root).decode()}\n"


def note(body, lines):
    return body + "\n" + "".join(lines)
