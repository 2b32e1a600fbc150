"""The cookie's form, and who may use it: a table of what browsers say of a request."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from fwber_rt.errors import CSRF_REFUSED, Refused
from fwber_rt.transport import cookies

OWN = {"Sec-Fetch-Site": "same-origin", cookies.HEADER: "1"}


@pytest.mark.parametrize(
    ("headers", "value"),
    [
        ([], None), ([""], None), (["a=1; b=2"], None), (["__Host-fwber=s.x"], "s.x"), (["a=1;__Host-fwber=s.x ; b"], "s.x"),
        (["a=1", "__Host-fwber=s.x"], "s.x"), (["__Host-fwber=s.x; __Host-fwber=s.x"], "s.x"), (["__host-fwber=s.x"], None),
        (["__Host-fwber=s.x; __Host-fwber=t.y"], None), (["__Host-fwber=s.x", "__Host-fwber="], None), (["__Host-fwber="], None),
        (["__Host-fwber"], None), (["fwber=s.x"], None), (['__Host-fwber="s.x"'], None), (["__Host-fwber=s x"], None),
        (["__Host-fwber=s=x"], None), (["__Host-fwber=" + "x" * 512], "x" * 512), (["__Host-fwber=" + "x" * 513], None),
        (["__Host-fwber=s.\u00e9"], None), (["__Host-fwber=cookie:s"], None),
    ],
)  # fmt: skip
def test_the_cookie_is_read(headers: list[str], value: str | None) -> None:
    assert cookies.read(headers) == value


def test_the_cookie_is_for_this_host_over_tls_and_no_script() -> None:
    assert cookies.set_cookie("s.x", 60) == "__Host-fwber=s.x; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Strict"
    assert cookies.set_cookie("", 60) == "__Host-fwber=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict"


@pytest.mark.parametrize("value", ["a;b", "a b", "a\r\nSet-Cookie: x=y", "\u00e9", "x" * 513, '"'])
def test_no_other_header_comes_in_with_a_value(value: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        cookies.set_cookie(value, 60)


def page(method: str, headers: dict[str, str], *, with_cookie: bool = True, origins: tuple[str, ...] = ()) -> bool:
    """Whether the request is let through; every refusal is csrf.refused."""
    try:
        cookies.check_page(method, CIMultiDict({"Host": "chat.example"} | headers), with_cookie=with_cookie, origins=origins)
    except Refused as refused:
        if refused.error is not CSRF_REFUSED:
            raise
        return False
    return True


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "Same-Origin", "none, same-origin", "unheard-of"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def test_another_origin_never_uses_the_cookie(method: str, site: str) -> None:
    own = {cookies.HEADER: "1", "Origin": "https://chat.example"}
    assert not page(method, own | {"Sec-Fetch-Site": site})
    assert page(method, own | {"Sec-Fetch-Site": "same-origin"})


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_what_changes_something_needs_the_header(site: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert not page(method, {"Sec-Fetch-Site": site})
        assert not page(method, {"Sec-Fetch-Site": site, cookies.HEADER: "0"})
        assert page(method, {"Sec-Fetch-Site": site, cookies.HEADER: "1"})
    for method in ("GET", "HEAD"):
        assert page(method, {"Sec-Fetch-Site": site})


@pytest.mark.parametrize(
    ("origin", "good"),
    [
        ("https://chat.example", True), ("https://CHAT.example", True), ("http://chat.example", True),
        ("https://app.example", True), ("https://evil.example", False), ("https://chat.example.evil.org", False),
        ("https://chat.example:444", False), ("null", False), ("", False), ("https://[", False), ("*", False),
        ("https://evil@chat.example", False),
    ],
)  # fmt: skip
def test_where_the_browser_says_no_site_its_origin_decides(origin: str, good: bool) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert page(method, {"Origin": origin, cookies.HEADER: "1"}, origins=("https://app.example",)) is good


def test_everybody_welcome_is_for_websockets_not_for_the_cookie() -> None:
    assert not page("POST", {"Origin": "https://evil.example", cookies.HEADER: "1"}, origins=("*",))


def test_without_site_and_origin_only_reading_is_allowed() -> None:
    assert page("GET", {})
    assert not page("POST", {cookies.HEADER: "1"})
    assert not page("POST", {cookies.HEADER: "1", "Origin": "https://chat.example", "Host": ""})


def test_without_the_cookie_nobody_is_signed_in_from_elsewhere() -> None:
    """A forged sign-in would put the victim into the attacker's account."""
    for method in ("POST", "DELETE"):
        assert not page(method, {"Sec-Fetch-Site": "cross-site"}, with_cookie=False)
        assert not page(method, {"Origin": "https://evil.example"}, with_cookie=False)
        assert page(method, {"Sec-Fetch-Site": "same-origin"}, with_cookie=False)
        assert page(method, {}, with_cookie=False), "no browser"
    assert page("GET", {"Sec-Fetch-Site": "cross-site"}, with_cookie=False), "a link to the front page"
