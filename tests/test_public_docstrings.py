"""Public names: each has a docstring with shapes, an example that runs, and the equations that it comes from."""

import ast
import doctest
import inspect
import re
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import tinyal
import tinynn
import tinynn as nn
from tests.docs.test_derivations import ROOT, TEXTS
from tests.docs.test_equations_in_tests import LABELS, PAGE

FINDER = doctest.DocTestFinder()


def names_in(module: ModuleType) -> list[str]:
    """Return what a module offers: ``__all__``, or what it defines that has no underscore."""
    own = [n for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__]
    return list(getattr(module, "__all__", None) or [n for n in own if not n.startswith("_")])


def documented(module: ModuleType, found: dict[str, Any]) -> None:
    """Add the functions and classes that a module offers, each under the first name that it has; go into its rooms."""
    for name in names_in(module):
        value = getattr(module, name)
        if inspect.ismodule(value):
            documented(value, found)
        elif (inspect.isclass(value) or inspect.isfunction(value)) and value not in found.values():
            found[f"{module.__name__}.{name}"] = value


REFERENCE: dict[str, Any] = {}  # names with a page of their own
for package in (tinynn, tinyal):
    documented(package, REFERENCE)
PUBLIC = dict(REFERENCE)  # and those that are imported from packages within
for inner in ("tinynn.layers", "tinynn.health", "tinynn.trace"):
    documented(import_module(inner), PUBLIC)

# Those that take and give no arrays: settings, records, words, decisions.
WITHOUT_ARRAYS = {
    *(f"tinynn.{name}" for name in ("Callback", "EarlyStopping", "Training", "History")),
    *(f"tinynn.{name}" for name in ("GradientReport", "HealthReport", "health.Finding", "LossAudit")),
    *(f"tinynn.{name}" for name in ("Schedule", "Constant", "CosineDecay", "OneCycle", "StepDecay")),
    "tinynn.ReduceOnPlateau",
    "tinynn.GraphNotice",
    *(f"tinynn.datasets.{name}" for name in ("available", "BrokenFileError", "DatasetError")),
    *(f"tinynn.plotting.{name}" for name in ("plot_history", "plot_kernels")),
    *(f"tinynn.trace.{name}" for name in ("Section", "explain_command")),
    *(f"tinyal.{name}" for name in ("Comparison", "StrategyRun", "Explanation", "explain")),
    "tinyal.oracles.NoLabel",
    *(f"tinyal.statistics.{name}" for name in ("Interval", "LabelsToReach", "PairedTest")),
    *(f"tinyal.statistics.{name}" for name in ("holm", "seeds_needed", "smallest_p")),
    *(
        f"tinyal.stopping.{name}"
        for name in ("Decision", "Estimate", "StoppingRule", "AllOf", "AnyOf", "Budget")
    ),
    *(f"tinyal.stopping.{name}" for name in ("TargetAccuracy", "ChoosingStopsPaying", "OverallUncertainty")),
    "tinyal.stopping.StabilisingPredictions",
    *(f"tinyal.strategies.{name}" for name in ("BetaWarning", "get")),
}

AXIS = r"(?:\.\.\.|\*?(?:input_|output_|row_)?shape|[nmkNMKTPSAd]|\d+|n_samples|samples|values of [XY]|\w+ · \w+|{})"
WORDS = "batch channels classes columns features filters height inputs outputs pixels rows size units width"
AXIS = AXIS.format("|".join(WORDS.split()))
SHAPE = re.compile(rf"(?<![\w.\])])\({AXIS}(?:,|(?:, {AXIS})+)\)")
LABEL = re.compile(r"(?<!`)`([a-z0-9]+(?:-[a-z0-9]+)+)`(?!`)")
LISTED = re.compile(r"^In the reference:((?:\s+\{py:obj\}`[\w.]+`[,.])+)$", re.MULTILINE)


def prose(docstring: str) -> str:
    """Return a docstring without its examples."""
    return "".join(part for part in doctest.DocTestParser().parse(docstring) if isinstance(part, str))


def methods(value: Any) -> dict[str, Any]:
    """Return the public methods and properties that a class defines itself."""
    own = vars(value) if inspect.isclass(value) else {}
    found = {
        name: getattr(member, "__func__", getattr(member, "fget", member)) for name, member in own.items()
    }
    return {n: v for n, v in found.items() if inspect.isfunction(v) and not n.startswith("_")}


def described(value: Any) -> str:
    """Return what is said of a name and its own methods, without examples."""
    return "\n".join(prose(inspect.getdoc(v) or "") for v in (value, *methods(value).values()))


def derived(page: str) -> list[str]:
    """Return the names that a page of derivations says it derives."""
    return re.findall(r"`([\w.]+)`", "".join(LISTED.findall(TEXTS[page])))


def astray(docstring: str) -> list[str]:
    """Return the pages and labels that a docstring cites and that are not there; labels must be of a page it cites."""
    pages = PAGE.findall(docstring)
    known = set().union(*(LABELS.get(page, set()) for page in pages))
    return [page for page in pages if page not in TEXTS] + [
        x for x in LABEL.findall(docstring) if x not in known
    ]


