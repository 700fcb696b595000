"""Takes tests, headers and notebook extensions out of an environment; compiles what is imported.

Usage: python slim.py ENVIRONMENT IMPORTS_FILE BYTECODE_FOLDER, with the environment's own Python.
"""

import importlib
import os
import py_compile
import shutil
import sys
from importlib.util import cache_from_source
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


def main(environment: Path, imports: Path, bytecode: Path) -> None:
    """Do both, and say what it saved."""
    packages = next(environment.glob("lib/python3*/site-packages"))
    before = size(environment)
    for folder in unneeded_folders(environment, packages):
        shutil.rmtree(folder)
    for pattern in HEADERS:
        for header in packages.rglob(pattern):
            header.unlink()
    print(f"taken out: {(before - size(environment)) / 1e6:,.0f} MB")
    lines = (line.partition("#")[0].strip() for line in imports.read_text("utf-8").splitlines())
    compiled = compile_imported(packages, [line for line in lines if line], bytecode)
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


def compile_imported(packages: Path, wanted: list[str], bytecode: Path) -> int:
    """Compile the modules and path patterns of `wanted` and what they import. Gives the count.

    The standard library is not the environment's: its bytecode goes to the same places below the
    folder `bytecode`. Official Python images come without any.
    """
    for name in wanted:
        if not name.endswith(".py"):
            importlib.import_module(name)
    files = {Path(getattr(module, "__file__", None) or "") for module in list(sys.modules.values())}
    files |= {file for name in wanted if name.endswith(".py") for file in packages.glob(name)}
    library = Path(os.__file__).parent
    sources = sorted(file for file in files if file.suffix == ".py")
    for source in sources:
        place = Path(cache_from_source(str(source)))
        if packages not in source.parents:
            if library not in source.parents:
                continue
            place = bytecode / place.relative_to("/")
        # Files in an image never change, so nobody needs to look at the source's date.
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(source), str(place), doraise=True, invalidation_mode=mode)
    return len(sources)


def size(folder: Path) -> int:
    """Bytes in files."""
    return sum(
        os.lstat(Path(root) / name).st_size for root, _, names in os.walk(folder) for name in names
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), Path(sys.argv[3]))
