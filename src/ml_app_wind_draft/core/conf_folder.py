"""The configuration folder, completed by defaults.

The image carries the default configuration outside the folder that is mounted at `/app/conf`: an
empty mount means the defaults, and a file in it takes the place of the default file of its name.
"""

import os
import tempfile
from pathlib import Path

from ml_app_wind_draft.core.digests import digest_of


def with_defaults(folder: Path, defaults: Path | None) -> Path:
    """A folder with every file of `folder`, and those of `defaults` that `folder` has not.

    That is one of the two where it has them all, else a temporary folder of links. Everything is
    looked at anew by every process, so a changed file counts from the next start on.
    """
    if defaults is None:
        return folder
    own, shipped = _files(folder), _files(defaults)
    if own >= shipped:
        return folder
    if not own:
        return defaults
    links = {name: defaults / name for name in shipped} | {name: folder / name for name in own}
    return _folder_of_links({name: path.absolute() for name, path in links.items()})


def _files(folder: Path) -> set[Path]:
    return {
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".gitkeep"
    }


def _folder_of_links(links: dict[Path, Path]) -> Path:
    """The same links are the same folder, so that restarts and commands leave one behind."""
    named = "".join(f"{name}\0{path}\0" for name, path in sorted(links.items()))
    digest = digest_of(named.encode())[:12]
    place = Path(tempfile.gettempdir()) / f"wind-conf-{os.getuid()}-{digest}"
    if place.is_dir():
        return place
    with tempfile.TemporaryDirectory(prefix="wind-conf-") as workshop:
        made = Path(workshop) / "conf"
        for name, path in links.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).symlink_to(path)
        try:
            made.rename(place)
        except OSError:  # another process was first
            if not place.is_dir():
                raise
    return place
