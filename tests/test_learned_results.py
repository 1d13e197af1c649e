"""The page on the learned strategy says what its record says, and the record is of the settings that stand there."""

import json

from tests import learned_results as results


def test_the_page_is_drawn_from_the_record():
    kept = json.loads(results.RECORD.read_text(encoding="utf-8"))
    assert results.PAGE.read_text(encoding="utf-8") == results.page(kept)
    assert results.RECORD.stat().st_size < 200_000


def test_the_record_is_of_these_settings_and_of_the_network_that_is_carried():
    kept = json.loads(results.RECORD.read_text(encoding="utf-8"))
    for name, end in {"late": 1500, "early": 500}.items():
        assert kept[name]["asked for"] == results.asked_for(name)
        result = results.load(kept, name)
        assert [*kept[name]["asked for"]][3:] == result.strategies
        for strategy in result.strategies:
            assert [run.seed for run in result.of(strategy)] == list(range(10))
        assert {run.labels[-1] for run in result.runs} == {end}
