"""A picture as it came -> the JPEG a marketplace takes, or what is wrong with it. Pure: bytes in, bytes out, the same bytes for the same input.

Decoders of rare formats are never run: a picture's bytes come from outside. Its size is read from the header before a single pixel is decoded.
"""

from __future__ import annotations

import hashlib
import io
import struct
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from connectors.kit.catalogue.image_rules import ImageRules
from connectors.kit.catalogue.problems import BAD_IMAGE
from connectors.kit.errors import DataError

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_QUALITY_STEP = 5
_SIDE_STEP = 0.85


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """jpeg: RGB, upright, without EXIF or any other metadata; notes: what was changed."""

    jpeg: bytes
    width: int
    height: int
    notes: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.jpeg).hexdigest()


def checked(content: bytes, rules: ImageRules) -> CheckedImage:
    """Raises DataError (BAD_IMAGE) saying what is wrong with the picture and what to do."""
    if len(content) > rules.largest_source_bytes:
        raise _bad(f"is larger than {_mb(rules.largest_source_bytes)}; make it smaller")
    try:
        return _checked(content, rules)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _bad(_too_many(rules)) from None
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, struct.error, Warning) as error:
        raise _bad(f"cannot be read as a picture ({type(error).__name__}); save it again as JPEG or PNG") from None


def _checked(content: bytes, rules: ImageRules) -> CheckedImage:
    try:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError:
        raise _bad(f"is no picture of a known format ({', '.join(FORMATS)}); save it as JPEG or PNG") from None
    width, height = picture.size
    if width * height > rules.largest_source_pixels:
        raise _bad(_too_many(rules))
    if min(width, height) < rules.smallest_side:
        raise _bad(
            f"has {width} x {height} pixels; at least {rules.smallest_side} x {rules.smallest_side} are asked for"
        )
    if getattr(picture, "n_frames", 1) > 1 and picture.format in ("GIF", "WEBP", "PNG"):
        raise _bad("is animated; use a picture that stands still")
    notes = [] if picture.format == "JPEG" else [f"CONVERTED_FROM_{picture.format}"]
    notes += ["METADATA_REMOVED"] if picture.getexif() else []
    flat = _flat(ImageOps.exif_transpose(picture), rules, notes)
    sized = _limited(flat, rules, notes)
    jpeg, final = _encoded(sized, rules, notes)
    return CheckedImage(jpeg, final.width, final.height, tuple(dict.fromkeys(notes)))


def _flat(picture: Image.Image, rules: ImageRules, notes: list[str]) -> Image.Image:
    """RGB: transparency on the background colour, CMYK and other profiles brought to sRGB."""
    profile = picture.info.get("icc_profile")
    if profile and picture.mode in ("RGB", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None
        if converted is not None:
            if picture.mode != "RGB":
                notes.append(f"COLOURS_FROM_{picture.mode}")
            return converted
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture
    notes.append(f"COLOURS_FROM_{picture.mode}")
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        ground = Image.new("RGBA", layer.size, (*rules.background, 255))
        return Image.alpha_composite(ground, layer).convert("RGB")
    return picture.convert("RGB")


def _limited(picture: Image.Image, rules: ImageRules, notes: list[str]) -> Image.Image:
    longest = max(picture.size)
    if longest <= rules.largest_side:
        return picture
    return _scaled(picture, rules.largest_side / longest, rules, notes)


def _scaled(picture: Image.Image, factor: float, rules: ImageRules, notes: list[str]) -> Image.Image:
    """Smaller, but never below the smallest side asked for."""
    factor = max(factor, rules.smallest_side / min(picture.size))
    if factor >= 1:
        return picture
    notes.append("MADE_SMALLER")
    size = tuple(max(round(side * factor), rules.smallest_side) for side in picture.size)
    return picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)


def _encoded(picture: Image.Image, rules: ImageRules, notes: list[str]) -> tuple[bytes, Image.Image]:
    """The best quality that fits; then a smaller picture. Raises DataError when even the smallest is too large."""
    while True:
        for quality in range(rules.quality, rules.lowest_quality - 1, -_QUALITY_STEP):
            content = _jpeg(picture, quality)
            if len(content) <= rules.largest_bytes:
                notes += ["COMPRESSED"] if quality < rules.quality else []
                return content, picture
        smaller = _scaled(picture, _SIDE_STEP, rules, notes)
        if smaller.size == picture.size:
            raise _bad(f"is larger than {_mb(rules.largest_bytes)} even when compressed; use a plainer one")
        picture = smaller


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    clean = picture.copy()
    clean.info = {}
    clean.save(out, "JPEG", quality=quality, optimize=True, progressive=True, exif=b"", icc_profile=None)
    return out.getvalue()


def _bad(what: str) -> DataError:
    return DataError(f"the picture {what}", code=BAD_IMAGE)


def _too_many(rules: ImageRules) -> str:
    return f"has more than {rules.largest_source_pixels // 10**6} million pixels; make it smaller"


def _mb(size: int) -> str:
    return f"{size / 2**20:g} MB"
