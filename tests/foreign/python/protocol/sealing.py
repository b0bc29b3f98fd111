"""X25519 and HPKE."""

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pyhpke import AEADId, CipherSuite, KDFId, KEMId

from .encoding import label

SUITE = CipherSuite.new(
    KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.AES256_GCM
)


def x25519_public(scalar):
    return X25519PrivateKey.from_private_bytes(scalar).public_key().public_bytes_raw()


def seal(public, purpose, aad, plaintext, ikm_e=None):
    """Seals under an ephemeral key that is derived from `ikm_e`, or random."""
    ephemeral = SUITE.kem.derive_key_pair(ikm_e) if ikm_e is not None else None
    recipient = SUITE.kem.deserialize_public_key(public)
    enc, context = SUITE.create_sender_context(recipient, info=label(purpose), eks=ephemeral)
    return enc + context.seal(plaintext, aad=aad)


def open_sealed(scalar, purpose, aad, sealed):
    key = SUITE.kem.deserialize_private_key(scalar)
    context = SUITE.create_recipient_context(sealed[:32], key, info=label(purpose))
    return context.open(sealed[32:], aad=aad)


def aes_gcm(key, nonce, plaintext, aad):
    return nonce + AESGCM(key).encrypt(nonce, plaintext, aad)
