"""Looks for bytes of one side on the other, whatever they are encoded in.

Both sides are read raw and, wherever a run of text could be hexadecimal or Base64 (either alphabet, at
every alignment), decoded too. A finding is a window of 8 bytes that both sides hold.
"""

import base64
import binascii
import re
from pathlib import Path

WINDOW = 8
HEXADECIMAL = re.compile(rb"[0-9a-fA-F]{16,}")
BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{11,}")
URL_ALPHABET = bytes.maketrans(b"-_", b"+/")
DEPTH = 2


def decodings(data):
    """Everything that runs of text in the data could stand for."""
    for run in HEXADECIMAL.findall(data):
        for text in (run, run[1:]):
            yield binascii.unhexlify(text[: len(text) & ~1])
    for run in BASE64.findall(data):
        run = run.translate(URL_ALPHABET)
        for phase in range(4):
            text = run[phase:]
            # 1 character left over of 4 holds no whole byte.
            text = text[:-1] if len(text) % 4 == 1 else text
            yield base64.b64decode(text + b"=" * (-len(text) % 4))


def views(data, depth=DEPTH):
    """The data raw, decoded, and decoded again (hexadecimal of JSON with Base64 in it)."""
    yield data
    if depth:
        for decoded in decodings(data):
            if len(decoded) >= WINDOW:
                yield from views(decoded, depth - 1)


def windows(data):
    """All windows of the data and of what it could stand for."""
    return {view[at : at + WINDOW] for view in views(data) for at in range(len(view) - WINDOW + 1)}


def unknown_windows(data, known):
    """Windows of which no byte stands in a known one.

    A window that begins in an election's ID and ends one byte into a voter's would be found by chance.
    """
    found = set()
    for view in views(data):
        free = bytearray(b"\1") * len(view)
        for at in range(len(view) - WINDOW + 1):
            if view[at : at + WINDOW] in known:
                free[at : at + WINDOW] = bytes(WINDOW)
        for stretch in re.finditer(rb"\x01{%d,}" % WINDOW, free):
            found |= {view[at : at + WINDOW] for at in range(stretch.start(), stretch.end() - WINDOW + 1)}
    return found


def encodings(many):
    """Each as it is, and as JSON would hold it."""
    for data in many:
        yield data
        yield b"0x" + data.hex().encode()
        yield base64.b64encode(data)


def all_windows(many):
    return set().union(*map(windows, many))


class Ledger:
    """The windows of a public folder, and those known before the vote, which no search takes into account."""

    def __init__(self, folder, entries, known):
        folder = Path(folder)
        self.bytes, self.known = 0, known
        self.places = {}
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self._add(str(path.relative_to(folder)), path.read_bytes())
        for index, entry in enumerate(entries):
            self._add(f"entry {index}", entry)

    def _add(self, place, data):
        self.bytes += len(data)
        for window in windows(data) - self.known:
            self.places.setdefault(window, place)

    def shared_with(self, seen):
        """The windows that what was seen shares with the ledger, with where and where."""
        found, searched = {}, set()
        for where, data in seen:
            for window in unknown_windows(data, self.known) if data not in searched else ():
                if window in self.places:
                    found.setdefault(window, (where, self.places[window]))
            searched.add(data)
        return found


def planted(value):
    """The value in each encoding that a search must see through, amid other text."""
    return {
        "raw": b"\x00\x01" + value + b"\x02",
        "hexadecimal": b'{"id":"0x' + value.hex().encode() + b'"}',
        "upper-case hexadecimal": b"id=" + value.hex().upper().encode() + b";",
        "hexadecimal with a digit before it": b"id=7" + value.hex().encode() + b";",
        "Base64": b'"' + base64.b64encode(b"x" + value) + b'"',
        "Base64url": b"?t=" + base64.urlsafe_b64encode(b"xy" + value).rstrip(b"="),
        "Base64 in hexadecimal": b"0x" + base64.b64encode(value).hex().encode(),
    }
