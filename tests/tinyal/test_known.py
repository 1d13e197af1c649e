"""Views whose numbers are written down say what was written, about the rows that it was written for."""

import numpy as np
import pytest

from tinyal.known import known_view
from tinyal.strategies import BALD, Entropy, KCenter, choose


def test_a_view_says_what_was_written():
    rng = np.random.default_rng(0)
    samples, features = rng.dirichlet([1, 1, 1], size=(4, 6)), rng.normal(size=(6, 2))
    view = known_view(samples=samples, features=features, labeled=[2, 0])
    assert view.candidates.tolist() == [1, 3, 4, 5]
    assert view.labeled.tolist() == [2, 0]
    assert (view.sample_proba(20) == samples[:, [1, 3, 4, 5]]).all()
    assert (view.sample_proba(3) == samples[:3, [1, 3, 4, 5]]).all()
    assert (view.proba() == samples.mean(axis=0)[[1, 3, 4, 5]]).all()
    assert (view.embed() == features[[1, 3, 4, 5]]).all()
    assert (view.labeled_embed() == features[[2, 0]]).all()
    assert view.classes.tolist() == [0, 1, 2]


def test_a_part_of_a_view_asks_about_its_own_rows():
    view = known_view([[0.9, 0.1], [0.5, 0.5], [0.7, 0.3]]).subset(np.array([2, 0]))
    assert view.proba().tolist() == [[0.7, 0.3], [0.9, 0.1]]
    assert choose(Entropy(), view, 1, np.random.default_rng(0)).tolist() == [2]


def test_a_model_can_do_what_was_given_and_nothing_else():
    view, rng = known_view([[0.9, 0.1], [0.5, 0.5]]), np.random.default_rng(0)
    with pytest.raises(TypeError, match="sample_proba"):
        BALD().select(view, 1, rng)
    with pytest.raises(TypeError, match="embed"):
        view.embed()
    assert known_view(features=[[0.0], [1.0]]).proba().tolist() == [[0.5, 0.5]] * 2
    assert KCenter().select(known_view(features=[[0.0], [1.0], [9.0]], labeled=[0]), 1, rng).tolist() == [2]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"p": [0.5, 0.5]},
        {"samples": [[0.5, 0.5]]},
        {"p": [[0.5, 0.5]], "samples": [[[0.5, 0.5]] * 2]},
        {"p": [[0.5, 0.5]], "features": [[0.0], [1.0]]},
        {"features": [0.0, 1.0]},
    ],
)
def test_numbers_that_do_not_fit_are_refused(given):
    with pytest.raises(ValueError, match=r"axes|nothing is known"):
        known_view(**given)
