"""The plumbing of the measurements on a GPU: who runs, what is lost when one fails, what the tables say."""

import json
import subprocess
import types

import pytest

from tests.benchmarks.gpu import __main__ as command
from tests.benchmarks.gpu import child, clocks, demo, ours, plan, text


def result(work, peer, seconds, **more):
    return {"work": work, "peer": peer, "seconds": seconds, "times": [seconds], **more}


RECORD = {
    "date": "2026-01-01",
    "device": "cuda",
    "quick": False,
    "machine": {"GPU": "a GPU", "TF32": "off"},
    "results": [
        result("epoch-128", "ours", 0.9, accuracy=0.97),
        result("epoch-128", "torch", 1.0, accuracy=0.97),
        result("epoch-128", "ours-graphs", 0.41, accuracy=0.97),
        {"work": "epoch-128", "peer": "torch-graphs", "failed": "RuntimeError: no"},
        result("samples", "ours", 1.0),
        result("samples", "torch", 2.0, **{"suffix seconds": 0.5}),
        {"work": "gradients", "peer": "ours", "mlp": 2e-6, "images": 3e-5},
        {
            "work": "demo",
            "peer": "demo",
            "files": ["results.json"],
            "missing files": ["queried.png"],
            "strategies": {"random": {"mean": 0.8, "low": 0.7, "high": 0.9, "met": True}},
        },
    ],
}


def test_ratios_are_held_against_what_is_wanted():
    found = {(row["ours"], row["peer"]): (row["ratio"], row["met"]) for row in text.ratios(RECORD["results"])}
    assert found["ours", "torch"] == (0.5, True)  # the last one of that pair: the samples
    assert found["ours-graphs", "torch"] == (0.41, False)
    assert found["ours-graphs", "torch-graphs"] == (None, None)


def test_tables_say_what_was_met_missed_and_not_measured():
    shown = text.tables(RECORD)
    for words in (
        "| epoch-128 | 900, 97.0% | 1000, 97.0% | 410, 97.0% |",
        "| epoch-128 | ours | torch | 0.90 | ≤ 1 | met |",
        "| epoch-128 | ours-graphs | torch | 0.41 | ≤ 0.4 | MISSED |",
        "| epoch-128 | ours-graphs | torch-graphs | not measured | ≤ 1.1 |  |",
        "from dropout on 500",
        "'mlp': 2.0e-06 from float64 on a processor, wanted ≤ 1e-05: met",
        "'images': 3.0e-05 from float64 on a processor, wanted ≤ 1e-05: MISSED",
        "results.json written; MISSING: queried.png",
        "random: accuracy 0.800, on a processor 0.700 to 0.900: met",
        "torch-graphs, epoch-128: failed: RuntimeError: no",
        "TF32: off",
    ):
        assert words in shown
    quick = text.tables(RECORD | {"quick": True})
    assert "QUICK" in quick
    assert "| ≤" not in quick  # nothing is judged by sizes that say nothing


def test_every_aim_names_a_work_and_peers_that_there_are():
    works = {f"epoch-{batch}" for batch in plan.BATCHES} | {"samples"}
    for work, mine, peer in plan.WANTED:
        assert work in works
        assert {mine, peer} <= plan.PEERS.keys()
    assert sum(sorted(plan.PEERS.values())) <= 650  # all but one may take their whole time
    assert plan.SECONDS < 600


def test_medians_leave_the_warming_up_out():
    ticks = iter([0.0, 5.0, 7.0, 8.0])
    clock = types.SimpleNamespace(mark=lambda: next(ticks), between=lambda start, end: end - start)
    done = []
    found = clocks.medians(clock, lambda: done.append(1), repeats=3, warm=2)
    assert found == {"seconds": 2.0, "times": [5.0, 2.0, 1.0]}
    assert len(done) == 5


def test_events_are_waited_for_and_counted_in_milliseconds():
    said = []

    class Event:
        def __init__(self):
            self.number = len(said)

        def record(self):
            said.append("record")

        def synchronize(self):
            said.append("wait")

    clock = clocks.EventClock(Event, lambda start, end: 1000 * (end.number - start.number))
    assert clock.between(clock.mark(), clock.mark()) == 1.0
    assert said == ["record", "record", "wait"]


