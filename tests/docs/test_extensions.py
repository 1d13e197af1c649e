"""What the site's own code makes: notebooks, pages for every public name, help of every command, checked names."""

import inspect
import json
import sys
import types
from pathlib import Path

import pytest

pytestmark = pytest.mark.docs
for package in ("sphinx", "jupytext", "numpydoc"):
    pytest.importorskip(package, reason="the extra 'docs' is not installed")

from numpydoc import docscrape  # noqa: E402

from docs._ext import commands, names, reference, tutorials  # noqa: E402


def test_a_script_makes_the_same_notebook_every_time():
    for script in tutorials.scripts():
        text = tutorials.as_notebook(script)
        assert text == tutorials.as_notebook(script)
        cells = json.loads(text)["cells"]
        assert [cell["id"] for cell in cells] == [f"cell-{i}" for i in range(len(cells))]
        title, paragraph = tutorials.opening(script)
        assert cells[0]["source"][0].strip() == f"# {title}"
        assert paragraph.endswith(".")


def test_a_tutorial_without_an_opening_is_refused(tmp_path):
    script = tmp_path / "02_bare.py"
    script.write_text("# %%\nprint(1)\n")
    with pytest.raises(ValueError, match="must begin with"):
        tutorials.opening(script)


def test_notebooks_come_and_go_with_their_scripts(tmp_path, monkeypatch):
    scripts, pages = tmp_path / "tutorials", tmp_path / "docs"
    scripts.mkdir()
    pages.mkdir()
    (pages / "01_gone.ipynb").write_text("{}")
    (scripts / "07_new.py").write_text("# %% [markdown]\n# # New\n#\n# A beginning.\n")
    monkeypatch.setattr(tutorials, "SCRIPTS", scripts)
    monkeypatch.setattr(tutorials, "PAGES", pages)
    tutorials.write_notebooks()
    assert [path.name for path in pages.iterdir()] == ["07_new.ipynb"]


@pytest.mark.parametrize("package", reference.PACKAGES)
def test_every_public_name_has_one_page(package, tmp_path, monkeypatch):
    module = sys.modules[package]
    module.newcomer = types.FunctionType((lambda: None).__code__, {"__name__": f"{package}.new"}, "newcomer")
    module.newcomer.__doc__ = "Come without being listed anywhere."
    monkeypatch.setattr(module, "__all__", [*module.__all__, "newcomer"])
    monkeypatch.setattr(reference, "PAGES", tmp_path)
    reference.write_pages()
    written = {path.stem for path in tmp_path.iterdir()}
    assert f"{package}.newcomer" in written
    assert "Come without being listed anywhere." in (tmp_path / f"{package}.rst").read_text(encoding="utf-8")
    assert {"tinynn.Dense", "tinynn.Softmax", "tinynn.datasets.load", "tinyal.measures.bald"} <= written
    # softmax and Softmax, where files are the same in capitals
    assert len({name.lower() for name in written}) == len(written)
    listed = "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("tiny*.rst"))
    for name in ("tinynn.softmax", "tinynn.Softmax"):
        assert f".. autoclass:: {name}\n" in listed or f".. autofunction:: {name}\n" in listed
    del module.newcomer


def test_the_help_is_that_of_the_programs():
    parser = commands.parser_of("tinynn")
    assert parser.prog == "tinynn"
    assert {"check", "explain", "info", "train"} <= commands.commands_of(parser).keys()
    assert "demo" in commands.commands_of(commands.parser_of("tinyal"))


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("tinynn.fit", True),
        ("tinynn.layers.windows", True),
        ("tinynn.Sequential.forward", True),
        ("tinynn.Sequential.parameters", True),  # set in the constructor
        ("tinyal.statistics.LabelsToReach.per_run", True),  # of a dataclass, without a default
        ("numpy.load", True),
        ("tinynn.fitt", False),
        ("tinynn.Sequential.backwards", False),
        ("tinynn.layers.window", False),
        ("nowhere.at_all", False),
    ],
)
def test_names_in_docstrings_are_looked_for(name, there):
    assert names.exists(name) is there


@pytest.mark.parametrize(
    ("target", "reference"),
    [
        ("docs/derivations/two-layer-network.md", ("std", "doc", "/derivations/two-layer-network")),
        ("mazur-weights", ("math", "eq", "mazur-weights")),
        ("nn.Dense", None),
        ("label_smoothing", None),
        ("docs/how-to/index.md", None),
    ],
)
def test_derivations_and_their_equations_are_linked(target, reference):
    assert names.derivation(target) == reference


def test_formulas_are_no_markup_and_examples_stay_as_they_are():
    lines = ["|w| of (n, *shape), `a|b` and *stress*", "", ">>> print('|')", "|", "", "|v|"]
    names.prepare(None, "", "", None, None, lines)
    expected = ["\\|w\\| of (n, \\*shape), `a|b` and *stress*", "", ">>> print('|')", "|", "", "\\|v\\|"]
    assert lines == expected


def test_the_site_is_configured_by_itself_only():
    conf = Path(reference.__file__).parents[1] / "conf.py"
    assert "http" not in conf.read_text(encoding="utf-8")


def documented(package):
    """Every public function and class of a package, and their public methods; and whether it is a method."""
    known = {}
    reference.explore(package, known)
    for entry in known.values():
        if entry.kind != "autodata":
            yield entry.name, entry.value, False
        if inspect.isclass(entry.value):
            for name, value in vars(entry.value).items():
                value = getattr(value, "__func__", value)  # of a classmethod
                if inspect.isfunction(value) and not name.startswith("_"):
                    yield f"{entry.name}.{name}", value, True


def misdescribed(value, method=False):
    """Arguments that a docstring does not describe, or that there are not; of one that describes any."""
    described = docscrape.get_doc_object(value, config={"show_class_members": False})["Parameters"]
    names = {name.strip().lstrip("*") for each in described for name in each.name.split(",")}
    return names ^ set(list(inspect.signature(value).parameters)[method:]) if names else set()


@pytest.mark.parametrize("package", reference.PACKAGES)
def test_docstrings_describe_the_arguments_that_there_are(package):
    every = list(documented(package))
    assert len(every) > 50
    assert [name for name, value, _ in every if not inspect.getdoc(value)] == []
    assert {name: wrong for name, value, method in every if (wrong := misdescribed(value, method))} == {}


def test_a_misdescribed_argument_is_seen():
    def scale(x, by):
        """Scale.

        Parameters
        ----------
        x : array
        factor : float

        This should stand elsewhere.
        """

    assert misdescribed(scale) == {"by", "factor", "This should stand elsewhere."}
