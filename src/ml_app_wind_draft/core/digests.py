"""SHA-256, in hexadecimal digits: what is the same, and what was changed."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path


def digest_of(content: bytes) -> str:
    """The digest of bytes."""
    return hashlib.sha256(content).hexdigest()


def digest_of_file(path: Path) -> str:
    """The digest of a file, which is not read at once. Raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_json(content: Mapping[str, object]) -> str:
    """The digest of what JSON can say, whatever the order of its keys."""
    return digest_of(json.dumps(content, sort_keys=True).encode())
