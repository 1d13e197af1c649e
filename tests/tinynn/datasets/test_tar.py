"""tar archives: what Python's own tarfile writes is read; what is damaged, or no honest archive, is refused."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinynn.datasets import BrokenFileError
from tinynn.datasets.tar import BLOCK, read_tar

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def entry(name, kind=tarfile.REGTYPE, **others):
    """Describe a member as tarfile does."""
    made = tarfile.TarInfo(name)
    made.type = kind
    for key, value in others.items():
        setattr(made, key, value)
    return made


def make_tar(files, extra=(), form=tarfile.USTAR_FORMAT):
    """Write an archive: files by their names, then whatever else."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
        for name, content in files.items():
            # A time with a fraction makes tarfile write a pax header of notes before the file.
            archive.addfile(entry(name, size=len(content), mtime=0.5), io.BytesIO(content))
        for one in extra:
            archive.addfile(one, io.BytesIO(bytes(one.size)))
    return stream.getvalue()


FILES = {
    "data/a.bin": b"abc",
    "data/empty.bin": b"",
    "data/b.bin": bytes(range(256)) * 3,
    "readme.html": b"hello",
}
WANTED = {"data/b.bin": 768, "data/a.bin": 3}


@pytest.mark.parametrize("form", FORMATS)
def test_files_are_found_as_tarfile_wrote_them(form):
    content = make_tar(FILES, [entry("data", tarfile.DIRTYPE)], FORMATS[form])
    found = read_tar(content, {name: len(part) for name, part in FILES.items()})
    assert {name: bytes(part) for name, part in found.items()} == FILES


@given(st.lists(st.binary(max_size=1300), max_size=5))
def test_any_contents_come_back(parts):
    files = {f"folder/{i}": part for i, part in enumerate(parts)}
    found = read_tar(make_tar(files), {name: len(part) for name, part in files.items()})
    assert {name: bytes(part) for name, part in found.items()} == files


def test_a_long_name_is_put_together():
    name = f"{'f' * 90}/{'g' * 60}/a.bin"  # ustar cuts it in two
    assert bytes(read_tar(make_tar({name: b"xyz"}), {name: 3})[name]) == b"xyz"


def test_what_is_returned_is_a_view_and_not_a_copy():
    content = bytearray(make_tar(FILES))
    found = read_tar(content, WANTED)["data/a.bin"]
    content[content.index(b"abc")] = ord("X")
    assert bytes(found) == b"Xbc"


OUTSIDE = ["/etc/passwd", "../a.bin", "data/../../a.bin", "..", r"data\a.bin", "C:/a.bin"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_that_lead_elsewhere_are_refused(name):
    with pytest.raises(BrokenFileError, match="leads out of the archive"):
        read_tar(make_tar(FILES, [entry(name, size=3)]), WANTED)


KINDS = {
    "symbolic link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "character device": tarfile.CHRTYPE,
    "block device": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE,
    "sparse file": tarfile.GNUTYPE_SPARSE,
    "long name": tarfile.GNUTYPE_LONGNAME,
}


@pytest.mark.parametrize("kind", KINDS)
def test_links_and_devices_are_refused(kind):
    hostile = entry("data/c.bin", KINDS[kind], linkname="/etc/passwd")
    with pytest.raises(BrokenFileError, match=r"'data/c.bin', which is no file but a link, a device"):
        read_tar(make_tar(FILES, [hostile]), WANTED)


def test_a_folder_with_the_name_of_a_file_is_not_the_file():
    with pytest.raises(BrokenFileError, match=r"holds no data/c\.bin"):
        read_tar(make_tar(FILES, [entry("data/c.bin", tarfile.DIRTYPE)]), {"data/c.bin": 0})


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (make_tar({"data/a.bin": b"abc"}), "holds no data/b.bin"),
        (make_tar({**FILES, "data/b.bin": bytes(767)}), "'data/b.bin' has 767 bytes; expected 768"),
        (make_tar(FILES, [entry("data/a.bin", size=3)]), "'data/a.bin' twice"),
        (b"", "holds no data/b.bin, data/a.bin"),
        (b"<html>" + bytes(600), "no tar archive, or damaged: the header at byte 0"),
        (make_tar(FILES)[:300], "ends within the header at byte 0"),
    ],
)
def test_what_is_wrong_is_said(content, complaint):
    with pytest.raises(BrokenFileError, match=complaint):
        read_tar(content, WANTED)


def test_every_length_of_a_truncated_archive_is_refused_or_whole():
    content = make_tar(FILES)
    whole = read_tar(content, WANTED)
    needed = content.index(FILES["data/b.bin"]) + 768
    for length in range(0, len(content), 7):
        try:
            found = read_tar(content[:length], WANTED)
        except BrokenFileError:
            continue
        assert length >= needed
        assert found == whole


def test_every_flipped_bit_of_a_header_is_noticed_or_means_nothing():
    content = make_tar(FILES)
    whole = read_tar(content, WANTED)
    passed = 0
    for bit in range(BLOCK * 8):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            assert read_tar(flipped, WANTED) == whole
            passed += 1
        except BrokenFileError:
            continue
    assert passed <= 3  # zeros around the checksum may be spaces


@pytest.mark.parametrize("length", [b"-0000000003", b"0000000x003", b"\x80" + bytes(10), b"77777777777"])
def test_lengths_that_are_none_never_lead_backwards(length):
    content = bytearray(make_tar({"data/a.bin": b"abc"}))
    content[124:135] = length
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:BLOCK])
    with pytest.raises(BrokenFileError, match=r"no octal number|announces 8589934591 bytes"):
        read_tar(content, {"data/a.bin": 3})
