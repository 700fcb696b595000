"""Which encoding is a text file in? Read once through, without keeping it in memory."""

import codecs
from collections.abc import Callable
from pathlib import Path

from charset_normalizer import from_bytes

BLOCK = 1 << 20
SAMPLE = 1 << 16
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The usual ones of older SCADA exports, when the guess does not even read the header.
USUAL = ("cp1252", "latin-1", "utf-8")


def recognise_encoding(path: Path, fits: Callable[[str], bool]) -> str:
    """The encoding: by its mark, else UTF-8 if all of the file is, else the best guess.

    `fits` says whether the beginning of the file, so decoded, has the header that is looked for.
    """
    with path.open("rb") as file:
        head = file.read(SAMPLE)
    for mark, name in BOMS:
        if head.startswith(mark):
            return name
    if wide := _wide_without_mark(head):
        return wide
    odd = _first_not_utf8(path)
    if odd is None:
        return "utf-8"
    candidates = [*_guesses(head, odd), *USUAL]
    fitting = (name for name in candidates if fits(head.decode(name, "replace")))
    return next(fitting, candidates[0])


def _wide_without_mark(head: bytes) -> str | None:
    """UTF-16 of mostly Latin text has a zero in every other byte."""
    pairs = len(head) // 2
    if pairs == 0:
        return None
    even, odd = head[: 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    mostly = 0.6 * pairs
    if odd > mostly and even < pairs - mostly:
        return "utf-16-le"
    if even > mostly and odd < pairs - mostly:
        return "utf-16-be"
    return None


def _first_not_utf8(path: Path) -> bytes | None:
    """The bytes around the first place that is not UTF-8, or `None` if there is no such place."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                return error.object[max(0, error.start - SAMPLE // 2) : error.start + SAMPLE // 2]
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return error.object
    return None


def _guesses(head: bytes, odd: bytes) -> list[str]:
    return [guess.encoding for guess in from_bytes(head[: SAMPLE // 4] + odd)]
