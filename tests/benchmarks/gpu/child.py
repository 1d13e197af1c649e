"""One peer in a process of its own: all its works, a line of JSON after each, so that what was measured is not lost."""

import argparse
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.gpu.plan import QUICK, Plan
from tests.benchmarks.work import MissingError


def works(
    peer: str, plan: Plan, device: str, scratch: Path
) -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    """Yield the works of a peer: their names, and functions that carry them out."""
    if peer == "demo":
        from tests.benchmarks.gpu import demo

        yield "demo", lambda: demo.run(plan, device, scratch)
        return
    side, device = _side(peer), "cpu" if peer == "cpu" else device
    graphs = peer.endswith("graphs")
    for batch in plan.batches:
        yield f"epoch-{batch}", lambda batch=batch: side.epoch(plan, device, batch, graphs)
    if peer == "ours":
        yield "gradients", lambda: side.gradients(plan, device)
    if peer in ("ours", "torch"):
        yield "samples", lambda: side.samples(plan, device)


def _side(peer: str) -> Any:
    if not peer.startswith("torch"):
        from tests.benchmarks.gpu import ours

        return ours
    try:
        from tests.benchmarks.gpu import torch_side
    except ImportError as error:
        raise MissingError("torch is not installed") from error
    return torch_side


def found(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Carry a work out; return its figures, what was noticed, or why there are none."""
    with warnings.catch_warnings(record=True) as notices:
        warnings.simplefilter("always")
        try:
            result = work()
        except MissingError as missing:
            return {"missing": str(missing)}
        except Exception as error:  # one work that fails must not take the others with it
            return {"failed": f"{type(error).__name__}: {error}"[:500]}
    said = sorted({str(notice.message) for notice in notices})
    return result | ({"notices": said} if said else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer")
    parser.add_argument("--device", required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    plan = QUICK if options.quick else Plan()
    try:
        for name, work in works(options.peer, plan, options.device, options.scratch):
            print("\n" + json.dumps({"work": name, "peer": options.peer, **found(work)}), flush=True)
    except MissingError as missing:
        print("\n" + json.dumps({"work": "all", "peer": options.peer, "missing": str(missing)}), flush=True)


if __name__ == "__main__":
    main()
