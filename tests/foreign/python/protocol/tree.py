"""RFC 6962 trees and C2SP hash tiles. Every hash is pymerkle's."""

from pymerkle import InmemoryTree

from .layout import tile_path, tiles_of


class Tree:
    def __init__(self, entries):
        self.entries = list(entries)
        self.size = len(self.entries)
        self.tree = InmemoryTree(algorithm="sha256")
        self.tree.append_entries(self.entries)

    def root(self, size=None):
        return self.tree.get_root(self.size if size is None else size)

    def leaf(self, index):
        return self.tree.get_leaf(index + 1)

    def subtree(self, start, end):
        """MTH(D[start:end]) of RFC 6962."""
        return Tree(self.entries[start:end]).root()

    def inclusion(self, index, size):
        """pymerkle's path starts with the leaf itself."""
        proof = self.tree.prove_inclusion(index + 1, size)
        proof.verify(self.leaf(index), self.root(size))
        return proof.path[1:]

    def consistency(self, old, new):
        """PROOF(m, D[n]) of RFC 6962, 2.1.2: pymerkle's own is in another form."""
        return self._subproof(old, 0, new, True)

    def _subproof(self, old, start, end, whole):
        width = end - start
        if old == width:
            return [] if whole else [self.subtree(start, end)]
        half = 1 << (width - 1).bit_length() - 1
        if old <= half:
            rest = self.subtree(start + half, end)
            return self._subproof(old, start, start + half, whole) + [rest]
        rest = self.subtree(start, start + half)
        return self._subproof(old - half, start + half, end, False) + [rest]

    def tiles(self):
        """Each tile's path and hashes."""
        level, count, made = 0, self.size, {}
        while count > 0:
            span = 256**level
            hashes = [self.subtree(at * span, (at + 1) * span) for at in range(count)]
            for number, width in tiles_of(count):
                tile = b"".join(hashes[number * 256 : number * 256 + width])
                made[f"tile/{level}/" + tile_path(number, width)] = tile
            level, count = level + 1, count // 256
        return made
