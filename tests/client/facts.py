"""Facts that must hold, told as they are found to."""

import time

import calls
import wire

told = []


def ensure(holds, what):
    """A fact that must hold."""
    if not holds:
        raise AssertionError("doesn't hold: " + what)
    told.append(what)
    print("  ok  " + what, flush=True)


def refused(reason, ask, what):
    """A service must refuse, with this reason."""
    try:
        ask()
    except calls.Refused as refusal:
        return ensure(refusal.reason == reason, f"{what}: refused, {refusal.reason}")
    raise AssertionError("not refused: " + what)


def refuses(ask, what):
    """Our own checks must refuse what is wrong."""
    try:
        ask()
    except wire.Wrong:
        return ensure(True, what)
    raise AssertionError("accepted: " + what)


def until(what, ask, seconds=60):
    """Asks again and again until there is an answer."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.2)
    raise TimeoutError(what)


def wait_past(moment):
    while time.time() <= moment + 1:
        time.sleep(0.1)


def chapter(title, *parts):
    """Plays parts of the story, timed."""
    started = time.monotonic()
    print(f"--- {title}", flush=True)
    for part in parts:
        part()
    print(f"      {time.monotonic() - started:.1f} s", flush=True)
