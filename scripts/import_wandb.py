#!/usr/bin/env python3
"""Makes an offline run of Weights & Biases of a run of Sluice.

It is written to ./wandb (or WANDB_DIR); `wandb sync` sends it on. Nothing is sent from here.
"""
from logged_run import fail, parse_options, read_run

options = parse_options(__doc__)
configuration, steps = read_run(options.run)
try:
    import wandb
except ImportError:
    fail("the package wandb is not installed: pip install wandb")

run = wandb.init(project=options.project, name=options.name, config=configuration, mode="offline")
for step, values in steps:
    run.log(values, step=step)
run.finish()
print(f"{len(steps)} steps; send them with: wandb sync {run.settings.sync_dir}")
