"""`python -m benchmarks [NAME ...]`: run all of them, or the named ones."""

import argparse
import importlib
from collections.abc import Callable

from benchmarks import results

# name on the command line -> module, in the order in which they are run
BENCHMARKS = {
    "ingest": "ingest",
    "single": "single_rows",
    "tick": "tick",
    "latency": "latency",
    "backfill": "backfill",
    "memory": "memory",
    "training": "training",
    "scale": "scale",
    "start": "start",
    "dashboard": "dashboard",
    "delivery": "delivery",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench BENCH=...", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = parser.parse_args().names or list(BENCHMARKS)
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(BENCHMARKS)}")
    measured = []
    for name in names:
        print(f"measuring {name} ...", flush=True)
        run: Callable[[], list[results.Result]]
        run = importlib.import_module(f"benchmarks.{BENCHMARKS[name]}").run
        found = run()
        results.save(found)
        measured += found
    results.show(measured)


if __name__ == "__main__":
    main()
