"""Folders of images: what the model and the person see, hostile files, and numbers that stay whatever happens."""

import io
import json
import os
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps

from tinyal.labeling import folder_index, pictures
from tinyal.labeling.folder_items import FolderItems
from tinyal.labeling.folder_scan import scan
from tinyal.labeling.row_file import RowFile

RNG = np.random.default_rng(0)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "photos-labels"
    folder.mkdir()
    return folder


def noise(height=40, width=60, channels=3):
    pixels = RNG.integers(0, 256, (height, width, channels), dtype=np.uint8)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def smooth(height=64, width=64, turned=0):
    """Colours that change slowly, so that any good way to make them small gives nearly the same."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([255 * x / width, 255 * y / height, 128 + 0 * x], axis=-1).astype(np.uint8)
    return Image.fromarray(np.rot90(pixels, turned).copy())


def put(folder, name, image=None, **options):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or noise()).save(path, **options)
    return path


def encoded(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_claiming(width, height, data=b""):
    """A PNG file whose header says a size, whatever follows."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


MODES = {
    "PNG": ["RGB", "L", "RGBA", "P", "LA", "1", "I;16"],
    "JPEG": ["RGB", "L", "CMYK", "1"],
    "GIF": ["RGB", "L", "RGBA", "P", "LA", "1"],
    "WEBP": ["RGB", "L", "RGBA", "P", "LA", "CMYK", "1"],
}


@pytest.mark.parametrize(("kind", "mode"), [(kind, mode) for kind, modes in MODES.items() for mode in modes])
def test_every_kind_of_file_is_made_small_and_served_as_it_is(photos, project, kind, mode):
    image = smooth().convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    data = encoded(image, kind, **({"lossless": True} if kind == "WEBP" else {}))
    (photos / "a").write_bytes(data)
    items = FolderItems(photos, project)
    assert items.picture(0) == (data, f"image/{kind.lower()}")
    gray = mode in ("L", "LA", "1", "I;16")
    expected = np.asarray(smooth().convert("L" if gray else "RGB").resize((32, 32)), float)
    expected = expected.reshape(32, 32, -1)
    assert items.features.shape == (1, 32, 32, 1 if gray else 3)
    if mode != "1":
        off = {"P": 40, "CMYK": 30}.get(mode, 12)  # few colours, and inks
        assert abs(items.features[0] - expected).mean() < off


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_as_its_camera_says_and_served_as_it_is(photos, project, orientation):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = encoded(smooth(64, 96), "JPEG", quality=95, exif=exif)
    (photos / "a.jpg").write_bytes(data)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).resize((32, 32))
    items = FolderItems(photos, project)
    assert abs(items.features[0].astype(float) - np.asarray(upright)).mean() < 5
    assert items.picture(0)[0] == data


