"""CIFAR-10 from a small archive in the official format: downloaded, kept, read in every form, believed in none."""

import gzip
import hashlib
import tarfile

import numpy as np
import pytest

from tests.tinynn import misbehaving_server
from tests.tinynn.datasets.folders import contents, fill
from tests.tinynn.datasets.test_tar import entry, make_tar
from tinynn import datasets
from tinynn.datasets import BrokenFileError, DatasetError, places, sources
from tinynn.datasets.cifar import TEST, TRAINING, parse_cifar
from tinynn.datasets.sources import Source, cifar_archive
from tinynn.datasets.verify import read_verified

NAME = "cifar-10"
ARCHIVE, FOLDER = "cifar-10-binary.tar", "cifar-10-batches-bin"
ROWS = 2  # in each of the six files


def make_batches(seed=0):
    """Return six files, and the images and labels that are in them."""
    rng = np.random.default_rng(seed)
    files, images, labels = {}, [], []
    for name in (*TRAINING, TEST):
        x, y = rng.integers(0, 256, (ROWS, 32, 32, 3), np.uint8), rng.integers(0, 10, ROWS, np.uint8)
        # A record: the label, then all of red, all of green, all of blue.
        records = [
            bytes([k]) + b"".join(image[..., c].tobytes() for c in range(3))
            for image, k in zip(x, y, strict=True)
        ]
        files[name] = b"".join(records)
        images.append(x)
        labels.append(y)
    return files, np.concatenate(images), np.concatenate(labels)


def make_archive(files, extra=()):
    """Pack six files as the official archive is packed, words about them included."""
    named = {f"{FOLDER}/{name}": content for name, content in files.items()}
    words = {f"{FOLDER}/batches.meta.txt": b"airplane\n", f"{FOLDER}/readme.html": b"<html></html>"}
    return make_tar(named | words, [entry(FOLDER, tarfile.DIRTYPE), *extra])


FILES, IMAGES, LABELS = make_batches()
PLAIN = make_archive(FILES)
PACKED = gzip.compress(PLAIN, mtime=0)
OTHER = gzip.compress(make_archive(make_batches(1)[0]), mtime=0)
FORMS = {
    "packed": {f"{ARCHIVE}.gz": PACKED},
    "plain": {ARCHIVE: PLAIN},
    "extracted": {f"{FOLDER}/{name}": content for name, content in FILES.items()},
    "the six files": FILES,
}


@pytest.fixture
def server(server, monkeypatch):
    monkeypatch.setitem(misbehaving_server.PACKED, f"{ARCHIVE}.gz", PACKED)
    monkeypatch.setitem(misbehaving_server.OTHER, f"{ARCHIVE}.gz", OTHER)
    return server


@pytest.fixture
def use(monkeypatch):
    """Let "cifar-10" be the small archive with these mirrors."""

    def use(*mirrors):
        file = cifar_archive(ARCHIVE, ROWS, md5=hashlib.md5(PACKED).hexdigest())
        classes = sources.CIFAR_10.classes
        small = Source("cifar-10", mirrors, (file,), classes, (32, 32, 3), "none", "nobody", timeout=20)
        monkeypatch.setitem(sources.SOURCES, "cifar-10", small)
        return file

    return use


def load(**keywords):
    return datasets.load(NAME, progress=False, **keywords)


def check(data):
    """Every pixel stands where it was, its three colours side by side."""
    pixels = IMAGES.reshape(len(IMAGES), -1)
    np.testing.assert_array_equal(np.concatenate([data.x_train, data.x_test]), pixels)
    np.testing.assert_array_equal(np.concatenate([data.y_train, data.y_test]), LABELS)
    assert (data.x_train.shape, data.x_test.shape) == ((5 * ROWS, 3072), (ROWS, 3072))
    assert (data.x_train.dtype, data.y_train.dtype) == (np.uint8, np.int64)
    np.testing.assert_array_equal(data.x_test[0].reshape(data.image_shape), IMAGES[5 * ROWS])
    data.x_train[0] = data.y_train[0] = 0  # the arrays are the caller's own


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_ones_own_is_read_and_never_touched(own, cache, use, form):
    use("http://mirror.invalid/")
    assert not datasets.available("cifar-10")
    fill(own, FORMS[form])
    assert datasets.available("cifar-10")
    check(load())
    assert contents(own) == FORMS[form]
    assert contents(cache) == {}


def test_a_download_is_kept_as_it_came_and_the_next_load_needs_no_network(cache, server, use):
    use(server.mirror("good"))
    check(load())
    assert contents(cache) == {f"{ARCHIVE}.gz": PACKED}
    server.requests.clear()
    check(load(download=False))
    assert server.requests == []


