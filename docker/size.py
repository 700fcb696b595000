"""What the size of an image is made of: python docker/size.py IMAGE [BUDGET_IN_BYTES].

Prints the bytes of each package, and fails when the whole is beyond the budget.
"""

import json
import subprocess
import sys
from collections import Counter
from importlib.metadata import distributions
from importlib.util import source_from_cache
from pathlib import Path

BUDGET = 1_420_000_000
SHOWN = 25


def main(image: str, budget: int) -> int:
    """Measure from outside and from inside; 1 when the image is too large."""
    whole = int(_docker("image", "inspect", "--format", "{{.Size}}", image))
    program = Path(__file__).read_text("utf-8")
    inside = ("run", "--rm", "--interactive", "--network", "none", image, "python", "-")
    parts = Counter(json.loads(_docker(*inside, text=program)))
    largest = parts.most_common(SHOWN)
    for name, size in largest:
        _line(name, size)
    _line(f"{len(parts) - len(largest)} more", parts.total() - sum(size for _, size in largest))
    _line("Python, Debian, the data and the project", whole - parts.total())
    _line(f"{image} (at most {budget / 1e6:,.0f})", whole)
    if whole > budget:
        sys.stderr.write(f"{image} is {(whole - budget) / 1e6:,.1f} MB beyond its budget.\n")
    return int(whole > budget)


def packages() -> Counter[str]:
    """Bytes of each package of the environment that this runs in, its bytecode included."""
    owners, sizes = {}, Counter()
    for package in distributions():
        for file in package.files or ():
            owners[Path(str(package.locate_file(file))).resolve()] = package.name
    (root,) = Path(sys.prefix).resolve().glob("lib/python3*/site-packages")
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            source = Path(source_from_cache(str(path))) if path.suffix == ".pyc" else path
            sizes[owners.get(source, "of no package")] += path.stat().st_size
    return sizes


def _line(name: str, size: int) -> None:
    print(f"{size / 1e6:10,.1f} MB  {name}")


def _docker(*words: str, text: str | None = None) -> str:
    return subprocess.run(
        ["docker", *words], input=text, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit(main(sys.argv[1], int(sys.argv[2]) if sys.argv[2:] else BUDGET))
    print(json.dumps(packages()))
