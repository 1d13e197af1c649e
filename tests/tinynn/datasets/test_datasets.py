"""Data sets: verified whatever comes, from wherever; a good file is never harmed, a broken one never used."""

import errno
import gzip
import io
import os
import subprocess
import sys
import threading
import tracemalloc
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinynn
from tests.tinynn.datasets.folders import contents, fill
from tests.tinynn.misbehaving_server import (
    ARRAYS,
    OTHER,
    PACKED,
    PLAIN,
    make_idx,
    make_source,
)
from tinynn import datasets
from tinynn.datasets import BrokenFileError, DatasetError, places, sources
from tinynn.datasets.idx import idx_size, parse_idx
from tinynn.datasets.verify import read_verified

NAME = "mnist"
FIRST = "train-images"
REAL_DATA = os.environ.get("TINYNN_DATA", "")


@pytest.fixture
def use(monkeypatch):
    """Let "mnist" be the small data set with these mirrors."""

    def use(*mirrors, **keywords):
        monkeypatch.setitem(sources.SOURCES, "mnist", make_source(*mirrors, **keywords))

    return use


def load(**keywords):
    return datasets.load("mnist", progress=False, **keywords)


def failure(**keywords):
    with pytest.raises(DatasetError) as caught:
        load(**keywords)
    return str(caught.value)


def check(data):
    """The rows are exactly those that were published."""
    np.testing.assert_array_equal(data.x_train, ARRAYS["train-images"].reshape(12, 64))
    np.testing.assert_array_equal(data.y_train, ARRAYS["train-labels"])
    np.testing.assert_array_equal(data.x_test, ARRAYS["test-images"].reshape(5, 64))
    np.testing.assert_array_equal(data.y_test, ARRAYS["test-labels"])
    assert data.x_train.dtype == data.x_test.dtype == np.uint8
    assert data.y_train.dtype == data.y_test.dtype == np.int64
    data.x_train[0] = data.y_train[0] = 0  # the arrays are the caller's own


@given(st.lists(st.integers(0, 5), min_size=1, max_size=4), st.integers(0, 2**32))
def test_idx_gives_back_what_was_written(shape, seed):
    values = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    content = make_idx(values)
    assert len(content) == idx_size(tuple(shape))
    np.testing.assert_array_equal(parse_idx(content, tuple(shape)), values)


def test_idx_notices_every_missing_byte_and_one_too_many():
    content = PLAIN["test-images"]
    for length in range(len(content)):
        with pytest.raises(BrokenFileError):
            parse_idx(content[:length], (5, 8, 8))
    with pytest.raises(BrokenFileError, match=r"337 bytes.*exactly 336"):
        parse_idx(content + b"\0", (5, 8, 8))


def test_idx_notices_every_flipped_bit_of_the_header():
    content = PLAIN["test-images"]
    for bit in range(16 * 8):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BrokenFileError):
            parse_idx(bytes(flipped), (5, 8, 8))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"\x89PNG\r\n", "begins with b'.x89PNG"),
        (b"\0\0\x0d\1\0\0\0\1abcd", "type 0x0d; expected 0x08"),
        (make_idx(np.zeros((3, 1), np.uint8)), "2 axes; expected 1"),
        (make_idx(np.zeros(4, np.uint8)), r"shape \(4,\); expected \(3,\)"),
        (make_idx(np.array([9, 10, 0], np.uint8)), r"value 10 at position 1 is outside 0\.\.9"),
    ],
)
def test_idx_says_what_it_found_and_what_it_expected(content, complaint):
    with pytest.raises(BrokenFileError, match=complaint):
        parse_idx(content, (3,), below=10)


@pytest.mark.parametrize("md5", [False, True])
def test_no_damage_to_a_packed_file_gets_through(tmp_path, md5):
    file, path = make_source(md5=md5).files[1], tmp_path / "train-labels.gz"
    packed = PACKED[path.name]
    for length in range(len(packed)):
        path.write_bytes(packed[:length])
        with pytest.raises(BrokenFileError):
            read_verified(path, file)
    for position in range(len(packed)):
        path.write_bytes(packed[:position] + bytes([packed[position] ^ 1]) + packed[position + 1 :])
        try:
            (values,) = read_verified(path, file)
        except BrokenFileError:
            continue
        assert not md5  # the checksum of the packed file sees everything,
        np.testing.assert_array_equal(values, ARRAYS["train-labels"])  # that of the content all that matters


