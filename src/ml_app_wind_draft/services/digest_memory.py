"""The data digest of the last training, so that the next need not read all rows to compare.

Reading a year of four turbines takes seconds on one core; a fingerprint of what was written when
takes a twentieth of one. A lost file costs those seconds, nothing else.
"""

import json
import tempfile
from pathlib import Path


class DigestMemory:
    """The file `path`: one fingerprint of the stored rows, and their data digest."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def recall(self, fingerprint: str) -> str | None:
        """The digest of the rows with this fingerprint, `None` where it is not known."""
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
            return known["data_digest"] if known["fingerprint"] == fingerprint else None
        except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
            return None

    def remember(self, before: str, after: str, data_digest: str) -> None:
        """Keep it, in place of what was known before.

        `before` and `after` are the fingerprints on both sides of the reading; where they differ,
        rows came in between, and the digest may be of rows that neither of them describes.
        """
        if before != after:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._path.parent, prefix=".") as workshop:
            made = Path(workshop) / self._path.name
            known = {"fingerprint": after, "data_digest": data_digest}
            made.write_text(json.dumps(known), encoding="utf-8")
            made.replace(self._path)
