"""What is said in a closed loop, and what must come of it: messages through our protocol, and raw frames for a peer.

Every message has a number. From it follow its text, its stream, the offset it will get, and so how many bytes it causes on
which socket: what the flood counts by, and what a run is verified against.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from bench.flood import Flood, Run, closed_loop
from bench.report import Unmeasurable
from bench.wire import TEXT, Frame, Socket, frame, server_frame_size

TEXT_BYTES = 120
FIRST_ID = 1_000_000  # ids of one width, so that every ack has one size
EXAMPLE_ID = 9_999_999


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes on the wire of a push and of an ack, without the digits of the offset."""

    push: int
    ack: int

    @classmethod
    def of(cls, push: Frame, ack: Frame) -> Sizes:
        """From one example of each."""
        return cls(_fixed(push, push.json()["o"]), _fixed(ack, ack.json()["ok"]["o"]))

    def pushed(self, o: int) -> int:
        """Bytes of the push with offset ``o``."""
        return self.push + len(str(o))

    def acked(self, o: int) -> int:
        """Bytes of the ack with offset ``o``."""
        return self.ack + len(str(o))


class Talk:
    """Sends numbered messages from several voices in turn, each heard by ``recipients`` sockets, its own among them.

    ``audience(socket)`` is the place of the voice a socket hears. What is sent and received is a subclass's business.
    """

    def __init__(self, voices: Sequence[Socket], recipients: int, audience: Callable[[Socket], int]) -> None:
        self.voices = voices
        self.recipients = recipients
        self.sent = 0
        self._audience = audience

    def begin(self) -> int:
        """The number of the next message."""
        return self.sent

    def say(self, count: int) -> None:
        """Send the next ``count`` messages, those of one voice in one write."""
        voices = len(self.voices)
        if voices == 1:
            self._write(self.voices[0], b"".join([self.request(number) for number in range(self.sent, self.sent + count)]))
        else:
            by_voice: dict[int, list[bytes]] = {}
            for number in range(self.sent, self.sent + count):
                by_voice.setdefault(number % voices, []).append(self.request(number))
            for voice, frames in by_voice.items():
                self._write(self.voices[voice], b"".join(frames))
        self.sent += count

    def _write(self, voice: Socket, data: bytes) -> None:
        """Blocking: what the socket does not take yet, it takes when the server has read."""
        voice.sock.setblocking(True)
        try:
            voice.sock.sendall(data)
        finally:
            voice.sock.setblocking(False)

    def request(self, number: int) -> bytes:
        """The frame that sends message ``number``."""
        raise NotImplementedError

    def due(self, number: int) -> int:
        """Bytes of all pushes and the ack of message ``number``."""
        raise NotImplementedError

    def due_on(self, socket: Socket, numbers: range) -> int:
        """Bytes that the messages ``numbers`` cause on one socket."""
        raise NotImplementedError

    def check(self, socket: Socket, frames: list[Frame], numbers: range) -> str | None:
        """What is wrong with the frames received on a socket; None when nothing is."""
        raise NotImplementedError

    def heard_by(self, socket: Socket, numbers: range) -> range:
        """Those of ``numbers`` that a socket hears."""
        voice, step = self._audience(socket), len(self.voices)
        first = numbers.start + (voice - numbers.start) % step
        return range(first, numbers.stop, step)

    def verify(self, flood: Flood, first: int) -> None:
        """Unmeasurable unless every socket received exactly its bytes, and sampled ones exactly the messages."""
        numbers = range(first, self.sent)
        for socket in flood.sockets:
            due, got = self.due_on(socket, self.heard_by(socket, numbers)), flood.received(socket)
            if due != got:
                raise Unmeasurable(f"a subscriber received {got} bytes where {due} were due")
        for socket, frames in flood.sampled():
            problem = self.check(socket, frames, self.heard_by(socket, numbers))
            if problem:
                raise Unmeasurable(f"a subscriber received something wrong: {problem}")