def test_a_small_file_cannot_unpack_into_a_large_memory(tmp_path):
    path = tmp_path / "train-labels.gz"
    path.write_bytes(gzip.compress(bytes(1_000_000)))
    tracemalloc.start()
    with pytest.raises(BrokenFileError, match="more than the 20 bytes expected"):
        read_verified(path, make_source().files[1])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000


@pytest.mark.parametrize("form", [PACKED, PLAIN, {**PLAIN, **PACKED}], ids=["packed", "plain", "both"])
@pytest.mark.parametrize("md5", [False, True])
def test_files_of_ones_own_are_used_and_never_touched(own, cache, use, form, md5):
    use("http://mirror.invalid/", md5=md5)
    fill(own, form)
    assert datasets.available("mnist")
    check(load())
    assert contents(own) == form
    assert contents(cache) == {}


def test_a_file_of_ones_own_comes_before_the_cache(own, cache, use):
    use()
    fill(own, PACKED)
    fill(cache, OTHER)
    check(load(download=False))


def test_recompressed_files_are_the_same_content(own, use):
    use()
    fill(own, {name: gzip.compress(gzip.decompress(packed), 1, mtime=9) for name, packed in PACKED.items()})
    check(load(download=False))


def test_what_is_missing_in_ones_own_folder_comes_from_cache_and_web(own, cache, server, use):
    use(server.mirror("good"))
    names = list(PACKED)
    fill(own, {name: PACKED[name] for name in names[:2]})
    fill(cache, {names[2]: PACKED[names[2]]})
    assert not datasets.available("mnist")
    check(load())
    assert server.requests == [f"/good/{names[3]}"]
    assert contents(own) == {name: PACKED[name] for name in names[:2]}
    assert contents(cache) == {name: PACKED[name] for name in names[2:]}
    assert datasets.available("mnist")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (PACKED[f"{FIRST}.gz"][:-9], "truncated"),
        (b"<html>not found</html>", "web page"),
        (PACKED["test-images.gz"], "shape (5, 8, 8); expected (12, 8, 8)"),
        (OTHER[f"{FIRST}.gz"], "checksum is wrong: SHA-256"),
        (PLAIN[FIRST], "not gzip-compressed"),
    ],
)
def test_a_broken_file_of_ones_own_is_an_error_and_stays(own, cache, server, use, content, complaint):
    use(server.mirror("good"))
    mine = {**PACKED, f"{FIRST}.gz": content}
    fill(own, mine)
    fill(cache, PACKED)
    message = failure()
    assert str(own / f"{FIRST}.gz") in message
    assert complaint in message
    assert "TINYNN_DATA" in message
    assert "Replace it with a good copy" in message
    assert contents(own) == mine
    assert server.requests == []


def test_a_broken_file_in_the_cache_is_replaced_once_a_good_one_is_there(cache, server, use):
    use(server.mirror("good"))
    fill(cache, {**PACKED, f"{FIRST}.gz": OTHER[f"{FIRST}.gz"]})
    check(load())
    assert contents(cache) == PACKED
    assert server.requests == [f"/good/{FIRST}.gz"]


def test_a_broken_file_in_the_cache_is_not_used_for_want_of_a_better_one(cache, server, use):
    use(server.mirror("missing"))
    before = {**PACKED, f"{FIRST}.gz": OTHER[f"{FIRST}.gz"]}
    fill(cache, before)
    for message in (failure(), failure(download=False)):
        assert f"{cache / FIRST}.gz, in the cache, was not used: its checksum is wrong" in message
        assert f"{server.mirror('missing')}{FIRST}.gz" in message
    assert "404" in failure()
    assert contents(cache) == before


def test_a_good_plain_file_in_the_cache_makes_up_for_a_broken_packed_one(cache, use):
    use()
    fill(cache, {**PACKED, f"{FIRST}.gz": b"", FIRST: PLAIN[FIRST]})
    check(load(download=False))


