#!/usr/bin/env python3
"""Writes Tests/Fixtures/views: crops of scaled pictures and evaluation crops as Pillow and torchvision make them.

    python3 scripts/make_view_fixtures.py [FOLDER]

Needs Pillow, torch and torchvision. The pictures are computed here and in the tests by one formula; a case's bytes
(HWC) are `NN.bin`, cases.json says what they are. The files are committed; run again, this writes the same bytes.
"""

import json
import math
import sys
from pathlib import Path

from PIL import Image
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize


def picture(width, height):
    """Slopes, and noise that shows every wrong weight."""
    data = bytearray()
    for y in range(height):
        for x in range(width):
            noise = ((x * 40503 + y * 30341) & 0xFFFF) * 25173 >> 9 & 127
            for c in range(3):
                data.append((x * (c + 1) + y * (3 - c) + noise * (1 + c % 2)) & 255)
    return Image.frombytes("RGB", (width, height), bytes(data))


RESAMPLING = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}


def scaled_crop(case):
    """The box is in pixels of the full resolution, of which the picture has eighths/8. Pixels outside stay outside."""
    share = case["eighths"] / 8
    left, top = case["left"] * share, case["top"] * share
    right, bottom = left + case["width"] * share, top + case["height"] * share
    x, y = math.floor(left), math.floor(top)
    part = picture(*case["picture"]).crop((x, y, math.ceil(right), math.ceil(bottom)))
    box = (left - x, top - y, right - x, bottom - y)
    return part.resize(tuple(case["size"]), RESAMPLING[case["interpolation"]], box=box)


def evaluation(case):
    interpolation = InterpolationMode(case["interpolation"])
    crop = Compose([Resize(case["shorter"], interpolation, antialias=True), CenterCrop(case["side"])])
    return crop(picture(*case["picture"]))


CASES = [
    dict(picture=[150, 110], eighths=4, left=21, top=13, width=201, height=155, size=[56, 40], interpolation="bicubic"),
    dict(picture=[150, 110], eighths=4, left=0, top=1, width=299, height=219, size=[64, 48], interpolation="bilinear"),
    dict(picture=[90, 70], eighths=2, left=35, top=17, width=230, height=222, size=[48, 48], interpolation="bicubic"),
    dict(picture=[60, 50], eighths=1, left=3, top=5, width=471, height=390, size=[40, 40], interpolation="bicubic"),
    dict(picture=[60, 50], eighths=1, left=99, top=61, width=300, height=333, size=[36, 41], interpolation="bilinear"),
    dict(picture=[80, 60], eighths=8, left=11, top=7, width=61, height=44, size=[50, 50], interpolation="bicubic"),
    dict(picture=[40, 30], eighths=4, left=21, top=9, width=37, height=41, size=[48, 36], interpolation="bicubic"),
    dict(picture=[150, 97], shorter=64, side=56, interpolation="bicubic"),
    dict(picture=[97, 131], shorter=64, side=56, interpolation="bilinear"),
    dict(picture=[41, 40], shorter=65, side=64, interpolation="bicubic"),
]


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "Tests/Fixtures/views")
    folder.mkdir(parents=True, exist_ok=True)
    for number, case in enumerate(CASES):
        result = scaled_crop(case) if "eighths" in case else evaluation(case)
        (folder / f"{number:02}.bin").write_bytes(result.tobytes())
    (folder / "cases.json").write_text(json.dumps(CASES, indent=1) + "\n")


main()
