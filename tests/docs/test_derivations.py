"""The derivations: in order, with labelled equations, examples that run, a rule, and tests that are there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "derivations"
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}
ORDER = re.search(r"```\{toctree\}\n(?::.*\n)*\n(.*?)```", TEXTS.pop("index"), re.DOTALL)[1].split()
CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^\$\$$.*?^\$\$([^\n]*)$", re.MULTILINE | re.DOTALL)
LABEL = re.compile(r" \(([a-z0-9-]+)\)")
NAMED = re.compile(r"(tests/[\w/]+\.py)(?:::(\w+))?")
OLDER = {"two-layer-network"}  # has exercises in place of a rule
LAST_OF_NETWORKS = "gradient-checking"


def labels(text: str) -> list[str]:
    """What stands behind each displayed equation."""
    return [end.strip("() ") if LABEL.fullmatch(end) else "" for end in BLOCK.findall(CODE.sub("", text))]


def functions(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


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


@pytest.mark.parametrize("page", TEXTS)
def test_named_tests_are_there(page):
    for file, function in NAMED.findall(TEXTS[page]):
        assert (ROOT / file).is_file(), file
        assert not function or function in functions(file), f"{file}::{function}"


@pytest.mark.parametrize("page", ORDER[: ORDER.index(LAST_OF_NETWORKS) + 1])
def test_a_page_is_derived_shown_run_and_held(page):
    text = TEXTS[page]
    assert labels(text)
    assert "```{literalinclude}" in text
    assert ">>> " in text
    if page not in OLDER:
        assert any(function for _, function in NAMED.findall(text))
        assert text.count("The rule to remember\n:class: important\n") == 1


@pytest.mark.parametrize("page", TEXTS)
def test_an_empty_line_closes_each_example(page):
    """Or doctest takes the fence for expected output."""
    for block in re.findall(r"^```python\n(.*?)^```$", TEXTS[page], re.MULTILINE | re.DOTALL):
        assert block.endswith("\n\n"), block
