"""What stands between single backticks in docstrings: linked where it has a page, refused where it does not exist.

That is a name of the packages or of Python; a page of derivations, `docs/derivations/dense.md`; or the label of an
equation there, `dense-layer-backward`, in whose place the site shows its number.
"""

import inspect
import re
from importlib import import_module
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.roles import XRefRole

SHORT = {"nn": "tinynn", "al": "tinyal", "np": "numpy"}
MARK = "a name"
DERIVATION = re.compile(r"docs/(derivations/[\w-]+)\.md")
EQUATION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")  # a label: nothing in Python has a hyphen in its name
# Examples, and what stands between backticks, stay as they are; |w| and (n, *shape) are formulas and no markup.
AS_IT_IS = re.compile(r"(``.+?``|`.+?`)")
FORMULA = re.compile(r"(?<!\\)\||(?<=, )\*(?=\w+[,)])")


class Name(XRefRole):
    """The role of single backticks: ``x`` is an argument or the like; ``nn.fit`` and ``History.plot`` must exist."""

    def process_link(
        self, env: BuildEnvironment, refnode: nodes.Element, has_explicit_title: bool, title: str, target: str
    ) -> tuple[str, str]:
        """Let nn stand for tinynn, and remember that this is not a reference that must have a page."""
        if found := derivation(target):
            refnode["refdomain"], refnode["reftype"], target = found
            return title, target
        refnode["refdomain"], refnode["reftype"] = "py", "obj"
        refnode[MARK] = True
        refnode["py:module"] = env.ref_context.get("py:module")
        refnode["py:class"] = env.ref_context.get("py:class")
        docstring = re.search(r"docstring of ([\w.]+)", self.get_source_info()[0])
        refnode["written in"] = docstring[1] if docstring else ""
        target = target.removesuffix("()")
        first, dot, rest = target.partition(".")
        return title, SHORT.get(first, first) + dot + rest


def derivation(target: str) -> tuple[str, str, str] | None:
    """Return domain, type and target of a reference to a page of derivations or an equation; None for a name.

    >>> derivation("docs/derivations/dense.md"), derivation("dense-layer-backward"), derivation("nn.Dense")
    (('std', 'doc', '/derivations/dense'), ('math', 'eq', 'dense-layer-backward'), None)
    """
    if page := DERIVATION.fullmatch(target):
        return "std", "doc", f"/{page[1]}"
    return ("math", "eq", target) if EQUATION.fullmatch(target) else None


def exists(name: str) -> bool:
    """Whether there is such a module, or such a thing in one; attributes of instances are looked for in the code."""
    parts = name.split(".")
    for i in range(len(parts), 0, -1):
        try:
            value: Any = import_module(".".join(parts[:i]))
        except ImportError:
            continue
        return all((value := _inside(value, part)) is not None for part in parts[i:])
    return False


def _inside(value: Any, part: str) -> Any:
    missing = object()
    found = getattr(value, part, missing)
    if found is not missing:
        return found if found is not None else missing
    if inspect.isclass(value):
        code = "".join(inspect.getsource(base) for base in value.__mro__ if base.__module__ != "builtins")
        if part in getattr(value, "__annotations__", {}) or f"self.{part}" in code:
            return missing
    return None


def accept(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element) -> Any:
    """Show a name that has no page as code, if it is somewhere; otherwise Sphinx complains."""
    if not node.get(MARK):
        return None
    target = node["reftarget"]
    if "." not in target:
        return content
    near = [f"{place}.{target}" for place in (*_around(node["written in"]), "tinynn", "tinyal")]
    return content if any(map(exists, [target, *near])) else None


def _around(name: str) -> list[str]:
    """Return a name and all that it stands in, nearest first: tinynn.fit, tinynn."""
    return [name.rsplit(".", i)[0] for i in range(name.count(".") + 1)] if name else []


def plain_formulas(line: str) -> str:
    r"""Escape what reStructuredText would take for markup in a line, so that docstrings need no backslashes.

    >>> print(plain_formulas("array (n, *input_shape), |w|, see `x|y`"))
    array (n, \*input_shape), \|w\|, see `x|y`
    """
    parts = AS_IT_IS.split(line)
    parts[::2] = [FORMULA.sub(r"\\\g<0>", part) for part in parts[::2]]
    return "".join(parts)


def prepare(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Escape the formulas of a docstring, but not in its examples."""
    example = False
    for i, line in enumerate(lines):
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        if not example:
            lines[i] = plain_formulas(line)


def setup(app: Sphinx) -> dict[str, Any]:
    """Join the build."""
    app.add_role("name", Name(innernodeclass=nodes.literal))
    app.connect("missing-reference", accept)
    app.connect("autodoc-process-docstring", prepare, priority=100)  # before numpydoc
    return {"parallel_read_safe": True, "parallel_write_safe": True}
