"""The site's settings. ``sphinx-build -W -n docs build/site`` builds it, without a network."""

import os
import sys
from importlib.metadata import distribution
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from tinynn import __version__  # noqa: E402

# Kernels, which run the tutorials, inherit these: figures for light and dark pages, and where the packages are.
os.environ["MATPLOTLIBRC"] = str(HERE / "matplotlibrc")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(HERE.parent), os.environ.get("PYTHONPATH"))))

project = "tinynn"
author = "the tinynn authors"
project_copyright = author
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
    "sphinx_design",
    "sphinx_copybutton",
    "_ext.tutorials",
    "_ext.reference",
    "_ext.commands",
    "_ext.names",
]
exclude_patterns = ["_*", "demo"]
nitpicky = True
# Pages of others are not linked to.
nitpick_ignore_regex = [(r"py:.*", r"(numpy|scipy|matplotlib|collections|pathlib|typing)\..*")]
default_role = "name"
smartquotes = False  # quotes in descriptions of arguments are Python's

# MathJax 3 in one file, out of a wheel that is needed for nothing else: version 4 would fetch fonts.
_wheel = distribution("sphinx-mathjax-offline")
_mathjax = Path(str(_wheel.locate_file("sphinx-mathjax-offline/static/mathjax/tex-svg-full.js")))

html_theme = "furo"
html_title = "tinynn"
html_static_path = ["_static", str(_mathjax)]
html_css_files = ["site.css"]
html_favicon = "_static/favicon.svg"
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#005a8f", "color-brand-content": "#005a8f"},
    "dark_css_variables": {"color-brand-primary": "#6db8e8", "color-brand-content": "#6db8e8"},
}

# Equations are numbered by chapter, (2.7), so that a reference from another page or a docstring is unambiguous.
mathjax_path = _mathjax.name
mathjax3_config = {"tex": {"macros": {"Var": r"\operatorname{Var}", "E": r"\mathbb{E}"}}}
numfig = True
math_numfig = True
numfig_secnum_depth = 1
math_eqref_format = "({number})"

myst_enable_extensions = ["amsmath", "attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# Executed afresh in every build: a cache would not see that the library has changed.
nb_render_markdown_format = "myst"  # CommonMark, the default, has no tables
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True
nb_output_stderr = "remove"

numpydoc_show_class_members = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
copybutton_remove_prompts = True


def trim(app: Sphinx, doctree: nodes.document) -> None:
    """Take the empty line from the ends of examples that doctest wants there."""
    for block in doctree.findall(nodes.literal_block):
        if block.rawsource == block.astext():
            block.rawsource = block.rawsource.rstrip()
            block[:] = [nodes.Text(block.rawsource)]


def setup(app: Sphinx) -> None:
    """Join the build."""
    app.connect("doctree-read", trim)
