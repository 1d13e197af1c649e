"""Progress bars: tqdm's, imported only when one is shown."""

import sys
from typing import Any, Self


def progress_bar(total: int, unit: str, show: bool | None = None, done: int = 0) -> Any:
    """Return a progress bar, or something that takes its calls and shows nothing.

    Parameters
    ----------
    total, done : int
        How many units there are, and how many were finished before.
    unit : str
        What is counted.
    show : bool, optional
        By default, whether standard error is a terminal.
    """
    if show is None:
        show = sys.stderr is not None and sys.stderr.isatty()
    if not show:
        return _Silence()
    from tqdm.auto import tqdm

    return tqdm(total=total, initial=done, unit=unit)


class _Silence:
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def update(self, done: int = 1) -> None:
        pass

    def set_postfix_str(self, text: str) -> None:
        pass
