"""Where the skeletons are, and copies of them to write in; what somebody has written is never written over."""

from pathlib import Path

from tinynn.exercises.registry import NAMES, file_name

FOLDER = Path("tutorials") / "exercises"
"""Where a learner's files are looked for, below the current folder: in a clone the skeletons are there already."""


def folder() -> Path:
    """Return where the skeletons are: inside an installed package, or in the clone that an editable one comes from.

    There is one copy of them, in ``tutorials/exercises``; a wheel is built with it as ``tinynn/exercises/skeletons``.
    """
    here = Path(__file__).parent
    for place in (here / "skeletons", here.parents[1] / FOLDER):
        if all((place / file_name(name)).is_file() for name in NAMES):
            return place
    raise FileNotFoundError(
        f"the skeletons of the exercises are missing; they should be in {here / 'skeletons'}"
    )


def copy_to(place: Path) -> tuple[list[Path], list[Path]]:
    """Write the skeletons into a folder, but none where there is a file already.

    Returns
    -------
    written, kept : list of Path
        `kept` are files that were there and stay as they are.
    """
    source = folder()
    place.mkdir(parents=True, exist_ok=True)
    written, kept = [], []
    for name in NAMES:
        path = place / file_name(name)
        text = (source / file_name(name)).read_bytes()
        try:
            with path.open("xb") as file:
                file.write(text)
        except FileExistsError:
            kept.append(path)
        else:
            written.append(path)
    return written, kept
