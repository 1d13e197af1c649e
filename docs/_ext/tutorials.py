"""Tutorials: the scripts in tutorials/ as notebooks, a list that makes itself, and downloads of both forms."""

import shutil
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "tutorials"
PAGES = ROOT / "docs" / "tutorials"  # the notebooks here are made by every build, and git ignores them


def scripts() -> list[Path]:
    """Return the tutorials in their order."""
    return sorted(SCRIPTS.glob("[0-9]*.py"))


def as_notebook(script: Path) -> str:
    """Return a script in percent format as a notebook, the same text for the same script."""
    notebook = jupytext.read(script)
    for i, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{i}"  # jupytext draws them at random
    text: str = nbformat.writes(notebook)
    return text + "\n"


def write_notebooks() -> None:
    """Write a notebook for each script, and remove those whose script is gone."""
    wanted = {PAGES / f"{script.stem}.ipynb": as_notebook(script) for script in scripts()}
    for old in PAGES.glob("*.ipynb"):
        if old not in wanted:
            old.unlink()
    for path, text in wanted.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def opening(script: Path) -> tuple[str, str]:
    """Return a tutorial's title and its first paragraph.

    Raises
    ------
    ValueError
        For a script that does not begin with a title and a paragraph.
    """
    text = jupytext.read(script).cells[0]["source"].strip()
    title, _, rest = text.partition("\n")
    paragraph = " ".join(rest.strip().split("\n\n")[0].split())
    if not title.startswith("# ") or not paragraph:
        raise ValueError(f"{script.name} must begin with '# %% [markdown]', a '# # Title' and a paragraph")
    return title[2:], paragraph


class TutorialList(SphinxDirective):
    """``{tutorial-list}``: every tutorial with its first paragraph, and a place for each in the navigation."""

    def run(self) -> list[nodes.Node]:
        """Make a card for each, and a hidden table of contents."""
        lines = [":::{toctree}", ":hidden:", "", *(script.stem for script in scripts()), ":::", ""]
        lines += ["::::{grid} 1", ":gutter: 2", ""]
        for script in scripts():
            self.env.note_dependency(str(script))
            title, paragraph = opening(script)
            number = script.stem.partition("_")[0].lstrip("0")
            lines += [f":::{{grid-item-card}} {number}. {title}", f":link: {script.stem}", ":link-type: doc"]
            lines += ["", paragraph, ":::", ""]
        lines.append("::::")
        return self.parse_text_to_nodes("\n".join(lines))


def offer_downloads(app: Sphinx, doctree: nodes.document) -> None:
    """Say below a tutorial's title where it can be had as a notebook and as a script."""
    name = app.env.docname.removeprefix("tutorials/")
    title = next(iter(doctree.findall(nodes.title)), None)
    if title is None or name not in {script.stem for script in scripts()}:
        return
    links = " or as ".join(f'<a href="{name}.{end}" download>{name}.{end}</a>' for end in ("ipynb", "py"))
    html = f'<p class="downloads">To run and change it, download it as {links}.</p>'
    title.parent.insert(title.parent.index(title) + 1, nodes.raw("", html, format="html"))


def copy_downloads(app: Sphinx, exception: Exception | None) -> None:
    """Put scripts and notebooks beside the pages."""
    if exception is None and app.builder.format == "html":
        for script in scripts():
            shutil.copy(script, Path(app.outdir) / "tutorials")
            shutil.copy(PAGES / f"{script.stem}.ipynb", Path(app.outdir) / "tutorials")


def setup(app: Sphinx) -> dict[str, Any]:
    """Join the build: notebooks first of all, while Sphinx has not yet looked for pages."""
    write_notebooks()
    app.add_directive("tutorial-list", TutorialList)
    app.connect("doctree-read", offer_downloads)
    app.connect("build-finished", copy_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
