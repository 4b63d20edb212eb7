#!/usr/bin/env python3
"""What scripts/bench-peer loader does once torchvision is there: starts both in turns, and compares."""
import argparse
import json
import statistics
import sys

from bench_peer import fail, free_cores, parsed, print_columns, run, scripts

PIPELINES = ["tensor", "pil"]


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("sluice", "data", "tree"):
        parser.add_argument(name)
    for name, default in (("--size", 224), ("--images", 200), ("--rounds", 5)):
        parser.add_argument(name, type=int, default=default)
    parser.add_argument("--json", action="store_true")
    return parsed(parser)


def play(options, cores):
    """What each round measured: sluice, and torchvision by pipeline."""
    ours, peers = [], {pipeline: [] for pipeline in PIPELINES}
    common = ["--size", options.size, "--images", options.images]
    for number in range(options.rounds):
        command = [options.sluice, "bench", "loader", options.data, "--threads", 1, "--json", "--quiet"]
        result, words = run(command + common + options.ours, cores)
        ours.append(result or fail(f"sluice failed: {words}"))
        said = [f"sluice {ours[-1]['images_per_s']:.1f}"]
        for pipeline in PIPELINES:
            command = [sys.executable, f"{scripts}/loader_peer.py", options.tree, "--pipeline", pipeline]
            result, words = run(command + common, cores)
            peers[pipeline].append(result or fail(f"torchvision failed: {words}"))
            said.append(f"torchvision {pipeline} {peers[pipeline][-1]['images_per_s']:.1f}")
        print(f"round {number + 1}/{options.rounds}: {', '.join(said)} images/s", file=sys.stderr)
    return ours, peers


def row(options, pipeline, ours, peers):
    def both(key):
        return [statistics.median(result[key] for result in results) for results in (ours, peers)]

    ratios = [a["images_per_s"] / b["images_per_s"] for a, b in zip(ours, peers)]
    speeds, memory = both("images_per_s"), both("peak_rss_mb")
    return {
        "data": options.data, "size": options.size, "images": options.images, "rounds": options.rounds,
        "peer": pipeline, "sluice_images_per_s": speeds[0], "peer_images_per_s": speeds[1],
        "ratio": speeds[0] / speeds[1], "ratio_min": min(ratios), "ratio_max": max(ratios),
        "sluice_peak_rss_mb": memory[0], "peer_peak_rss_mb": memory[1], "decoder": peers[0]["decoder"],
        "version": ours[0]["version"], "torch": peers[0]["torch"], "torchvision": peers[0]["torchvision"],
    }


def table(rows):
    lines = [
        ["torchvision", "decoder", "sluice images/s", "torchvision images/s", "ratio", "(of rounds)", "sluice MB",
         "torchvision MB"]
    ]
    for row in rows:
        lines.append([
            row["peer"], row["decoder"], f"{row['sluice_images_per_s']:.1f}", f"{row['peer_images_per_s']:.1f}",
            f"{row['ratio']:.2f}", f"{row['ratio_min']:.2f}–{row['ratio_max']:.2f}",
            f"{row['sluice_peak_rss_mb']:.0f}", f"{row['peer_peak_rss_mb']:.0f}",
        ])
    print_columns(lines)
    first = rows[0]
    print(
        f"\nTwo views of {first['size']}×{first['size']} of {first['images']} images of {first['data']}, one thread; "
        f"medians, rounds: {first['rounds']}; sluice {first['version']}, torchvision {first['torchvision']}, "
        f"PyTorch {first['torch']}"
    )


def main():
    options = arguments()
    ours, peers = play(options, free_cores(1))
    rows = [row(options, pipeline, ours, peers[pipeline]) for pipeline in PIPELINES]
    if options.json:
        print(json.dumps({"rows": rows}))
    else:
        table(rows)


main()
