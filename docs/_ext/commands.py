"""The command line's help, asked of the programs' own parsers while the site is built."""

import argparse
import os
from importlib import import_module
from typing import Any
from unittest.mock import patch

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

COLUMNS = 92


class _ParserError(Exception):
    """Carries a parser out of the program that made it."""


def parser_of(program: str) -> argparse.ArgumentParser:
    """Return the parser that a program's ``main`` uses, whatever the function that makes it is called."""

    def catch(parser: argparse.ArgumentParser, *_: Any, **__: Any) -> Any:
        raise _ParserError(parser)

    with patch.object(argparse.ArgumentParser, "parse_args", catch):
        try:
            import_module(f"{program}.cli").main([])
        except _ParserError as caught:
            parser: argparse.ArgumentParser = caught.args[0]
            return parser
    raise ValueError(f"{program}.cli.main parses no arguments")


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return a parser's commands, in their order."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


class CommandHelp(SphinxDirective):
    """``{command-help} tinynn``: what ``tinynn --help`` says, then the same of each of its commands."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Make a section for each command."""
        program = self.arguments[0]
        with patch.dict(os.environ, {"COLUMNS": str(COLUMNS), "NO_COLOR": "1"}):
            parser = parser_of(program)
            found: list[nodes.Node] = [_block(program, parser)]
            for name, command in commands_of(parser).items():
                title = f"{program} {name}"
                section = nodes.section(ids=[nodes.make_id(title)], names=[nodes.fully_normalize_name(title)])
                section += nodes.title("", "", nodes.literal("", title))
                section += _block(title, command)
                self.state.document.note_explicit_target(section)
                found.append(section)
        self.env.note_dependency(str(import_module(f"{program}.cli").__file__))
        return found


def _block(title: str, parser: argparse.ArgumentParser) -> nodes.literal_block:
    text = f"$ {title} --help\n{parser.format_help().rstrip()}"
    return nodes.literal_block(text, text, language="text")


def setup(app: Sphinx) -> dict[str, Any]:
    """Join the build."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
