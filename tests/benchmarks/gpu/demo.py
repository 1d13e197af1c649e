"""The demonstration on a device: does it end with the same files, and as accurate as on a processor?"""

import json
import subprocess
import sys
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from tests.benchmarks.gpu.plan import Plan

RECORD = Path(__file__).parents[3] / "docs" / "demo" / "results.json"
FILES = {"learning_curves.png", "queried.png", "results.json"}
T_OF_4 = 2.776  # 97.5 % of Student's t with four degrees of freedom: the record has five seeds


def run(plan: Plan, device: str, scratch: Path) -> dict[str, Any]:
    """Run the command, and compare the last accuracies with those recorded on a processor."""
    out = scratch / "demo"
    command = [sys.executable, "-m", "tests.benchmarks.gpu.tinyal_command", "demo", "--device", device]
    command += ["--seeds", str(plan.demo_seeds), "--out", str(out)]
    command += ["--quick", "--dataset", "digits", "--workers", "1"] if plan.quick else ["--workers", "4"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"tinyal demo ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    result = json.loads((out / "results.json").read_text(encoding="utf-8"))
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    written = {path.name for path in out.iterdir() if path.is_file()}
    return {"files": sorted(FILES & written), "missing files": sorted(FILES - written)} | compared(
        result, record
    )


def compared(result: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """For each strategy, our mean accuracy at the end and the interval in which the record says it will lie.

    Of n new seeds the mean lies, with a probability of 95 %, within t · s · √(1/5 + 1/n) of the mean of the five
    recorded ones, s being their standard deviation.
    """
    if result["config"]["dataset"] != record["config"]["dataset"]:
        return {
            "strategies": {},
            "note": f"the record is of {record['config']['dataset']}, so nothing is compared",
        }
    strategies = {}
    for name in record["config"]["strategies"]:
        ours, theirs = (
            [run["accuracy"][-1] for run in runs["runs"] if run["strategy"] == name]
            for runs in (result, record)
        )
        if ours:
            width = T_OF_4 * stdev(theirs) * (1 / len(theirs) + 1 / len(ours)) ** 0.5
            low, high = mean(theirs) - width, mean(theirs) + width
            strategies[name] = {
                "mean": mean(ours),
                "low": low,
                "high": high,
                "met": low <= mean(ours) <= high,
            }
    return {"strategies": strategies}
