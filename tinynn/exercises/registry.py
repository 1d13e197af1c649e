"""The list of all exercises, and how a file is recognised as one of them: by a constant in it, or by its name."""

import ast
from importlib import import_module
from pathlib import Path

from tinynn.exercises.exercise import Exercise

NAMES = (
    "activations",
    "dense",
    "cross-entropy",
    "max-pool",
    "convolution",
    "batch-norm",
    "adam",
    "dropout",
    "gradient-checker",
    "entropy",
    "bald",
    "k-center",
    "ask-tell",
)


def get(name: str) -> Exercise:
    """Return an exercise by its name.

    Examples
    --------
    >>> get("dense").title
    'A fully connected layer'
    """
    exercise: Exercise = import_module(f"tinynn.exercises.judges.{name.replace('-', '_')}").EXERCISE
    return exercise


def file_name(name: str) -> str:
    """Return what the skeleton of an exercise is called.

    Examples
    --------
    >>> file_name("max-pool")
    '04_max_pool.py'
    """
    return f"{NAMES.index(name) + 1:02}_{name.replace('-', '_')}.py"


def recognise(path: Path) -> str | None:
    """Return the name of the exercise that a file is an answer to, without running it; None if it is none.

    ``EXERCISE = "dense"`` at the top level of the file says so, else a name such as ``02_dense.py``.
    """
    names = {file_name(name): name for name in NAMES}
    if not path.is_file():
        return None
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):  # the name may still tell; what is wrong is said when the file is run
        return names.get(path.name)
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="EXERCISE")], value=ast.Constant(value=value)):
                return value if value in NAMES else None
    return names.get(path.name)
