"""The house rules that a machine can check: how long the first reading is, who imports whom, what the README says."""

import ast
import json
from pathlib import Path

import pytest

from tests import recipe_results, rooms
from tinyal import Comparison, StrategyRun, demo
from tinynn import recipes

ROOT = Path(__file__).parent.parent
FIRST_READING = (
    "backend.py",
    "layers/base.py",
    "layers/dense.py",
    "layers/activations.py",
    "losses.py",
    "network.py",
    "optimizers.py",
    "training.py",
)
MODULES = sorted(path for package in ("tinynn", "tinyal") for path in (ROOT / package).rglob("*.py"))


def imported(path: Path, top_level_only: bool = False) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if top_level_only else ast.walk(tree)
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


def test_a_first_reading_stays_under_a_thousand_lines():
    lines = {name: len((ROOT / "tinynn" / name).read_text().splitlines()) for name in FIRST_READING}
    assert sum(lines.values()) < 1000, lines


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_from_tinyal_to_tinynn_and_pictures_stay_in_their_room(path):
    names = imported(path)
    if ROOT / "tinynn" in path.parents:
        assert not {name for name in names if name.split(".")[0] == "tinyal"}
    if path.name not in ("plotting.py", "report.py") and path.parent.name != "plotting":
        assert not {name for name in names if name.split(".")[0] == "matplotlib"}
    if path not in (ROOT / "tinynn" / "backend.py", ROOT / "tinynn" / "cuda.py"):
        assert "cupy" not in names
    heavy = {"matplotlib", "scipy", "tqdm", "sklearn", "threadpoolctl"}
    assert not {name.split(".")[0] for name in imported(path, top_level_only=True)} & heavy


def test_the_readme_shows_the_recorded_demonstration():
    recorded = json.loads((ROOT / "docs" / "demo" / "results.json").read_text())
    config = recorded["config"]
    budget = demo.Budget(config["initial"], config["budget"], config["batch"], config["candidates"])
    settings = demo.Settings(
        config["dataset"], tuple(config["strategies"]), config["seeds"], budget, config["samples"]
    )
    assert settings == demo.Settings("mnist", demo.STRATEGIES, 5, demo.BUDGETS["mnist"], 20)
    assert config["model"] == repr(settings.model())
    runs = [StrategyRun(**run, probabilities=[None] * len(run["labels"])) for run in recorded["runs"]]
    table = demo.table(settings, Comparison(runs)).split("\n\n")[0]
    assert table in (ROOT / "README.md").read_text(encoding="utf-8")


# Where arrays live on the network's device: there NumPy gives types and, on the host, first values. Nothing else.
ON_THE_DEVICE = sorted(
    [*(ROOT / "tinynn" / "layers").glob("*.py")]
    + [
        ROOT / "tinynn" / f"{name}.py"
        for name in (
            "adaptive",
            "buffers",
            "elementwise_losses",
            "losses",
            "optimizers",
            "probabilities",
            "random_bits",
            "regularization",
            "stacked",
            "targets",
            "training",
        )
    ]
)
TYPES = {"ndarray", "dtype", "bool_", "uint8", "uint32", "float32", "float64", "integer", "random"}
ON_THE_HOST = {"initial_parameters", "initial_state", "check_targets", "balanced_weights"}


def uses_of_numpy(path: Path) -> set[str]:
    """Attributes of ``np`` outside the functions that work on the host."""

    def visit(node: ast.AST) -> set[str]:
        if isinstance(node, ast.FunctionDef) and node.name in ON_THE_HOST:
            return set()
        used = {
            node.attr
            for node in [node]
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "np"
        }
        return used.union(*map(visit, ast.iter_child_nodes(node)))

    return visit(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", ON_THE_DEVICE, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrays_on_the_device_never_meet_numpy(path):
    assert uses_of_numpy(path) <= TYPES


def test_the_check_for_numpy_sees_a_stray_call(tmp_path):
    stray = tmp_path / "stray.py"
    stray.write_text("import numpy as np\ndef forward(x):\n    return np.exp(x)\n")
    assert uses_of_numpy(stray) == {"exp"}


def test_the_list_of_rooms_is_up_to_date():
    assert rooms.PAGE.read_text(encoding="utf-8") == rooms.page(), "run python -m tests.rooms"


def test_the_page_of_results_shows_the_recorded_runs_of_todays_recipes():
    record = json.loads(recipe_results.RECORD.read_text(encoding="utf-8"))
    assert recipe_results.PAGE.read_text(encoding="utf-8") == recipe_results.page(record)
    assert record.keys() <= recipes.RECIPES.keys() == recipe_results.PUBLISHED.keys()
    for name, kept in record.items():
        assert kept["recipe"] == recipe_results.made(name), f"{name} is not what was run: run it again"
