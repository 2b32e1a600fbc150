from __future__ import annotations

import pytest

from fwber_rt.transport.proxies import TRUSTED_PROXIES, Proxies, network

PROXIES = Proxies(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.7", ["6.6.6.6"], "203.0.113.7"),  # not a proxy of ours: what it says is not believed
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["6.6.6.6, 203.0.113.7"], "203.0.113.7"),  # the client wrote 6.6.6.6 itself
        ("10.0.0.1", ["6.6.6.6, 203.0.113.7, 10.0.0.2 ,10.0.0.3"], "203.0.113.7"),
        ("10.0.0.1", ["6.6.6.6", "203.0.113.7", "10.0.0.2"], "203.0.113.7"),  # several headers are one list
        ("10.0.0.1", ["10.0.0.9"], "10.0.0.9"),  # a client inside our own network
        ("10.0.0.1", ["203.0.113.7, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["unknown, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", ["203.0.113.7:4711"], "10.0.0.1"),
        ("10.0.0.1", ["2001:DB8::1"], "2001:db8::1"),
        ("fd00::1", ["2001:db8::2"], "2001:db8::2"),
        ("::ffff:10.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("::ffff:203.0.113.9", ["1.1.1.1"], "203.0.113.9"),
        ("", ["203.0.113.7"], ""),
        ("unix", ["203.0.113.7"], "unix"),
        ("10.0.0.1", ["203.0.113.7" + " " * 200, "10.0.0.2"], "203.0.113.7"),
    ],
)
def test_the_client_is_the_rightmost_address_that_is_no_proxy(peer: str, forwarded: list[str], client: str) -> None:
    assert PROXIES.client(peer, forwarded) == client


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2::9", "2001:0db8:0001:0002"),
        ("fe80::1%eth0", "fe80:0000:0000:0000"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("", ""),
        ("not:an:address", "not:an:address"),
    ],
)
def test_an_ipv6_host_is_counted_by_its_network(address: str, counted_as: str) -> None:
    assert network(address) == counted_as


def test_without_proxies_the_header_is_never_read() -> None:
    assert Proxies([]).client("10.0.0.1", ["203.0.113.7"]) == "10.0.0.1"


@pytest.mark.parametrize(
    ("value", "good"), [((), True), (("10.0.0.0/8", "::1"), True), (("10.0.0.1/8",), False), (("proxy",), False)]
)
def test_the_setting_is_checked(value: tuple[str, ...], good: bool) -> None:
    assert TRUSTED_PROXIES.check is not None
    assert (TRUSTED_PROXIES.check(value) is None) == good
