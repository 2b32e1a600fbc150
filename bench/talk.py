"""What is said in a closed loop, and what must come of it: messages through our protocol. (Peers: ``bench.peers.talk``.)

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


class Talk:
    """Sends numbered messages from several voices in turn. ``groups``: per voice, itself and whoever else hears it."""

    def __init__(self, groups: Sequence[Sequence[Socket]]) -> None:
        self.groups = groups
        self.recipients = len(groups[0])
        self.sent = 0
        self._heard = {socket: place for place, group in enumerate(groups) for socket in group}

    def say(self, count: int) -> None:
        """Send the next ``count`` messages, those of one voice in one write."""
        voices = len(self.groups)
        by_voice: dict[int, list[bytes]] = {}
        for number in range(self.sent, self.sent + count):
            by_voice.setdefault(number % voices, []).append(self.request(number))
        for voice, frames in by_voice.items():
            self._write(self.voice(voice), b"".join(frames))
        self.sent += count

    @property
    def apart(self) -> list[Socket]:
        """Connections that speak and hear nothing, which is not counted."""
        return []

    def voice(self, place: int) -> Socket:
        """The connection that speaks to a group: its first."""
        return self.groups[place][0]

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

    def pushed(self, number: int) -> int:
        """Bytes that it causes on each socket that hears it."""
        raise NotImplementedError

    def acked(self, number: int) -> int:
        """Bytes that it causes on its voice's socket besides."""
        raise NotImplementedError

    def check(self, socket: Socket, frames: list[Frame], numbers: range) -> str | None:
        """What is wrong with the frames received on a socket; None when nothing is."""
        raise NotImplementedError

    def verify(self, flood: Flood, first: int) -> None:
        """Unmeasurable unless the sampled sockets received exactly the messages since number ``first``."""
        voices = len(self.groups)
        for socket, frames in flood.sampled():
            numbers = range(first + (self._heard[socket] - first) % voices, self.sent, voices)
            problem = self.check(socket, frames, numbers)
            if problem:
                raise Unmeasurable(f"a subscriber received something wrong: {problem}")


class OurTalk(Talk):
    """Messages through our protocol, with ids, acks and offsets. ``op`` is ``message.send`` or ``here.say``."""

    def __init__(self, groups: Sequence[Sequence[Socket]], op: str, target: dict[str, str]) -> None:
        super().__init__(groups)
        self._op = op
        self._target = target
        self._voices = {group[0] for group in groups}
        examples = [self._example(group[0]) for group in groups]
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
        voices = len(self.groups)
        return self._heads[number % voices] + 1 + number // voices

    def pushed(self, number: int) -> int:
        """As the example, with this offset's digits."""
        return self._sizes[number % len(self.groups)].push + len(str(self.offset(number)))

    def acked(self, number: int) -> int:
        """As the example, with this offset's digits."""
        return self._sizes[number % len(self.groups)].ack + len(str(self.offset(number)))

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
        due = [(FIRST_ID + number, self.offset(number)) for number in numbers] if socket in self._voices else []
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


class Target:
    """A server with its flood and its speaker: what the closed loop runs against."""

    def __init__(self, flood: Flood, speaker: Talk, server_cpu: Callable[[], float]) -> None:
        self.flood = flood
        self.speaker = speaker
        self.server_cpu = server_cpu

    def close(self) -> None:
        """Drop its connections."""
        for socket in (*self.flood.sockets, *self.speaker.apart):
            socket.close()
        self.flood.close()

    def measure(self, window: int, seconds: float, warm_up: float) -> Run:
        """One run, verified: every byte due arrived on every socket, and the sampled frames say what was sent."""
        self.flood.reset()
        first = self.speaker.sent
        run = closed_loop(self.flood, self.speaker, window, seconds, warm_up=warm_up, server_cpu=self.server_cpu)
        self.flood.check_bytes()
        self.speaker.verify(self.flood, first)
        return run


def _fixed(example: Frame, o: int) -> int:
    return server_frame_size(len(example.payload)) - len(str(o))
