#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
# vm: --time 300
"""Several processes do to XFRM whatever they like, in random order and at the same time,
where a rule rejects SAs whose key nobody dictated. Their keys and those of the TIA, which
is often late, silent or unwilling, can be told apart: after each burst no SA that the rule
covers has one of theirs. Kernels before 7 don't let the module refuse to move an SA there;
each that was moved has its alarm.

The judge is the dump that `ip xfrm state` prints. FUZZ_SEED=N repeats what was done, though
not in which order; FUZZ_BURSTS=N."""
import os
import platform
import random
import select
import sys
import time

sys.path.insert(0, os.path.join(os.environ["KMTIA_TOP"], "tests/py"))
# pylint: disable=wrong-import-position
import guest
import kmtia_nl as nl
import tap
import xfrm

NEW_KERNEL = int(platform.release().split(".")[0]) >= 7
WORKERS, ACTS = 4, 60
#: (source, destination); the rule covers the first two
HOME, BACK, FREE, AWAY = (("10.1.0.1", "10.1.0.2"), ("10.1.0.2", "10.1.0.1"),
                          ("10.3.0.1", "10.3.0.2"), ("10.3.0.2", "10.3.0.1"))
PLACES = (HOME, BACK, FREE, AWAY)
SPIS = range(0x6001, 0x6007)
THEIRS, OURS = b"\x1e\xef" * 4, b"\xd1\xc7" * 4
#: (covered, whose key) of SAs that must be seen, or the test says nothing
EXPECTED = {(True, OURS[:2]), (False, THEIRS[:2])}

seed = int(os.environ.get("FUZZ_SEED") or int.from_bytes(os.urandom(4), "big"))
tap.diag(f"FUZZ_SEED={seed}")
bursts = int(os.environ.get("FUZZ_BURSTS", 12))


# --- A process that does what it likes ---------------------------------------------------------

class Worker:
    """Acts, each a method of one name with what it acts on"""

    def __init__(self, number):
        self.random = random.Random(seed * 1000 + number)
        self.count = number << 24
        self.done = {}

    def key(self):
        self.count += 1
        return THEIRS + self.count.to_bytes(12, "big")

    def newsa(self, spi, place):
        return xfrm.newsa(spi, *place, key=self.key(), hard_add=self.random.choice((0, 0, 0, 1)))

    def updsa(self, spi, place):
        return xfrm.newsa(spi, *place, key=self.key(), update=True)

    def alloc_update(self, spi, place):
        xfrm.allocspi(spi, *place)
        return self.updsa(spi, place)

    def twice(self, spi, place):
        key = self.key()
        if not xfrm.newsa(spi, *place, key=key, update=True)[0]:
            return 0, None
        return xfrm.newsa(spi, *place, key=key)

    def delsa(self, spi, place):
        return xfrm.delsa(spi, place[1])

    def readd(self, spi, place):
        """Reads an SA's key, deletes it, and adds it where it likes"""
        key = guest.installed(spi)
        if key:
            xfrm.delsa(spi, place[1])
            return xfrm.newsa(spi, *self.random.choice(PLACES), key=key)
        return xfrm.delsa(spi, place[1])

    def expire(self, spi, place):
        return xfrm.expire(spi, *place)

    def migrate(self, spi, place):
        policy(place)
        return xfrm.migrate(place, self.random.choice(PLACES))

    def migrate_state(self, spi, place):
        return xfrm.migrate_state(spi, place[1], self.random.choice(PLACES))

    def flush(self, spi, place):
        return xfrm.flushsa()

    ACTS = (newsa,) * 8 + (updsa,) * 3 + (alloc_update,) * 4 + (twice,) * 2 + (delsa,) * 4 + \
        (readd, expire, expire, migrate, migrate, migrate_state, migrate_state, flush)

    def run(self):
        for _ in range(ACTS):
            act = self.random.choice(self.ACTS)
            err = act(self, self.random.choice(SPIS), self.random.choice(PLACES))[0]
            self.done[act.__name__, err] = self.done.get((act.__name__, err), 0) + 1


def policy(place):
    """What XFRM_MSG_MIGRATE wants to be there, and changes"""
    src, dst = place
    guest.sh(f"ip xfrm policy update src {src} dst {dst} dir out "
             f"tmpl src {src} dst {dst} proto esp reqid 1 mode transport", check=False)


def start(number):
    """Another process; the end of the pipe tells what it did, a line each"""
    there, here = os.pipe()
    if os.fork():
        os.close(here)
        return there
    os.dup2(here, 3)
    os.closerange(4, 1024)
    worker = Worker(number)
    worker.run()
    with os.fdopen(3, "w") as out:
        for (name, err), times in worker.done.items():
            out.write(f"{name} {err} {times}\n")
    os._exit(0)


# --- The TIA ---------------------------------------------------------------------------------------

class Whimsical:
    """Dictates mostly, with keys of its own; the rest of the time it is difficult"""

    def __init__(self):
        self.tia = nl.Tia(1, flags=1, rcvbuf=1 << 20)
        self.random = random.Random(seed)
        self.count = 0
        self.late = []
        self.sign = 0

    def try_to(self, answer, *args):
        try:
            answer(*args)
        except nl.NlError:
            pass    # too late, or its creator has gone

    def answer(self, question):
        self.count += 1
        self.try_to(self.tia.answer, question, OURS + self.count.to_bytes(12, "big"))

    def question(self, question):
        whim = self.random.random()
        if whim < 0.75:
            self.answer(question)
        elif whim < 0.85:
            self.late.append((time.monotonic() + self.random.random() * 0.4, question))
        elif whim < 0.95:
            self.try_to(self.tia.call, "dictate-reply", {"id": question["id"], "status": 1})
        # else nothing

    def serve(self):
        """All that there is to do now"""
        message = self.tia.recv(0)
        while message is not None:
            if message.op == "dictate":
                self.question(message)
            message = self.tia.recv(0)
        for due, question in list(self.late):
            if due <= time.monotonic():
                self.late.remove((due, question))
                self.answer(question)
        # One that has stalled is asked again when it gives a sign of life.
        if self.sign < time.monotonic() - 0.5:
            self.tia.dump("request-get")
            self.sign = time.monotonic()


