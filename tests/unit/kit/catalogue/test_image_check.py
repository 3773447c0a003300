"""PRD-1: images JPEG, RGB, >= 1000x1000, checked, optimised."""

from __future__ import annotations

import io
import random
from contextlib import suppress

import pytest
from PIL import Image as Picture
from PIL import ImageCms

from connectors.kit.catalogue.image_check import CheckedImage, checked
from connectors.kit.catalogue.image_rules import ImageRules
from connectors.kit.errors import DataError
from tests.unit.kit.catalogue.samples import picture

SIZE = (120, 100)
# A tenth of what is asked for really: the pictures of these tests are small, so that they are quick.
RULES = ImageRules(smallest_side=100, largest_side=150)


def opened(found: CheckedImage) -> Picture.Image:
    return Picture.open(io.BytesIO(found.jpeg))


def saved(image: Picture.Image, kind: str = "JPEG", **more: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def noise(side: int) -> Picture.Image:
    return Picture.frombytes("RGB", (side, side), random.Random(1).randbytes(side * side * 3))


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (picture(SIZE, kind="JPEG"), None),
        (picture(SIZE, kind="PNG"), "CONVERTED_FROM_PNG"),
        (picture(SIZE, kind="WEBP"), "CONVERTED_FROM_WEBP"),
        (picture(SIZE, kind="GIF", mode="P"), "COLOURS_FROM_P"),
        (picture(SIZE, kind="JPEG", mode="CMYK"), "COLOURS_FROM_CMYK"),
        (picture(SIZE, kind="JPEG", mode="L"), "COLOURS_FROM_L"),
        (picture(SIZE, kind="PNG", mode="RGBA"), "COLOURS_FROM_RGBA"),
        (picture(SIZE, kind="TIFF"), "CONVERTED_FROM_TIFF"),
        (picture(SIZE, kind="BMP"), "CONVERTED_FROM_BMP"),
    ],
)
def test_every_form_becomes_an_rgb_jpeg(content: bytes, note: str | None) -> None:
    found = checked(content, RULES)
    image = opened(found)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", SIZE)
    assert note is None or note in found.notes


def test_the_same_picture_gives_the_same_bytes_and_name() -> None:
    first, second = checked(picture(SIZE), RULES), checked(picture(SIZE), RULES)
    assert first.jpeg == second.jpeg
    assert first.sha256 == second.sha256
    assert len(first.sha256) == 64


def test_transparency_becomes_white() -> None:
    clear = Picture.new("RGBA", (100, 100), (255, 0, 0, 0))
    assert opened(checked(saved(clear, "PNG"), RULES)).getpixel((50, 50)) == (255, 255, 255)


def test_metadata_goes_and_the_turn_it_asked_for_is_made() -> None:
    image = Picture.new("RGB", SIZE, "red")
    exif = Picture.Exif()
    exif[0x0112] = 6  # turn right
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 0.0)}  # where it was taken
    found = checked(saved(image, exif=exif, comment=b"taken by Ava"), RULES)
    turned = opened(found)
    assert turned.size == (100, 120)
    assert "METADATA_REMOVED" in found.notes
    assert not turned.getexif()
    assert not {"exif", "icc_profile", "comment", "xmp"} & set(turned.info)
    assert b"Exif" not in found.jpeg
    assert b"Ava" not in found.jpeg


def test_a_colour_profile_is_applied_not_lost() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    found = checked(saved(Picture.new("RGB", (100, 100), (10, 200, 30)), "PNG", icc_profile=profile), RULES)
    pixel = opened(found).getpixel((5, 5))
    assert isinstance(pixel, tuple)
    assert all(abs(one - other) <= 4 for one, other in zip(pixel, (10, 200, 30), strict=True))
    assert "icc_profile" not in opened(found).info


def test_a_large_picture_is_made_smaller_and_never_below_the_smallest_side() -> None:
    assert opened(checked(picture((300, 240)), RULES)).size == (150, 120)
    found = checked(picture((300, 110)), RULES)
    assert min(opened(found).size) == 100
    assert "MADE_SMALLER" in found.notes


def test_the_result_fits_the_limit_by_quality_first_then_by_size() -> None:
    content = saved(noise(300), "PNG")

    def limited(size: int) -> CheckedImage:
        return checked(content, ImageRules(smallest_side=100, largest_side=300, largest_bytes=size))

    whole = len(limited(10**6).jpeg)
    lower = limited(whole * 3 // 4)
    assert len(lower.jpeg) <= whole * 3 // 4
    assert (lower.notes[-1], lower.width) == ("COMPRESSED", 300)
    smaller = limited(whole * 2 // 5)
    assert len(smaller.jpeg) <= whole * 2 // 5
    assert "MADE_SMALLER" in smaller.notes
    assert 100 <= min(smaller.width, smaller.height) < 300


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (picture((120, 99)), "120 x 99 pixels; at least 100 x 100"),
        (b"", "no picture of a known format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture of a known format"),
        (b"%PDF-1.7", "no picture of a known format"),
        (picture(SIZE)[:60], "cannot be read"),
        (b"\x00" * 2000, "no picture"),
        (
            picture((20_000, 6_000), "1"),
            "more than 80 million",
        ),  # 15 KB that become 360 MB: looked at by its header only
        (saved(noise(100), "PNG") + b"\x00" * (31 * 2**20), "larger than 30 MB"),
    ],
)
def test_pictures_that_will_not_do(content: bytes, what: str) -> None:
    """PRD-3: an exception that says what is wrong and what to do."""
    with pytest.raises(DataError, match=what) as caught:
        checked(content, RULES)
    assert caught.value.code == "BAD_IMAGE"
    assert ";" in str(caught.value)


def test_the_limit_of_pixels_is_ours() -> None:
    with pytest.raises(DataError, match="more than 0 million pixels"):
        checked(picture((300, 300)), ImageRules(smallest_side=100, largest_source_pixels=89_999))
    assert checked(picture((300, 300)), ImageRules(smallest_side=100, largest_source_pixels=90_000)).width == 300


def test_by_default_1000_pixels_are_asked_for() -> None:
    with pytest.raises(DataError, match="at least 1000 x 1000"):
        checked(picture((1200, 999)), ImageRules())
    assert checked(picture((1000, 1000)), ImageRules()).height == 1000


def test_animated_pictures_are_refused() -> None:
    frames = [Picture.new("RGB", (100, 100), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        with pytest.raises(DataError, match="animated"):
            checked(saved(frames[0], kind, save_all=True, append_images=frames[1:]), RULES)


def test_a_picture_that_cannot_be_made_small_enough_is_refused() -> None:
    with pytest.raises(DataError, match="even when compressed"):
        checked(saved(noise(100), "PNG"), ImageRules(smallest_side=100, largest_bytes=2_000))


def test_damaged_files_never_raise_anything_else() -> None:
    rng = random.Random(7)
    good = {kind: picture((100, 100), kind=kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")}
    for content in good.values():
        for _ in range(15):
            bad = bytearray(content[: rng.randrange(20, len(content))])
            for _ in range(5):
                bad[rng.randrange(len(bad))] = rng.randrange(256)
            with suppress(DataError):
                checked(bytes(bad), RULES)
