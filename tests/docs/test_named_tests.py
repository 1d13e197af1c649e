"""A page that says which test holds a formula names one that there is, in the file that it names."""

import re

import pytest

from tests.docs.test_pages import DOCS, PAGES, ROOT, objects

NAMED = re.compile(r"`(test_\w+)`|`(tests/[\w/]+\.py)`")


def named_tests(text: str) -> list[str]:
    """Names of tests on a page that its test files do not have."""
    names = [name for name, _ in NAMED.findall(text) if name]
    files = [ROOT / file for _, file in NAMED.findall(text) if file]
    there = set().union(*(objects(file) for file in files if file.is_file()))
    return [name for name in names if name not in there]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(DOCS).as_posix())
def test_tests_that_a_page_names_are_there(page):
    text = page.read_text(encoding="utf-8")
    for _, file in NAMED.findall(text):
        assert not file or (ROOT / file).is_file(), file
    assert named_tests(text) == []


def test_the_derivations_of_active_learning_name_theirs():
    for name in ("entropy", "bald", "batchbald", "badge", "k-center", "few-labels"):
        assert "`test_" in (DOCS / "derivations" / f"{name}.md").read_text(encoding="utf-8"), name


def test_a_test_that_is_not_there_is_found():
    text = "`test_two_members` and `test_two_memers` in `tests/tinyal/test_measures.py`"
    assert named_tests(text) == ["test_two_memers"]
