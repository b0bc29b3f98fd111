"""HMAC, HKDF and Argon2id of frames."""

import hmac as std_hmac

from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .encoding import frame

assert ARGON2_VERSION == 0x13


def hmac(key, purpose, fields):
    return std_hmac.digest(key, frame(purpose, fields), "sha256")


def hkdf(secret, purpose, fields=()):
    return HKDF(SHA256(), length=32, salt=None, info=frame(purpose, fields)).derive(secret)


def argon2id(purpose, fields, salt, memory_kib, passes, lanes):
    return hash_secret_raw(
        frame(purpose, fields),
        salt,
        time_cost=passes,
        memory_cost=memory_kib,
        parallelism=lanes,
        hash_len=32,
        type=Type.ID,
        version=0x13,
    )
