from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Meta, Raw, Struct

from fwber_rt.core.effects import Push
from fwber_rt.errors import FIELD_INVALID, FRAME_BAD, RATE_LIMITED, Refused
from fwber_rt.features.gdpr.shapes import Receipt
from fwber_rt.protocol import envelope
from fwber_rt.protocol.shapes import Cell, Id

VALID = b'{"id":7,"op":"message.send","d":{"room":"12","lat":1.5,"tags":["a","b"],"sub":{"z":3},"note":"\xc3\xa4\\u00e4"}}'
DEEP = b'{"op":"x","d":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


class Sub(Struct):
    z: int


class Sample(Struct):
    room: str
    lat: Annotated[float, Meta(ge=-90, le=90)] = 0.0
    tags: list[str] = []
    sub: Sub | None = None
    by_name: dict[str, Sub] = {}
    many: Annotated[list[Sub], Meta(max_length=3)] = []
    note: str | None = None


def refusal(data: bytes, of: type[Struct] = Sample, *, strict: bool = False) -> Refused:
    with pytest.raises(Refused) as caught:
        envelope.payload_decoder(of, strict=strict)(envelope.decode(data).d)
    return caught.value


def refused_or_decoded(data: bytes) -> None:
    """Everything a client's bytes go through; any exception but Refused fails the test."""
    for strict in (False, True):
        refused = None
        try:
            envelope.payload_decoder(Sample, strict=strict)(envelope.decode(data).d)
        except Refused as caught:
            refused = caught
        if refused is not None:
            assert refused.error in (FRAME_BAD, FIELD_INVALID)
            json.loads(envelope.encode_err(None, refused))


@given(st.binary(max_size=300))
@example(DEEP)
@example(b"[" * 200_000)
@example(b'{"op":"x","d":' + b'{"a":' * 50_000)
@example(b'{"op":"\xed\xa0\x80"}')
@example(b'{"op":"\\ud800"}')
@example(b'{"op":"x","d":{"room":"\\ud800"}}')
@example(b'{"op":"x","d":{"room":"\xff"}}')
@example(b'{"op":"x","d":{"room":"a","lat":NaN}}')
@example(b'{"op":"x","d":{"room":"a","lat":1e999}}')
@example(b'{"op":"x","d":{"room":"a","sub":{"z":' + b"9" * 5_000 + b"}}}")
@example(b'{"op":"x","id":' + b"9" * 5_000 + b"}")
def test_decoding_never_raises_anything_but_refused_on_any_bytes(data: bytes) -> None:
    refused_or_decoded(data)


@given(st.lists(st.tuples(st.integers(0, len(VALID)), st.integers(0, 3), st.binary(max_size=4)), min_size=1, max_size=6))
def test_decoding_never_raises_anything_but_refused_on_damaged_frames(edits: list[tuple[int, int, bytes]]) -> None:
    data = VALID
    for at, cut, put in edits:
        data = data[:at] + put + data[at + cut :]
    refused_or_decoded(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.sampled_from(["id", "op", "d", "x"]), JSON))
def test_decoding_never_raises_anything_but_refused_on_any_json(value: Any) -> None:
    refused_or_decoded(json.dumps(value).encode())
    refused_or_decoded(json.dumps({"op": "x", "d": {"room": "r"} | value}).encode("utf-8", "surrogatepass"))


def test_a_request_is_decoded_with_its_payload_left_for_later() -> None:
    request = envelope.decode(b'{"id":0,"op":"ping","d":{"a":[1,2]},"unknown":1}')
    assert (request.id, request.op, bytes(request.d)) == (0, "ping", b'{"a":[1,2]}')


def test_id_and_payload_may_be_missing() -> None:
    request = envelope.decode(b'{"op":"ping"}')
    assert (request.id, bytes(request.d)) == (None, b"{}")


@pytest.mark.parametrize("id", [0, 1, 2**53 - 1])
def test_ids_go_up_to_what_json_keeps_exactly(id: int) -> None:
    assert envelope.decode(b'{"op":"x","id":%d}' % id).id == id


@pytest.mark.parametrize("id", ["-1", "9007199254740992", "18446744073709551616", "1.0", '"1"', "true", "1e3", "[]"])
def test_other_ids_are_refused_by_name(id: str) -> None:
    with pytest.raises(Refused) as caught:
        envelope.decode(b'{"op":"x","id":' + id.encode() + b"}")
    assert (caught.value.error, caught.value.field) == (FRAME_BAD, "id")


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b'"x"', b"{}", b'{"op":1}', b'{"op":"x"} ,', b"\xef\xbb\xbf{}", b'{"op":"' + b"x" * 65 + b'"}']
)
def test_what_is_no_request_is_frame_bad(data: bytes) -> None:
    with pytest.raises(Refused) as caught:
        envelope.decode(data)
    assert caught.value.error is FRAME_BAD


