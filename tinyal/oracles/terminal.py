"""A person at the terminal: sees an example, types its class; may skip, defer, take back and stop."""

import sys
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

import numpy as np

from tinyal.oracles.base import DEFER, OPEN, SKIP, NoLabel
from tinyal.oracles.terminal_text import ASCII, BLOCKS, describe, printable


class Command(Enum):
    """What may be typed that is no answer."""

    UNDO = "undo"
    QUIT = "quit"
    HELP = "help"


COMMANDS: dict[str, tuple[str, NoLabel | Command]] = {
    "s": ("skip", SKIP),
    "d": ("defer", DEFER),
    "u": ("undo", Command.UNDO),
    "q": ("quit", Command.QUIT),
    "?": ("help", Command.HELP),
}


class TerminalOracle:
    """Show each example and read what it is.

    Typed is a class, by its name or its number in the list that is shown, or a command: s (skip, nobody can tell),
    d (defer, ask me later), u (undo, back to the one before), q (quit), ? (what there is). Where a class has a
    command's name, the class is meant, and ``/s`` the command. End of input and Ctrl-C are as quit: what was
    answered is returned, and the rest is `OPEN`, for the next time.

    Parameters
    ----------
    pool : array (N, ...)
        What is shown.
    classes : sequence
        The labels that may be answered.
    image_shape : tuple of int, optional
        Of rows that are flattened images.
    names : sequence of str, optional
        Of features.
    read : callable, optional
        ``read(prompt)`` returns a line; `input` by default.
    write : callable, optional
        ``write(text)`` shows it; `print` by default.

    Attributes
    ----------
    quit : bool
        Whether the person has stopped; loops look at it.
    corrections : dict
        New answers to rows of earlier calls, after an undo; `pass_on` gives them to the learner.

    Examples
    --------
    >>> typed = iter(["bee", "u", "ant", "2", "q"])
    >>> oracle = TerminalOracle([[6, 0], [6, 2], [8, 0]], ["ant", "bee"], names=["legs", "wings"],
    ...                         read=lambda prompt: next(typed), write=lambda text: None)
    >>> oracle.answer([0, 1, 2]), oracle.quit
    (['ant', 'bee', <NoLabel.OPEN: 'it was not looked at'>], True)
    """

    def __init__(
        self,
        pool: Any,
        classes: Sequence[Any],
        *,
        image_shape: tuple[int, ...] | None = None,
        names: Sequence[str] | None = None,
        read: Callable[[str], str] | None = None,
        write: Callable[[str], Any] | None = None,
    ) -> None:
        self.pool = pool
        self.classes: list[Any] = np.asarray(classes).tolist()
        self.image_shape = image_shape
        self.names = names
        self.quit = False
        self.corrections: dict[int, Any] = {}
        self._read = input if read is None else read
        self._write = print if write is None else write
        self._shades = BLOCKS if write is not None or _can_print(BLOCKS) else ASCII
        self._earlier: list[int] = []  # rows answered in earlier calls, the last one last
        self._meaning = _meanings(self.classes)

    def __len__(self) -> int:
        return len(self.pool)

    def answer(self, indices: Any) -> list[Any]:
        """Return a label, `SKIP`, `DEFER` or `OPEN` for each dataset index."""
        rows = np.atleast_1d(np.asarray(indices)).tolist()
        answers: list[Any] = [OPEN] * len(rows)
        self.quit = False
        place = 0  # below zero: back among the earlier rows
        while place < len(rows):
            row = rows[place] if place >= 0 else self._earlier[place]
            counter = f"{place + 1} of {len(rows)}" if place >= 0 else "again"
            said = self._ask(row, counter)
            if said is Command.UNDO:
                if place <= -len(self._earlier):
                    self._write("There is nothing before this one.")
                else:
                    place -= 1
                continue
            if said is Command.QUIT:
                self.quit = True
                break
            if place >= 0:
                answers[place] = said
            else:
                self.corrections[row] = said
            place += 1
        done = [row for row, said in zip(rows, answers, strict=True) if said is not OPEN]
        self._earlier = [row for row in self._earlier if row not in done] + done
        return answers

    def _ask(self, row: int, counter: str) -> Any:
        """Return a label, a `NoLabel`, or to undo or quit; what is no class and no command is asked again."""
        self._write(f"\n{describe(self.pool[row], self.image_shape, self.names, self._shades)}")
        while True:
            try:
                typed = self._read(f"[{counter}, row {row}] {self._keys()} > ").strip()
            except (EOFError, KeyboardInterrupt):
                self._write("")
                return Command.QUIT
            said = self._meaning.get(typed, Command.HELP)
            if said is not Command.HELP:
                return said
            if typed and typed not in self._meaning:
                self._write(f"'{printable(typed)}' is no class and no command.")
            self._write(self._help())

    def _keys(self) -> str:
        keys = ", ".join(
            printable(key if key == str(c) else f"{key}={c}") for key, c in _numbered(self.classes)
        )
        return f"{keys}, ?" if len(keys) <= 40 else f"{len(self.classes)} classes, ? which"

    def _help(self) -> str:
        lines = [f"  {printable(key)}  {printable(str(label))}" for key, label in _numbered(self.classes)]
        for key, (word, said) in COMMANDS.items():
            lines.append(f"  {key if self._meaning[key] is said else f'/{key}'}  {word}")
        return "\n".join(lines)


def _numbered(classes: list[Any]) -> list[tuple[str, Any]]:
    """Return what to type for each class: its number from 1, or its name where names are numbers."""
    if any(str(label).lstrip("-").isdecimal() or not isinstance(label, str) for label in classes):
        return [(str(label), label) for label in classes]
    return [(str(i), label) for i, label in enumerate(classes, start=1)]


def _meanings(classes: list[Any]) -> dict[str, Any]:
    """Return what each thing typed means; a class comes before a command."""
    meaning: dict[str, Any] = {}
    for key, (word, said) in COMMANDS.items():
        meaning |= dict.fromkeys((key, word, f"/{key}", f"/{word}"), said)
    return meaning | dict(_numbered(classes)) | {str(label): label for label in classes}


def _can_print(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
