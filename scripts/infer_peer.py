#!/usr/bin/env python3
"""The other side of scripts/bench-peer infer: features of a ResNet-18 in PyTorch, timed pass by pass.

Prints one JSON object: for each batch, and for the network without gates and with a mask of zeros and ones behind each
block's first convolution, ms a pass (median) and images_per_s.

Written as a PyTorch user who cares for speed would: inference mode, batch norms folded into the convolutions, and of both
memory formats the faster one, which a few passes tell. Gates are computed; what they decide is replaced by chance, as in
`sluice bench infer`.
"""
import argparse
import json
import os
import statistics
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--batches", type=int, nargs="+", required=True)
    parser.add_argument("--density", type=float, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--passes", type=int, required=True)
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args()


options = arguments()
# Read when the library is loaded.
os.environ["OMP_NUM_THREADS"] = str(options.threads)

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

WIDTH = 64


def folded(inputs, outputs, kernel, stride=1):
    """A convolution with the batch norm that follows it."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return fuse_conv_bn_eval(convolution.eval(), nn.BatchNorm2d(outputs).eval())


class Gate(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.squeeze = folded(inputs, inputs // 4, 1)
        self.expand = nn.Conv2d(inputs // 4, outputs, 1, bias=False)

    def forward(self, x):
        return self.expand(F.relu(self.squeeze(F.adaptive_avg_pool2d(x, 1))))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride, is_gated):
        super().__init__()
        self.conv1, self.conv2 = folded(inputs, outputs, 3, stride), folded(outputs, outputs, 3)
        self.gate = Gate(inputs, outputs) if is_gated else None
        changes = stride != 1 or inputs != outputs
        self.downsample = folded(inputs, outputs, 1, stride) if changes else None

    def forward(self, x):
        hidden = F.relu(self.conv1(x), inplace=True)
        if self.gate is not None:
            logits = self.gate(x)
            # Chance decides; the logits take part so that they are computed.
            draws = torch.rand_like(logits) + 0 * logits
            hidden = hidden * (draws < options.density).to(x.dtype)
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.relu(self.conv2(hidden) + shortcut, inplace=True)


class Network(nn.Module):
    def __init__(self, is_gated):
        super().__init__()
        self.is_large = options.size >= 96
        self.stem = folded(3, WIDTH, 7, 2) if self.is_large else folded(3, WIDTH, 3)
        blocks, inputs = [], WIDTH
        for stage in range(4):
            outputs = WIDTH << stage
            for number in range(2):
                blocks.append(Block(inputs, outputs, 2 if stage > 0 and number == 0 else 1, is_gated))
                inputs = outputs
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x):
        x = F.relu(self.stem(x), inplace=True)
        if self.is_large:
            x = F.max_pool2d(x, 3, 2, 1)
        return self.blocks(x).mean((2, 3))


def seconds(network, images, passes):
    times = []
    for _ in range(passes):
        begin = time.perf_counter()
        network(images)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def measured(is_gated, batch):
    """Seconds of a pass in the faster memory format."""
    best = None
    for memory_format in (torch.contiguous_format, torch.channels_last):
        network = Network(is_gated).eval().to(memory_format=memory_format)
        images = torch.randn(batch, 3, options.size, options.size).to(memory_format=memory_format)
        if options.compile:
            network = torch.compile(network)
        seconds(network, images, 2)  # compiles, fills caches
        time_of_pass = seconds(network, images, 3)
        if best is None or time_of_pass < best[0]:
            best = time_of_pass, network, images
    return seconds(best[1], best[2], options.passes)


torch.manual_seed(0)
torch.set_num_threads(options.threads)
rows = []
with torch.inference_mode():
    for batch in options.batches:
        row = {"batch": batch}
        for name, is_gated in (("dense", False), ("masked", True)):
            taken = measured(is_gated, batch)
            row[name] = {"ms": 1e3 * taken, "images_per_s": batch / taken}
        rows.append(row)
print(json.dumps({"rows": rows, "torch": torch.__version__}))
