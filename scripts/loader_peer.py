#!/usr/bin/env python3
"""The other side of scripts/bench-peer loader: two augmented views of every JPEG by torchvision, on one thread.

Prints one JSON object: images_per_s, views_per_s, peak_rss_mb, decoder.

What is done is what `sluice bench loader` does: a crop of 8 to 100 % of the area resized with antialiasing (bicubic),
colour jitter of 0.4, 0.4, 0.4 and 0.1 (probability 0.8), grey (0.2), Gaussian blur with a standard deviation of 0.1 to 2
pixels (0.5), solarisation at 128 (0.1), flip (0.5), normalisation. torchvision's blur has kernels of one size: 13 pixels
hold three standard deviations of the widest. Both pipelines read and decode a file once for its views.

tensor: torchvision.io's decoder and transforms.v2 on 8-bit tensors, floats last: the fast one. pil: Pillow's decoder and
pictures, as most published code.
"""
import argparse
import json
import os
import random
import resource
import time

parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("folder", help="a tree of pictures")
parser.add_argument("--pipeline", choices=["tensor", "pil"], required=True)
parser.add_argument("--size", type=int, required=True)
parser.add_argument("--images", type=int, required=True)
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = "1"

import torch
from PIL import Image

torch.set_num_threads(1)
torch.manual_seed(0)
random.seed(0)

import torchvision
from torchvision.transforms import v2

EXTENSIONS = (".jpeg", ".jpg", ".png")
MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def files(folder):
    found = [
        os.path.join(place, name)
        for place, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith(EXTENSIONS)
    ]
    # Epochs go through the pictures in another order each.
    return sorted(found)


def native_decoder():
    """torchvision.io's, where its compiled part can be loaded; it is the faster one."""
    from torchvision.io import ImageReadMode, decode_image, read_file

    def decode(path):
        return decode_image(read_file(path), ImageReadMode.RGB)

    return decode


def pillow(path):
    with Image.open(path) as image:
        return image.convert("RGB")


def tensor_decoder(some_path):
    try:
        decode = native_decoder()
        decode(some_path)
        return decode, "torchvision.io.decode_image"
    except (RuntimeError, ImportError, AttributeError):
        return lambda path: v2.functional.pil_to_tensor(pillow(path)), "Pillow"


def transform(size, is_tensor):
    stages = [
        v2.RandomResizedCrop(size, interpolation=v2.InterpolationMode.BICUBIC, antialias=True),
        v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8),
        v2.RandomGrayscale(p=0.2),
        v2.RandomApply([v2.GaussianBlur(13, sigma=(0.1, 2.0))], p=0.5),
        v2.RandomSolarize(128, p=0.1),
        v2.RandomHorizontalFlip(p=0.5),
    ]
    if not is_tensor:
        stages.append(v2.PILToTensor())
    return v2.Compose(stages + [v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, DEVIATION)])


def main():
    paths = files(options.folder)
    if not paths:
        raise SystemExit(f"{options.folder} holds no pictures")
    if options.pipeline == "tensor":
        decode, decoder = tensor_decoder(paths[0])
    else:
        decode, decoder = pillow, "Pillow"
    augment = transform(options.size, options.pipeline == "tensor")

    def take(path):
        picture = decode(path)
        return augment(picture), augment(picture)

    order = []
    while len(order) < options.images:
        random.shuffle(paths)
        order += paths
    # Files come from memory, as in sluice bench loader.
    for path in order[: min(len(paths), options.images)]:
        with open(path, "rb") as file:
            file.read()
    for path in order[:8]:
        take(path)
    begin = time.perf_counter()
    for path in order[: options.images]:
        take(path)
    seconds = time.perf_counter() - begin
    print(
        json.dumps(
            {
                "images_per_s": options.images / seconds, "views_per_s": 2 * options.images / seconds,
                "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
                "decoder": decoder, "torch": torch.__version__, "torchvision": torchvision.__version__,
            }
        )
    )


main()
