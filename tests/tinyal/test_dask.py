"""Runs on a Dask cluster, whose workers are processes of their own: the same runs, also when one of them is killed."""

import os
import signal
from pathlib import Path

import pytest

import tinyal as al
import tinynn as nn
from tinyal.strategies import Margin, Random, Strategy

pytestmark = pytest.mark.slow

DIGITS = nn.datasets.load("digits")
DATA = DIGITS.x_train[:200], DIGITS.y_train[:200], DIGITS.x_test[:100], DIGITS.y_test[:100]


class KillsItsProcessOnce(Strategy):
    """The margin; but whoever uses it first is killed, as by a machine that fails."""

    def __init__(self, mark: str) -> None:
        self.mark = mark

    def select(self, view, n, rng):
        if not Path(self.mark).exists():
            Path(self.mark).write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        return Margin().select(view, n, rng)


def compare(names, **settings):
    model = nn.Classifier([nn.Dense(16), nn.ReLU(), nn.Dense(10)], steps=20, classes=range(10))
    budget = {"initial": 10, "budget": 40, "batch": 10, "seeds": range(3)}
    return al.compare(names, model=model, data=DATA, **budget, **settings)


@pytest.fixture(scope="module")
def executor():
    # Imported here: it takes a second, which a run without slow tests need not wait for.
    distributed = pytest.importorskip("distributed", reason="Dask's package 'distributed' is not installed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor()


def test_a_cluster_gives_the_same_runs_and_the_same_files(executor, tmp_path):
    names = {"random": Random(), "margin": Margin()}
    there = compare(names, executor=executor, directory=tmp_path / "there")
    here = compare(names, directory=tmp_path / "here")
    assert there.runs == here.runs
    assert all(len(run.seconds["choosing"]) == 4 for run in there.runs)
    written = [
        {path.name: path.read_bytes() for path in (tmp_path / place).iterdir()} for place in ("here", "there")
    ]
    assert written[0] == written[1]
    assert len(written[0]) == 6


@pytest.mark.skipif(os.name != "posix", reason="kills by signals")
def test_a_worker_that_is_killed_loses_nothing(executor, tmp_path):
    mark = tmp_path / "killed"
    fragile = compare({"margin": KillsItsProcessOnce(str(mark)), "random": Random()}, executor=executor)
    killed = int(mark.read_text())
    assert killed != os.getpid()
    whole = compare({"margin": Margin(), "random": Random()})
    assert fragile.runs == whole.runs


def test_an_error_of_a_run_arrives(executor):
    with pytest.raises(ValueError, match="cannot ask for 10 of 5 candidates"):
        compare({"margin": Margin()}, executor=executor, candidates=5)