def test_what_is_another_archive_or_damaged_is_not_taken(cache, server, use):
    manners = {
        "other": "checksum is wrong: MD5",
        "damaged": "",
        "short": "truncated",
        "html": "web page",
        "missing": "404",
    }
    use(*(server.mirror(manner) for manner in manners))
    with pytest.raises(DatasetError) as caught:
        load()
    lines = [line for line in str(caught.value).splitlines() if line.startswith("  http")]
    assert len(lines) == len(manners)
    assert all(complaint in line for complaint, line in zip(manners.values(), lines, strict=True))
    assert "Extracted there, it is read, too" in str(caught.value)
    assert contents(cache) == {}


HOSTILE = {
    "a link that has the name of a file": [
        entry(f"{FOLDER}/{TEST}", tarfile.SYMTYPE, linkname="/etc/passwd")
    ],
    "a name that leads out": [entry("../../evil.bin", size=5)],
    "an absolute name": [entry("/evil.bin", size=5)],
    "a file twice": [entry(f"{FOLDER}/{TEST}", size=len(FILES[TEST]))],
    "a device": [entry(f"{FOLDER}/null", tarfile.CHRTYPE)],
}


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("packed", [True, False])
def test_hostile_archives_are_refused_and_write_nothing(own, cache, use, tmp_path, hostile, packed):
    use("http://mirror.invalid/")
    content = make_archive(FILES, HOSTILE[hostile])
    fill(own, {f"{ARCHIVE}.gz": gzip.compress(content)} if packed else {ARCHIVE: content})
    before = contents(tmp_path)
    with pytest.raises(DatasetError, match="cannot be used: it holds"):
        load()
    assert contents(tmp_path) == before


def test_an_archive_that_unpacks_to_more_is_stopped(tmp_path, use):
    file, path = use(), tmp_path / f"{ARCHIVE}.gz"
    path.write_bytes(gzip.compress(PLAIN + bytes(200_000)))
    with pytest.raises(BrokenFileError, match=f"more than the {file.size} bytes expected"):
        read_verified(path, file)


DAMAGED = {
    "missing": (None, "its test_batch.bin cannot be read"),
    "short": (FILES[TEST][:-1], f"its test_batch.bin has {3073 * ROWS - 1} bytes; expected {3073 * ROWS}"),
    "long": (FILES[TEST] + b"\0", "its test_batch.bin has more; expected"),
    "label": (bytes([10]) + FILES[TEST][1:], r"record 0 of test_batch.bin has the label 10, outside 0\.\.9"),
}


@pytest.mark.parametrize("kind", DAMAGED)
@pytest.mark.parametrize("inside", [f"{FOLDER}/", ""])
def test_a_broken_extracted_file_is_named_and_stays(own, use, kind, inside):
    use("http://mirror.invalid/")
    content, complaint = DAMAGED[kind]
    mine = {f"{inside}{name}": part for name, part in FILES.items() if name != TEST}
    if content is not None:
        mine[f"{inside}{TEST}"] = content
    fill(own, mine)
    with pytest.raises(DatasetError, match=complaint):
        load()
    assert contents(own) == mine


def test_a_label_that_is_none_is_found_in_an_archive_too(own, use):
    use("http://mirror.invalid/")
    fill(
        own,
        {
            ARCHIVE: make_archive(
                {**FILES, TRAINING[3]: FILES[TEST][:3073] + bytes([200]) + FILES[TEST][3074:]}
            )
        },
    )
    with pytest.raises(DatasetError, match=r"record 1 of data_batch_4.bin has the label 200"):
        load()


def test_a_broken_archive_in_the_cache_is_replaced(cache, server, use):
    use(server.mirror("good"))
    fill(cache, {f"{ARCHIVE}.gz": OTHER})
    check(load())
    assert contents(cache) == {f"{ARCHIVE}.gz": PACKED}


def test_batches_come_in_their_order():
    x_train, y_train, x_test, y_test = parse_cifar(FILES)
    np.testing.assert_array_equal(x_train, IMAGES[: 5 * ROWS])
    np.testing.assert_array_equal(y_train, LABELS[: 5 * ROWS])
    np.testing.assert_array_equal(x_test, IMAGES[5 * ROWS :])
    np.testing.assert_array_equal(y_test, LABELS[5 * ROWS :])


def test_the_table_has_the_official_archive():
    (file,) = sources.CIFAR_10.files
    assert (
        places.address(sources.CIFAR_10.mirrors[0], file)
        == "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    )
    assert file.md5 == "c32a1d4ab5d03f1284b67883e8d87530"
    assert set(file.members.values()) == {10_000 * 3073}
    assert len(file.members) == 6
    assert sources.CIFAR_10.classes[3] == "cat"
