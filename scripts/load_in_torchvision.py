#!/usr/bin/env python3
"""Loads a backbone that `sluice export` wrote into torchvision's ResNet or VGG: an example to copy from, and a check.

    scripts/load_in_torchvision.py BACKBONE.safetensors [SAMPLES.safetensors]

Prints the features of a grey image; with SAMPLES (`sluice export --samples`) how far torchvision's features are from
Sluice's, and exits with 1 if that is more than 1e-4. Needs torch, torchvision, safetensors and numpy.
"""
import json
import sys
from collections import OrderedDict

import torch
import torchvision
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn
from torchvision.models import vgg as vggs

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


def vgg(about):
    """torchvision's VGG with batch norms: its biases in front of them change nothing, and Sluice's has none."""
    column = {"11": "A", "13": "B", "16": "D", "19": "E"}[about["depth"]]
    width = int(about["width"])
    sizes = [size if size == "M" else size * width // 64 for size in vggs.cfgs[column]]
    features = vggs.make_layers(sizes, batch_norm=True)
    for module in features:
        if isinstance(module, nn.Conv2d):
            module.bias = None
    return nn.Sequential(OrderedDict(features=features, avgpool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten()))


def narrow(net, tensors):
    """Channels that `sluice export --compact` left out: layers have the sizes of the file's tensors."""
    for name, module in list(net.named_modules()):
        if not isinstance(module, (nn.Conv2d, nn.BatchNorm2d)):
            continue
        shape = tensors[f"{name}.weight"].shape
        if isinstance(module, nn.Conv2d):
            layer = nn.Conv2d(shape[1], shape[0], module.kernel_size, module.stride, module.padding, bias=False)
        else:
            layer = nn.BatchNorm2d(shape[0])
        place, _, own = name.rpartition(".")
        setattr(net.get_submodule(place), own, layer)


def around(net, name):
    """The convolution whose outputs a gate switches, and the one behind it."""
    place, gate = name.rsplit(".", 1)
    owner = net.get_submodule(place)
    if isinstance(owner, nn.Conv2d):  # of a VGG
        convolutions = [module for module in net.features if isinstance(module, nn.Conv2d)]
        return owner, convolutions[convolutions.index(owner) + 1]
    number = int(gate.removeprefix("gate") or 1)
    return getattr(owner, f"conv{number}"), getattr(owner, f"conv{number + 1}")


def add_gates(net, tensors):
    """The gates of the file: each sees what its convolution sees, and closes channels in front of the next one."""
    for name in sorted({key.rsplit(".", 2)[0] for key in tensors if ".gate" in key}):
        own, behind = around(net, name)
        (hidden, inputs), outputs = tensors[f"{name}.0.weight"].shape[:2], tensors[f"{name}.3.weight"].shape[0]
        gate = nn.Sequential(
            nn.Conv2d(inputs, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU(),
            nn.Conv2d(hidden, outputs, 1, bias=False))
        place, gate_name = name.rsplit(".", 1)
        net.get_submodule(place).add_module(gate_name, gate)
        masks = {}

        def decide(_, args, gate=gate, masks=masks):
            masks["open"] = (gate(args[0].mean((2, 3), keepdim=True)) >= 0).float()

        def close(_, args, masks=masks):
            return (args[0] * masks["open"],)

        own.register_forward_pre_hook(decide)
        behind.register_forward_pre_hook(close)


def main(path, samples=None):
    with safe_open(path, framework="pt") as file:
        about = file.metadata()
    tensors = load_file(path)
    family = about.get("family", "resnet")  # files of earlier versions hold ResNets
    net = {"resnet": resnet, "vgg": vgg}[family](about)
    if "inner_channels" in about:
        narrow(net, tensors)
    add_gates(net, tensors)
    net.load_state_dict(tensors)
    net.eval()

    size = int(about["input_size"])
    print(f"{family}-{about['depth']}, width {about['width']}, {about['gates']} gates, {about['features']} features")
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
