"""What several runs say together, on runs made by hand: figures by hand, too."""

import json

import pytest

from tinyal import Comparison, StrategyRun
from tinyal.paired import paired_test
from tinyal.statistics import area_under_curve, bootstrap_mean, labels_saved

LABELS = [10, 20, 30, 40]
CURVES = {
    "random": [[0.50, 0.60, 0.70, 0.80], [0.52, 0.58, 0.72, 0.83], [0.48, 0.62, 0.68, 0.82]],
    "quick": [[0.50, 0.80, 0.90, 0.90], [0.52, 0.70, 0.82, 0.92], [0.48, 0.82, 0.91, 0.94]],
    "slow": [[0.50, 0.55, 0.60, 0.65], [0.52, 0.55, 0.60, 0.81], [0.48, 0.55, 0.60, 0.70]],
    "mixed": [[0.50, 0.80, 0.60, 0.65], [0.52, 0.55, 0.60, 0.81], [0.48, 0.55, 0.60, 0.70]],
}


def comparison(curves=CURVES):
    """Put runs one seed after the other, so that a strategy's runs do not stand together."""
    rows = [[5, 6], [7], [8], [9]]
    return Comparison(
        [
            StrategyRun(LABELS, curves[name][seed], rows, [None] * 4, strategy=name, seed=seed)
            for seed in range(3)
            for name in curves
        ]
    )


def test_runs_are_found_by_their_strategy():
    result = comparison()
    assert result.strategies == ["random", "quick", "slow", "mixed"]
    assert [run.seed for run in result.of("slow")] == [0, 1, 2]
    assert [run.accuracy for run in result.of("slow")] == CURVES["slow"]
    with pytest.raises(ValueError, match="'margin' was not compared; random, quick, slow, mixed were"):
        result.of("margin")


def test_the_target_is_what_the_reference_reaches_rounded_down():
    assert comparison().target("random") == 0.81
    assert comparison().target("slow") == 0.72


def test_accuracy_at_the_end_and_over_the_whole_curve():
    result = comparison()
    final = result.final_accuracy("quick")
    assert final == bootstrap_mean([0.90, 0.92, 0.94])
    assert final.mean == pytest.approx(0.92)
    area = result.area("quick")
    by_hand = [(a + 2 * b + 2 * c + d) / 6 for a, b, c, d in CURVES["quick"]]
    assert area.mean == pytest.approx(sum(by_hand) / 3)
    assert min(by_hand) - 1e-12 <= area.low < area.mean < area.high <= max(by_hand) + 1e-12


def test_labels_to_a_target_count_the_first_time_and_a_failure_with_all_its_labels():
    result = comparison()
    assert result.labels_to("quick", 0.80).per_run == (20, 30, 20)
    assert result.labels_to("random", 0.80).per_run == (40, 40, 40)
    assert result.labels_to("slow", 0.80).labels is None
    assert result.labels_to("slow", 0.80).reached == 1
    assert result.labels_to("mixed", 0.80).per_run == (20, 40, 40)
    assert result.labels_to("mixed", 0.80).labels.mean == pytest.approx(100 / 3)


def test_labels_saved_are_paired_with_the_references():
    result = comparison()
    saved = result.labels_saved("quick", 0.80, "random")
    assert saved == labels_saved((20, 30, 20), (40, 40, 40))
    assert saved.mean == pytest.approx(1 - 70 / 120)
    assert result.labels_saved("random", 0.80, "random").mean == 0
    assert result.labels_saved("random", 0.80, "quick").mean == pytest.approx(1 - 120 / 70)
    assert result.labels_saved("slow", 0.80, "random") is None
    assert result.labels_saved("random", 0.80, "slow") is None
    assert result.labels_saved("quick", 0.99, "random") is None


def test_the_summary_is_ready_for_json():
    result = comparison()
    summary = json.loads(json.dumps(result.summary([0.8, 0.95]), allow_nan=False))
    assert list(summary) == ["random", "quick", "slow", "mixed"]
    quick = summary["quick"]
    assert set(quick) == {"final_accuracy", "area", "labels_to"}
    final = result.final_accuracy("quick")
    assert quick["final_accuracy"] == {"mean": final.mean, "low": final.low, "high": final.high}
    assert quick["area"]["mean"] == result.area("quick").mean
    labels = result.labels_to("quick", 0.8).labels
    figures = {"mean": labels.mean, "low": labels.low, "high": labels.high}
    assert quick["labels_to"] == {"0.80": {**figures, "reached": 3, "runs": 3}, "0.95": None}
    assert summary["slow"]["labels_to"]["0.80"] is None
    assert summary["mixed"]["labels_to"]["0.80"]["reached"] == 2


