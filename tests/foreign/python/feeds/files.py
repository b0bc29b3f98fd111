"""Contents and issued lists."""

import copy
from secrets import token_bytes

from protocol import entries
from protocol.encoding import canonical_json, sha256, to_hex

from .election import Election, content, shape


def content_inputs(given, data):
    return {"hash": to_hex(sha256(data)), "shape": to_hex(shape(given))}


def wrong_contents(given):
    """Contents that break a rule."""

    def change(edit):
        changed = copy.deepcopy(given)
        edit(changed)
        return changed

    first = lambda changed: changed["questions"][0]  # noqa: E731
    return {
        "a-language-less": change(lambda it: first(it)["options"][0].pop("ar")),
        "a-language-more": change(lambda it: it["text"].update(de="mehr")),
        "a-member-more": change(lambda it: it.update(more=1)),
        "no-version": change(lambda it: it.pop("version")),
        "another-version": change(lambda it: it.update(version="symbolon/v2")),
        "a-control-character": change(lambda it: it["title"].update(en="a\u0007")),
        "no-language": change(lambda it: it["title"].clear()),
        "quorum-10001": change(lambda it: it.update(quorum=10_001)),
        "33-questions": change(lambda it: it.update(questions=[first(it)] * 33)),
        "least-above-most": change(lambda it: first(it).update(least=3, most=2)),
        "most-above-options": change(lambda it: first(it).update(most=4)),
        "256-options": change(lambda it: first(it).update(options=[it["title"]] * 256, most=1)),
    }


def wrong_shape(given):
    """The shape where it can be written, else that of the first question alone."""
    try:
        return shape(given)
    except ValueError:
        return shape({"questions": [{**given["questions"][0], "options": [1, 2, 3], "most": 1}]})


def contents(feed):
    shapes = [[(3, 0, 2)], [(1, 1, 1)], [(255, 0, 255), (2, 1, 2)], [(2, 0, 1)] * 32]
    for at, questions in enumerate(shapes):
        given = content(*questions)
        data = canonical_json(given)
        inputs = content_inputs(given, data)
        other = shape(content(*questions, (2, 0, 1)))
        feed.accept(
            f"content-{at}", "content", inputs, data,
            hash=to_hex(token_bytes(32)), shape=to_hex(other),
        )
    given = content((3, 0, 2))
    for variant, changed in wrong_contents(given).items():
        data = canonical_json(changed)
        inputs = {"hash": to_hex(sha256(data)), "shape": to_hex(wrong_shape(changed))}
        feed.refuse(f"content-0/{variant}", "content", inputs, data)
    twice = canonical_json(given).replace(b'"threshold"', b'"quorum"')
    twice = twice.replace(b'{"questions"', b'{"quorum":1,"questions"', 1)
    feed.refuse("content-0/a-member-twice", "content", content_inputs(given, twice), twice)


def close(election, data, **changes):
    message = {
        "election": election.id, "rollSize": len(data) // 20, "rollRoot": to_hex(token_bytes(32)),
        "issued": to_hex(sha256(data)), **changes,
    }
    return to_hex(election.statement("Close", message))


def issued_lists(feed):
    election = Election()
    key = lambda: to_hex(token_bytes(20))  # noqa: E731
    lists = {
        "one": [key()],
        "none": [None, None, None],
        "some": [key() if at % 3 else None for at in range(300)],
    }
    for tag, held in lists.items():
        data = entries.issued_list(held)
        inputs = {**election.base(), "close": close(election, data)}
        stranger = Election(origin=election.origin)
        feed.accept(
            f"issued-{tag}", "issuedList", inputs, data,
            trustFile=election.other_trust(),
            manifest=to_hex(stranger.entry),
            close=close(election, entries.issued_list([*held[1:], key()])),
        )
        longer = close(election, data, rollSize=len(held) + 1)
        feed.refuse(
            f"issued-{tag}/another-roll-size", "issuedList", {**inputs, "close": longer}, data
        )
    double = entries.issued_list([lists["one"][0], None, lists["one"][0]])
    inputs = {**election.base(), "close": close(election, double)}
    feed.refuse("issued-one/a-key-twice", "issuedList", inputs, double)
    ragged = data + bytes(7)
    inputs = {**election.base(), "close": close(election, ragged)}
    feed.refuse("issued-some/ragged", "issuedList", inputs, ragged)
