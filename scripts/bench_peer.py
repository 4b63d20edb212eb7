#!/usr/bin/env python3
"""What scripts/bench-peer does once PyTorch is there: starts sluice and the peer in turns, and compares."""
import argparse
import json
import os
import statistics
import subprocess
import sys

WARMUP = 2
scripts = os.path.dirname(os.path.abspath(__file__))


def fail(sentence):
    sys.exit(f"bench-peer: {sentence}")


def parsed(parser):
    """The options in front of --, with those behind it, which are sluice's, as `ours`."""
    own, ours = sys.argv[1:], []
    if "--" in own:
        border = own.index("--")
        own, ours = own[:border], own[border + 1 :]
    options = parser.parse_args(own)
    options.ours = ours
    return options


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("sluice")
    for name in ("--size", "--batch"):
        parser.add_argument(name, type=int)
    for name, default in (("--threads", 1), ("--ranks", 1), ("--rounds", 5), ("--steps", 3)):
        parser.add_argument(name, type=int, default=default)
    parser.add_argument("--precision", choices=["f32", "bf16"])
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--json", action="store_true")
    return parsed(parser)


def free_cores(count):
    """Processors to pin to, one a core, the last ones: the first has most interrupts."""
    allowed = os.sched_getaffinity(0)
    cores = {}
    for cpu in sorted(allowed):
        try:
            with open(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") as file:
                cores.setdefault(file.read(), cpu)
        except OSError:
            cores[str(cpu)] = cpu
    if len(cores) < count:
        fail(f"{count} cores are needed, {len(cores)} may be used")
    return sorted(cores.values())[-count:]


def run(command, cores, environment=None):
    """The JSON object that a program prints, and nothing with its last words if it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(environment or {})},
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    objects = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode == 0 and objects:
        return json.loads(objects[-1]), None
    words = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit code {done.returncode}"]
    return None, words[-1]


class Comparison:
    """One size and batch: sluice against the peer in one or more precisions."""

    def __init__(self, options, size, batch, cores):
        self.options, self.size, self.batch, self.cores = options, size, batch, cores
        self.precisions = [options.precision] if options.precision else ["f32", "bf16"]
        self.ours, self.peers = [], {precision: [] for precision in self.precisions}

    def common(self):
        return [
            "--size", self.size, "--batch", self.batch, "--threads", self.options.threads,
            "--steps", self.options.steps, "--warmup", WARMUP,
        ]

    def run_ours(self):
        options = self.options
        command = [options.sluice]
        if options.ranks > 1:
            command = [f"{scripts}/launch", "-n", options.ranks, "--threads", options.threads, "--"] + command
        command += ["bench", "train", "--json", "--quiet", "--set", "optimizer.name=sgd"]
        result, words = run(command + self.common() + options.ours, self.cores)
        return result or fail(f"sluice failed: {words}")

    def run_peer(self, precision):
        options = self.options
        command = [sys.executable]
        if options.ranks > 1:
            command += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", options.ranks]
        threads = options.threads
        shares = [self.cores[first : first + threads] for first in range(0, len(self.cores), threads)]
        command += [f"{scripts}/simclr_peer.py", "--precision", precision] + self.common()
        command += ["--cores", ";".join(",".join(map(str, share)) for share in shares)]
        if options.compile:
            command.append("--compile")
        return run(command, self.cores, {"GLOO_SOCKET_IFNAME": "lo"})

    def play(self):
        for number in range(self.options.rounds):
            ours = self.run_ours()
            self.ours.append(ours)
            said = [f"sluice {ours['views_per_s']:.2f}"]
            for precision in list(self.precisions):
                peer, words = self.run_peer(precision)
                if peer is None:
                    if not self.options.compile:
                        fail(f"PyTorch failed: {words}")
                    print(f"bench-peer: compiled PyTorch failed in {precision}: {words}", file=sys.stderr)
                    self.precisions.remove(precision)
                    continue
                for key in ("parameters", "dense_macs"):
                    if ours[key] != peer[key]:
                        fail(f"the networks differ: {key} is {ours[key]} here and {peer[key]} in PyTorch")
                self.peers[precision].append(peer)
                said.append(f"PyTorch {precision} {peer['views_per_s']:.2f}")
            print(
                f"{self.size}×{self.size} round {number + 1}/{self.options.rounds}: {', '.join(said)} views/s",
                file=sys.stderr,
            )

    def rows(self):
        return [self.row(precision) for precision in self.precisions]

    def row(self, precision):
        def both(key):
            return [statistics.median(run[key] for run in runs) for runs in (self.ours, self.peers[precision])]

        ratios = [
            ours["views_per_s"] / peer["views_per_s"] for ours, peer in zip(self.ours, self.peers[precision])
        ]
        speeds, steps, memory = both("views_per_s"), both("step_ms"), both("peak_rss_mb")
        return {
            "size": self.size, "batch": self.batch, "ranks": self.options.ranks, "threads": self.options.threads,
            "peer": f"{precision} {'compiled' if self.options.compile else 'eager'}",
            "sluice_views_per_s": speeds[0], "peer_views_per_s": speeds[1], "ratio": speeds[0] / speeds[1],
            "ratio_min": min(ratios), "ratio_max": max(ratios),
            "sluice_step_ms": steps[0], "peer_step_ms": steps[1],
            "sluice_peak_rss_mb": memory[0], "peer_peak_rss_mb": memory[1],
            "rounds": self.options.rounds, "settings": self.ours[0]["settings"], "version": self.ours[0]["version"],
            "torch": self.peers[precision][0]["torch"],
        }


def print_columns(lines):
    widths = [max(map(len, column)) for column in zip(*lines)]
    for line in lines:
        print("  ".join(text.rjust(width) for text, width in zip(line, widths)))


def table(rows):
    lines = [
        ["size", "batch", "ranks × threads", "PyTorch", "sluice views/s", "PyTorch views/s", "ratio", "(of rounds)",
         "sluice MB", "PyTorch MB"]
    ]
    for row in rows:
        lines.append([
            f"{row['size']}×{row['size']}", f"{row['batch']}", f"{row['ranks']} × {row['threads']}", row["peer"],
            f"{row['sluice_views_per_s']:.2f}", f"{row['peer_views_per_s']:.2f}", f"{row['ratio']:.2f}",
            f"{row['ratio_min']:.2f}–{row['ratio_max']:.2f}",
            f"{row['sluice_peak_rss_mb']:.0f}", f"{row['peer_peak_rss_mb']:.0f}",
        ])
    print_columns(lines)
    print(f"\nMedians, rounds: {rows[0]['rounds']}; sluice {rows[0]['version']}, PyTorch {rows[0]['torch']}")


def main():
    options = arguments()
    sizes = [options.size or 32] if options.size or options.batch else [32, 224]
    cores = free_cores(options.ranks * options.threads)
    rows = []
    for size in sizes:
        comparison = Comparison(options, size, options.batch or (64 if size < 96 else 16), cores)
        comparison.play()
        rows += comparison.rows()
    if not rows:
        fail("nothing could be compared")
    if options.json:
        print(json.dumps({"rows": rows}))
    else:
        table(rows)


if __name__ == "__main__":
    main()
