# SPDX-License-Identifier: GPL-2.0-only
"""Golden messages: each message of the kernel's equals tests/golden/NAME.json, but
for values that are others each time, which are looked at here by name. See
Documentation/testing.rst."""
import collections
import difflib
import os
import struct

import golden_codec as codec
import kmtia_nl as nl
import tap

GOLDEN = os.path.join(nl.TOP, "tests/golden")
WRITE = os.environ.get("GOLDEN") == "write"
need = codec.need


class Varying:
    """The values that vary: a method each, which says what is plausible. What there
    is no method for must not vary."""

    PATHS = {
        "check.id": "question", "dictate.id": "question",
        "check-reply.id": "answered", "dictate-reply.id": "answered",
        "request-get.id": "answered",
        "check.timeout": "milliseconds_left", "dictate.timeout": "milliseconds_left",
        "request-get.timeout": "milliseconds_left",
        "notify.seq": "event_number", "notify.prev-seq": "event_before",
        "notify-get.seq": "event_told",
        "notify.sa.handle": "handle", "notify-get.sa.handle": "handle",
        "sa-get.sa.handle": "handle",
        "notify.sa.age": "age", "notify-get.sa.age": "age", "sa-get.sa.age": "age",
        "manager-get.answer-time.below": "microseconds", "stats-get.answer-time.below": "microseconds",
        "manager-get.answer-time.count": "some", "stats-get.answer-time.count": "some",
        "manager-get.pid": "process", "manager-get.grace-left": "grace_left",
        "kmtia.header.seq": "sequence", "kmtia.header.port": "port",
        "error.header.seq": "sequence", "error.header.port": "port",
        "done.header.seq": "sequence", "done.header.port": "port",
        "request.header.seq": "sequence",
    }

    def __init__(self):
        self.questions = set()
        self.told = collections.defaultdict(int)    # by socket: number of the last event
        self.handles = set()
        self.of = self.frame = None                 # the socket that got it, the message

    def __call__(self, path, value):
        kind = self.PATHS.get(path)
        if kind is None or not getattr(self, kind)(value):
            return None
        return f"<{kind.replace('_', '-')}>"

    def question(self, value):
        need(value and value not in self.questions, "question", value, "was asked before")
        self.questions.add(value)
        return True

    def answered(self, value):
        need(value in self.questions, "question", value, "was never asked")
        return True

    @staticmethod
    def milliseconds_left(value):
        need(0 < value <= 10000, value, "milliseconds are left for an answer")
        return True

    def event_number(self, value):
        need(value > self.told[self.of], "event", value, "after", self.told[self.of])
        self.told[self.of], self.before = value, self.told[self.of]
        return True

    def event_before(self, value):
        need(value == self.before, "event", value, "before, and it was", self.before)
        return bool(value)      # that there was none is no number

    def event_told(self, value):
        need(0 < value <= max(self.told.values(), default=0), "event", value, "was told to nobody")
        return True

    def handle(self, value):
        known = max(self.handles, default=0)
        need(value in self.handles or known < value < known + 1000, "handle", value)
        self.handles.add(value)
        return True

    @staticmethod
    def age(value):
        need(value < 600000, "an age of", value)
        return True

    @staticmethod
    def microseconds(value):
        need(64 <= value <= 1 << 22 and not value & value - 1, "a class of times below", value)
        return True

    @staticmethod
    def some(value):
        need(value > 0, "a class of times without any")
        return True

    @staticmethod
    def process(value):
        need(value in (0, os.getpid()), "process", value)
        return bool(value)      # nobody's where the socket is closed

    @staticmethod
    def grace_left(value):
        need(0 < value <= 60000, value, "milliseconds of grace")
        return True

    def sequence(self, value):
        """That of a request of this socket; 0 where nobody asked."""
        need(not value or value in self.of.requests, "sequence number", value)
        return bool(value)

    def port(self, value):
        """The socket's own in what answers it; 0 in what comes unasked."""
        need(value in (0, self.of.portid), "port", value)
        need(bool(value) == bool(struct.unpack_from("I", self.frame, 8)[0]), "port", value)
        return bool(value)


class Recorder:
    """A socket all of whose messages are in the book."""

    book = None

    def sent(self, frame):
        if self.family is None:
            return
        if not hasattr(self, "requests"):
            self.requests = {}
        self.requests[struct.unpack_from("I", frame, 8)[0]] = frame
        self.book.requested(frame)

    def received(self, frame):
        if self.family is None:     # generic netlink's own words
            return
        frame.sock, frame.golden = self, None
        self.book.frames.append(frame)


class Socket(Recorder, nl.Kmtia):
    """An administrator, or whoever"""


class Tia(Recorder, nl.Tia):
    """A key manager"""


