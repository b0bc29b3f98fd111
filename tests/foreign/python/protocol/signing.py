"""secp256k1 keys and signatures of digests."""

from eth_account import Account
from eth_keys import keys

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def checksummed(secret):
    return Account.from_key(secret).address


def address(secret):
    return checksummed(secret).lower()


def sign(secret, digest):
    """RFC 6979, low s; EIP-2098: the parity in the top bit of s."""
    signed = Account.unsafe_sign_hash(digest, secret)
    return compact(signed.r, signed.s, signed.v - 27)


def compact(r, s, parity):
    return r.to_bytes(32, "big") + (s | parity << 255).to_bytes(32, "big")


def split(signature):
    """r, s and the parity of a compact signature."""
    r, rest = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    return r, rest & ~(1 << 255), rest >> 255


def recover(digest, signature):
    r, s, parity = split(signature)
    key = keys.Signature(vrs=(parity, r, s)).recover_public_key_from_msg_hash(digest)
    return key.to_address()


def in_order(secrets):
    """Secrets in ascending order of their addresses."""
    return sorted(secrets, key=address)
