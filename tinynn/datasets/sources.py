"""The table of data sets that are downloaded: their mirrors, files, checksums, licences."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinynn.datasets.cifar import RECORD, TEST, TRAINING, parse_cifar
from tinynn.datasets.idx import idx_size, parse_idx
from tinynn.datasets.tar import read_tar

AROUND = 2**16  # bytes of an archive that are no data: headers, what fills its blocks, a few words about it


@dataclass(frozen=True)
class RemoteFile:
    """One gzip-compressed file of a data set: what it is called and how to know that it is the right one.

    Parameters
    ----------
    name : str
        Name of the decompressed file; on the mirrors and in the cache it carries ``.gz`` behind it.
    size : int
        Length of the decompressed file, in bytes; of an archive an upper bound.
    parse : callable
        Turns the decompressed bytes into arrays; raises `BrokenFileError` if their structure is wrong.
    sha256 : str
        SHA-256 of the decompressed bytes, which outlives compressing again; empty where nobody published one.
    md5 : str
        MD5 of the ``.gz`` file as published; empty where `sha256` says more.
    """

    name: str
    size: int
    parse: Callable[[bytes | bytearray], tuple[NDArray[np.uint8], ...]]
    sha256: str = ""
    md5: str = ""


@dataclass(frozen=True, kw_only=True)
class RemoteArchive(RemoteFile):
    """A tar archive, gzip-compressed, some of whose files hold the data; a folder with these does as well.

    Parameters
    ----------
    folder : str
        The folder in the archive where they are.
    members : mapping of str to int
        Length in bytes of each, by its name in that folder.
    parse_members : callable
        Turns them into arrays, by their names; raises `BrokenFileError` if their structure is wrong.
    """

    folder: str
    members: Mapping[str, int]
    parse_members: Callable[[Mapping[str, bytes | memoryview]], tuple[NDArray[np.uint8], ...]]


@dataclass(frozen=True)
class Source:
    """A data set that lives on the web.

    Parameters
    ----------
    name : str
        Name for `load`, and of its folder in the cache and in ``$TINYNN_DATA``.
    mirrors : tuple of str
        Addresses of folders that hold all files, in the order in which they are tried.
    files : tuple of RemoteFile
        Their arrays, one after the other, are x_train, y_train, x_test, y_test.
    classes, image_shape, licence, citation
        As in `Dataset`.
    timeout : float
        Seconds for one connect or read, half the time that a mirror may stay all but silent; see `reply`.
    """

    name: str
    mirrors: tuple[str, ...]
    files: tuple[RemoteFile, ...]
    classes: tuple[str, ...]
    image_shape: tuple[int, ...]
    licence: str
    citation: str
    timeout: float = 5.0


def idx_file(
    name: str, shape: tuple[int, ...], below: int = 256, *, sha256: str = "", md5: str = ""
) -> RemoteFile:
    """Describe an IDX file of unsigned bytes (see `parse_idx` for `shape` and `below`).

    Examples
    --------
    >>> idx_file("t10k-labels-idx1-ubyte", (10000,), below=10).size
    10008
    """
    return RemoteFile(name, idx_size(shape), lambda content: (parse_idx(content, shape, below),), sha256, md5)


def cifar_archive(name: str, rows: int, *, md5: str = "") -> RemoteArchive:
    """Describe the archive of CIFAR-10 (see `parse_cifar`), with so many records in each of its six files.

    Examples
    --------
    >>> cifar_archive("cifar-10-binary.tar", 10_000).members["test_batch.bin"]
    30730000
    """
    folder, members = "cifar-10-batches-bin", dict.fromkeys((*TRAINING, TEST), rows * RECORD)

    def parse(content: bytes | bytearray) -> tuple[NDArray[np.uint8], ...]:
        found = read_tar(content, {f"{folder}/{member}": size for member, size in members.items()})
        return parse_cifar({place.removeprefix(f"{folder}/"): part for place, part in found.items()})

    return RemoteArchive(
        name,
        sum(members.values()) + AROUND,
        parse,
        md5=md5,
        folder=folder,
        members=members,
        parse_members=parse_cifar,
    )


MNIST = Source(
    name="mnist",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    files=(
        idx_file(
            "train-images-idx3-ubyte",
            (60000, 28, 28),
            sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        idx_file(
            "train-labels-idx1-ubyte",
            (60000,),
            below=10,
            sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        idx_file(
            "t10k-images-idx3-ubyte",
            (10000, 28, 28),
            sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        idx_file(
            "t10k-labels-idx1-ubyte",
            (10000,),
            below=10,
            sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    classes=tuple("0123456789"),
    image_shape=(28, 28),
    licence="CC BY-SA 3.0 (Y. LeCun, C. Cortes)",
    citation="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998). Gradient-based learning applied to document "
    "recognition. Proceedings of the IEEE 86(11), 2278-2324.",
)

FASHION_MNIST = Source(
    name="fashion-mnist",
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    files=(
        idx_file("train-images-idx3-ubyte", (60000, 28, 28), md5="8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        idx_file("train-labels-idx1-ubyte", (60000,), below=10, md5="25c81989df183df01b3e8a0aad5dffbe"),
        idx_file("t10k-images-idx3-ubyte", (10000, 28, 28), md5="bef4ecab320f06d8554ea6380940ec79"),
        idx_file("t10k-labels-idx1-ubyte", (10000,), below=10, md5="bb300cfdad3c16e7a12a480ee83cd310"),
    ),
    classes=(
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
    image_shape=(28, 28),
    licence="MIT (Zalando SE)",
    citation="H. Xiao, K. Rasul, R. Vollgraf (2017). Fashion-MNIST: a novel image dataset for benchmarking "
    "machine learning algorithms. arXiv:1708.07747.",
)

CIFAR_10 = Source(
    name="cifar-10",
    mirrors=("https://www.cs.toronto.edu/~kriz/",),
    files=(cifar_archive("cifar-10-binary.tar", 10_000, md5="c32a1d4ab5d03f1284b67883e8d87530"),),
    classes=(
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    ),
    image_shape=(32, 32, 3),
    licence="none stated; its page asks those who use it to cite the report",
    citation="A. Krizhevsky (2009). Learning multiple layers of features from tiny images. Technical report, "
    "University of Toronto.",
)

SOURCES = {source.name: source for source in (MNIST, FASHION_MNIST, CIFAR_10)}
