"""A Python file of the user's: imported as what it is, a module of theirs, which other processes find, too."""

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType


def import_file(path: Path) -> ModuleType:
    """Import a file under its own name, so that what it defines can be sent to other processes.

    Its folder stays on the module path, at the end. What the file does when it is imported is done, as with
    ``python FILE``.

    Parameters
    ----------
    path : Path
        Its name without ``.py`` must be one that Python can import, and that nothing else has.

    Raises
    ------
    ValueError
        For such a name, and for whatever the file raises; it says in which line.
    """
    name, folder = path.stem, str(path.resolve().parent)
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    if not name.isidentifier():
        raise ValueError(f"{path} cannot be imported by this name: {name!r} is none that Python takes")
    known = importlib.util.find_spec(name)
    if known is not None and (known.origin is None or Path(known.origin).resolve() != path.resolve()):
        raise ValueError(
            f"{path} has the name of a module that there is already, {known.origin or name}; rename it"
        )
    if folder not in sys.path:
        sys.path.append(folder)
    sys.modules.pop(name, None)
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # exit() too: it is no way to end a comparison
        line = next(
            (
                frame.lineno
                for frame in reversed(traceback.extract_tb(error.__traceback__))
                if Path(frame.filename) == path.resolve()
            ),
            getattr(error, "lineno", None),
        )
        where = f"line {line}: " if line else ""
        raise ValueError(f"{path}: {where}{type(error).__name__}: {error}") from None