@pytest.mark.parametrize(
    ("d", "field"),
    [
        (b"{}", "room"),
        (b'{"room":1}', "room"),
        (b'{"room":"a","lat":91}', "lat"),
        (b'{"room":"a","lat":"1"}', "lat"),
        (b'{"room":"a","lat":1e999}', "lat"),
        (b'{"room":"a","tags":["a",1]}', "tags[1]"),
        (b'{"room":"a","sub":{}}', "sub.z"),
        (b'{"room":"a","sub":{"z":1.5}}', "sub.z"),
        (b'{"room":"a","by_name":{"k":{"z":"1"}}}', "by_name[...].z"),
        (b"null", None),
        (b"[1]", None),
    ],
)
def test_a_wrong_field_is_named(d: bytes, field: str | None) -> None:
    refused = refusal(b'{"op":"x","d":' + d + b"}")
    assert (refused.error, refused.field) == (FIELD_INVALID, field)


def test_a_refusal_says_what_was_expected_and_quotes_no_value() -> None:
    refused = refusal(b'{"op":"x","d":{"room":"a","lat":"secret"}}')
    assert refused.message == "Expected `float`, got `str`."


@pytest.mark.parametrize(
    ("of", "message"),
    [
        (Cell, "Expected 15 lower-case hexadecimal digits."),
        (Id, "Expected 1 to 20 decimal digits."),
        (Receipt, "Expected 32 lower-case hexadecimal digits."),
        (Annotated[str, Meta(pattern="^x")], "Expected `str` matching regex '^x'."),
    ],
)
def test_digits_are_asked_for_in_words(of: Any, message: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.json.decode(b'"CELL"', type=of)
    assert envelope.undecodable(raised.value).message == message


@pytest.mark.parametrize(
    ("d", "field"),
    [
        (b'{"room":"a","extra":1}', "extra"),
        (b'{"room":"a","sub":{"z":1,"extra":1}}', "sub.extra"),
        (b'{"room":"a","by_name":{"k":{"z":1,"extra":1}}}', "by_name[...].extra"),
        (b'{"room":"a","many":[{"z":1},{"z":1,"extra":1}]}', "many[1].extra"),
    ],
)
def test_unknown_fields_are_ignored_unless_strict_at_every_depth(d: bytes, field: str) -> None:
    data = b'{"op":"x","d":' + d + b"}"
    assert envelope.payload_decoder(Sample)(envelope.decode(data).d).room == "a"
    refused = refusal(data, strict=True)
    assert (refused.error, refused.field) == (FIELD_INVALID, field)


def test_strict_and_lenient_give_equal_values_and_keep_defaults_and_bounds() -> None:
    data = b'{"room":"a","sub":{"z":1},"many":[{"z":2}]}'
    lenient, strict = (envelope.payload_decoder(Sample, strict=strict)(data) for strict in (False, True))
    assert isinstance(strict, Sample)
    assert msgspec.to_builtins(strict) == msgspec.to_builtins(lenient)
    assert refusal(b'{"op":"x","d":{"room":"a","many":[{"z":1},{"z":1},{"z":1},{"z":1}]}}', strict=True).field == "many"


def test_decoders_are_made_once() -> None:
    assert envelope.payload_decoder(Sample, strict=True) is envelope.payload_decoder(Sample, strict=True)
    assert envelope.payload_decoder(Sample) is not envelope.payload_decoder(Sample, strict=True)


def test_the_bare_decoders_raise_only_what_they_say() -> None:
    with pytest.raises(envelope.UNDECODABLE) as caught:
        envelope.typed_decoder(Sample)(b"{}")
    assert envelope.undecodable(caught.value).field == "room"
    with pytest.raises(envelope.UNDECODABLE) as caught:
        envelope.decode_request(b"{}")
    assert envelope.frame_bad(caught.value).field == "op"


def test_replies_errors_and_pushes_have_the_documented_form() -> None:
    assert envelope.encode_ok(7, {"a": 1}) == b'{"id":7,"ok":{"a":1}}'
    assert envelope.encode_ok(7, None) == b'{"id":7,"ok":{}}'
    assert (
        envelope.encode_push(Push("message.new", "room:1", Raw(b'{"x":1}'), 41))
        == b'{"t":"message.new","s":"room:1","o":41,"d":{"x":1}}'
    )
    assert envelope.encode_push(Push("typing", "room:1", {})) == b'{"t":"typing","s":"room:1","d":{}}'
    assert envelope.encode_bye(4200, "x", 5) == b'{"t":"bye","d":{"code":4200,"reason":"x","reconnect_after_ms":5}}'


def test_an_error_carries_everything_a_client_needs() -> None:
    refused = Refused(RATE_LIMITED, field="x", retry_after_ms=250, detail="Slowly.")
    expected = {
        "code": 42911, "name": "rate.limited", "message": "Slowly.", "temporary": True, "retry_after_ms": 250, "field": "x",
    }  # fmt: skip
    assert json.loads(envelope.encode_err(7, refused)) == {"id": 7, "err": expected}
    assert json.loads(envelope.encode_err(None, refused)) == {"err": expected}


@pytest.mark.parametrize("id", [0, 2**53, 2**63 - 1, 2**64 - 1])
def test_ids_of_64_bits_are_encoded_as_given(id: int) -> None:
    assert json.loads(envelope.encode_ok(id, None))["id"] == id