def test_a_download_fills_the_cache_and_the_next_load_needs_no_network(cache, server, use, capsys):
    use(server.mirror("good"))
    assert not datasets.available("mnist")
    check(datasets.load("mnist"))
    assert f"mnist/{FIRST}" in capsys.readouterr().err  # the progress bar
    assert contents(cache) == PACKED
    assert datasets.available("mnist")
    server.requests.clear()
    check(datasets.load("mnist"))
    assert server.requests == []
    assert capsys.readouterr().err == ""


FAILURES = {
    "missing": "answered 404 Not Found",
    "error": "answered 500",
    "html": "web page, not data: it begins with b'<!DOCTYPE html>",
    "plain_text": "not gzip-compressed: it begins with b'version https",
    "empty": "not gzip-compressed",
    "short": "download is truncated",
    "short_unannounced": "it is truncated",
    "short_chunked": "download is truncated",
    "other": "checksum is wrong: SHA-256",
    "damaged": "damaged",
    "bomb": "more than the 784 bytes expected",
    "endless": "sends more than",
    "hang_up": "cannot be reached",
    "redirect_file": "302",
    "redirect_ftp": "unknown url type: ftp",
}
DELAYS = {
    "silent": "did not answer within 0.2 s",
    "stall": "stalled after",
    "trickle": "stalled after",
    "trickle_head": "did not answer within 0.2 s",
}


@pytest.mark.parametrize("manner", [*FAILURES, *DELAYS])
def test_a_failed_download_says_why_and_what_to_do_and_leaves_nothing(cache, server, use, manner):
    use(server.mirror(manner), timeout=0.2 if manner in DELAYS else 20)
    good = {"train-labels.gz": PACKED["train-labels.gz"]}
    fill(cache, good)
    message = failure()
    assert f"no mirror delivered {FIRST}.gz" in message
    assert f"{server.mirror(manner)}{FIRST}.gz: " in message
    assert {**FAILURES, **DELAYS}[manner] in message
    assert f"put it in {cache}" in message
    assert "TINYNN_DATA" in message
    assert contents(cache) == good


@pytest.mark.parametrize("manner", FAILURES)
def test_the_next_mirror_is_tried(cache, server, use, manner):
    use(server.mirror(manner), server.mirror("redirect"))
    check(load())
    assert contents(cache) == PACKED
    # A mirror that failed once does not hold up the other three files.
    assert sum(path.startswith(f"/{manner}/") for path in server.requests) == 1


def test_mirrors_that_do_not_come_to_the_point_are_given_up(cache, server, use):
    use(*(server.mirror(manner) for manner in DELAYS), server.mirror("good"), timeout=0.4)
    check(load())
    assert contents(cache) == PACKED


def test_every_mirror_is_listed_with_its_reason(server, use):
    use(*(server.mirror(manner) for manner in FAILURES))
    message = failure()
    for manner, reason in FAILURES.items():
        (line,) = (line for line in message.splitlines() if line.startswith(f"  {server.mirror(manner)}"))
        assert reason in line


def test_mirrors_that_are_not_on_the_web_are_refused(tmp_path, use):
    fill(tmp_path, PACKED)
    use(tmp_path.as_uri(), "data:,")
    assert failure().count("unknown url type") == 2


def test_a_proxy_is_respected(server, use, monkeypatch):
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("http_proxy", server.url)
    use("http://mirror.invalid/good/")
    check(load())
    assert server.requests[0] == f"http://mirror.invalid/good/{FIRST}.gz"


def test_without_download_the_error_says_where_it_looked(own, cache, server, use):
    use(server.mirror("good"))
    message = failure(download=False)
    for part in (f"{FIRST}.gz", str(own), str(cache), "download=False", "TINYNN_DATA"):
        assert part in message
    assert server.requests == []
    assert not cache.exists()


def test_ctrl_c_while_waiting_leaves_nothing_half_written(cache, server, use):
    use(server.mirror("interrupt"))
    with pytest.raises(KeyboardInterrupt):
        load()
    assert contents(cache) == {}


