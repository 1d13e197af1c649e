"""What is said of a comparison: every verdict that runs can bring, word for word, and none that they cannot."""

import pytest

from tests.tinyal.test_comparison import comparison
from tinyal import Comparison, StrategyRun
from tinyal.sentences import say_p

LABELS = list(range(10, 110, 10))


def runs_reaching(arrivals):
    """Make runs whose accuracy is 0.9 from so many labels on, and 0.5 before; None: never."""
    return Comparison(
        [
            StrategyRun(
                LABELS,
                [0.9 if arrival is not None and spent >= arrival else 0.5 for spent in LABELS],
                [[0] * 10] * 10,
                [None] * 10,
                strategy=name,
                seed=seed,
            )
            for name, per_seed in arrivals.items()
            for seed, arrival in enumerate(per_seed)
        ]
    )


def said(own, other, **others):
    return runs_reaching({"random": other, "margin": own, **others}).sentences("random", 0.9)[0]


def test_fewer_labels():
    sentence = said([40, 50] * 5, [80, 90, 70, 80, 90, 80, 70, 90, 80, 100])
    assert sentence == (
        "margin needs 46% fewer labels than random to reach 90% "
        "(95% interval 41% to 50%, p = 0.002, 10 paired seeds)."
    )


def test_more_labels():
    sentence = said([80, 90, 70, 80, 90, 80, 70, 90, 80, 100], [40, 50] * 5)
    assert sentence.startswith("margin needs 84% more labels than random to reach 90% (95% interval 71% to ")
    assert sentence.endswith("p = 0.002, 10 paired seeds).")


def test_no_difference_shown():
    sentence = said([40, 80] * 4, [80, 50] * 4)
    assert sentence.startswith(
        "No difference shown between margin and random in the labels to reach 90%: margin needed 8% fewer labels "
        "(95% interval "
    )
    assert " more to " in sentence
    assert sentence.endswith(" fewer, p = 0.73, 8 paired seeds).")
    assert "margin needed as many labels (95% interval 0% to 0%, p = 1" in said([50] * 8, [50] * 8)


def test_too_few_seeds_for_any_p():
    few = said([40] * 5, [80, 80, 80, 80, 90])
    assert few == (
        "margin needed 51% fewer labels than random to reach 90% "
        "(95% interval 50% to 55%, 5 paired seeds, too few for any p below 0.05)."
    )
    over = said([40] * 6, [80] * 6, entropy=[80] * 6)
    assert over.endswith("6 paired seeds, too few for any p below 0.05 over 2 comparisons).")
    assert said([40] * 6, [80] * 6).endswith("p = 0.031, 6 paired seeds).")


def test_one_seed_says_nothing_of_others():
    assert said([40], [80]) == (
        "margin needed 50% fewer labels than random to reach 90% in the one run of each, which says nothing about "
        "other runs."
    )


@pytest.mark.parametrize(
    ("own", "other", "words"),
    [
        ([40] * 8, [80] * 6 + [None] * 2, "margin needs at least 53% fewer labels than random"),
        ([40] * 6 + [None] * 2, [90] * 8, "margin needed at most 39% fewer labels"),
        ([90] * 7 + [None], [40] * 8, "margin needs at least 128% more labels than random"),
        ([90] * 8, [40] * 7 + [None], "margin needed at most 89% more labels"),
        ([40] * 7 + [None], [80] * 7 + [None], "margin needed at most 42% fewer labels than random"),
        ([40] * 7 + [None], [90] * 5 + [None] * 3, "margin needed about 49% fewer labels than random"),
        ([90] * 7 + [None], [40] * 7 + [None], "margin needed about 92% more labels than random"),
    ],
)
def test_runs_that_never_arrive_make_a_bound(own, other, words):
    sentence = said(own, other)
    assert words in sentence
    for name, runs in (("margin", own), ("random", other)):
        missed = runs.count(None)
        assert (f"{missed} of 8 runs of {name}" in sentence) == (missed > 0)
    assert "did not get there and count" in sentence
    assert "100 labels)." in sentence


def test_failures_on_both_sides_never_make_a_claim_that_a_failure_could_undo():
    sentence = said([20] * 20 + [None] * 20, [80] * 39 + [None])
    assert sentence.startswith("margin needed at most 25% fewer labels than random to reach 90% (")
    assert "20 of 40 runs of margin and 1 of 40 runs of random did not get there" in sentence


def passing(arrivals):
    """Make runs that are at 0.9 at one evaluation only; the reference gets there late, and stays."""
    result = runs_reaching({"random": [80] * len(arrivals), "margin": arrivals})
    for run in result.of("margin"):
        run.accuracy = [0.9 if spent == arrivals[run.seed] else 0.5 for spent in LABELS]
    return result


def test_an_arrival_that_was_one_lucky_evaluation_is_called_so():
    lucky = passing([40] * 8)
    assert lucky.sentences("random", 0.9)[0].endswith("8 paired seeds; 0 of 8 runs of margin stayed there).")
    assert lucky.sentences("margin", 0.9)[0].endswith("; 0 of 8 runs of margin stayed there).")
    assert "stayed" not in lucky.sentences("random", 0.9, crossing="last")[0]
    assert passing([40]).sentences("random", 0.9)[0].endswith("; 0 of 1 runs of margin stayed there.")
    assert (
        "; 0 of 8 runs of margin stayed there)." in passing([40] * 3 + [None] * 5).sentences("random", 0.9)[0]
    )
    assert "stayed" not in said([40] * 8, [80] * 8)


def test_targets_that_most_runs_do_not_reach():
    assert said([40] * 8, [None] * 7 + [80]) == (
        "random did not reach 90% with 100 labels in most runs: 1 of 8 did, and 8 of margin, which needed 40 labels on "
        "average (p = 0.0078, 8 paired seeds)."
    )
    assert said([None] * 8, [40] * 7 + [None]).startswith(
        "margin did not reach 90% with 100 labels in most runs: 0 of 8 did, and 7 of random, which needed at least 48 "
    )
    assert said([None] * 8, [None] * 8) == (
        "Neither margin nor random can be counted on to reach 90% with 100 labels: 0 and 0 of 8 runs did."
    )


def test_p_is_corrected_for_all_that_is_said():
    arrivals = {"random": [80] * 8, "a": [40] * 8, "b": [40] * 8, "c": [80] * 8}
    a, b, c = runs_reaching(arrivals).sentences("random", 0.9)
    assert "p = 0.023" in a  # 3/128
    assert "p = 0.023" in b
    assert "p = 1" in c


def test_the_last_crossing_is_called_so():
    result = comparison()
    first, last = (result.sentences("random", 0.62, crossing=crossing) for crossing in ("first", "last"))
    assert "to reach 62%: mixed needed 25% more" in first[2]
    assert last[2].startswith("mixed needed 50% more labels than random to reach 62% for good (")


def test_the_target_is_the_references_by_default():
    assert all("81%" in sentence for sentence in comparison().sentences("random"))
    with pytest.raises(ValueError, match="'bald' was not compared"):
        comparison().sentences("bald")


def test_p_in_words():
    assert [say_p(p) for p in (1.0, 0.0625, 0.001, 0.00099)] == [
        "p = 1",
        "p = 0.062",
        "p = 0.001",
        "p < 0.001",
    ]
