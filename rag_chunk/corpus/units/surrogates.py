"""Surrogates, which only JSON can carry, and no tokenizer takes."""

import re

_LONE = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def replace_surrogates(text: str) -> str:
    """Return `text` with U+FFFD in the place of each surrogate."""
    return _LONE.sub("\ufffd", text)


def find_pair(text: str) -> int | None:
    """Return where a character is written as two surrogates, which tiktoken joins; None where none is."""
    pair = None if text.isascii() else _PAIR.search(text)
    return pair.start() if pair else None
