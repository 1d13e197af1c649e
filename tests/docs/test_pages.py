"""What the pages say that is true elsewhere too: commands, the demonstration's table, code that they show."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if not path.relative_to(DOCS).parts[0].startswith("_"))
INCLUDED = re.compile(r"^```\{literalinclude\} (\S+)\n:pyobject: (\S+)$", re.MULTILINE)


def fenced(text: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)


def objects(path: Path) -> set[str]:
    """Names of all functions and classes of a file, with those they stand in."""

    def names(node: ast.AST, prefix: str = "") -> set[str]:
        found = set()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef):
                found |= {prefix + child.name, *names(child, f"{prefix}{child.name}.")}
        return found

    return names(ast.parse(path.read_text(encoding="utf-8")))


def test_the_first_page_has_the_commands_and_the_table_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    start = (DOCS / "start-here.md").read_text(encoding="utf-8")
    commands = [line.removeprefix("$ ") for kind in ("console", "powershell") for line in fenced(start, kind)]
    assert len(commands) == 2
    for command in commands:
        assert f"    {command}\n" in readme
    assert fenced(start, "text") == fenced(readme, "text")
    assert fenced(start, "python") == fenced(readme, "python")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(DOCS).as_posix())
def test_files_that_a_page_names_are_there(page):
    text = page.read_text(encoding="utf-8")
    for file, name in INCLUDED.findall(text):
        path = page.parent / file
        assert name in objects(path), f"{name} is not in {file}"
    for script in re.findall(r"python (tutorials/\S+\.py)", text):
        assert (ROOT / script).is_file()


def test_code_is_shown_from_the_source():
    shown = [name for page in PAGES for _, name in INCLUDED.findall(page.read_text(encoding="utf-8"))]
    assert "Dense.backward" in shown
    assert "Dense.backwards" not in objects(ROOT / "tinynn" / "layers" / "dense.py")