# --- A burst, and what it left ----------------------------------------------------------------------

def kinds_of(alive):
    """{(covered, whose key)}"""
    return {(covered(sa), sa[3][:2]) for sa in alive}


def burst(number, tia, kinds):
    """{(act, errno): how often}; what kinds of SAs were seen meanwhile is added to kinds."""
    done = {}
    pipes = [start(number * WORKERS + n) for n in range(WORKERS)]
    while pipes:
        ready, _, _ = select.select([*pipes, tia.tia.sock], [], [], 0.05)
        tia.serve()
        if not kinds >= EXPECTED:
            kinds |= kinds_of(installed())
        for pipe in set(ready) & set(pipes):
            with os.fdopen(pipe) as out:
                for line in out:
                    name, err, times = line.split()
                    done[name, int(err)] = done.get((name, int(err)), 0) + int(times)
            pipes.remove(pipe)
            os.wait()
    return done


def installed():
    """[(SPI, source, destination, key)] of what lives"""
    out, ends, spi = [], None, None
    for line in guest.sh("ip xfrm state").splitlines():
        words = line.split()
        if words[:1] == ["src"]:
            ends = (words[1], words[3])
        elif words[:1] == ["proto"]:
            spi = int(words[3], 16)
        elif words[:1] == ["aead"]:
            out.append((spi, *ends, bytes.fromhex(words[2][2:])))
    return out


def covered(sa):
    return sa[1:3] in (HOME, BACK)


def alarms(monitor, seen):
    """Those that came, (SPI, destination), are added to seen."""
    message = monitor.recv(0)
    while message is not None:
        if message.get("event") == "alarm":
            seen.add((message["sa"]["spi"], ".".join(map(str, message["sa"]["daddr"]))))
        message = monitor.recv(0)


def slipped_in(monitor, seen):
    """Covered SAs with a creator's key that no alarm is about; one may yet come."""
    end = time.monotonic() + 10
    while True:
        alarms(monitor, seen)
        bad = [sa for sa in installed() if covered(sa) and sa[3].startswith(THEIRS)]
        if not NEW_KERNEL:
            bad = [sa for sa in bad if (sa[0], sa[2]) not in seen]
        if not bad or time.monotonic() > end:
            return bad
        time.sleep(0.05)


def left_over(kmtia):
    """Tracked, but not there. Some may yet end by themselves, between two looks."""
    end = time.monotonic() + 10
    while True:
        tracked = {(t["sa"]["spi"], ".".join(map(str, t["sa"]["daddr"]))) for t in kmtia.dump("sa-get")}
        bad = tracked - {(sa[0], sa[2]) for sa in installed() if covered(sa)}
        if not bad or time.monotonic() > end:
            return sorted(bad)
        time.sleep(0.05)


guest.setup()
guest.add(0x77)
guest.flush()
admin, monitor = nl.Kmtia(), nl.Kmtia(rcvbuf=1 << 20)
monitor.join("monitor")
total, seen, kinds, control = {}, set(), set(), set()
whimsical = Whimsical()
RULE = {"priority": 10, "dictate": "any", "timeout": 250,
        "remote": bytes([10, 1, 0, 0]), "remote_len": 16}
with guest.rule(admin, **RULE):
    for number in range(bursts):
        for key, times in burst(number, whimsical, kinds).items():
            total[key] = total.get(key, 0) + times
        bad = slipped_in(monitor, seen)
        tap.is_(bad, [], f"burst {number + 1}: no creator's key is in an SA that the rule covers")
        guest.wait_until(lambda: nl.Kmtia().call("stats-get")[0]["pending"] == 0, "nobody waits")
        tap.is_(left_over(admin), [], f"burst {number + 1}: nothing is tracked that is not there")
    guest.flush()
tap.diag(" ".join(f"{name}:{err or 'ok'}={times}" for (name, err), times in sorted(total.items())))
tap.diag(f"alarms: {len(seen)}")
for name in ("newsa", "updsa", "alloc_update", "twice", "delsa", "readd", "expire", "flush"):
    tap.ok(total.get((name, 0)), f"{name} was carried out at least once")
tap.ok(sum(times for (name, err), times in total.items() if name.startswith("migrate") and not err) or NEW_KERNEL,
       "SAs were moved")
tap.is_(sorted(EXPECTED - kinds), [], "covered SAs with the TIA's keys, and others with the creators', were seen")
stats = nl.Kmtia().call("stats-get")[0]
tap.ok(stats["dictated"] and stats["refused"] and stats["fail-timeout"] and stats["fail-cannot"],
       "SAs were dictated, refused for silence, and for the TIA's word", dict(stats))
guest.wait_until(lambda: nl.Kmtia().call("stats-get")[0]["live"] == 0, "nothing is tracked in the end")
tap.ok(True, "nothing is tracked in the end")

# The control: where no rule is, the same acts leave creators' keys.
burst(bursts, whimsical, control)
tap.ok((True, THEIRS[:2]) in control, "without the rule creators' keys are found there")
guest.flush()
tap.done()
