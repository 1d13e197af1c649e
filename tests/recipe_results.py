"""Writes docs/results/recipes.md from runs of the recipes: ``python -m tests.recipe_results FOLDER ...``.

Each folder is what ``tinynn train`` left. Its errors and times go into docs/results/recipes.json, the page is drawn
from that, and a test holds that the two agree and that the recipes are still the ones that were run.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tinynn import recipes
from tinynn.datasets import Dataset

ROOT = Path(__file__).parent.parent
RECORD = ROOT / "docs" / "results" / "recipes.json"
PAGE = ROOT / "docs" / "results" / "recipes.md"
# Test errors on MNIST that others published for networks of this kind, and where.
PUBLISHED = {
    "mlp": "2 %, after about 50 epochs, in a popular article",
    "wide": "1.6 %, Simard, Steinkraus & Platt 2003",
    "dropout": "1.06 %, Srivastava et al. 2014",
    "elastic": "0.7 %, Simard, Steinkraus & Platt 2003",
    "conv": "",
    "conv-augmented": "0.4 %, Simard, Steinkraus & Platt 2003",
}
INTRODUCTION = """\
# What the recipes reach

Test errors on MNIST's 10,000 test images after the last epoch, in percent: the mean over seeds and, in brackets, their
range. `tinynn train --recipe NAME --seeds N` repeats a row. Times are the shortest of the
seeds; all but those of `mlp` were taken with one BLAS thread beside other programs, so a quiet machine is faster.
[The recipes](../../tinynn/recipes.py) are a few lines each.

No test label is looked at while training or for stopping. Settings were chosen from few trials on 10,000 training
images held out (`--hold-out`), then trained with all 60,000 and judged, with exceptions that the reader should know of.
A first `dropout` (SGD, 1.39 % of one seed) and a first `conv` (8 and 16 filters, 0.77 %) were given up after their test
error had been seen, and each replaced once, by a choice of the images held out. The 150 epochs of `dropout` were not
tried on those: 60 had left 1.40 % of them wrong, and it was trained for longer; its time contains a pause of half an
hour. `conv-augmented` had three forerunners, all with stronger, elastic distortions: 16 and 32 filters (0.56 %), 32 and
64 (0.49 %), and with batch normalisation (0.53 %), one seed each. The weaker distortions of the present one had 0.34 %
of the images held out wrong where the others had 0.52 %.

A range over few seeds is what it says, not an interval.
"""


def mnist_shaped() -> Dataset:
    """Nothing, of MNIST's shape: enough to say what a recipe is."""
    x, y = np.zeros((1, 784), np.uint8), np.zeros(1, np.int64)
    return Dataset("mnist", x, y, x, y, tuple("0123456789"), (28, 28), "", "")


def made(name: str) -> str:
    """Return a recipe as text; if it changes, its results are another's."""
    return repr(recipes.get(name)(mnist_shaped()))


def read(folder: Path) -> tuple[str, dict[str, Any]]:
    """Return the recipe of a folder that ``tinynn train`` left, and what came out."""
    settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    recipe = recipes.get(settings["recipe"])(mnist_shaped())
    if (settings["dataset"], settings["epochs"]) != ("mnist", recipe.epochs):
        raise ValueError(f"{folder} is not the whole recipe on MNIST: {settings}")
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("seed-*.json")]
    runs.sort(key=lambda run: int(run["seed"]))
    kept = [{name: run[name] for name in ("seed", "error", "loss", "seconds")} for run in runs]
    return settings["recipe"], {"recipe": made(settings["recipe"]), "runs": kept}


def page(record: dict[str, Any]) -> str:
    """Draw the page."""
    lines = [
        INTRODUCTION,
        "| recipe | network | error, % | seeds | seconds | published |",
        "|---|---|---|---|---|---|",
    ]
    for name, make in recipes.RECIPES.items():
        if name not in record:
            continue
        runs = record[name]["runs"]
        errors = [100 * run["error"] for run in runs]
        spread = f" [{min(errors):.2f}, {max(errors):.2f}]" if len(errors) > 1 else ""
        about = (make.__doc__ or "").splitlines()[0].rstrip(".").replace("|", "\\|")
        seconds = min(run["seconds"] for run in runs)
        lines.append(
            f"| {name} | {about} | {np.mean(errors):.2f}{spread} | {len(runs)} | {seconds:.0f} | {PUBLISHED[name]} |"
        )
    return "\n".join(lines) + "\n"


def main(folders: list[str]) -> None:
    """Add runs to the record, and write the page."""
    record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    record |= dict(read(Path(folder)) for folder in folders)
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(record), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