QUICK = plan.Plan(
    rows=64,
    tested=20,
    checked=2,
    images=2,
    samples=2,
    chunk=2,
    repeats=1,
    warm=1,
    batches=(16, 32),
    quick=True,
)


@pytest.mark.parametrize("device", ["cpu", "fused"])
def test_our_side_runs_with_and_without_graphs(device, tmp_path):
    """Everything that a GPU would be asked for, on small sizes."""
    for peer in ("ours", "ours-graphs"):
        found = {name: child.found(work) for name, work in child.works(peer, QUICK, device, tmp_path)}
        assert not [r for r in found.values() if "failed" in r or "missing" in r]
        assert len(found["epoch-16"]["times"]) == 1
        assert 0 <= found["epoch-32"]["accuracy"] <= 1
        if peer == "ours":
            assert found["samples"]["sum"] == pytest.approx(1, abs=1e-5)
            assert max(found["gradients"].values()) < plan.GRADIENTS
        elif device == "fused":
            assert "notices" not in found["epoch-16"]


def test_gradients_that_are_wrong_would_be_seen(monkeypatch, tmp_path):
    import tinynn as nn

    own = nn.Dense.backward

    def wrong(self, dy, input_gradient=True):
        dx = own(self, dy, input_gradient)
        if self.dtype == "float32":
            self.dW *= 1.0001
        return dx

    monkeypatch.setattr(nn.Dense, "backward", wrong)
    assert min(ours.gradients(QUICK, "cpu").values()) > plan.GRADIENTS


def test_one_work_that_fails_leaves_the_others():
    def broken():
        raise ValueError("no such thing")

    assert child.found(broken) == {"failed": "ValueError: no such thing"}
    assert child.found(lambda: {"seconds": 1}) == {"seconds": 1}


def test_a_peer_that_hangs_is_ended_and_keeps_what_it_had(monkeypatch, tmp_path):
    line = json.dumps(result("epoch-32", "ours", 1.0))
    options = types.SimpleNamespace(device="cuda", quick=False, peer=None)

    def late(*args, **kwargs):
        raise subprocess.TimeoutExpired("x", 3, output=f"noise\n{line}\n".encode())

    monkeypatch.setattr(subprocess, "run", late)
    found = command.measured("ours", options, tmp_path, 3)
    assert [r.get("seconds") for r in found] == [1.0, None]
    assert found[1]["failed"] == "ended after 3 s"
    died = types.SimpleNamespace(stdout=line, stderr="a\nsegmentation fault", returncode=139)
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: died)
    assert command.measured("ours", options, tmp_path, 3)[1]["failed"] == "ended with 139: segmentation fault"
    monkeypatch.setattr(command, "SECONDS", 0.0)
    assert all("not begun" in found[0]["failed"] for found in command.all_measured(options, tmp_path))


def test_the_record_says_where_new_seeds_will_lie():
    def runs(values):
        return [{"strategy": "random", "accuracy": [0, value]} for value in values]

    config = {"dataset": "mnist", "strategies": ["random"]}
    record = {"config": config, "runs": runs([0.80, 0.82, 0.84, 0.86, 0.88])}
    found = demo.compared({"config": config, "runs": runs([0.83, 0.85])}, record)["strategies"]["random"]
    s = 0.0316227766
    assert found["high"] - found["low"] == pytest.approx(2 * 2.776 * s * (1 / 5 + 1 / 2) ** 0.5)
    assert found["met"]
    far = demo.compared({"config": config, "runs": runs([0.5, 0.5])}, record)["strategies"]["random"]
    assert not far["met"]
    other = {"config": {"dataset": "digits"}, "runs": []}
    assert "nothing is compared" in demo.compared(other, record)["note"]


def test_a_processor_is_for_trying_only():
    with pytest.raises(SystemExit, match="--quick"):
        command.main(["--device", "cpu"])


@pytest.mark.slow
def test_the_whole_command_in_a_quick_run(tmp_path):
    status = command.main(
        ["--quick", "--device", "cpu", "--peer", "ours", "--peer", "demo", "--out", str(tmp_path)]
    )
    record = json.loads((tmp_path / "gpu.json").read_text())
    assert status == 0, record["results"]
    assert {r["work"] for r in record["results"]} == {"epoch-128", "gradients", "samples", "demo"}
    assert "QUICK" in (tmp_path / "gpu.md").read_text()
