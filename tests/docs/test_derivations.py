"""The derivations: in order, with labelled equations, examples that run, a rule, and tests that are there."""

import functools
import re

import pytest

from tests.docs import test_pages
from tests.docs.test_pages import DOCS, PAGES, ROOT

objects = functools.cache(test_pages.objects)  # some files are named on many pages
FOLDER = DOCS / "derivations"
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}
ORDER = re.search(r"```\{toctree\}\n(?::.*\n)*\n(.*?)```", TEXTS.pop("index"), re.DOTALL)[1].split()
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^\$\$$.*?^\$\$([^\n]*)$", re.MULTILINE | re.DOTALL)
LABEL = re.compile(r" \(([a-z0-9-]+)\)")
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`|`(test_\w+)`")  # the last is in one of the page's files
OLDER = {"two-layer-network"}  # has exercises in place of a rule, and is its own test
LAST_OF_NETWORKS = "gradient-checking"


def labels(text: str) -> list[str]:
    """What stands behind each displayed equation."""
    return [end.strip("() ") if LABEL.fullmatch(end) else "" for end in BLOCK.findall(CODE.sub("", text))]


def missing(text: str) -> list[str]:
    """Test files that a page names and that are not there; tests that are not in theirs, or in none of the page's."""
    there: set[str] = set()
    absent, alone = [], []
    for file, function, name in NAMED.findall(text):
        if name:
            alone.append(name)
        elif not (ROOT / file).is_file():
            absent.append(file)
        else:
            there |= objects(ROOT / file)
            if function and function not in objects(ROOT / file):
                absent.append(f"{file}::{function}")
    return absent + [name for name in alone if name not in there]


def test_every_page_has_its_place():
    assert sorted(ORDER) == sorted(TEXTS)


def test_each_equation_has_a_label_of_its_own():
    found = [label for text in TEXTS.values() for label in labels(text)]
    assert len(found) > 100
    assert "" not in found
    assert len(found) == len(set(found))


@pytest.mark.parametrize("page", TEXTS)
def test_equations_are_labelled_that_a_page_refers_to(page):
    known = {label for text in TEXTS.values() for label in labels(text)}
    assert set(re.findall(r"\{eq\}`([^`]*)`", TEXTS[page])) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(DOCS).as_posix())
def test_tests_that_a_page_names_are_there(page):
    assert missing(page.read_text(encoding="utf-8")) == []


def test_a_test_that_is_not_there_is_found():
    file = "tests/tinyal/test_measures.py"
    assert missing(f"`test_two_members` and `test_two_memers` in `{file}`") == ["test_two_memers"]
    assert missing(f"`{file}::test_two_members`, `{file}::test_two_memers`") == [f"{file}::test_two_memers"]
    assert missing("`test_two_members` in `tests/tinyal/test_measure.py`") == [
        "tests/tinyal/test_measure.py",
        "test_two_members",
    ]


@pytest.mark.parametrize("page", ORDER)
def test_a_page_is_derived_run_and_held(page):
    text = TEXTS[page]
    assert labels(text)
    assert ">>> " in text
    if page not in OLDER:
        assert any(function or name for _, function, name in NAMED.findall(text))
        assert text.count("The rule to remember\n") == 1


@pytest.mark.parametrize("page", ORDER[: ORDER.index(LAST_OF_NETWORKS) + 1])
def test_a_page_of_networks_shows_the_code(page):
    assert "```{literalinclude}" in TEXTS[page]
    if page not in OLDER:
        assert "The rule to remember\n:class: important\n" in TEXTS[page]


@pytest.mark.parametrize("page", TEXTS)
def test_an_empty_line_closes_each_example(page):
    """Or doctest takes the fence for expected output."""
    for block in re.findall(r"^```python\n(.*?)^```$", TEXTS[page], re.MULTILINE | re.DOTALL):
        assert block.endswith("\n\n"), block
