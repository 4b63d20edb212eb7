#!/usr/bin/env python3
"""Adds a run of Sluice to a local project of Trackio, which `trackio show` displays."""
from logged_run import fail, parse_options, read_run

options = parse_options(__doc__)
configuration, steps = read_run(options.run)
try:
    import trackio
except ImportError:
    fail("the package trackio is not installed: pip install trackio")

trackio.init(
    project=options.project, name=options.name, config=configuration, auto_log_cpu=False, auto_log_gpu=False)
for step, values in steps:
    # Trackio has a time of its own under this name.
    trackio.log({key: value for key, value in values.items() if key != "timestamp"}, step=step)
trackio.finish()
print(f"{len(steps)} steps; look at them with: trackio show --project {options.project}")
