"""What the import scripts share: a run of Sluice as its folder has it."""
import argparse
import json
import os
import re
import sys


def fail(sentence):
    """Says in one sentence what is wrong, and leaves."""
    sys.exit(f"{os.path.basename(sys.argv[0])}: {sentence}")


def parse_options(description):
    """RUN, --project and --name, which every importer takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("run", metavar="RUN", help="the folder of a run")
    parser.add_argument("--project", default="sluice", help="gets the run (default: %(default)s)")
    parser.add_argument("--name", help="of the run there (default: the name of its folder)")
    options = parser.parse_args()
    options.name = options.name or os.path.basename(os.path.abspath(options.run))
    return options


def read_run(folder):
    """The configuration, and the numbers of each step in the order of steps.

    Numbers have the names of metrics.csv's columns; evaluations are merged into the step that they follow. A last line
    that was cut is left out.
    """
    metrics = os.path.join(folder, "metrics.jsonl")
    if not os.path.isfile(metrics):
        fail(f"{folder} is not the folder of a run: it holds no metrics.jsonl")
    try:
        import yaml
    except ImportError:
        fail("PyYAML is not installed: pip install pyyaml")
    try:
        with open(os.path.join(folder, "config.yaml"), encoding="utf-8") as file:
            configuration = with_numbers(yaml.safe_load(file))
    except (OSError, yaml.YAMLError) as error:
        fail(f"{folder}/config.yaml cannot be read: {getattr(error, 'strerror', None) or 'it is not YAML'}")
    gates = gate_names(folder)
    steps = {}
    with open(metrics, encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                record = json.loads(line)
                step = record["step"]
            except (ValueError, KeyError, TypeError):
                continue
            evaluation = record.pop("evaluation", None)
            values = {"epoch": record.get("epoch"), "timestamp": record.get("timestamp")}
            if evaluation is None:
                values = flattened(record, gates)
            else:
                values.update(flattened(evaluation, gates, "evaluation/"))
                values.update(flattened(record.get("probe") or {}, gates, "probe/"))
            steps.setdefault(step, {}).update({k: v for k, v in values.items() if v is not None and k != "step"})
    if not steps:
        fail(f"{metrics} holds no line yet: there is nothing to import")
    return configuration, sorted(steps.items())


def with_numbers(value):
    """A configuration in which 1e-05 is a number: for PyYAML it is a text, as it has no point."""
    if isinstance(value, dict):
        return {key: with_numbers(part) for key, part in value.items()}
    if isinstance(value, list):
        return [with_numbers(part) for part in value]
    return float(value) if isinstance(value, str) and re.fullmatch(r"-?\d+e-?\d+", value) else value


def gate_names(folder):
    """What the columns of metrics.csv call the gates; empty where there is no such file."""
    try:
        with open(os.path.join(folder, "metrics.csv"), encoding="utf-8") as file:
            columns = file.readline().rstrip("\n").split(",")
    except OSError:
        return []
    return [name.removeprefix("density/") for name in columns if name.startswith("density/")]


def flattened(record, gates, prefix=""):
    """The numbers of an object, with the densities of gates one by one."""
    values = {}
    for key, value in record.items():
        if key == "density":
            names = gates if len(gates) == len(value) else range(len(value))
            values.update({f"{prefix}density/{gate}": share for gate, share in zip(names, value)})
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            values[prefix + key] = value
    return values
