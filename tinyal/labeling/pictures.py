"""Image files of strangers: looked at without trust, made small for the model, and made from arrays for the page.

Only four kinds of files are opened, each by its own decoder, chosen by the file's first bytes and never by its name.
How large an image claims to be is checked before it is decoded.
"""

import io
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np
from PIL import ExifTags, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

LARGEST_FILE = 100_000_000  # bytes
LARGEST_PIXELS = 120_000_000  # what large cameras have
ONE_AT_A_TIME = (
    16_000_000  # pixels above which images are decoded one after the other, for each takes 100 MB or more
)

# First bytes, decoder and media type.
KINDS: tuple[tuple[Callable[[bytes], bool], Callable[[IO[bytes]], Image.Image], str], ...] = (
    (lambda head: head.startswith(b"\xff\xd8\xff"), JpegImagePlugin.JpegImageFile, "image/jpeg"),
    (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), PngImagePlugin.PngImageFile, "image/png"),
    (lambda head: head.startswith((b"GIF87a", b"GIF89a")), GifImagePlugin.GifImageFile, "image/gif"),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", WebPImagePlugin.WebPImageFile, "image/webp"),
)
# What undoes each orientation of EXIF, and which of these change width and height.
_BY = Image.Transpose
TURNS = {
    2: _BY.FLIP_LEFT_RIGHT,
    3: _BY.ROTATE_180,
    4: _BY.FLIP_TOP_BOTTOM,
    5: _BY.TRANSPOSE,
    6: _BY.ROTATE_270,
    7: _BY.TRANSVERSE,
    8: _BY.ROTATE_90,
}
LYING = (_BY.TRANSPOSE, _BY.ROTATE_270, _BY.TRANSVERSE, _BY.ROTATE_90)
_large = threading.Lock()


class UnreadableError(ValueError):
    """A file that is no image which can be shown; the message says why."""


def read(path: Path) -> bytes:
    """Return the contents of a regular file; links are not followed, and nothing that is no file is waited for.

    Raises
    ------
    UnreadableError
    """
    try:
        # Looked at before it is opened, for where opening cannot refuse links, or not wait for a pipe's writer; and
        # after it, for it may be another file by then.
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise UnreadableError("it is no regular file; links are not followed")
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        flags |= getattr(os, "O_NONBLOCK", 0)
        with open(os.open(path, flags), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableError("it is no regular file")
            if status.st_size > LARGEST_FILE:
                raise UnreadableError(f"it has {status.st_size:,} bytes, more than {LARGEST_FILE:,}")
            return file.read(status.st_size)  # and no more, if it grows meanwhile
    except OSError as error:
        raise UnreadableError(error.strerror or type(error).__name__) from None


def media_type(data: bytes) -> str:
    """Return what kind of image file this is, by its first bytes.

    Raises
    ------
    UnreadableError

    Examples
    --------
    >>> media_type(png(np.zeros((2, 2, 1), np.uint8)))
    'image/png'
    >>> media_type(b"<svg onload=alert(1)>")
    Traceback (most recent call last):
    ...
    tinyal.labeling.pictures.UnreadableError: it is no PNG, JPEG, GIF or WebP
    """
    return _kind(data)[1]


def _kind(data: bytes) -> tuple[Callable[[IO[bytes]], Image.Image], str]:
    if not data:
        raise UnreadableError("it is empty")
    for begins, decoder, media in KINDS:
        if begins(data[:12]):
            return decoder, media
    raise UnreadableError("it is no PNG, JPEG, GIF or WebP")


def size(data: bytes) -> tuple[int, int]:
    """Return height and width of an image file, from its header.

    Raises
    ------
    UnreadableError
    """
    image = _opened(data)
    return image.height, image.width


def small(data: bytes, shape: tuple[int, int]) -> np.ndarray:
    """Return an image in red, green and blue as a model sees it, (h, w, 3) uint8.

    The first frame is taken, laid on white where it is transparent, stretched to the shape, so that what stands at the
    edge stays in the picture, and turned as its EXIF data says.

    Raises
    ------
    UnreadableError
        For a file that is none of the four kinds, too large, or cut off.
    """
    image = _opened(data)
    try:
        if image.width * image.height > ONE_AT_A_TIME:
            with _large:
                return _shrunk(image, shape)
        return _shrunk(image, shape)
    except Exception as error:  # decoders raise anything at bytes that they were not made for
        raise UnreadableError(_reason(error)) from None


def png(pixels: np.ndarray) -> bytes:
    """Return an image (h, w, 1, 3 or 4) uint8 as a PNG file."""
    file = io.BytesIO()
    flat = pixels[..., 0] if pixels.shape[2] == 1 else pixels
    Image.fromarray(np.ascontiguousarray(flat)).save(file, "PNG")
    return file.getvalue()


def _opened(data: bytes) -> Image.Image:
    decoder, _ = _kind(data)
    try:
        image = decoder(io.BytesIO(data))
    except Exception as error:  # see above
        raise UnreadableError(_reason(error)) from None
    if image.width * image.height > LARGEST_PIXELS:
        raise UnreadableError(
            f"it claims {image.width:,} x {image.height:,} pixels, more than {LARGEST_PIXELS:,}"
        )
    return image


def _shrunk(image: Image.Image, shape: tuple[int, int]) -> np.ndarray:
    turn = TURNS.get(_orientation(image) or 1)
    h, w = shape if turn not in LYING else shape[::-1]
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        image.draft(None, (2 * w, 2 * h))  # decode no more than a small picture shows: a third of the time
    image.load()
    if image.mode.startswith("I"):  # 16 bits a pixel
        image = Image.fromarray((np.asarray(image).clip(0, 65535) >> 8).astype(np.uint8))
    seen_through = image.has_transparency_data
    mode = "RGBA" if seen_through else "RGB"
    if image.mode != mode:  # convert would copy, and a large image is larger than all else here
        image = image.convert(mode)
    image = image.resize((w, h), Image.Resampling.BILINEAR, reducing_gap=3)
    if seen_through:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return np.asarray(image if turn is None else image.transpose(turn))


def _orientation(image: Image.Image) -> int | None:
    """Return how the camera was held; nothing where what stands beside the pixels is broken."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # see above; the pixels may still be right
        return None


def _reason(error: Exception) -> str:
    """Say in a line why a decoder gave up."""
    text = " ".join(str(error).split())[:200]
    return f"it cannot be decoded: {text or type(error).__name__}"
