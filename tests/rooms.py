"""Writes docs/rooms.md, the list of all modules with their first lines: ``python -m tests.rooms``."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "rooms.md"
INTRODUCTION = """\
# The rooms of the house

One idea a file. Imports point from tinyal to tinynn; only `plotting` knows Matplotlib, and only `backend.py` and
`cuda.py` know that there are two array libraries. What a learner reads first is listed in the README.
"""


def page() -> str:
    """Put together the page from the modules' docstrings."""
    lines = [INTRODUCTION]
    for package in ("tinynn", "tinyal"):
        lines += [f"## {package}", "", "| file | what it holds |", "|---|---|"]
        for path in sorted((ROOT / package).rglob("*.py")):
            first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]
            lines.append(f"| `{path.relative_to(ROOT / package).as_posix()}` | {first.replace('|', '∣')} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
