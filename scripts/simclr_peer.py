#!/usr/bin/env python3
"""The other side of scripts/bench-peer: SimCLR with a gated ResNet-18 in PyTorch, timed step by step.

Prints one JSON object: step_ms (median), step_ms_min, step_ms_max, views_per_s, peak_rss_mb, parameters.

Network, losses and update are those of `sluice bench train --set optimizer.name=sgd`, written as a PyTorch user who
cares for speed would: channels last, views one after the other (batch norm sees one view at a time), gradients set to
None, one look at the loss at the end of the step, backend and thread count chosen before the first operation.

With several processes (DistributedDataParallel over gloo) every process normalises by its own batch: PyTorch has no
synchronised batch norm for CPUs. Embeddings are gathered, with the gradient of a process's own rows only, and the mean
cost of the budget loss is its own, as in solo-learn. Sluice's statistics and gradients are those of the global batch,
so it communicates more.
"""
import argparse
import json
import os
import statistics
import sys
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--batch", type=int, required=True, help="images of all processes")
    parser.add_argument("--threads", type=int, required=True, help="of a process")
    parser.add_argument("--precision", choices=["f32", "bf16"], required=True)
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--warmup", type=int, required=True)
    parser.add_argument("--cores", default="", help="a rank's processors: 0,1;2,3")
    return parser.parse_args()


options = arguments()
rank, ranks = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
if options.cores:
    os.sched_setaffinity(0, {int(core) for core in options.cores.split(";")[rank].split(",")})
# Read when the library is loaded.
os.environ["OMP_NUM_THREADS"] = str(options.threads)

import torch
import torch.distributed as distributed
import torch.nn.functional as F
from torch import nn

WIDTH = 64
TEMPERATURE = 0.2
TARGET, BUDGET_WEIGHT, BOUND_WEIGHT = 0.5, 5.0, 1.0
GATE_TEMPERATURE = 0.66667


def convolution(inputs, outputs, kernel, stride=1):
    padding = kernel // 2
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return layer


class Gate(nn.Module):
    """Which channels of the block's first convolution are open: 0 or 1 a sample, with the sigmoid's gradient."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.squeeze = convolution(inputs, inputs // 4, 1)
        self.norm = nn.BatchNorm2d(inputs // 4)
        self.expand = convolution(inputs // 4, outputs, 1)

    def forward(self, x):
        logits = self.expand(F.relu(self.norm(self.squeeze(F.adaptive_avg_pool2d(x, 1)))))
        u = torch.rand_like(logits, dtype=torch.float32)
        noisy = logits + torch.log(u + 1e-8) - torch.log(1 - u + 1e-8)
        soft = torch.sigmoid(noisy / GATE_TEMPERATURE)
        hard = (soft >= 0.5).to(soft.dtype)
        return hard - soft.detach() + soft


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = convolution(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = convolution(outputs, outputs, 3), nn.BatchNorm2d(outputs)
        nn.init.zeros_(self.bn2.weight)
        self.gate = Gate(inputs, outputs)
        self.downsample = (
            None
            if stride == 1 and inputs == outputs
            else nn.Sequential(convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
        )

    def forward(self, x):
        mask = self.gate(x)
        hidden = F.relu(self.bn1(self.conv1(x)), inplace=True) * mask.to(x.dtype)
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.relu(self.bn2(self.conv2(hidden)) + shortcut, inplace=True), mask


class Network(nn.Module):
    """Images to projections, and the masks of all blocks."""

    def __init__(self, size):
        super().__init__()
        self.is_large = size >= 96
        self.stem = convolution(3, WIDTH, 7, 2) if self.is_large else convolution(3, WIDTH, 3)
        self.norm = nn.BatchNorm2d(WIDTH)
        side = (size + 1) // 2 if self.is_large else size
        # Multiply-adds: of the stem, of every block's down-sampling and gate, and of one open channel a block.
        self.fixed = (49 if self.is_large else 9) * 3 * WIDTH * side**2
        self.dense = self.fixed
        if self.is_large:
            side = (side + 1) // 2
        blocks, costs, inputs = [], [], WIDTH
        for stage in range(4):
            outputs = WIDTH << stage
            for number in range(2):
                stride = 2 if stage > 0 and number == 0 else 1
                side = (side + stride - 1) // stride
                blocks.append(Block(inputs, outputs, stride))
                costs.append(9 * side**2 * (inputs + outputs))
                downsampling = inputs * outputs * side**2 if blocks[-1].downsample else 0
                self.fixed += downsampling + inputs * (inputs // 4) + (inputs // 4) * outputs
                self.dense += downsampling + costs[-1] * outputs
                inputs = outputs
        self.blocks = nn.ModuleList(blocks)
        self.register_buffer("costs", torch.tensor(costs, dtype=torch.float32), persistent=False)
        self.projector = nn.Sequential(
            nn.Linear(inputs, 2048, bias=False), nn.BatchNorm1d(2048), nn.ReLU(inplace=True), nn.Linear(2048, 256)
        )

    def forward(self, images):
        x = F.relu(self.norm(self.stem(images)), inplace=True)
        if self.is_large:
            x = F.max_pool2d(x, 3, 2, 1)
        masks = []
        for block in self.blocks:
            x, mask = block(x)
            masks.append(mask.float().flatten(1))
        return self.projector(F.adaptive_avg_pool2d(x, 1).flatten(1)).float(), masks

    def cost_loss(self, masks):
        """Budget and bound loss of one view, at the start of training: the bounds' annealing is 1."""
        channels = torch.stack([mask.sum(1).mean() for mask in masks])
        share = (self.fixed + (self.costs * channels).sum()) / self.dense
        # The bound loss has gradient at open channels only.
        density = torch.stack([(mask * (mask.detach() > 0.5)).mean() for mask in masks])
        goal = TARGET**0.5
        bound = (F.relu(goal - density) ** 2 + F.relu(density - goal) ** 2).mean()
        return BUDGET_WEIGHT * (share - TARGET) ** 2 + BOUND_WEIGHT * bound


