"""Hexadecimal, frames, JSON files."""

import hashlib

import rfc8785

VERSION = "symbolon/v1"


def unhex(text):
    if not text.startswith("0x"):
        raise ValueError("bytes start with 0x")
    return bytes.fromhex(text[2:])


def to_hex(data):
    return "0x" + bytes(data).hex()


def sha256(data):
    return hashlib.sha256(data).digest()


def u32(number):
    return number.to_bytes(4, "big")


def u64(number):
    return number.to_bytes(8, "big")


def label(purpose):
    return f"{VERSION}/{purpose}".encode("ascii")


def frame(purpose, fields):
    return label(purpose) + b"".join(u32(len(field)) + field for field in fields)


def canonical_json(value):
    return rfc8785.dumps(value)


def text_file(data):
    return {"text": data.decode("utf-8"), "sha256": to_hex(sha256(data))}
