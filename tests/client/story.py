"""A stranger's client votes in a real city, and a portal that keeps every byte learns nothing."""

import signal
import sys
import tempfile
import time
from collections import defaultdict

import city
import eyes
import founding
import recorders
import voting
import world
from facts import chapter, ensure, told


class Story:
    """What is known as the story goes on."""

    def __init__(self, town):
        self.city, self.log = town, town.root / "log"
        self.voters, self.manifests, self.ballots = [], {}, {}
        # By poll: what counts of each place, and every entry that a device cast.
        self.chosen, self.cast = defaultdict(dict), defaultdict(list)
        # What passed the recording portal, and what passed the real one.
        self.relayed, self.passed = recorders.Record(), recorders.Record()
        self.open = []

    def play(self):
        self._chapter("the city", lambda _: self.city.found())
        self._chapter("registration", founding.register, founding.suspend_and_resume)
        self._chapter("elections", founding.open_polls, founding.read_papers,
                      founding.remember_what_is_public, founding.start_portals)
        self._chapter("tokens", voting.ask, voting.ask_wrongly)
        self._chapter("ballots", voting.cast_all, voting.check_inclusion)
        self.seen_by_relay, self.seen_by_portal = self.relayed.take(), self._passed()
        self._chapter("simple mode", voting.vote_at_the_kiosk)
        self.seen_at_kiosk = self._passed()
        self._chapter("close and certify", voting.come_late, world.close_and_certify, world.compare_tallies)
        self._chapter("a portal that keeps every byte", eyes.look)

    def _chapter(self, title, *parts):
        chapter(title, *(lambda part=part: part(self) for part in parts))

    def _passed(self):
        self.before.settle()
        return self.passed.take()

    def end(self):
        for one in self.open:
            one.close()
        return self.city.stop()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="symbolon-client-") as folder:
        story = Story(city.City(folder))
        try:
            story.play()
        except Exception:
            print(story.city.last_words(), file=sys.stderr)
            raise
        finally:
            failed = story.end()
        ensure(not failed, "every daemon ended well" + "".join(failed))
    print(f"\n{len(told)} facts hold, {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
