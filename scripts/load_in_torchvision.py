#!/usr/bin/env python3
"""Loads a backbone that `sluice export` wrote into torchvision's ResNet: an example to copy from, and a check.

    scripts/load_in_torchvision.py BACKBONE.safetensors [SAMPLES.safetensors]

Prints the features of a grey image; with SAMPLES (`sluice export --samples`) how far torchvision's features are from
Sluice's, and exits with 1 if that is more than 1e-4. Needs torch, torchvision, safetensors and numpy.
"""
import json
import sys

import torch
import torchvision
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

TOLERANCE = 1e-4


def resnet(about):
    """torchvision's ResNet with the width and the stem that the file's metadata name."""
    net = getattr(torchvision.models, f"resnet{about['depth']}")()
    width = int(about["width"])
    if width != 64:  # torchvision's only width
        net.inplanes, net.conv1, net.bn1 = width, nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        for stage in range(4):
            blocks = getattr(net, f"layer{stage + 1}")
            layer = net._make_layer(type(blocks[0]), width << stage, len(blocks), stride=2 if stage else 1)
            setattr(net, f"layer{stage + 1}", layer)
    if about["stem"] == "cifar":
        net.conv1 = nn.Conv2d(3, width, 3, 1, int(about["stem_padding"]), bias=False)
        net.maxpool = nn.Identity()
    net.fc = nn.Identity()
    return net


def add_gates(net, tensors):
    """The gates of the file: each sees what its convolution sees, and closes channels in front of the next one."""
    for name in sorted({key.rsplit(".", 2)[0] for key in tensors if ".gate" in key}):
        block, gate_name = net.get_submodule(name.rsplit(".", 1)[0]), name.rsplit(".", 1)[1]
        (hidden, inputs), outputs = tensors[f"{name}.0.weight"].shape[:2], tensors[f"{name}.3.weight"].shape[0]
        gate = nn.Sequential(
            nn.Conv2d(inputs, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU(),
            nn.Conv2d(hidden, outputs, 1, bias=False))
        block.add_module(gate_name, gate)
        number = int(gate_name.removeprefix("gate") or 1)
        masks = {}

        def decide(_, args, gate=gate, masks=masks):
            masks["open"] = (gate(args[0].mean((2, 3), keepdim=True)) >= 0).float()

        def close(_, args, masks=masks):
            return (args[0] * masks["open"],)

        getattr(block, f"conv{number}").register_forward_pre_hook(decide)
        getattr(block, f"conv{number + 1}").register_forward_pre_hook(close)


def main(path, samples=None):
    with safe_open(path, framework="pt") as file:
        about = file.metadata()
    tensors = load_file(path)
    net = resnet(about)
    add_gates(net, tensors)
    net.load_state_dict(tensors)
    net.eval()

    size = int(about["input_size"])
    print(f"ResNet-{about['depth']}, {about['stem']} stem, {about['gates']} gates, {about['features']} features")
    if "mean" in about:
        print("normalised by", json.loads(about["mean"]), json.loads(about["std"]))
    with torch.no_grad():
        if samples is None:
            print("features of a grey image:", net(torch.zeros(1, 3, size, size))[0, :4].tolist(), "…")
            return 0
        expected = load_file(samples)
        found = net(expected["images"])
    gaps = (found - expected["features"]).norm(dim=1) / expected["features"].norm(dim=1)
    print(f"{len(gaps)} images: features differ from Sluice's by {gaps.max().item():.2g} at most")
    return 0 if gaps.max().item() <= TOLERANCE else 1


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
