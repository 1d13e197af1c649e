"""The programs in tutorials/systems/, imported as modules, and what was recorded with them."""

import json
import sys
from html import escape
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "tutorials" / "systems"
RECORDS = ROOT / "docs" / "results" / "systems"
NAMES = ("entropy_cnn", "iris_forest", "query_label_learn", "mlp_remedies")


def load(name: str) -> ModuleType:
    """Import a program."""
    spec = util.spec_from_file_location(name, PROGRAMS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def record(name: str) -> dict[str, Any]:
    """Read what a program wrote down with ``--record``."""
    return json.loads((RECORDS / f"{name}.json").read_text(encoding="utf-8"))


def as_html(text: str) -> str:
    """Turn a program's table, cells between bars, into one of the site's pages; other lines follow it."""
    lines = [line for line in text.splitlines() if line]
    rows = [
        line.strip("|").split("|") for line in lines if line.startswith("|") and not line.startswith("|---")
    ]
    head, *body = [[escape(cell.strip()) for cell in row] for row in rows]
    cells = "".join(f"<th>{cell}</th>" for cell in head)
    table = [f"<thead><tr>{cells}</tr></thead><tbody>"]
    table += ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in body]
    notes = "".join(f"<p>{escape(line)}</p>" for line in lines if not line.startswith("|"))
    inside = "".join(table)
    return f'<div class="table-wrapper"><table class="docutils align-default">{inside}</tbody></table></div>{notes}'
