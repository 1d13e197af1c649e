"""The benchmarks' own logic: rounds, ratios, missing peers, agreement, the record. No peer is measured here."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.benchmarks import __main__ as command
from tests.benchmarks import child, data, machine, networks, products, rounds, targets
from tests.benchmarks.page import page
from tests.benchmarks.table import Row, difference, rows, spread
from tests.benchmarks.text import growth, text
from tests.benchmarks.work import MissingError, Prepared, Setting, Work
from tests.benchmarks.works import WORKS, scaling, selection


def prepared(setting: Setting, name: str = "") -> Prepared:
    if name == "absent":
        raise MissingError("it needs a compiler")
    if name == "not installed":
        raise ModuleNotFoundError("No module named 'torch'", name="torch.nn")
    return Prepared(lambda: 7, lambda result: {"accuracy": result / 10}, per=2)


PEERS = {name: partial(prepared, name=name) for name in ("ours", "torch", "absent", "not installed")}
WORK = Work("mlp-epoch-128", "a test", PEERS, agreement={"accuracy": 0.01}, repeats=4)


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path, threads=1, quick=True)


def result(peer: str, seconds: list[float], number: int = 0, **more: Any) -> dict[str, Any]:
    base = {"work": WORK.name, "peer": peer, "coretype": None, "round": number, "seconds": seconds}
    return {**base, "check": {"accuracy": 0.9}, "blas": {"architecture": "Haswell"}, **more}


def by_peer(results: list[dict[str, Any]]) -> dict[str, Row]:
    return {row.peer: row for row in rows(results, {WORK.name: WORK})}


def test_a_ratio_is_taken_within_rounds_so_that_load_touches_both():
    """In the second round everything takes ten times as long; the ratio of each round is 1/2, 1/2 and 1."""
    found = [
        result("ours", [1, 1, 2], 0),
        result("torch", [2, 2, 9], 0),
        result("ours", [10], 1),
        result("torch", [20], 1),
        result("ours", [2], 2),
        result("torch", [2], 2),
    ]
    row = by_peer(found)["torch"]
    assert (row.ratio, row.ratio_low, row.ratio_high) == (0.5, 0.5, 0.75)
    assert row.median == 2
    assert row.high == 9
    assert row.wanted == targets.WANTED[WORK.name, "torch"][0]
    assert row.met
    assert by_peer(found)["ours"].ratio is None


def test_quartiles():
    assert spread([4.0]) == (4.0, 4.0, 4.0)
    assert spread([1.0, 2.0, 3.0, 4.0, 5.0]) == (2.0, 3.0, 4.0)


@pytest.mark.parametrize(("kernel", "met"), [("Haswell", True), ("SkylakeX", False)])
def test_what_is_wanted_goes_by_the_kernel_that_was_in_use(kernel, met):
    blas = {"architecture": kernel}
    row = by_peer([result("ours", [0.7], blas=blas), result("torch", [1.0], blas=blas)])["torch"]
    assert row.kernel == kernel
    assert row.met is met
    shown = text([row], {WORK.name: WORK})
    assert ("MISSED" in shown) is not met
    assert "0.70" in shown
    row.ratio = 0.00051
    assert "0.00051" in text([row], {WORK.name: WORK})


def test_all_aims_name_works_and_peers_that_there_are():
    for work, peer in targets.WANTED:
        assert peer in WORKS[work.removesuffix(" memory")].peers
    assert all(low >= high for low, high in targets.WANTED.values())


def test_who_learned_nothing_has_not_won():
    ours, theirs = [result("ours", [2])], [result("torch", [1], check={"accuracy": 0.5})]
    assert difference(WORK, ours, theirs) == "NOT THE SAME: accuracy 0.5, ours 0.9"
    assert not difference(WORK, ours, [result("torch", [1], check={"accuracy": 0.905})])
    assert "nan" in difference(WORK, ours, [result("torch", [1], check={"accuracy": float("nan")})])
    assert "NOT THE SAME" in text(rows(ours + theirs, {WORK.name: WORK}), {WORK.name: WORK})


def test_other_rows_chosen_are_counted():
    work = WORKS["select-entropy"]
    ours, theirs = [{"check": {"chosen": [1, 2, 3]}}], [{"check": {"chosen": [1, 2, 9]}}]
    assert difference(work, ours, theirs) == "NOT THE SAME: chosen, 1 of 3 are others"
    assert not difference(work, ours, ours)


def test_a_missing_peer_is_a_line_and_is_not_asked_again(setting):
    asked = []

    def launch(job: rounds.Job, setting: Setting) -> dict[str, Any]:
        asked.append(job.peer)
        return child.measure(WORK, job.peer, setting)

    planned = rounds.jobs({WORK.name: WORK}, None, [None])
    *_, results = rounds.measure(planned, setting, 3, 0, launch, lambda line: None)
    assert sorted(asked) == sorted([*["ours", "torch"] * 3, "absent", "not installed"])
    shown = text(rows(results, {WORK.name: WORK}), {WORK.name: WORK})
    assert "absent               it needs a compiler" in shown
    assert "not installed        torch is not installed" in shown


def test_a_module_of_ours_that_is_missing_is_an_error(setting):
    def broken(setting: Setting) -> Prepared:
        raise ModuleNotFoundError("No module named 'tinynn'", name="tinynn")

    with pytest.raises(ModuleNotFoundError):
        child.measure(Work("w", "", {"ours": broken}), "ours", setting)


def test_times_are_per_unit_and_a_quick_run_measures_once(setting, monkeypatch):
    ticks = iter(range(100))
    monkeypatch.setattr(child.time, "perf_counter", lambda: 3.0 * next(ticks))
    assert child.measure(WORK, "ours", setting)["seconds"] == [1.5]
    slow = Setting(setting.scratch, threads=1)
    found = child.measure(WORK, "ours", slow)
    assert found["seconds"] == [1.5] * WORK.repeats
    assert found["check"] == {"accuracy": 0.7}


def test_the_order_is_another_each_round_and_the_same_for_a_seed(setting):
    planned = rounds.jobs(WORKS, None, [None, "Haswell"])
    assert len(planned) == 2 * sum(len(work.peers) for work in WORKS.values())

    def orders(seed: int) -> list[list[rounds.Job]]:
        asked: list[rounds.Job] = []

        def launch(job, setting):
            asked.append(job)
            return {"seconds": [1.0]}

        list(rounds.measure(planned, setting, 2, seed, launch, lambda line: None))
        return [asked[: len(planned)], asked[len(planned) :]]

    first, second = orders(1)
    assert first != second
    assert set(first) == set(second) == set(planned)
    assert orders(1) == [first, second]
    assert orders(2) != [first, second]


def test_only_some_peers():
    found = {job.peer for job in rounds.jobs(WORKS, ["jax"], [None]) if not job.work.startswith("scaling")}
    assert found == {"ours", "jax"}


@pytest.mark.parametrize(
    ("status", "output", "errors", "expected"),
    [
        (0, 'a library talks\n{"seconds": [1.0]}\n', "", {"seconds": [1.0]}),
        (3, "", "Traceback\nValueError: no", {"failed": "ended with 3: ValueError: no"}),
        (0, "", "", {"failed": "ended with 0: it said nothing"}),
    ],
)
def test_what_a_process_said(status, output, errors, expected):
    assert expected.items() <= rounds.understand(status, output, errors).items()


def test_a_process_of_its_own_measures_us_and_chooses_the_right_rows(setting):
    found = rounds.launch(rounds.Job("select-margin", "ours"), setting)
    p = selection.probabilities(setting).astype(np.float64)
    top = np.sort(p, axis=1)
    unsure = np.argsort(top[:, -1] - top[:, -2], kind="stable")[: selection.CHOSEN]
    assert found["check"]["chosen"] == sorted(unsure.tolist())
    assert found["seconds"][0] > 0
    assert found["blas"]["num_threads"] in (1, None)


def test_the_record_holds_every_time_and_can_be_read_back(tmp_path):
    found = [result("ours", [1.0, 2.0], products=[0.5, 0.7]), result("torch", [3.0])]
    record = {"results": found, "settings": {}}
    command.save(record, {WORK.name: WORK}, tmp_path / "out")
    command.draw(record, {WORK.name: WORK}, tmp_path / "out")
    read = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert read["results"] == found
    assert [row["peer"] for row in read["table"]] == ["ours", "torch"]
    assert read["table"][0]["products"] == pytest.approx(0.6 / 1.5)
    assert read["table"][1]["met"] is True
    assert (tmp_path / "out" / "ratios.png").stat().st_size > 1000


def test_memory_of_a_process_is_a_row_of_its_own():
    work = WORKS["process"]
    found = [
        {**result(peer, [1.0], check={"accuracy": 0.9, "megabytes": megabytes}), "work": "process"}
        for peer, megabytes in (("ours", 200.0), ("torch", 400.0))
    ]
    ours, torch = [row for row in rows(found, {"process": work}) if row.work == "process memory"]
    assert (ours.median, ours.met) == (200.0, False)
    assert (torch.ratio, torch.met) == (0.5, False)


def test_growth_says_how_time_and_memory_grow():
    def row(n: int, seconds: float) -> Row:
        return Row("scaling-epoch", "", str(n), median=seconds, check={"rows": n, "megabytes": 2 + n * 8e-6})

    shown = growth([row(100, 9.0), row(10_000, 0.01), row(1_000_000, 10.0)])
    assert "rows^1.50" in shown
    assert "8.0 bytes a row" in shown


def test_a_pool_in_a_file_grows_without_changing(tmp_path):
    short = np.array(scaling.pool(tmp_path / "pool", 10, 4))
    long = scaling.pool(tmp_path / "pool", 30_001, 4)
    assert long.shape == (30_001, 4)
    np.testing.assert_array_equal(long[:10], short)
    assert len(np.unique(long)) == 256
    assert (long[:10_000] != long[10_000:20_000]).any()


def test_memory_is_that_of_the_arrays_alive_at_once():
    # freed at once: two of a megabyte are never there together
    assert 0.9 < scaling.largest(lambda: [np.ones(1_000_000, np.uint8).sum() for _ in range(5)]) < 1.5


def test_products_have_the_shapes_of_a_pass():
    made = products.chain(32, [784, 128, 64, 10], training=True)
    shapes = sorted(multiply().shape for multiply in made)
    forward, gradients = [(32, 128), (32, 64), (32, 10)], [(784, 128), (128, 64), (64, 10)]
    assert shapes == sorted([*forward, *gradients, (32, 128), (32, 64)])


def test_a_kernel_that_the_processor_lacks_is_refused():
    assert machine.refuse_coretype([None, "Haswell"], "fma avx2") is None
    assert "avx512f" in str(machine.refuse_coretype(["Haswell", "SkylakeX"], "fma avx2"))


def test_a_work_is_found_by_how_its_name_begins():
    assert list(command.chosen(["mlp", "pred"])) == [
        "mlp-epoch-32",
        "mlp-epoch-128",
        "mlp-epoch-512",
        "predict",
    ]
    assert "scaling-large" not in command.chosen(None)
    assert "scaling-large" in command.chosen(None, full=True)
    with pytest.raises(SystemExit, match="no work begins with 'mpl'"):
        command.chosen(["mpl"])


def test_without_mnist_the_carried_digits_are_enlarged_and_it_is_said(monkeypatch):
    monkeypatch.setattr(data.datasets, "available", lambda name: False)
    found = data.load.__wrapped__()
    assert found.x_train.shape == (60_000, 784)
    assert found.x_test.shape == (10_000, 784)
    assert "no MNIST" in found.about
    digits = data.datasets.load("digits")
    image = found.x_train[1348 + 5].reshape(28, 28)
    np.testing.assert_array_equal(image[3:26:3, 3:26:3], digits.x_train[5].reshape(8, 8))
    assert found.y_train[1348 + 5] == digits.y_train[5]


def test_the_list_names_every_work(capsys):
    assert command.main(["--list", "--full"]) == 0
    shown = capsys.readouterr().out
    assert all(f"{name} " in shown for name in WORKS)


def test_from_the_command_line_to_the_record(tmp_path, capsys, monkeypatch):
    """Everything but the processes: one peer answers, one is missing, one fails, and that is the exit status."""
    answers = {"ours": {"seconds": [0.2]}, "modAL": {"missing": "modAL is not installed"}}

    def launch(job: rounds.Job, setting: Setting) -> dict[str, Any]:
        answer = answers.get(job.peer, {"failed": "ended with 1: no"})
        return answer | {"check": {"chosen": [1]}, "blas": {"architecture": "Zen"}, "products": []}

    monkeypatch.setattr(rounds, "launch", launch)
    arguments = ["--only", "select-margin", "--peer", "modAL", "--quick", "--out", str(tmp_path)]
    assert command.main(arguments) == 0
    assert command.main([*arguments, "--peer", "small-text"]) == 1
    shown = capsys.readouterr()
    assert "QUICK" in shown.out
    assert "modAL is not installed" in shown.out
    assert "FAILED: select-margin, small-text: ended with 1: no" in shown.err
    record = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert record["machine"]["versions"]["numpy"] == np.__version__
    assert record["settings"]["quick"] is True
    assert len(record["results"]) == 3


@pytest.mark.oracle
@pytest.mark.parametrize("name", [networks.MLP, networks.IMAGES])
def test_pytorch_gets_the_same_network(name):
    import torch

    net = networks.fresh(name)
    x = np.random.default_rng(0).random((5, *net.input_shape), dtype=np.float32)
    theirs = torch.from_numpy(np.moveaxis(x, -1, 1).copy() if name == networks.IMAGES else x)
    with torch.inference_mode():
        outputs = networks.in_torch(net).eval()(theirs).numpy()
    np.testing.assert_allclose(outputs, net.forward(x), rtol=1e-4, atol=1e-5)


def test_the_site_shows_kernels_beside_each_other_and_what_was_missed():
    other = {"coretype": "SkylakeX", "blas": {"architecture": "SkylakeX"}}
    found = [result("ours", [1.0]), result("torch", [1.0], check={"accuracy": 0.905})]
    found += [result("ours", [0.3], **other), result("torch", [1.0], **other)]
    shown = page(rows(found, {WORK.name: WORK}), {WORK.name: WORK}).splitlines()
    assert shown[0].startswith("**mlp-epoch-128**: a test; time per")
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in shown[2:]]
    assert cells[0][1:5] == [
        "median, Haswell",
        "ours / it, Haswell",
        "median, SkylakeX",
        "ours / it, SkylakeX",
    ]
    assert cells[3][:3] == ["torch", "1 s", "1.00 (≤ 0.8 **missed**)"]
    assert cells[3][4] == "0.30 (≤ 0.6 met)"
    assert cells[3][5] == "accuracy 0.905"


def test_the_site_shows_growth_by_rows():
    def row(n: int, seconds: float) -> Row:
        name = f"{n} rows"
        return Row(
            "scaling-epoch", "Haswell", name, median=seconds, check={"rows": n, "megabytes": 2 + n * 8e-6}
        )

    shown = page([row(10_000, 0.01), row(1_000_000, 10.0)], WORKS).splitlines()
    assert shown[4] == "| 10,000 | 10 ms | 2.08 MB |"
    assert "time grows as rows^1.50" in shown[-1]
