"""Which address a request is from: the socket's peer, unless that is one of our own proxies.

A client can write anything into ``X-Forwarded-For``; only what a proxy of ours appended is true. So the header is read from the
right, and the first address that is not a configured proxy is the client. Anything that is no address ends the reading.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from fwber_rt.core.settings import Setting

LONGEST: Final = 128  # characters of what may be an address, with its zone


def _complaint(value: tuple[str, ...]) -> str | None:
    for item in value:
        try:
            ip_network(item)
        except ValueError:
            return f"{item!r} is neither an IP address nor a network such as 10.0.0.0/8"
    return None


TRUSTED_PROXIES: Setting[tuple[str, ...]] = Setting(
    "http.trusted_proxies", (), "addresses or networks of our own proxies, whose X-Forwarded-For is believed", "IP networks",
    check=_complaint,
)  # fmt: skip
SETTINGS: tuple[Setting[Any], ...] = (TRUSTED_PROXIES,)


class Proxies:
    """The proxies in front of this server. ValueError for what is no address or network."""

    __slots__ = ("_networks",)

    def __init__(self, trusted: Iterable[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = [ip_network(item) for item in trusted]

    def client(self, peer: str, forwarded: Iterable[str]) -> str:
        """The client's address, given the socket's peer and the values of all ``X-Forwarded-For`` headers, in order.

        An IPv4 address mapped into IPv6 comes back as IPv4. A peer that is no address (a Unix socket) comes back as it is.
        """
        address = _parse(peer)
        if address is None:
            return peer
        hops = [hop for value in forwarded for hop in value.split(",")] if self._networks else []
        while hops and self._trusts(address):
            hop = _parse(hops.pop())
            if hop is None:
                break
            address = hop
        return str(address)

    def trusts(self, peer: str) -> bool:
        """Whether what comes from this address was sent on by a proxy of ours."""
        address = _parse(peer)
        return address is not None and self._trusts(address)

    def _trusts(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._networks)


def network(address: str) -> str:
    """What limits per address are kept by: an IPv4 address, or the /64 out of which an IPv6 host can choose any address."""
    if ":" not in address:
        return address
    parsed = _parse(address.partition("%")[0])
    return parsed.exploded[:19] if isinstance(parsed, IPv6Address) else str(parsed or address)


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    text = text.strip()
    return _parsed(text) if len(text) <= LONGEST else None


@lru_cache(maxsize=1024)  # each connection's is asked for four times
def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
