"""Every equation of the derivations is cited by a test that its page names, or stands here with the reason why not."""

import ast
import functools
import re
from dataclasses import dataclass

import pytest

from tests.docs.test_derivations import NAMED, ROOT, TEXTS, labels

PAGE = re.compile(r"(?<!`)`docs/derivations/([\w-]+)\.md`")
WORD = re.compile(r"(?<!`)`([a-z0-9]+(?:-[a-z0-9]+)*)`(?!`)")
LABELS = {page: set(labels(text)) for page, text in TEXTS.items()}
UNTESTED = {"path-of-a-weight": "a picture of the way from a weight to the error, which claims nothing"}


@dataclass
class Citing:
    """A test whose docstring cites derivations."""

    file: str
    name: str
    pages: set[str]
    words: set[str]

    @property
    def equations(self) -> set[str]:
        return self.words & set().union(*(LABELS.get(page, set()) for page in self.pages))

    @property
    def astray(self) -> set[str]:
        """Pages that are not there, labels that are not on the pages cited, and pages of which no label is cited."""
        unknown = {word for word in self.words - self.equations if "-" in word}
        return unknown | {page for page in self.pages if not LABELS.get(page, set()) & self.words}


def citing(text: str, file: str = "") -> list[Citing]:
    """Return the tests of a module that cite a page."""
    found = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            docstring = ast.get_docstring(node) or ""
            if pages := set(PAGE.findall(docstring)):
                found.append(Citing(file, node.name, pages, set(WORD.findall(docstring))))
    return found


@functools.cache
def all_that_cite() -> list[Citing]:
    found = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if "`docs/derivations/" in text:
            found += citing(text, path.relative_to(ROOT).as_posix())
    return found


def named(text: str) -> set[tuple[str, str]]:
    """Return the tests that a page names, as (file, name); a name alone is of any of the page's files."""
    found = NAMED.findall(text)
    files = {file for file, _, _ in found if file}
    return {(file, name) for file, name, _ in found if name} | {
        (file, alone) for file in files for _, _, alone in found if alone
    }


def test_what_tests_cite_is_there():
    assert len(all_that_cite()) > 50
    assert {f"{test.file}::{test.name}": test.astray for test in all_that_cite() if test.astray} == {}


@pytest.mark.parametrize("page", TEXTS)
def test_every_equation_is_held_by_a_test_that_the_page_names(page):
    names = named(TEXTS[page])
    held = set().union(*(test.equations for test in all_that_cite() if (test.file, test.name) in names))
    missing = LABELS[page] - held - UNTESTED.keys()
    elsewhere = {f"{test.file}::{test.name}" for test in all_that_cite() if missing & test.equations}
    assert missing == set(), (
        f"write a test that holds it, cite it there, and name the test on the page: {elsewhere}"
    )


def test_only_equations_that_no_test_cites_are_excused():
    assert UNTESTED.keys() <= set().union(*LABELS.values())
    assert UNTESTED.keys() & set().union(*(test.equations for test in all_that_cite())) == set()


def test_what_the_checks_would_catch():
    text = '''
def test_right():
    """Equations `dense-layer-row` and `dense-layer-unit` of `docs/derivations/dense.md`, `x` and ``a-b``."""

def test_wrong():
    """Equation `dense-layer-rows` of `docs/derivations/dense.md`."""

def test_of_another_page():
    """Equation `dense-layer-row` of `docs/derivations/neuron.md` and `docs/derivations/denser.md`."""

def helper():
    """Equation `dense-layer-row` of `docs/derivations/dense.md`."""
'''
    right, wrong, other = citing(text, "tests/test_x.py")
    assert right.equations == {"dense-layer-row", "dense-layer-unit"}
    assert right.astray == set()
    assert wrong.astray == {"dense-layer-rows", "dense"}
    assert other.astray == {"dense-layer-row", "neuron", "denser"}
    assert named("`tests/test_x.py::test_right`, `test_wrong`") == {
        ("tests/test_x.py", "test_right"),
        ("tests/test_x.py", "test_wrong"),
    }