class Book:
    """All messages of a scenario, and the files that they equal."""

    def __init__(self):
        Recorder.book = self
        self.frames = []
        self.used = set()
        self.written = {}
        self.emitted, self.taken = set(), set()
        self.secrets = []
        self.varying = Varying()
        self.codec = codec.Codec(varies=self.varying, covers=self.covers(self.emitted))
        # What an error gives back is the sender's.
        self.echo_codec = codec.Codec(varies=self.varying)
        self.request_codec = codec.Codec(covers=self.covers(self.taken))

    @staticmethod
    def covers(where):
        def add(attr_set, attr, entry):
            where.add(f"{attr_set}:{attr}" + (f"={entry}" if entry else ""))
        return add

    # --- Requests ------------------------------------------------------------------

    def requested(self, frame):
        """A request; only what the specification knows counts as covered."""
        message = self.request_codec.generic(frame, "request", lenient=True)
        self.taken.add(message["command"]["name"])
        for a in message["attributes"]:
            if "name" in a:
                self.taken.add(f"{message['command']['name']}.{a['name']}")

    # --- Messages ------------------------------------------------------------------

    def message(self, frame):
        """A message as a dict with placeholders."""
        self.varying.of, self.varying.frame = frame.sock, frame
        own = struct.unpack_from("H", frame, 4)[0] == frame.sock.family
        message = (self.codec if own else self.echo_codec).message(frame, frame.sock.family)
        if "request" in message:
            self._check_echo(frame, message)
        elif "command" in message:
            self.emitted.add(message["command"]["name"])
            for a in message["attributes"]:
                self.emitted.add(f"{message['command']['name']}.{a['name']}")
            self._fold_times(message)
        return message

    @staticmethod
    def _fold_times(message):
        """How long answers took: even the number of classes is another each time, so one
        stands for all."""
        times = [a for a in message["attributes"] if a["name"] == "answer-time"]
        if not times:
            return
        one = next((a for a in times if len(a["nest"]) == 2), times[0])
        message["header"]["len"] -= sum(a["len"] for a in times if a is not one)
        message["attributes"] = [a for a in message["attributes"] if a not in times or a is one]

    def _check_echo(self, frame, message):
        """What an error gives back is what was sent, but for keys."""
        seq = struct.unpack_from("I", frame, 8)[0]
        sent = frame.sock.requests[seq]
        back = frame[20:20 + (16 if "command" not in message["request"] else len(sent))]
        different = sum(a != b and a != 0 for a, b in zip(back, sent))
        need(not different, "an error gives back", back.hex(), "for", sent.hex())
        if "command" not in message["request"]:
            need(struct.unpack_from("I", back)[0] == len(sent), "another length than sent")
            message["request"]["header"]["len"] = "<length>"

    def check(self, name, frame):
        """Test: the message equals the file. Returns whether it does."""
        frame.golden = name
        try:
            text = codec.render(self.message(frame))
        except codec.Undecodable as e:
            return tap.ok(False, f"golden: {name}", f"{e}\n{frame.hex()}")
        self.used.add(name)
        if WRITE:
            return self._write(name, text)
        path = os.path.join(GOLDEN, name + ".json")
        expected = ""
        if os.path.exists(path):
            with open(path, encoding="utf-8") as f:
                expected = f.read()
        difference = "\n".join(difflib.unified_diff(
            expected.splitlines(), text.splitlines(), f"tests/golden/{name}.json", "the kernel",
            lineterm=""))
        return tap.ok(text == expected, f"golden: {name}", "\n" + difference)

    def _write(self, name, text):
        where = os.path.join(os.environ["KMTIA_OUT"], "golden")
        os.makedirs(where, exist_ok=True)
        with open(os.path.join(where, name + ".json"), "w", encoding="utf-8") as f:
            f.write(text)
        return tap.is_(text, self.written.setdefault(name, text), f"written: {name}")

    def take(self, sock, name, timeout=15):
        """Test: the next message that comes unasked."""
        message = sock.recv(timeout)
        if message is None:
            raise TimeoutError(f"{name} did not come")
        self.check(name, message.frame)
        return message

    def call(self, sock, op, attrs=(), reply=None, ack="ack"):
        """A command that succeeds: its reply, if it has one, and its ACK."""
        got = sock.call(op, attrs)
        tap.is_(len(got), 1 if reply else 0, f"{op}: number of replies")
        for message in got:
            self.check(reply, message.frame)
        self.check(ack, sock.end)

    def dump(self, sock, op, names, attrs=()):
        """A listing: its parts, and its end."""
        got = sock.dump(op, attrs)
        tap.is_(len(got), len(names), f"{op}: number of entries")
        for name, message in zip(names, got):
            self.check(name, message.frame)
        self.check("done", sock.end)

    def refused(self, sock, name, op, attrs=(), uid=0):
        """A command that fails, perhaps because of who sends it: the error."""
        os.seteuid(uid)
        try:
            sock.call(op, attrs)
        except nl.NlError:
            pass
        finally:
            os.seteuid(0)
        self.check(name, sock.end)

    # --- All of them ---------------------------------------------------------------

    def secret(self, data):
        """Bytes that no message may hold, but a key where the specification has keys."""
        self.secrets.append(bytes(data))
        return self.secrets[-1]

    def finish(self):
        """Tests: no message was left out, no file, and no secret got out."""
        left = [f for f in self.frames if f.golden is None]
        tap.is_([self._outline(f) for f in left], [], "each message that came was compared")
        files = {f[:-5] for f in os.listdir(GOLDEN) if f.endswith(".json")}
        if not WRITE:
            tap.is_(sorted(files - self.used), [], "each file was compared with a message")
        windows = {s[i:i + 4] for s in self.secrets for i in range(len(s) - 3)}
        tap.is_(sorted({f.golden or "?" for f in self.frames if self._leaks(f, windows)}), [],
                "no message has four bytes of a secret")
        tap.ok(any(s in f for s in self.secrets for f in self.frames),
               "but those that have keys by the specification")

    def _outline(self, frame):
        try:
            return codec.render(self.message(frame))
        except codec.Undecodable as e:
            return f"{e}: {frame.hex()}"

    @staticmethod
    def _leaks(frame, windows):
        data = bytes(frame)
        if frame.golden and frame.golden.startswith("notify-get-keys"):
            for a in _keys(codec.Codec().message(frame, frame.sock.family)["attributes"]):
                data = data.replace(bytes.fromhex(a["value"]), b"")
        return any(data[i:i + 4] in windows for i in range(len(data) - 3))


def _keys(attributes):
    for a in attributes:
        if a.get("name") == "key":
            yield a
        yield from _keys(a.get("nest", []))
