"""Where a server is entered: its address, TLS, how long to wait for it, and the tokens of those who may come in."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.report import Unmeasurable

LOOPBACK = "127.0.0.1"
PATIENCE_S = 30.0
_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_SECURE = ("https", "wss")
_RECORD = 16384  # the most one TLS record carries


@dataclass(frozen=True, slots=True)
class Token:
    """Lets one user in; ``user`` is the id others see, empty when it is not known."""

    token: str = field(repr=False)
    user: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """One server's entrance. ``tls`` is None without TLS. ``patience``: seconds without an answer before giving up."""

    port: int
    host: str = LOOPBACK
    tls: ssl.SSLContext | None = None
    patience: float = PATIENCE_S
    tokens: Sequence[Token] = field(default=(), repr=False)

    @property
    def url(self) -> str:
        """As a browser would write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def name(self) -> str:
        """For the ``Host`` field: servers may refuse names that are not theirs."""
        return self.url.partition("//")[2]

    @property
    def local(self) -> bool:
        """Whether connections may come from any of 127.0.0.0/8."""
        return self.host.startswith("127.") or self.host == "localhost"

    def connect(self, source: str = "") -> socket.socket:
        """A blocking connection, secured where it must be; Unmeasurable when there is none. ``source`` counts where it can."""
        try:
            origin = (source, 0) if source and self.local else None
            plain = socket.create_connection((self.host, self.port), self.patience, origin)
        except OSError as problem:
            raise Unmeasurable(f"no connection to {self.url}: {problem}{_advice(problem)}") from None
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls is None:
            return plain
        try:
            return self.tls.wrap_socket(plain, server_hostname=self.host)
        except OSError as problem:
            plain.close()
            raise Unmeasurable(f"no TLS with {self.url}: {problem}{_advice(problem)}") from None


def _advice(problem: OSError) -> str:
    if isinstance(problem, ConnectionRefusedError):
        return " (nobody listens there: fwber-rt serve --config bench/limits.toml --listen HOST:PORT)"
    if isinstance(problem, ssl.SSLCertVerificationError):
        return " (name its authority with --ca FILE, or --insecure to trust anybody)"
    return " (if it speaks no TLS, say http://)" if isinstance(problem, ssl.SSLError) else ""


def at(url: str, *, tls: ssl.SSLContext | None = None, patience: float = PATIENCE_S, tokens: Sequence[Token] = ()) -> Door:
    """The door at an address such as ``wss://host:port``; Unmeasurable with what is wrong with the address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as problem:
        raise Unmeasurable(f"{url!r} is no address: {problem}") from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise Unmeasurable(f"{url!r} is no address of a server: http://, https://, ws:// or wss://, a host, and a port")
    if parts.path not in ("", "/") or parts.query or parts.username is not None:
        raise Unmeasurable(f"{url!r} says more than where the server is: no path, no query, no user")
    secure = (tls or trusting()) if parts.scheme in _SECURE else None
    return Door(_PORTS[parts.scheme] if port is None else port, parts.hostname, secure, patience, tokens)


def trusting(ca: Path | None = None, *, insecure: bool = False) -> ssl.SSLContext:
    """Trust what the machine trusts, ``ca`` (a PEM file) alone, or, when ``insecure``, anybody."""
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as problem:
        raise Unmeasurable(f"--ca {ca}: {problem}") from None
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.sslsocket_class = SecureSocket
    return context


def is_loopback(host: str) -> bool:
    """Whether every address of a host is this machine's own; False when it has none."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError:
        return False
    return bool(found) and all(ipaddress.ip_address(address.partition("%")[0]).is_loopback for address in found)


def read_tokens(file: Path) -> list[Token]:
    """A token a line, and after a space the user's id, where it is known; # begins a remark. Unmeasurable when empty."""
    try:
        lines = [words for line in file.read_text(encoding="utf-8").splitlines() if (words := line.partition("#")[0].split())]
    except (OSError, ValueError) as problem:
        raise Unmeasurable(f"--tokens {file}: {problem}") from None
    if not lines or any(len(words) > 2 for words in lines):
        raise Unmeasurable(f"--tokens {file}: one token a line, and the user's id after a space if you know it")
    return [Token(*words) for words in lines]


class SecureSocket(ssl.SSLSocket):
    """TLS that behaves as a plain socket under epoll.

    epoll sees what the kernel has, not what TLS has deciphered and kept. Whoever reads at least a record at a time leaves
    nothing behind: a read takes whole records, as many as fit and are there, so what epoll says is the truth again.
    """

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """As many whole records as are there and fit. BlockingIOError when there is none, as of a plain socket."""
        view = memoryview(buffer)[: nbytes or None]
        count = _plainly(lambda: super(SecureSocket, self).recv_into(view, None, flags))
        while count and len(view) - count >= _RECORD and (self.gettimeout() == 0 or self.pending()):
            try:
                more = super().recv_into(view[count:], None, flags)
            except ssl.SSLWantReadError:
                break
            if not more:
                break  # the end: the next read says so
            count += more
        return count

    def recv(self, buflen: int = 65536, flags: int = 0) -> bytes:
        """As ``recv_into``."""
        data = bytearray(max(buflen, _RECORD))
        return bytes(data[: self.recv_into(data)])

    def send(self, data: Any, flags: int = 0) -> int:
        """BlockingIOError when nothing is taken, as of a plain socket."""
        return _plainly(lambda: super(SecureSocket, self).send(data, flags))


def _plainly(call: Callable[[], int]) -> int:
    """With the exceptions of a plain socket."""
    try:
        return call()
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
        raise BlockingIOError("TLS waits for the other side") from None