class OurTalk(Talk):
    """Messages through our protocol, with ids, acks and offsets. ``op`` is ``message.send`` or ``here.say``."""

    def __init__(
        self, voices: Sequence[Socket], recipients: int, audience: Callable[[Socket], int], op: str, target: dict[str, str]
    ) -> None:
        super().__init__(voices, recipients, audience)
        self._op = op
        self._target = target
        self._own = set(voices)
        examples = [self._example(voice) for voice in voices]
        self._sizes = [Sizes.of(push, ack) for push, ack, _ in examples]
        self._heads = [head for _, _, head in examples]
        self.push_payload = len(examples[0][0].payload)

    def _text(self, number: int) -> str:
        return f"message {number:012d} ".ljust(TEXT_BYTES, ".")

    def request(self, number: int) -> bytes:
        """One ``op`` with an id of fixed width."""
        d = {**self._target, "text": self._text(number)}
        return frame(orjson.dumps({"id": FIRST_ID + number, "op": self._op, "d": d}))

    def offset(self, number: int) -> int:
        """Each voice has a stream of its own (or there is one voice)."""
        voices = len(self.voices)
        return self._heads[number % voices] + 1 + number // voices

    def due(self, number: int) -> int:
        """Pushes to all, and one ack."""
        sizes, o = self._sizes[number % len(self.voices)], self.offset(number)
        return self.recipients * sizes.pushed(o) + sizes.acked(o)

    def due_on(self, socket: Socket, numbers: range) -> int:
        """The pushes, and for a voice the acks."""
        own = socket in self._own
        total = 0
        for number in numbers:
            sizes, o = self._sizes[number % len(self.voices)], self.offset(number)
            total += sizes.pushed(o) + (sizes.acked(o) if own else 0)
        return total

    def check(self, socket: Socket, frames: list[Frame], numbers: range) -> str | None:
        """Offsets without a gap, the texts sent, in order; a voice's acks with the offsets of its messages."""
        if any(received.opcode != TEXT for received in frames):
            return "a control frame"
        messages = [received.json() for received in frames]
        pushes = [message for message in messages if "t" in message]
        acks = [message for message in messages if "t" not in message]
        wanted = [(self.offset(number), self._text(number)) for number in numbers]
        if [(push["o"], push["d"]["content"]["text"]) for push in pushes] != wanted:
            return f"{len(pushes)} pushes that are not the {len(wanted)} messages sent"
        due = [(FIRST_ID + number, self.offset(number)) for number in numbers] if socket in self._own else []
        if sorted((ack["id"], ack["ok"]["o"]) for ack in acks) != due:
            return f"{len(acks)} acks that are not those of {len(due)} messages"
        return None

    def _example(self, voice: Socket) -> tuple[Frame, Frame, int]:
        """Send one message, wait for its push and ack; returns both and its offset, after which message 0 comes."""
        d = {**self._target, "text": "x" * TEXT_BYTES}
        voice.sock.setblocking(True)
        voice.sock.sendall(frame(orjson.dumps({"id": EXAMPLE_ID, "op": self._op, "d": d})))
        push = ack = None
        while push is None or ack is None:
            received = voice.read()
            message = received.json()
            if "err" in message:
                raise Unmeasurable(f"{self._op} was refused: {message['err']}")
            if message.get("id") == EXAMPLE_ID:
                ack = received
            elif message.get("t") in ("message.new", "here.message"):
                push = received
        return push, ack, ack.json()["ok"]["o"]


class PeerTalk(Talk):
    """Raw frames that the peer relays, each of ``payload`` bytes."""

    def __init__(self, voices: Sequence[Socket], recipients: int, audience: Callable[[Socket], int], payload: int) -> None:
        super().__init__(voices, recipients, audience)
        self._payload = payload
        self._size = server_frame_size(payload)

    def _bytes(self, number: int) -> bytes:
        return b"message %012d " % number + b"." * (self._payload - 21)

    def request(self, number: int) -> bytes:
        """The payload as it comes back."""
        return frame(self._bytes(number))

    def due(self, number: int) -> int:
        """One push to each, no ack."""
        return self.recipients * self._size

    def due_on(self, socket: Socket, numbers: range) -> int:
        """The same number of bytes for each message."""
        return len(numbers) * self._size

    def check(self, socket: Socket, frames: list[Frame], numbers: range) -> str | None:
        """Every payload as sent, in order."""
        wanted = [self._bytes(number) for number in numbers]
        return None if [received.payload for received in frames] == wanted else "frames that are not the messages sent"


def _fixed(example: Frame, o: int) -> int:
    return server_frame_size(len(example.payload)) - len(str(o))


class Target:
    """A server with its flood and its speaker: what the closed loop runs against."""

    def __init__(self, flood: Flood, speaker: Talk, server_cpu: Callable[[], float]) -> None:
        self.flood = flood
        self.speaker = speaker
        self.server_cpu = server_cpu

    def measure(self, window: int, seconds: float, warm_up: float) -> Run:
        """One run, verified: every byte due arrived on every socket, and the sampled frames say what was sent."""
        self.flood.reset()
        first = self.speaker.begin()
        run = closed_loop(self.flood, self.speaker, window, seconds, warm_up=warm_up, server_cpu=self.server_cpu, first=first)
        self.speaker.verify(self.flood, first)
        return run
