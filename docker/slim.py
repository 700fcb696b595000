"""Takes tests, headers and notebook extensions out of an environment; compiles what is imported.

Usage: python slim.py ENVIRONMENT IMPORTS_FILE, with the environment's own Python.
"""

import importlib
import os
import py_compile
import shutil
import sys
from pathlib import Path

# Packages' tests, which nothing imports but their authors' test runs; the rest of a package stays.
TESTED = (
    "IPython greenlet matplotlib mpl_toolkits networkx numpy pandas pyarrow scipy sklearn skops "
    "traitlets jedi parso threadpoolctl psycopg catboost graphene graphql narwhals orjson "
)
HEADERS = ("*.h", "*.hpp", "*.hxx", "*.pxd", "*.a")
HEADER_FOLDERS = ("pyarrow/include", "pyarrow/src", "numpy/_core/include", "catboost/hnsw/include")
NOTEBOOK_EXTENSIONS = (
    "plotly/labextension",
    "dash/labextension",
    "dash/nbextension",
)


def main(environment: Path, imports: Path) -> None:
    """Do both, and say what it saved."""
    packages = next(environment.glob("lib/python3*/site-packages"))
    before = size(environment)
    for folder in unneeded_folders(environment, packages):
        shutil.rmtree(folder, ignore_errors=False)
    for pattern in HEADERS:
        for header in packages.rglob(pattern):
            header.unlink()
    print(f"taken out: {(before - size(environment)) / 1e6:,.0f} MB")
    compiled = compile_imported(packages, imports)
    print(f"compiled: {compiled} modules; {size(environment) / 1e6:,.0f} MB in all")


def unneeded_folders(environment: Path, packages: Path) -> list[Path]:
    """Folders to delete, none of them inside another."""
    found = [
        folder
        for name in TESTED.split()
        for folder in (packages / name).rglob("tests")
        if folder.is_dir()
    ]
    found += [packages / name for name in (*HEADER_FOLDERS, *NOTEBOOK_EXTENSIONS)]
    found += [environment / "share" / "jupyter", environment / "etc" / "jupyter"]
    found += [environment / "include"]
    existing = {folder for folder in found if folder.is_dir()}
    return sorted(each for each in existing if not existing.intersection(each.parents))


def compile_imported(packages: Path, imports: Path) -> int:
    """Compile what importing the modules named in `imports` brings in. Returns how many files."""
    lines = imports.read_text(encoding="utf-8").splitlines()
    for name in (line.partition("#")[0].strip() for line in lines):
        if name:
            importlib.import_module(name)
    files = {
        Path(module.__file__)
        for module in list(sys.modules.values())
        if getattr(module, "__file__", None) and module.__file__.endswith(".py")
    }
    # Files in an image never change, so nobody needs to look at the source's date.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    for file in sorted(file for file in files if packages in file.parents):
        py_compile.compile(str(file), doraise=True, invalidation_mode=mode)
    return len(files)


def size(folder: Path) -> int:
    """Bytes in files."""
    return sum(
        os.lstat(Path(root) / name).st_size for root, _, names in os.walk(folder) for name in names
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]))