class TwoViews(nn.Module):
    """One call for both views, as DistributedDataParallel wants it; one view after the other."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, first, second):
        return self.network(first), self.network(second)


def gathered(embeddings):
    """Everybody's embeddings, those of this process with their gradient."""
    if ranks == 1:
        return embeddings
    parts = [torch.empty_like(embeddings) for _ in range(ranks)]
    distributed.all_gather(parts, embeddings.detach())
    parts[rank] = embeddings
    return torch.cat(parts)


def contrastive_loss(first, second):
    """NT-Xent of this process's anchors against all embeddings."""
    count = len(first)
    anchors = F.normalize(torch.cat([first, second]))
    everybody = gathered(anchors)
    similarity = anchors @ everybody.T / TEMPERATURE
    rows = torch.arange(2 * count)
    offset = 2 * count * rank
    similarity[rows, offset + rows] = float("-inf")
    return F.cross_entropy(similarity, offset + (rows + count) % (2 * count))


def peak_resident_mb():
    # Not getrusage's: that counts what the process was before it became this program.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024 / 1e6


def main():
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    if ranks > 1:
        distributed.init_process_group("gloo")
    network = Network(options.size).to(memory_format=torch.channels_last)
    network.train()
    model = TwoViews(network)
    if ranks > 1:
        model = nn.parallel.DistributedDataParallel(model, broadcast_buffers=False, gradient_as_bucket_view=True)
    if options.compile:
        network.compile()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.9, weight_decay=1e-4)
    views = [
        torch.randn(options.batch // ranks, 3, options.size, options.size).contiguous(
            memory_format=torch.channels_last
        )
        for _ in range(2)
    ]

    def step():
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16"):
            (first, first_masks), (second, second_masks) = model(*views)
        loss = contrastive_loss(first, second) + network.cost_loss(first_masks) + network.cost_loss(second_masks)
        loss.backward()
        optimizer.step()
        return loss.item()

    for _ in range(options.warmup):
        step()
    seconds = []
    for _ in range(options.steps):
        begin = time.perf_counter()
        loss = step()
        seconds.append(time.perf_counter() - begin)
    if loss != loss:
        sys.exit("the loss is not a number")
    memory = torch.tensor(peak_resident_mb())
    if ranks > 1:
        distributed.all_reduce(memory, distributed.ReduceOp.MAX)
    median = statistics.median(seconds)
    if rank == 0:
        print(
            json.dumps(
                {
                    "views_per_s": 2 * options.batch / median,
                    "step_ms": 1e3 * median,
                    "step_ms_min": 1e3 * min(seconds),
                    "step_ms_max": 1e3 * max(seconds),
                    "peak_rss_mb": memory.item(),
                    "parameters": sum(p.numel() for p in network.parameters()),
                    "dense_macs": network.dense,
                    "torch": torch.__version__,
                }
            )
        )
    if ranks > 1:
        distributed.destroy_process_group()


main()
