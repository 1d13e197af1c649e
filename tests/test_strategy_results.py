"""The page on strategies says what its record says, and the record is of the settings that stand there."""

import json

from tests import strategy_results as results


def test_the_page_is_drawn_from_the_record():
    kept = json.loads(results.RECORD.read_text(encoding="utf-8"))
    assert results.PAGE.read_text(encoding="utf-8") == results.page(kept)
    assert results.RECORD.stat().st_size < 1_000_000


def test_the_record_is_of_these_settings():
    kept = json.loads(results.RECORD.read_text(encoding="utf-8"))
    assert kept["asked for"] == results.asked_for()
    for name in results.TITLES:
        result = results.load(kept, name)
        assert [*kept["asked for"]][3:] == result.strategies
        assert all(
            [run.seed for run in result.of(strategy)] == list(range(10)) for strategy in result.strategies
        )
        assert {run.labels[-1] for run in result.runs} == {1000}
        assert set(results.AT) <= set(result.runs[0].labels)
