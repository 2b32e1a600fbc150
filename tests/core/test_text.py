from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.core.text import MOST_MARKS, clean_name, clean_text
from fwber_rt.errors import Refused

ZWNJ, ZWJ = "\u200c", "\u200d"


def refusal(value: str, field: str = "name") -> Refused:
    with pytest.raises(Refused) as caught:
        clean_name(value, field)
    assert (caught.value.error.name, caught.value.field) == ("field.invalid", field)
    return caught.value


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "Ann", "O'Neill", "Jean-Luc", "Zoë", "Đặng Thị Ánh", "Иван", "Иван Ivanov", "Ann-Мария", "Ελένη", "李小龙", "王さん",
            "ユキちゃん", "김민준", "Kim민준", "東京タワー", "時々Café", "לאה", "محمد", "می" + ZWNJ + "خواهم", "क्" + ZWJ + "ष",
            "สมชาย", "O2 Arena", "a.b_c", "👩" + ZWJ + "👩" + ZWJ + "👧", "🏳️" + ZWJ + "🌈", "👍🏽", "❤️", "R2-D2", "!?",
        ],
    )  # fmt: skip
    def test_names_as_people_write_them_are_kept(self, name: str) -> None:
        assert clean_name(name) == unicodedata.normalize("NFKC", name)

    def test_one_form(self) -> None:
        assert clean_name("  \uff21nn\u00a0\t Zoe\u0308 \n") == "Ann Zoë"
        assert clean_name("ﬁn") == "fin"
        assert clean_name("Acme™️") == "AcmeTM", "a selector of a variant of what has none goes"

    def test_length_is_counted_in_that_form(self) -> None:
        assert len(clean_name("x" * 64)) == 64
        for name in ("", "   ", "x" * 65, "ﷺ" * 4):
            assert "must have 1 to 64 characters" in refusal(name).message
        assert clean_name("x" * 32, "tags", 32) == "x" * 32
        with pytest.raises(Refused) as caught:
            clean_name("x" * 33, "tags", 32)
        assert caught.value.message == "tags must have 1 to 32 characters."

    @pytest.mark.parametrize("code", [0x00, 0x07, 0x08, 0x0B, 0x1B, 0x1C, 0x1F, 0x7F, 0x85, 0x9F])
    def test_controls(self, code: int) -> None:
        assert "control character" in refusal(f"A{chr(code)}nn").message

    @pytest.mark.parametrize(
        "code",
        [
            0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2066, 0x2067, 0x2068, 0x2069, 0x200E, 0x200F, 0x061C,  # direction
            0x200B, 0x2060, 0x2061, 0x2064, 0xFEFF, 0x00AD, 0x034F, 0x180E,  # no width
            0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, 0x17B4,  # no ink
            0xE0041, 0xE0001, 0xE0100, 0xFE00,  # tags and variants
            0xE000, 0xD800, 0x0378, 0xFFFE, 0xFFF9,  # private, unpaired, unassigned
        ],
    )  # fmt: skip
    def test_what_is_not_seen(self, code: int) -> None:
        for name in (f"A{chr(code)}nn", f"{chr(code)}Ann", f"Ann{chr(code)}"):
            assert "not seen" in refusal(name).message
        refusal(chr(code))

    @pytest.mark.parametrize("name", [f"A{ZWJ}nn", f"A{ZWNJ}nn", f"{ZWJ}Ann", f"Ann{ZWNJ}", f"👍{ZWJ}", f"a{ZWJ}👍", f"م{ZWJ}ی"])
    def test_joiners_where_nothing_joins(self, name: str) -> None:
        assert "not seen" in refusal(name).message

    def test_accents(self) -> None:
        tower = "x" + "\u0316" * MOST_MARKS
        assert clean_name(tower) == tower
        assert "more than 4" in refusal(tower + "\u0316").message
        assert "accent on nothing" in refusal("\u0301nn").message
        assert "accent on nothing" in refusal("Ann \u0301").message

    @pytest.mark.parametrize(
        ("name", "mixed"),
        [
            ("P\u0430ypal", "Latin and Cyrillic"), ("\u0410nn", "Cyrillic and Latin"), ("Ann \u0391dmin", "Greek and Latin"),
            ("\u03bfne", "Greek and Latin"), ("\u0430\u03bf", "Cyrillic and Greek"), ("ad\u04cf", "Latin and Cyrillic"),
            ("\u13aanna", "Cherokee and Latin"), ("p4\u0443", "Latin and Cyrillic"), ("Ann\u0561", "Latin and Armenian"),
            ("a\u0301\u0430", "Latin and Cyrillic"), ("\u674eIv\u0430n", "Latin and Cyrillic"),
        ],
    )  # fmt: skip
    def test_alphabets_mixed_in_one_word(self, name: str, mixed: str) -> None:
        assert f"mixes {mixed} letters in one word" in refusal(name).message

    def test_full_width_letters_are_the_plain_ones(self) -> None:
        assert clean_name("\uff30aypal") == "Paypal"
        assert "Latin and Cyrillic" in refusal("\uff30\u0430y").message

    def test_the_field_is_named(self) -> None:
        assert refusal("\u202e", "tags").message.startswith("tags ")

    @given(st.text(max_size=40) | st.text("aA1 -.\u0430\u03b1\u0301\ufe0f\u200d\U0001f44d\u674e\u2122", max_size=8))
    def test_a_clean_name_is_clean(self, value: str) -> None:
        try:
            name = clean_name(value)
        except Refused:
            return
        assert clean_name(name) == name == unicodedata.normalize("NFKC", name)
        assert name == " ".join(name.split())
        assert not any(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") for c in name)
        assert all(c in (ZWJ, ZWNJ) for c in name if unicodedata.category(c) == "Cf")


class TestTexts:
    @pytest.mark.parametrize(
        "text",
        [
            "hello", "a\n\tb\r\n", "P\u0430ypal", "\u05d0 \u200f!", "\u2067\u05d0\u2069", f"م{ZWNJ}ی", "x\u0301\u0301",
            "ﬁ", f"👩{ZWJ}👧",
        ],
    )  # fmt: skip
    def test_kept_as_written(self, text: str) -> None:
        assert clean_text(text, 100) == text

    @pytest.mark.parametrize("code", [0x00, 0x08, 0x0B, 0x0C, 0x1B, 0x7F, 0x80, 0x9F, 0x202D, 0x202E])
    def test_controls_and_overrides(self, code: int) -> None:
        with pytest.raises(Refused, match="field.invalid") as caught:
            clean_text(f"a{chr(code)}b", 100, "content.text")
        assert caught.value.field == "content.text" and "control character" in caught.value.message

    @pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u00a0", "\u200b", "\u200b \u2060", ZWJ, "\u2028"])
    def test_nothing_to_see(self, text: str) -> None:
        with pytest.raises(Refused, match="field.invalid") as caught:
            clean_text(text, 100)
        assert "empty" in caught.value.message

    def test_length(self) -> None:
        assert clean_text("x" * 5, 5) == "x" * 5
        with pytest.raises(Refused, match="too.large"):
            clean_text("x" * 6, 5)
