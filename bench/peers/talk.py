"""What is said to a peer: numbered messages of one size, and what must come of them, byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from bench.flood import Flood
from bench.meter import Meter
from bench.peers.peer import Peer
from bench.report import Unmeasurable
from bench.talk import Talk
from bench.wire import Frames, Socket


class PeerTalk(Talk):
    """Each channel's voice sends bodies whose delivery is as large as our frame around ``payload`` bytes; none is acked."""

    def __init__(self, peer: Peer, channels: Sequence[str], groups: Sequence[Sequence[Socket]], payload: int) -> None:
        super().__init__(groups)
        self._peer = peer
        self._channels = channels
        self._voices = peer.voices(groups)
        self._apart = {voice for voice in self._voices if voice not in self._heard}  # not counted: read away
        self._size = peer.room_for(payload, channels[0])
        self._pushed = len(peer.delivery(channels[0], b"." * self._size)) + len(peer.JOINT)

    @property
    def apart(self) -> list[Socket]:
        """Connections that speak and hear nothing: to be closed with the others."""
        return list(self._apart)

    def _body(self, number: int) -> bytes:
        return (b"message %012d " % number).ljust(self._size, b".")

    def request(self, number: int) -> bytes:
        """As the peer takes it."""
        return self._peer.say(self._channels[number % len(self.groups)], self._body(number))

    def voice(self, place: int) -> Socket:
        """A channel's own; what one was answered that hears nothing is read away first."""
        voice = self._voices[place]
        if voice in self._apart:
            voice.sock.setblocking(False)
            with suppress(BlockingIOError):
                while voice.sock.recv(1 << 16):
                    pass
        return voice

    def pushed(self, number: int) -> int:
        """The same for each message."""
        return self._pushed

    def acked(self, number: int) -> int:
        """None: the voice hears itself and no more."""
        return 0

    def verify(self, flood: Flood, first: int) -> None:
        """Unmeasurable unless the sampled sockets received exactly the deliveries since number ``first``."""
        voices = len(self.groups)
        for socket, kept in flood.kept():
            place = self._heard[socket]
            numbers = range(first + (place - first) % voices, self.sent, voices)
            due = [self._peer.delivery(self._channels[place], self._body(number)) for number in numbers]
            if self._within(kept) != self._peer.JOINT.join(due):
                raise Unmeasurable(f"a subscriber of {self._peer.NAME} received something wrong")

    def _within(self, kept: bytes) -> bytes:
        """What was received, without the heads of frames whose number is not known beforehand."""
        if not self._peer.GATHERS:
            return kept
        frames = Frames()
        return self._peer.JOINT.join(received.payload for received in frames.feed(kept))


def flood(peer: Peer, groups: Sequence[Sequence[Socket]], sample: int = 100) -> Flood:
    """Counts what the peer's deliveries are counted by."""
    return Flood(groups, sample, Meter(len(peer.JOINT)) if peer.GATHERS else None)
