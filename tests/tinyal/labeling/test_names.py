import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyal.labeling.names import LONGEST, clean_name


@given(st.text(st.sampled_from("aé\u0301 \u00a0\u200d\u200c漢🐈\u202e"), max_size=12))
def test_a_clean_name_is_clean(text):
    try:
        name = clean_name(text)
    except ValueError:
        assert not text.strip()
    else:
        assert clean_name(name) == name == name.strip()


def test_names_that_look_alike_are_one():
    assert clean_name(" cafe\u0301 ") == clean_name("café") == "caf\u00e9"


@pytest.mark.parametrize("name", ["نیم‌فاصله", "👩‍🔬", "=cat", "a b", "x" * LONGEST, "0"])
def test_words_of_all_languages_are_names(name):
    assert clean_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "  ", "a\tb", "a\0", "a\x1b[2J", "a\u2028b", "caf\udce9", "x" * (LONGEST + 1), None, 3]
)
def test_what_is_no_line_of_text_is_refused(name):
    with pytest.raises(ValueError, match="a class's name"):
        clean_name(name)