@pytest.mark.parametrize("step", ["tqdm.tqdm.update", "tinynn.datasets.download.read_verified", "os.replace"])
def test_ctrl_c_at_any_step_leaves_nothing_half_written(cache, server, use, monkeypatch, step):
    def interrupted(*args):
        raise KeyboardInterrupt

    use(server.mirror("good"))
    monkeypatch.setattr(step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        load()
    assert contents(cache) == {}


def test_a_full_disk_is_named_and_leaves_nothing(cache, server, use, monkeypatch):
    class FullDisk(io.FileIO):
        def write(self, chunk):
            super().write(bytes(chunk)[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    really_open = Path.open
    monkeypatch.setattr(
        Path, "open", lambda path, mode="r": FullDisk(path, "w") if mode == "wb" else really_open(path, mode)
    )
    use(server.mirror("good"), server.mirror("good"))
    message = failure()
    assert os.strerror(errno.ENOSPC) in message
    assert str(cache) in message
    assert f"{FIRST}.gz" in message
    assert "TINYNN_DATA" in message
    assert len(server.requests) == 1  # another mirror would not help
    assert contents(cache) == {}


def test_a_cache_that_cannot_be_written_is_named(cache, server, use):
    cache.parent.parent.mkdir(parents=True)
    cache.parent.write_text("a file where the folder should be")
    use(server.mirror("good"))
    message = failure()
    assert f"cannot be kept in the cache folder {cache}" in message
    assert "TINYNN_DATA" in message
    assert server.requests == []


@pytest.mark.parametrize("content", [PACKED, OTHER], ids=["good", "broken"])
def test_a_file_that_cannot_be_replaced_is_used_if_it_is_good(cache, server, use, monkeypatch, content):
    def replace(source, target):
        """Behave like Windows while another process, that was faster, reads the target."""
        fill(cache, {Path(target).name: content[Path(target).name]})
        raise PermissionError(errno.EACCES, "Access is denied")

    monkeypatch.setattr(os, "replace", replace)
    use(server.mirror("good"))
    if content is PACKED:
        check(load())
        assert contents(cache) == PACKED
    else:
        assert "Access is denied" in failure()
        assert contents(cache) == {f"{FIRST}.gz": OTHER[f"{FIRST}.gz"]}


def test_two_processes_may_download_at_once(cache, server):
    program = """if True:
        import sys
        from tests.tinynn.misbehaving_server import ARRAYS, make_source
        from tinynn import datasets
        datasets.SOURCES["mnist"] = make_source(sys.argv[1])
        data = datasets.load("mnist", progress=False)
        assert (data.y_test == ARRAYS["test-labels"]).all()
        """
    command = [sys.executable, "-W", "error", "-c", program, server.mirror("together")]
    root = Path(__file__).parents[3]
    running = [subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[1] for process in running] == ["", ""]
    assert len(server.requests) == 8
    assert contents(cache) == PACKED


def test_two_threads_may_download_at_once(cache, server, use):
    use(server.mirror("together"))
    loaded = []
    threads = [threading.Thread(target=lambda: loaded.append(load())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for data in loaded:
        check(data)
    assert len(loaded) == 2
    assert contents(cache) == PACKED


@pytest.mark.parametrize(
    ("name", "hint"), [("minst", "'mnist'"), ("FashionMNIST", "'fashion-mnist'"), ("digit", "'digits'")]
)
@pytest.mark.parametrize("function", [datasets.load, datasets.available])
def test_an_unknown_name_gets_the_nearest_and_all_known_ones(function, name, hint):
    with pytest.raises(DatasetError, match=f"no data set '{name}'. Did you mean {hint}") as caught:
        function(name)
    assert all(known in str(caught.value) for known in datasets.NAMES)


def test_a_variable_that_names_no_folder_is_an_error(use, monkeypatch, tmp_path):
    use("http://mirror.invalid/")
    monkeypatch.setenv("TINYNN_DATA", str(tmp_path / "tpyo"))
    assert "tpyo" in failure()
    assert "not a folder" in failure()
    assert not datasets.available("mnist")
    monkeypatch.setenv("TINYNN_DATA", "")
    assert "not a folder" not in failure(download=False)


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "tinynn/mnist"),
        ("linux", None, ".cache/tinynn/mnist"),
        ("darwin", None, "Library/Caches/tinynn/mnist"),
        ("win32", "LOCALAPPDATA", "tinynn/mnist"),
        ("win32", None, "AppData/Local/tinynn/mnist"),
    ],
)
def test_the_cache_is_where_the_platform_keeps_such_things(
    tmp_path, monkeypatch, platform, variable, expected
):
    monkeypatch.setattr(sys, "platform", platform)
    for other in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(other)
    monkeypatch.setenv(variable or "HOME", str(tmp_path / "home"))
    assert places.cache_folder("mnist") == tmp_path / "home" / expected


@pytest.mark.parametrize("source", sources.SOURCES.values(), ids=lambda source: source.name)
def test_the_table_is_complete(source):
    assert source.name in datasets.NAMES
    sizes = [file.size for file in source.files]
    assert sizes == [47040016, 60008, 7840016, 10008] or source.name == "cifar-10"
    assert all(len(file.sha256) == 64 or len(file.md5) == 32 for file in source.files)
    assert all(
        mirror.startswith(("http://", "https://")) and mirror.endswith("/") for mirror in source.mirrors
    )
    assert len(set(source.classes)) == 10


def test_importing_is_light():
    """Loaded without the rest of tinynn, to see what this package alone brings in."""
    program = """if True:
        import sys, types
        package = types.ModuleType("tinynn")
        package.__path__ = [sys.argv[1]]
        sys.modules["tinynn"] = package
        import numpy
        before = set(sys.modules)
        import tinynn.datasets
        tinynn.datasets.available("digits")
        heavy = {"tqdm", "urllib.request", "http.client", "ssl", "hashlib", "tempfile", "matplotlib", "scipy"}
        assert not heavy & (set(sys.modules) - before), heavy & (set(sys.modules) - before)
        """
    subprocess.run([sys.executable, "-c", program, str(Path(tinynn.__file__).parent)], check=True)


def test_digits_are_those_of_scikit_learn():
    bunch = pytest.importorskip("sklearn.datasets").load_digits()
    data = datasets.load("digits")
    test = np.arange(1797) % 4 == 3
    expected = np.round(bunch.data * 255 / 16)
    np.testing.assert_array_equal(data.x_train, expected[~test])
    np.testing.assert_array_equal(data.x_test, expected[test])
    np.testing.assert_array_equal(data.y_train, bunch.target[~test])
    np.testing.assert_array_equal(data.y_test, bunch.target[test])
    assert data.x_train.dtype == np.uint8
    assert data.y_train.dtype == np.int64
    assert (data.x_train.shape, data.x_test.shape) == ((1348, 64), (449, 64))


def test_digits_travel_with_their_licence():
    folder = files("tinynn.datasets")
    assert len((folder / "digits.npz").read_bytes()) < 100_000
    notice = (folder / "digits.txt").read_text(encoding="utf-8")
    data = datasets.load("digits")
    assert data.licence in notice
    assert "10.24432/C50P49" in notice
    assert "10.24432/C50P49" in data.citation


def test_digits_need_no_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("TINYNN_DATA", str(tmp_path / "nowhere"))
    assert datasets.available("digits")
    assert len(datasets.load("digits", download=False).y_test) == 449


@pytest.mark.slow
def test_mnist_is_the_published_one(cache, monkeypatch):
    monkeypatch.setenv("TINYNN_DATA", REAL_DATA)
    if not datasets.available("mnist"):
        pytest.skip("set TINYNN_DATA to a folder that holds mnist/")
    data = datasets.load("mnist", download=False)
    assert (data.x_train.shape, data.x_test.shape) == ((60000, 784), (10000, 784))
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(data.y_train).tolist() == counts
    assert np.bincount(data.y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert data.x_train.mean() / 255 == pytest.approx(0.1307, abs=5e-5)
    assert data.x_train.std() / 255 == pytest.approx(0.3081, abs=5e-5)
