"""A token model that needs no download: one or two letters are a token, whose vector knows its neighbours in the window."""

import re
from collections.abc import Sequence

import numpy as np

from rag_chunk.corpus.arrays import Floats, Positions
from rag_chunk.embedder.interface import Embedder, Role, TokenizedText, TokenModel, Vectors, unit

FIRST, LAST = 0, 1  # the model's own tokens
LIMIT = 7
DIMENSIONS = 5
read_windows: list[list[int]] = []  # what was read since it was cleared


def tokenize(text: str) -> TokenizedText:
    """Return a token for each one or two characters that are no white space, between two of the model's own."""
    places = [piece.span() for piece in re.finditer(r"\S{1,2}", text)]
    ids = [FIRST, *(2 + hash_of(text[start:end]) for start, end in places), LAST]
    spans = [places[0], *places, places[-1]] if places else [(0, len(text))] * 2
    return TokenizedText(np.array(ids), np.array(spans), *((1, 1) if places else (2, 0)))


def hash_of(text: str) -> int:
    return sum(map(ord, text)) % 97


def read(windows: Sequence[Positions]) -> list[Floats]:
    """Return vectors of which each depends on its token, its neighbours and its place in the window."""
    read_windows.extend(window.tolist() for window in windows)
    return [np.array([vector_of(window.tolist(), row) for row in range(len(window))], np.float32) for window in windows]


def vector_of(window: list[int], row: int) -> list[float]:
    before, own, after = ([-1, *window, -1][row + shift] for shift in range(3))
    return [np.sin(own + 1), np.cos(own * 2), np.sin(before - after), np.cos(row), len(window) / LIMIT]


def letters(name: str, url: str | None) -> Embedder:
    """Load the model, a backend of which the vector of a text is the mean of its tokens, of which it reads `LIMIT`."""
    del name, url

    def embed(texts: Sequence[str], role: Role) -> Vectors:
        del role
        kept = [tokenize(text).ids for text in texts]
        cut = [ids if len(ids) <= LIMIT else np.array([*ids[: LIMIT - 1], LAST]) for ids in kept]
        return unit(np.array([rows.mean(axis=0, dtype=np.float64) for rows in read(cut)]).reshape(-1, DIMENSIONS))

    def count(texts: Sequence[str]) -> Positions:
        return np.array([len(tokenize(text).ids) for text in texts], np.int64)

    model = TokenModel("letters-1", tokenize, read, LIMIT)
    return Embedder("letters-1", embed, count, LIMIT, load_token_model=lambda: model)
