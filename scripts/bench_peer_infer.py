#!/usr/bin/env python3
"""What scripts/bench-peer infer does once PyTorch is there: starts both in turns, and compares."""
import argparse
import json
import statistics
import sys

from bench_peer import fail, free_cores, parsed, print_columns, run, scripts

BATCHES = {32: [1, 16, 64], 224: [1, 16]}
# What a row compares: Sluice's way against PyTorch's.
PAIRS = [("dense", "dense"), ("masked", "masked"), ("compact", "masked")]
PASSES = 5


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("sluice")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--density", type=float, default=0.3)
    for name, default in (("--threads", 1), ("--rounds", 5)):
        parser.add_argument(name, type=int, default=default)
    for name in ("--compile", "--json"):
        parser.add_argument(name, action="store_true")
    options = parsed(parser)
    options.batches = [options.batch] if options.batch else BATCHES[32 if options.size < 96 else 224]
    options.modes = ["eager", "compiled"] if options.compile else ["eager"]
    return options


def by_batch(result):
    return {row["batch"]: row for row in result["rows"]}


def play(options, cores):
    """What each round measured, by batch: sluice, and PyTorch by mode."""
    ours, peers = [], {mode: [] for mode in options.modes}
    common = ["--size", options.size, "--density", options.density, "--threads", options.threads]
    torch = None
    for number in range(options.rounds):
        command = [options.sluice, "bench", "infer", "--batch", ",".join(map(str, options.batches)), "--rounds", PASSES]
        result, words = run(command + common + ["--json", "--quiet"] + options.ours, cores)
        result = result or fail(f"sluice failed: {words}")
        ours.append(by_batch(result))
        for mode in list(peers):
            command = [sys.executable, f"{scripts}/infer_peer.py", "--passes", PASSES, "--batches", *options.batches]
            peer, words = run(command + common + (["--compile"] if mode == "compiled" else []), cores)
            if peer is None:
                if mode == "eager":
                    fail(f"PyTorch failed: {words}")
                print(f"bench-peer: compiled PyTorch failed: {words}", file=sys.stderr)
                del peers[mode]
                continue
            peers[mode].append(by_batch(peer))
            torch = peer["torch"]
        print(f"{options.size}×{options.size} round {number + 1}/{options.rounds}", file=sys.stderr)
    return ours, peers, {"version": result["version"], "torch": torch}


def row(options, batch, mode, way, peer_way, ours, peers):
    pairs = [(a[batch][way]["images_per_s"], b[batch][peer_way]["images_per_s"]) for a, b in zip(ours, peers)]
    speeds = [statistics.median(values) for values in zip(*pairs)]
    ratios = [a / b for a, b in pairs]
    return {
        "size": options.size, "batch": batch, "threads": options.threads, "density": options.density,
        "sluice": way, "peer": f"{peer_way}, {mode}", "sluice_images_per_s": speeds[0], "peer_images_per_s": speeds[1],
        "ratio": speeds[0] / speeds[1], "ratio_min": min(ratios), "ratio_max": max(ratios), "rounds": options.rounds,
    }


def table(options, rows, versions):
    lines = [["batch", "sluice", "PyTorch", "sluice images/s", "PyTorch images/s", "ratio", "(of rounds)"]]
    for row in rows:
        lines.append([
            f"{row['batch']}", row["sluice"], row["peer"], f"{row['sluice_images_per_s']:.1f}",
            f"{row['peer_images_per_s']:.1f}", f"{row['ratio']:.2f}", f"{row['ratio_min']:.2f}–{row['ratio_max']:.2f}",
        ])
    print_columns(lines)
    threads = "one thread" if options.threads == 1 else f"{options.threads} threads"
    print(
        f"\nFeatures of {options.size}×{options.size} images, {threads}; channels open with probability "
        f"{options.density}; medians, rounds: {options.rounds}; sluice {versions['version']}, PyTorch {versions['torch']}"
    )


def main():
    options = arguments()
    ours, peers, versions = play(options, free_cores(options.threads))
    rows = [
        row(options, batch, mode, way, peer_way, ours, peers[mode])
        for batch in options.batches
        for mode in peers
        for way, peer_way in PAIRS
    ]
    if options.json:
        print(json.dumps({"rows": rows, **versions}))
    else:
        table(options, rows, versions)


main()
