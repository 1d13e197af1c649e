"""A computer without data sets for every test of this folder; a cache, a folder of one's own, and a server for some."""

import pytest

from tests.tinynn.misbehaving_server import MisbehavingServer
from tinynn.datasets import places


@pytest.fixture(autouse=True)
def empty_home(tmp_path, monkeypatch):
    """Point every platform's cache at an empty folder, and keep proxies and the user's data out of it."""
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(variable, "*")
    monkeypatch.delenv("TINYNN_DATA", raising=False)


@pytest.fixture
def dataset(request):
    """Return the name of the data set that a file is about, its ``NAME``."""
    return request.module.NAME


@pytest.fixture
def cache(dataset, empty_home):
    """Return where the data set is kept; there is no such folder yet."""
    return places.cache_folder(dataset)


@pytest.fixture
def own(dataset, empty_home, tmp_path, monkeypatch):
    """Return an empty folder in which the user keeps the data set."""
    folder = tmp_path / "own" / dataset
    folder.mkdir(parents=True)
    monkeypatch.setenv("TINYNN_DATA", str(folder.parent))
    return folder


@pytest.fixture
def server():
    with MisbehavingServer() as running:
        yield running
