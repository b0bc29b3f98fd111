"""Checkpoints and proofs."""

from secrets import token_bytes

from protocol import notes
from protocol.encoding import to_hex
from protocol.tree import Tree

from .case import CHANCE
from .election import OPENS, Log


def note(log, size, root, cosigners, signer=None, extra=()):
    """A checkpoint that the log and these cosigners signed."""
    body = notes.checkpoint_body(log.origin, size, root)
    lines = [notes.sign(log.origin, log.secret, body)] if signer is None else [signer(body)]
    time = OPENS + CHANCE.randrange(100_000)
    lines += [notes.cosign(name, secret, body, time) for name, secret in cosigners]
    return notes.note(body, lines + [line(body) for line in extra]).encode()


def stranger(body):
    return notes.cosign("stranger.example", token_bytes(32), body, OPENS)


def checkpoints(feed):
    for tag, witnesses, quorum in (("alone", 0, 1), ("2-of-2", 1, 2), ("3-of-4", 3, 3)):
        log, root = Log(witnesses, quorum), token_bytes(32)
        size = CHANCE.randrange(1, 2**40)
        inputs = {"ledgerKeys": log.keys(), "size": size, "root": to_hex(root)}
        name, enough = f"checkpoint-{tag}", log.cosigners()[:quorum]
        feed.accept(
            name, "checkpoint", inputs, note(log, size, root, enough),
            ledgerKeys=Log(witnesses, quorum).keys(), size=size + 1, root=to_hex(token_bytes(32)),
        )
        body_end = len(notes.checkpoint_body(log.origin, size, root).encode())
        more = note(log, size, root, log.cosigners(), extra=[stranger])
        feed.accept(
            f"{name}-more", "checkpoint", inputs, more, flips=range(0, body_end, 7), size=size - 1
        )
        wrong_checkpoints(feed, name, log, size, root, inputs)


def wrong_checkpoints(feed, name, log, size, root, inputs):
    few = log.cosigners()[: log.quorum - 1]
    (own, secret), other = log.cosigners()[0], token_bytes(32)
    forged = lambda body: notes.line(  # noqa: E731
        own, notes.COSIGNER, secret, bytes(8) + token_bytes(64)
    )
    wrong = {
        "too-few": note(log, size, root, few),
        "a-stranger": note(log, size, root, few, extra=[stranger]),
        "twice": note(log, size, root, few, extra=[
            lambda body: notes.cosign(*few[0], body, 1) if few else stranger(body)
        ]),
        "forged": note(log, size, root, few, extra=[forged]),
        "another-log": note(
            log, size, root, log.cosigners(), lambda body: notes.sign(log.origin, other, body)
        ),
        "another-size-signed": note(log, size + 1, root, log.cosigners()),
        "another-root-signed": note(log, size, token_bytes(32), log.cosigners()),
    }
    for variant, data in wrong.items():
        feed.refuse(f"{name}/{variant}", "checkpoint", inputs, data)


def hashes(proof):
    return b"".join(proof)


def inclusions(feed):
    """A size alone can be another where the path stays as long; four times as much isn't."""
    entries = [token_bytes(CHANCE.randrange(1, 60)) for _ in range(600)]
    tree = Tree(entries)
    places = [(0, 1), (0, 2), (1, 2), (2, 3), (5, 8), (255, 256), (256, 257), (511, 600)]
    for index, size in places + [(CHANCE.randrange(600), 600)]:
        name = f"inclusion-{index}-of-{size}"
        inputs = {
            "entry": to_hex(entries[index]), "index": index, "size": size,
            "root": to_hex(tree.root(size)),
        }
        proof = tree.inclusion(index, size)
        feed.accept(
            name, "inclusion", inputs, hashes(proof),
            entry=to_hex(token_bytes(32)), index=index ^ 1, size=4 * size,
            root=to_hex(token_bytes(32)),
        )
        feed.refuse(f"{name}/a-hash-more", "inclusion", inputs, hashes([*proof, token_bytes(32)]))
        if proof:
            feed.refuse(f"{name}/a-hash-less", "inclusion", inputs, hashes(proof[:-1]))
        if len(proof) > 1:
            feed.refuse(f"{name}/turned", "inclusion", inputs, hashes(proof[::-1]))


def consistencies(feed):
    tree = Tree([token_bytes(20) for _ in range(520)])
    pairs = [(1, 2), (1, 3), (2, 3), (3, 7), (4, 8), (6, 8), (7, 8), (255, 257), (256, 520)]
    for old, new in pairs + [(513, 520), (CHANCE.randrange(2, 500), 517)]:
        name = f"consistency-{old}-to-{new}"
        inputs = {
            "from": old, "to": new, "fromRoot": to_hex(tree.root(old)),
            "toRoot": to_hex(tree.root(new)),
        }
        proof = tree.consistency(old, new)
        feed.accept(
            name, "consistency", inputs, hashes(proof),
            **{"from": old + 1, "to": 4 * new},
            fromRoot=to_hex(token_bytes(32)), toRoot=to_hex(token_bytes(32)),
        )
        swapped = {**inputs, "fromRoot": inputs["toRoot"], "toRoot": inputs["fromRoot"]}
        feed.refuse(f"{name}/roots-swapped", "consistency", swapped, hashes(proof))
        more = hashes([*proof, token_bytes(32)])
        feed.refuse(f"{name}/a-hash-more", "consistency", inputs, more)
        feed.refuse(f"{name}/a-hash-less", "consistency", inputs, hashes(proof[:-1]))
