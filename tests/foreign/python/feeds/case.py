"""The cases of a feed, and the wrong variants of each."""

from secrets import SystemRandom

from protocol.encoding import to_hex

CHANCE = SystemRandom()
RANDOM_PLACES = 6


def places(length):
    """Where a byte is changed: at both ends, in the middle, and anywhere."""
    fixed = {0, length // 2, length - 1} if length else set()
    anywhere = {CHANCE.randrange(length) for _ in range(RANDOM_PLACES if length else 0)}
    return sorted(fixed | anywhere)


def flipped(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


class Feed:
    def __init__(self):
        self.cases = []

    def add(self, name, kind, inputs, data, expect):
        self.cases.append({
            "name": name, "kind": kind, "inputs": inputs, "bytes": to_hex(data), "expect": expect,
        })

    def accept(self, name, kind, inputs, data, flips=None, margin=1, **others):
        """A case to accept; refused are the bytes with one changed, at `flips` or anywhere,
        cut or longer by `margin` bytes, and each of the `others`: inputs of that name with
        that value."""
        self.add(name, kind, inputs, data, "accept")
        for place in places(len(data)) if flips is None else flips:
            self.refuse(f"{name}/byte-{place}", kind, inputs, flipped(data, place))
        if data:
            self.refuse(f"{name}/cut", kind, inputs, data[:-margin])
        self.refuse(f"{name}/longer", kind, inputs, data + bytes(margin))
        for member, value in others.items():
            changed = {**inputs, member: value}
            assert changed != inputs, f"{name}: the same {member}"
            self.refuse(f"{name}/other-{member}", kind, changed, data)

    def refuse(self, name, kind, inputs, data):
        self.add(name, kind, inputs, data, "refuse")