def test_the_first_frame_of_an_animation_is_seen(photos, project):
    frames = [Image.new("RGB", (60, 60), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        (photos / f"a.{kind.lower()}").write_bytes(data)
    items = FolderItems(photos, project)
    assert (abs(items.features.astype(int) - [255, 0, 0]) < 6).all()


def test_what_is_transparent_is_white(photos, project):
    put(photos, "a.png", Image.new("RGBA", (60, 60), (0, 0, 255, 0)))
    put(photos, "b.png", Image.new("RGBA", (60, 60), (0, 0, 255, 255)))
    features = FolderItems(photos, project).features
    assert (features[0] == 255).all()
    assert (features[1] == [0, 0, 255]).all()


def test_small_images_of_one_size_stay_as_they_are_and_gray_ones_have_one_channel(photos, project):
    for i in range(3):
        put(photos, f"{i}.png", noise(28, 20, channels=1))
    items = FolderItems(photos, project)
    assert items.features.shape == (3, 28, 20, 1)
    assert np.array_equal(items.features[1, ..., 0], np.asarray(Image.open(photos / "1.png")))
    assert [path.name for path in (project / "index").iterdir()] == ["images-1.npy"]
    put(photos, "3.png", Image.new("RGB", (60, 60), (255, 0, 0)))  # a later one in colours is made gray
    again = FolderItems(photos, project)
    assert again.features.shape == (4, 28, 20, 1)
    assert (again.features[3] == 76).all()


def test_a_size_may_be_chosen(photos, project):
    put(photos, "a.png", smooth())
    assert FolderItems(photos, project, size=(20, 24)).features.shape == (1, 20, 24, 3)
    assert FolderItems(photos, project).features.shape == (1, 20, 24, 3)


HOSTILE = {
    "text.jpg": b"I am no picture.",
    "empty.png": b"",
    "page.gif": b"<html><script>alert(1)</script>",
    "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "cut.jpg": encoded(noise(), "JPEG")[:700],
    "cut.png": encoded(noise(), "PNG")[:700],
    "cut.gif": encoded(noise(), "GIF")[:40],
    "cut.webp": encoded(noise(), "WEBP")[:40],
    "magic.jpg": b"\xff\xd8\xff\xe0",
    "magic.webp": b"RIFF\x10\0\0\0WEBPVP8 ",
    "bomb.png": png_claiming(2**31 - 1, 2**31 - 1),
    "large.png": png_claiming(20_000, 20_000, b"\0" * 1000),
    "none.png": png_claiming(0, 5),
    "bitmap.bmp": encoded(noise(), "BMP"),
    "scan.tiff": encoded(noise(), "TIFF"),
    "vector.eps": encoded(noise(), "EPS"),
}


def test_hostile_files_are_listed_with_reasons_and_left_out(photos, project):
    for name, data in HOSTILE.items():
        (photos / name).write_bytes(data)
    put(photos, "good.png")
    items = FolderItems(photos, project)
    assert [items.name(i) for i in range(len(items))] == ["good.png"]
    reasons = dict(items.unreadable)
    assert reasons.keys() == HOSTILE.keys()
    assert all(reasons.values())
    assert "no PNG, JPEG, GIF or WebP" in reasons["text.jpg"]
    assert reasons["empty.png"] == "it is empty"
    assert "20,000 x 20,000 pixels" in reasons["large.png"]
    assert "truncated" in reasons["cut.jpg"]
    assert FolderItems(photos, project).unreadable == items.unreadable


def test_a_small_file_of_very_many_pixels_does_not_fill_the_memory(photos, project):
    (photos / "bomb.png").write_bytes(png_claiming(11_000, 11_000, bytes(33_001)))
    (photos / "bomb.gif").write_bytes(b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(50))
    put(photos, "good.png")
    tracemalloc.start()
    try:
        items = FolderItems(photos, project)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    assert {name for name, _ in items.unreadable} == {"bomb.gif", "bomb.png"}


@pytest.mark.skipif(os.name != "posix", reason="links and pipes are POSIX's")
@pytest.mark.parametrize("as_on_windows", [False, True])
def test_links_and_pipes_are_not_followed(photos, project, tmp_path, monkeypatch, as_on_windows):
    if as_on_windows:  # where opening cannot be told to refuse links, nor not to wait
        monkeypatch.delattr(os, "O_NOFOLLOW")
        monkeypatch.delattr(os, "O_NONBLOCK")
    outside = tmp_path / "outside"
    put(outside, "secret.png")
    (photos / "link.png").symlink_to(outside / "secret.png")
    (photos / "folder").symlink_to(outside)
    (photos / "loop").symlink_to(photos)
    (photos / "dangling.png").symlink_to(photos / "none")
    os.mkfifo(photos / "pipe.png")
    put(photos, "good.png")
    items = FolderItems(photos, project)
    assert [items.name(i) for i in range(len(items))] == ["good.png"]
    reasons = dict(items.unreadable)
    assert reasons.keys() == {"link.png", "folder", "loop", "dangling.png", "pipe.png"}
    assert "links are not followed" in reasons["link.png"]
    (photos / "good.png").unlink()
    (photos / "good.png").symlink_to(outside / "secret.png")  # while it is served
    assert items.picture(0) is None
    (photos / "good.png").unlink()
    os.mkfifo(photos / "good.png")  # whoever opens it waits for ever
    assert items.picture(0) is None


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such names")
def test_names_may_be_anything_and_are_shown_as_text(photos, project):
    names = ["a\nb.png", "c,d.png", '"e".png', "=f.png", "12:30.png", "ü.png", "\\g.png", "-h.png"]
    for name in names:
        put(photos, name)
    raw = os.fsencode(photos) + b"/caf\xe9.png"
    os.rename(put(photos, "x.png"), raw)
    items = FolderItems(photos, project)
    assert {items.name(i) for i in range(len(items))} == {*names, "caf\\xe9.png"}
    for i in range(len(items)):
        items.name(i).encode("utf-8")
        assert items.picture(i)[1] == "image/png"
    again = FolderItems(photos, project)
    assert [again.name(i) for i in range(len(again))] == [items.name(i) for i in range(len(items))]


def test_names_that_begin_with_a_dot_are_nobodys_images(photos, project):
    put(photos, ".hidden.png")
    put(photos, ".cache/a.png")
    put(photos, "a.png")
    items = FolderItems(photos, project)
    assert (len(items), items.unreadable) == (1, [])


def test_a_folder_without_an_image_says_what_it_holds(photos, project):
    with pytest.raises(ValueError, match="no image that can be read: it is empty"):
        FolderItems(photos, project)
    (photos / "notes.txt").write_text("hello")
    with pytest.raises(ValueError, match=r"'notes.txt': it is no PNG, JPEG, GIF or WebP"):
        FolderItems(photos, project)
    for i in range(3):  # what was tried before does not decide how images are seen
        put(photos, f"{i}.png", noise(28, 28, 1))
    assert FolderItems(photos, project).features.shape == (3, 28, 28, 1)


def test_folders_are_classes_and_what_lies_in_them_is_labelled(photos, project):
    for name in ("cat/1.png", "dog/young/2.png", "dog/3.png", "4.png", "other/5.png"):
        put(photos, name)
    (photos / "eel").mkdir()
    items = FolderItems(photos, project)
    assert items.classes == ("cat", "dog", "eel", "other")
    by_name = {items.name(i): label for i, label in items.known.items()}
    assert by_name == {
        "cat/1.png": "cat",
        "dog/young/2.png": "dog",
        "dog/3.png": "dog",
        "other/5.png": "other",
    }
    items = FolderItems(photos, project, classes=["young", "dog"])
    assert items.classes == ("young", "dog")
    by_name = {items.name(i): label for i, label in items.known.items()}
    assert by_name == {"dog/young/2.png": "young", "dog/3.png": "dog"}


def numbers(items):
    return {items.name(i): i for i in range(len(items))}


def test_items_keep_their_numbers_when_files_come_go_change_and_return(photos, project):
    for name in "bdf":
        put(photos, f"{name}.png")
    first = FolderItems(photos, project)
    assert numbers(first) == {"b.png": 0, "d.png": 1, "f.png": 2}
    kept = first.features[1].copy()
    put(photos, "a.png")
    put(photos, "e.png")
    (photos / "b.png").unlink()
    put(photos, "f.png", smooth())
    second = FolderItems(photos, project)
    assert numbers(second) == {"b.png": 0, "d.png": 1, "f.png": 2, "a.png": 3, "e.png": 4}
    assert second.gone == {0}
    assert second.picture(0) is None
    assert second.unreadable == [("b.png", "it is no longer there")]
    assert np.array_equal(second.features[1], kept)
    assert np.array_equal(second.features[2], pictures.small((photos / "f.png").read_bytes(), (32, 32)))
    (photos / "a.png").write_bytes(b"broken now")
    put(photos, "b.png")
    third = FolderItems(photos, project)
    assert numbers(third) == numbers(second)
    assert third.gone == {3}
    assert "no PNG" in dict(third.unreadable)["a.png"]
    assert third.picture(0) is not None


def test_a_file_that_was_no_image_is_tried_again_when_it_has_changed(photos, project):
    put(photos, "a.png")
    (photos / "b.png").write_bytes(b"not yet")
    assert len(FolderItems(photos, project)) == 1
    put(photos, "b.png")
    items = FolderItems(photos, project)
    assert (numbers(items), items.unreadable) == ({"a.png": 0, "b.png": 1}, [])


def test_only_what_is_new_or_changed_is_decoded(photos, project, monkeypatch):
    decoded = []
    whole = pictures.small

    def counted(data, shape):
        decoded.append(len(data))
        return whole(data, shape)

    monkeypatch.setattr(pictures, "small", counted)
    for i in range(5):
        put(photos, f"{i}.png")
    (photos / "notes.txt").write_text("hello")
    FolderItems(photos, project)
    assert len(decoded) == 6
    FolderItems(photos, project)
    assert len(decoded) == 6
    put(photos, "5.png")
    FolderItems(photos, project)
    assert len(decoded) == 7


def test_who_only_reads_gets_what_had_a_number_and_writes_nothing(photos, project):
    put(photos, "a.png")
    FolderItems(photos, project)
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    put(photos, "b.png")
    assert numbers(FolderItems(photos, project, refresh=False)) == {"a.png": 0}
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("damage", ["missing", "cut", "other", "longer"])
def test_a_lost_or_damaged_index_is_made_again_with_the_same_numbers(photos, project, damage):
    for name in "cab":
        put(photos, f"{name}.png")
    first = FolderItems(photos, project)
    put(photos, "0.png")
    first = FolderItems(photos, project)
    before, features = numbers(first), np.array(first.features)
    path = project / "index" / "images-3.npy"
    del first
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    elif damage == "other":
        path.write_bytes(b"hello")
    else:
        with RowFile(path, (32, 32, 3)) as rows:
            rows.append(np.full((2, 32, 32, 3), 9, np.uint8))
    items = FolderItems(photos, project)
    assert numbers(items) == before
    assert np.array_equal(items.features, features)
    put(photos, "d.png", smooth())
    assert np.array_equal(
        FolderItems(photos, project).features[4], pictures.small((photos / "d.png").read_bytes(), (32, 32))
    )


def test_an_interrupted_indexing_goes_on_where_it_was(photos, project, monkeypatch):
    for i in range(20):
        put(photos, f"{i:02}.png", noise(28, 28, 1))
    monkeypatch.setattr(folder_index, "KEPT_EVERY", -1.0)
    monkeypatch.setattr(folder_index, "AT_ONCE", 4)
    whole, seen = pictures.small, []

    def interrupted(data, shape):
        seen.append(1)
        if len(seen) > 12:
            raise KeyboardInterrupt
        return whole(data, shape)

    monkeypatch.setattr(pictures, "small", interrupted)
    with pytest.raises(KeyboardInterrupt):
        FolderItems(photos, project)
    kept = json.loads((project / "items.json").read_text())
    assert 8 <= len(kept["files"]) <= 12
    seen.clear()
    monkeypatch.setattr(pictures, "small", lambda data, shape: seen.append(1) or whole(data, shape))
    items = FolderItems(photos, project)
    assert len(seen) == 20 - len(kept["files"])
    assert numbers(items) == {f"{i:02}.png": i for i in range(20)}
    expected = [np.asarray(Image.open(photos / f"{i:02}.png")) for i in range(20)]
    assert np.array_equal(items.features[..., 0], expected)


@pytest.mark.parametrize("name", ["../secret.png", "/etc/secret.png", "a/../../secret.png"])
def test_a_list_of_items_that_leads_out_of_the_folder_is_refused(photos, project, name):
    put(photos, "a.png")
    FolderItems(photos, project)
    content = json.loads((project / "items.json").read_text())
    content["files"][0][0] = name
    (project / "items.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="outside the folder"):
        FolderItems(photos, project)


def test_a_scan_lists_files_of_subfolders_sorted_with_slashes(photos):
    for name in ("b/2.png", "a.png", "b/1.png", "b/c/3.png"):
        put(photos, name)
    found = scan(photos)
    assert list(found.files) == ["a.png", "b/1.png", "b/2.png", "b/c/3.png"]
    assert found.folders == ["b"]
    assert found.files["a.png"][0] == (photos / "a.png").stat().st_size
    with pytest.raises(FileNotFoundError):
        scan(Path(photos / "none"))


@pytest.mark.parametrize("shape", [(3,), (4, 5, 3)])
def test_a_row_file_is_an_array_for_numpy_however_often_it_grew(tmp_path, shape):
    path, rows = tmp_path / "rows.npy", RNG.integers(0, 256, (1200, *shape), dtype=np.uint8)
    for start in (0, 1, 9, 99, 1000):
        with RowFile(path, shape) as file:
            assert len(file) == start
            end = {0: 1, 1: 9, 9: 99, 99: 1000, 1000: 1200}[start]
            file.append(rows[start:end])
    assert np.array_equal(np.load(path), rows)
    assert np.array_equal(np.load(path, mmap_mode="r"), rows)
    with RowFile(path, shape) as file:
        file.replace(7, rows[8])
        file.resize(10)
        file.resize(12)
    expected = np.concatenate([rows[:10], np.zeros((2, *shape), np.uint8)])
    expected[7] = rows[8]
    assert np.array_equal(np.load(path), expected)
    with pytest.raises(ValueError, match="holds no rows of shape"):
        RowFile(path, (*shape, 2))


def test_rows_that_the_header_does_not_count_yet_are_none(tmp_path):
    path = tmp_path / "rows.npy"
    with RowFile(path, (2,)) as file:
        file.append(np.ones((3, 2), np.uint8))
    file = RowFile(path, (2,))
    file.append(np.ones((3, 2), np.uint8))
    file._file.close()  # killed before the header was written
    with RowFile(path, (2,)) as again:
        assert len(again) == 3
        again.resize(5)
    assert np.load(path).tolist() == [[1, 1]] * 3 + [[0, 0]] * 2


VALID = [encoded(noise(), kind) for kind in ("PNG", "JPEG", "GIF", "WEBP")]


@given(
    st.sampled_from(VALID),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8),
    st.integers(0, 10**6),
)
def test_damaged_bytes_are_an_image_or_unreadable_and_nothing_else(data, changes, end):
    damaged = bytearray(data)
    for place, value in changes:
        damaged[place % min(len(damaged), 400)] = value  # where headers are, more often than pixels
    damaged = bytes(damaged[: max(12, end % (2 * len(damaged)))])
    try:
        rgb = pictures.small(damaged, (8, 8))
    except pictures.UnreadableError:
        return
    assert (rgb.shape, rgb.dtype) == ((8, 8, 3), np.uint8)