def test_the_names_are_found():
    names = {"tinynn.Dense", "tinynn.datasets.load", "tinynn.toys.moons", "tinynn.plotting.plot_history"}
    names |= {
        "tinyal.measures.bald",
        "tinyal.oracles.Consensus",
        "tinyal.stopping.Budget",
        "tinyal.strategies.BADGE",
    }
    assert names <= REFERENCE.keys()
    assert "tinynn.health.Finding" in PUBLIC.keys() - REFERENCE.keys()


def docstring_of_its_own(value: Any) -> bool:
    docstring = vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__
    return bool(docstring) and not docstring.startswith(
        f"{value.__name__}("
    )  # as dataclasses write it themselves


def used_in_an_example(name: str, value: Any) -> bool:
    """Whether a name, or a method of it, stands in an example that is checked."""
    text = ""
    for test in FINDER.find(value, name):
        if any((e.want or e.exc_msg) and not e.options.get(doctest.SKIP) for e in test.examples):
            text += "".join(e.source + e.want for e in test.examples)
    return bool(re.search(rf"\b({'|'.join([value.__name__, *methods(value)])})\b", text))


def annotated_with_arrays(value: Any) -> bool:
    functions = methods(value).values() if inspect.isclass(value) else [value]
    types = [str(note) for f in functions for note in getattr(f, "__annotations__", {}).values()]
    return any(re.search(r"ndarray|NDArray|ArrayLike", note) for note in types)


def test_every_name_has_a_docstring_of_its_own():
    assert [name for name, value in PUBLIC.items() if not docstring_of_its_own(value)] == []


def test_every_name_has_an_example_that_uses_it(pytestconfig):
    assert [name for name, value in PUBLIC.items() if not used_in_an_example(name, value)] == []
    assert pytestconfig.getoption("doctestmodules")  # the test run takes them
    assert {"tinynn", "tinyal"} <= set(pytestconfig.getini("testpaths"))


def test_shapes_are_told_of_whatever_takes_or_gives_arrays():
    told = {name for name, value in PUBLIC.items() if SHAPE.search(described(value))}
    assert PUBLIC.keys() - told == WITHOUT_ARRAYS, (
        "tell the shapes, such as (n, K), or list what has no arrays"
    )
    assert [name for name in WITHOUT_ARRAYS if annotated_with_arrays(PUBLIC[name])] == []


def test_what_the_checks_would_catch():
    class Bare(nn.Dense):
        pass

    @dataclass
    class Record:
        size: int

    def skipped(x: np.ndarray) -> np.ndarray:
        """Return x, shape (n,).

        >>> skipped(np.zeros(3))  # doctest: +SKIP
        array([0., 0., 0.])
        """
        return x

    assert [docstring_of_its_own(value) for value in (Bare, Record, skipped)] == [False, False, True]
    assert not used_in_an_example("skipped", skipped)
    assert annotated_with_arrays(skipped)
    assert SHAPE.search(described(skipped))
    assert not SHAPE.search(described(Record))


@pytest.mark.parametrize("page", TEXTS)
def test_a_page_lists_what_it_derives_and_that_cites_it(page):
    names = derived(page)
    assert names, "say 'In the reference: {py:obj}`tinynn.Dense`.'"
    for name in names:
        cited = described(REFERENCE[name])
        assert page in PAGE.findall(cited), f"{name} does not cite the page"
        assert LABELS[page] & set(LABEL.findall(cited)), f"{name} cites no equation of the page"


def test_a_page_that_is_cited_lists_the_name():
    cited = {(page, name) for name, value in REFERENCE.items() for page in PAGE.findall(described(value))}
    assert len(cited) > 30
    assert cited == {(page, name) for page in TEXTS for name in derived(page)}


@pytest.mark.parametrize("package", [tinynn, tinyal], ids=lambda package: package.__name__)
def test_what_docstrings_cite_is_there(package):
    cited = 0
    for path in sorted((ROOT / package.__name__).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if not (PAGE.search(text) or LABEL.search(text)):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                docstring = prose(ast.get_docstring(node) or "")
                assert astray(docstring) == [], f"{path}: {getattr(node, 'name', '')}"
                cited += len(PAGE.findall(docstring))
    assert cited > 10


def test_citations_that_lead_nowhere_are_found():
    right = "Derivation: `docs/derivations/dense.md`, `dense-layer-backward`; see ``tinynn-explain`` and `x`."
    assert astray(right) == []
    assert astray(right.replace("dense.md", "denser.md")) == ["denser", "dense-layer-backward"]
    assert astray(right.replace("backward", "backwards")) == ["dense-layer-backwards"]
    assert astray("`docs/derivations/neuron.md`, `dense-layer-backward`") == ["dense-layer-backward"]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("scores (n,)", "(n,)"),
        ("images (n, height, width, channels)", "(n, height, width, channels)"),
        ("x : array (n, *input_shape), or batches", "(n, *input_shape)"),
        ("(n, height · width)", "(n, height · width)"),
        ("at most ln min(T, K)", None),
        ("fit(x, y) and (x, y)", None),
        ("(n)", None),
        ("(Lee 2013)", None),
    ],
)
def test_what_counts_as_a_shape(text, shape):
    found = SHAPE.search(text)
    assert (found[0] if found else None) == shape


def test_examples_are_no_prose():
    assert not SHAPE.search(prose(">>> x.shape  # (n, K)\n(3, 2)\n"))
