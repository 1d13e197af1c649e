"""What a strategy or a model is, in words that are the same in every process, so that files can tell two apart."""

import inspect
import re
import sysconfig
import zlib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

OURS = ("tinyal", "tinynn")
INSTALLED = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))


def describe(thing: Any) -> str:
    """Say what something is, without where in memory it happens to be: the same in every process.

    Examples
    --------
    >>> from tinyal.strategies import BALD, Stochastic
    >>> describe(Stochastic(BALD(n_samples=10)))
    'Stochastic(BALD(n_samples=10))'
    >>> class Plain: ...
    >>> describe(Plain()).endswith("Plain object>")
    True
    """
    return without_addresses(getattr(thing, "__qualname__", None) or repr(thing))


def without_addresses(text: str) -> str:
    """Leave out the addresses that Python prints for objects without a ``__repr__`` of their own."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)


def describe_strategy(strategy: Any) -> str:
    """Say what a strategy is; one that is not tinyal's own, with a checksum of its source.

    All lambdas have one name, and a function keeps its name when it is edited. The checksum is of the source of the
    function or class itself, also where it is inside of another strategy; of nothing that it calls, and of nothing that
    is installed, which a new version would change. Where there is no source, as for what was typed at a prompt, there
    is none.

    Examples
    --------
    >>> from tinyal.strategies import Margin, Mixture
    >>> describe_strategy(Mixture(Margin(), share=0.2))
    'Mixture(Margin(), share=0.2)'
    """
    checksum, found = 0, False
    for source in _sources(strategy, set()):
        checksum, found = zlib.crc32(source.encode(), checksum), True
    return f"{describe(strategy)}, source {checksum:08x}" if found else describe(strategy)


def _sources(thing: Any, seen: set[int]) -> Iterator[str]:
    """Yield the sources of a strategy and of those within it, but for what is tinyal's."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, partial):
        parts = [thing.func, *thing.args, *thing.keywords.values()]
    elif isinstance(thing, Mapping):
        parts = list(thing.values())
    elif isinstance(thing, list | tuple):
        parts = list(thing)
    elif inspect.isroutine(thing) or isinstance(thing, type):
        yield from _source(thing)
        return
    elif callable(thing) or hasattr(thing, "select"):
        yield from _source(type(thing))
        parts = list(getattr(thing, "__dict__", {}).values())
    else:
        return
    for part in parts:
        yield from _sources(part, seen)


def _source(written: Any) -> Iterator[str]:
    if (getattr(written, "__module__", None) or "").partition(".")[0] in OURS:
        return
    try:
        if not inspect.getfile(written).startswith(INSTALLED):
            yield inspect.getsource(written)
    except (OSError, TypeError):  # built in, or typed at a prompt
        return