def test_one_seed_has_figures_and_no_interval():
    result = comparison({name: [curve[0]] * 3 for name, curve in CURVES.items()})
    result.runs = result.runs[:4]
    figures = result.summary([0.8])["quick"]
    assert figures["final_accuracy"] == {"mean": 0.9, "low": None, "high": None}
    assert figures["labels_to"]["0.80"] == {"mean": 20, "low": None, "high": None, "reached": 1, "runs": 1}
    assert result.labels_saved("quick", 0.8, "random").low is None


def many_seeds(n=9):
    """Three strategies: two alike but for luck, and one better by more than luck."""
    luck = [0.01 * (seed % 3) for seed in range(n)]
    ends = {
        "random": [0.70 + bit for bit in luck],
        "alike": [0.70 + bit for bit in luck[1:] + luck[:1]],
        "better": [0.80 + bit for bit in luck],
    }
    return Comparison(
        [
            StrategyRun([1, 2, 3], [0.5, end, end], [[0], [1], [2]], [None] * 3, strategy=name, seed=seed)
            for name, per_seed in ends.items()
            for seed, end in enumerate(per_seed)
        ]
    )


def test_the_mean_curve_has_a_point_for_each_evaluation():
    labels, points = comparison().curve("quick")
    assert labels == LABELS
    assert points == [bootstrap_mean(column) for column in zip(*CURVES["quick"], strict=True)]
    broken = comparison()
    broken.of("quick")[1].labels = [10, 20, 30, 41]
    with pytest.raises(ValueError, match=r"at \[10, 20, 30, 40\] labels with seed 0 and at .* with seed 1"):
        broken.curve("quick")


def test_the_last_crossing_is_less_flattering():
    result = comparison()
    assert result.labels_to("mixed", 0.62).per_run == (20, 40, 40)
    assert result.labels_to("mixed", 0.62, "last").per_run == (40, 40, 40)
    saved = result.labels_saved("random", 0.62, "mixed", "last")
    assert saved == labels_saved((30, 30, 20), (40, 40, 40))
    assert result.labels_saved("random", 0.62, "mixed") != saved


def test_paired_tests_of_each_measure():
    result = comparison()
    quick, random = CURVES["quick"], CURVES["random"]
    areas = [[area_under_curve(LABELS, curve) for curve in curves] for curves in (quick, random)]
    assert result.paired("quick", "random") == paired_test(*areas)
    ends = [curve[-1] for curve in quick], [curve[-1] for curve in random]
    assert result.paired("quick", "random", "final_accuracy") == paired_test(*ends)
    labels = result.paired("quick", "random", "labels", target=0.8)
    assert labels == paired_test((20, 30, 20), (40, 40, 40))
    last = result.paired("mixed", "random", "labels", target=0.62, crossing="last")
    assert last == paired_test((40, 40, 40), (30, 30, 20))
    with pytest.raises(ValueError, match="'loss' is not measured"):
        result.paired("quick", "random", "loss")
    with pytest.raises(ValueError, match=r"target=0\.9"):
        result.paired("quick", "random", "labels")


def test_runs_without_a_partner_are_not_compared():
    result = comparison()
    result.runs = result.runs[:-1]
    for compared in (result.paired, lambda a, b: result.labels_saved(a, 0.8, b)):
        with pytest.raises(ValueError, match=r"'mixed' .* \[0, 1\] and 'random' with \[0, 1, 2\]"):
            compared("mixed", "random")


def test_against_a_reference_p_is_corrected():
    result = many_seeds()
    found = result.against("random")
    assert list(found) == ["alike", "better"]
    test, p = found["better"]
    assert test == result.paired("better", "random")
    assert (test.p, p) == (2**-8, 2**-7)
    assert found["alike"][1] == found["alike"][0].p
    assert Comparison(result.of("random")).against("random") == {}


@pytest.mark.parametrize("measure", ["area", "final_accuracy", "labels"])
def test_who_beats_whom(measure):
    standings = many_seeds().matrix(measure, target=0.75)
    names = ("random", "alike", "better")
    expected = {("better", other): "win" for other in names[:2]} | {(a, "better"): "loss" for a in names[:2]}
    expected |= {("random", "alike"): "tie", ("alike", "random"): "tie"}
    assert standings.outcomes == expected
    assert [standings.counts(name) for name in names] == [(0, 1, 1), (0, 1, 1), (2, 0, 0)]
    assert standings.p["better", "random"] == standings.p["random", "better"] == 3 * 2**-8
    assert standings.caveat() == ""
    assert str(standings).splitlines()[3] == "better  win     win    ·"
    assert set(many_seeds().matrix(measure, target=0.75, level=0.01).outcomes.values()) == {"tie"}


def test_too_few_seeds_make_ties_and_say_so():
    standings = many_seeds(6).matrix()
    assert set(standings.outcomes.values()) == {"tie"}
    assert standings.caveat() == (
        "Ties all over, whatever the runs: 6 paired seeds cannot give p ≤ 0.05 over 3 pairs; 7 seeds can."
    )
    assert "win" in many_seeds(7).matrix().outcomes.values()
    assert Comparison(many_seeds().of("random")).matrix().caveat() == ""
