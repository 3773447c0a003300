"""What a marketplace asks of a picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImageRules:
    """smallest_side, largest_side: pixels; largest_bytes: of the JPEG; largest_source_bytes, largest_source_pixels: of what is
    looked at at all; quality: JPEG quality to begin with, lowest_quality: to go down to before the picture is made smaller."""

    smallest_side: int = 1000
    largest_side: int = 3000
    largest_bytes: int = 5 * 2**20
    largest_source_bytes: int = 30 * 2**20
    largest_source_pixels: int = 80_000_000
    quality: int = 90
    lowest_quality: int = 70
    background: tuple[int, int, int] = (255, 255, 255)
