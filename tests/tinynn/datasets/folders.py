"""Folders of files, filled and read back whole."""


def fill(folder, contents):
    """Write files by their paths below a folder."""
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def contents(folder):
    """Return what is in every file below a folder, by its path; an empty folder below it is there as None."""
    found = {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}
    return {
        path.relative_to(folder).as_posix(): content
        for path, content in found.items()
        if content is not None or not any(path.iterdir())
    }
