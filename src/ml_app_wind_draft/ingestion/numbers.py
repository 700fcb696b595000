"""Numbers from text: decimal point or comma, marks for a missing value, and everything else."""

import math
import re

import numpy as np
from numpy.typing import NDArray

MISSING = frozenset(
    {
        "",
        "-",
        "--",
        "na",
        "n/a",
        "#n/a",
        "#na",
        "nan",
        "-nan",
        "null",
        "none",
        "nil",
        "\\n",
        "?",
        "*",
    }
)
GROUP = "[ \u00a0\u2009\u202f'\u2019]"
NUMBER = {
    ".": re.compile(
        rf"[+-]?(?:\d{{1,3}}(?:(?:,|{GROUP})\d{{3}})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d+)?"
    ),
    ",": re.compile(
        rf"[+-]?(?:\d{{1,3}}(?:(?:\.|{GROUP})\d{{3}})+|\d+)?(?:,\d*)?(?:[eE][+-]?\d+)?"
    ),
}
GROUPS = re.compile(GROUP)
LONE_GROUP = {".": re.compile(r"[+-]?\d{1,3},\d{3}"), ",": re.compile(r"[+-]?\d{1,3}\.\d{3}")}
POINTED = re.compile(r"\s*[+-]?\d*\.\d+\s*")
COMMAED = re.compile(r"\s*[+-]?\d*,\d+\s*")


def to_numbers(texts: list[str], decimal: str) -> tuple[NDArray[np.float64], dict[int, str]]:
    """float64 [n], NaN where missing or no number; and row -> text of those that are no number."""
    try:
        return _all_at_once(texts, decimal), {}
    except ValueError:
        return _one_by_one(texts, decimal)


def _all_at_once(texts: list[str], decimal: str) -> NDArray[np.float64]:
    """The plain case, fast; a `ValueError` where any text needs a closer look."""
    everything = "".join(texts)
    if "_" in everything or (decimal == "," and "." in everything):
        raise ValueError
    if decimal == ",":
        texts = [text.replace(",", ".") for text in texts]
    values = np.fromiter((float(text or "nan") for text in texts), np.float64, len(texts))
    if np.isinf(values).any():
        raise ValueError
    return values


def _one_by_one(texts: list[str], decimal: str) -> tuple[NDArray[np.float64], dict[int, str]]:
    values = np.full(len(texts), np.nan)
    unreadable: dict[int, str] = {}
    for row, text in enumerate(texts):
        bare = text.strip()
        if bare.lower() in MISSING:
            continue
        number = read_number(bare, decimal)
        if number is None:
            unreadable[row] = text
        else:
            values[row] = number
    return values, unreadable


def read_number(text: str, decimal: str) -> float | None:
    """One number, or `None`. Groups of thousands are read where they cannot be a decimal part."""
    text = text.replace("\u2212", "-")
    if not NUMBER[decimal].fullmatch(text) or LONE_GROUP[decimal].fullmatch(text):
        return None
    other = "." if decimal == "," else ","
    plain = GROUPS.sub("", text).replace(other, "").replace(decimal, ".")
    try:
        number = float(plain)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def recognise_decimal(texts: list[str]) -> str:
    """The decimal mark that most of these use."""
    commas = sum(1 for text in texts if COMMAED.fullmatch(text))
    points = sum(1 for text in texts if POINTED.fullmatch(text))
    return "," if commas > points else "."
