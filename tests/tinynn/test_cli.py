"""The command line of tinynn."""

import pytest

import tinynn as nn
from tinynn import cli


def test_explain_writes_mazurs_numbers(capsys):
    assert cli.main(["explain"]) == 0
    written = capsys.readouterr().out
    assert "0.751365070" in written
    assert "0.298371109" in written


@pytest.mark.parametrize(("form", "sign"), [("markdown", "$"), ("html", "<table")])
def test_explain_writes_other_formats(form, sign, capsys):
    assert cli.main(["explain", "softmax", "--format", form, "--digits", "4"]) == 0
    assert sign in capsys.readouterr().out


def test_an_unknown_example_names_the_known_ones(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["explain", "nothing"])
    assert stop.value.code == 2
    assert "mazur" in capsys.readouterr().err


def test_names_that_are_imported_later_are_there():
    assert all(hasattr(nn, name) for name in nn.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        nn.nothing  # noqa: B018
