"""tiktoken tokens as units: the corpus is encoded once, and a cut re-encodes only the word at it.

A tokenizer of this kind first splits text by a pattern, then encodes each piece by itself. At a *safe
point* every such pattern splits, wherever its scan began and whatever follows, so tokens on both sides
of it are the same for the corpus and for any chunk that holds it. Between a cut and the next safe
point the chunk's own text is encoded; everything else is counted from the corpus' token starts.
"""

import itertools
import os
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from rag_chunk import cache
from rag_chunk.arrays import Bools, Bytes, Positions, Spans, as_spans, distinct
from rag_chunk.characters import LETTER, NEWLINE, NUMBER, PUNCTUATION, SPACE, STICKY
from rag_chunk.corpus import Corpus, Document
from rag_chunk.units.encoding import load_encoding

if TYPE_CHECKING:
    pass

FAR = 4096  # characters: a safe point further away than this is not worth encoding up to
PART = 1 << 20  # characters that are encoded at a time
WORTH_KEEPING = 8192  # characters: of a text whose tokens go to the cache
_SURROGATES = re.compile("[\ud800-\udfff]")


def _safe(flags: Bytes) -> Bools:
    """Return whether each position of a document is a safe point: bool [characters]."""
    before, here = flags[:-1], flags[1:]
    spaced = (here & (SPACE | NEWLINE | STICKY) == SPACE) & (before & SPACE == 0)
    after_letter = (before & LETTER > 0) & (here & (SPACE | PUNCTUATION | NUMBER) > 0)
    after_number = (before & NUMBER > 0) & (here & (SPACE | PUNCTUATION | LETTER) > 0)
    line = (before & NEWLINE > 0) & (here & (LETTER | NUMBER | PUNCTUATION) > 0)
    inner = (spaced | after_letter | after_number | line) & (here & STICKY == 0)
    return np.concatenate([np.ones(1, bool), inner])


def _parts(text: str, safe: Positions) -> list[tuple[int, int]]:
    """Cut a long text at safe points, into parts that are encoded at a time."""
    wanted = np.arange(PART, len(text), PART)
    index = np.searchsorted(safe, wanted)
    cuts = distinct(safe[index[index < len(safe)]]).tolist()
    borders = [0, *(cut for cut in cuts if 0 < cut < len(text)), len(text)]
    return list(itertools.pairwise(borders))


@lru_cache
def _token_lengths(encoding: str) -> Positions:
    """Return how many bytes each token has, by its number. Asking for all of them takes a while: it is kept."""
    key = f"lengths-1-{encoding}"
    found = cache.load(key)
    if found is not None:
        return found
    known = load_encoding(encoding)
    lengths = np.zeros(known.n_vocab, np.int64)
    for token in range(known.n_vocab):
        with suppress(KeyError):
            lengths[token] = len(known.decode_single_token_bytes(token))
    cache.store(key, lengths)
    return lengths


class Tokens:
    """Tokens as units. A chunk's size equals the length of its text's own encoding."""

    name: Final = "tokens"

    def __init__(self, corpus: Corpus, model: str) -> None:
        """Encode `corpus` with the tokenizer of `model`, on all cores."""
        self._corpus = corpus
        self._encoding = load_encoding(model)
        self._counts: dict[str, int] = {}
        self.starts = self._token_starts()

    @cached_property
    def _safe_points(self) -> Positions:
        """Every safe point of the line, document borders among them, in order."""
        parts = [np.zeros(0, np.int64)]
        for first, last in zip(self._corpus.starts[:-1], self._corpus.starts[1:], strict=True):
            if last > first:
                parts.append(np.flatnonzero(_safe(self._corpus.flags[first:last])) + first)
        return np.concatenate([*parts, self._corpus.starts[-1:]])

    def _token_starts(self) -> Positions:
        """Return the position on the line of the character in which each token begins."""
        offsets = self._corpus.starts.tolist()
        keys = [self._key(document) for document in self._corpus.documents]
        known = [cache.load(key) if key else None for key in keys]
        jobs = [job for index, found in enumerate(known) if found is None for job in self._jobs(index)]
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            encoded = threads.map(lambda job: self._starts_in(*job[1:]), jobs)
        parts: dict[int, list[Positions]] = {}
        for (index, _, _), part in zip(jobs, encoded, strict=True):
            parts.setdefault(index, []).append(part)
        starts = [np.zeros(0, np.int64)]
        for index, (key, found) in enumerate(zip(keys, known, strict=True)):
            own = np.concatenate(parts[index]) if found is None else found
            if key and found is None:
                cache.store(key, own.astype(np.int32))
            starts.append(own + offsets[index])
        if parts:
            cache.trim()
        return np.concatenate(starts)

    def _key(self, document: Document) -> str | None:
        """Return where the cache keeps a document's tokens; a short text is encoded faster than it is looked up."""
        long = len(document.text) >= WORTH_KEEPING
        return f"tokens-1-{self._encoding.name}-{document.digest}" if long else None

    def _jobs(self, index: int) -> list[tuple[int, int, str]]:
        """Return the parts in which a document is encoded: its index, the part's start in it, its text."""
        first, last = self._corpus.starts[index : index + 2].tolist()
        text = self._corpus.documents[index].text
        safe = self._safe_points[slice(*np.searchsorted(self._safe_points, [first, last]))] - first
        return [(index, start, text[start:end]) for start, end in _parts(text, safe)]

    def _starts_in(self, offset: int, text: str) -> Positions:
        text = _replaced(text)
        tokens = self._encoding.encode_to_numpy(text, disallowed_special=())
        ends = np.cumsum(_token_lengths(self._encoding.name)[tokens])
        starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])[: len(ends)]
        if text.isascii():
            return starts + offset
        content = np.frombuffer(text.encode(), np.uint8)
        character = np.cumsum((content & 0xC0) != 0x80) - 1  # noqa: PLR2004 - not a UTF-8 continuation byte
        places: Positions = character[starts] + offset
        return places

    def _count(self, text: str) -> int:
        """Return the number of tokens of `text` by itself, remembered for short texts."""
        if len(text) > FAR:
            return len(self._encoding.encode_ordinary(text))
        count = self._counts.get(text)
        if count is None:
            count = self._counts[text] = len(self._encoding.encode_ordinary(text))
        return count

    def _counts_of(self, spans: Spans) -> Positions:
        """Return the number of tokens of each span's text, encoded by itself: [n]."""
        return np.array([self._count(text) for text in self._corpus.texts(as_spans(spans))], np.int64)

    def _before(self, positions: Positions) -> Positions:
        return np.searchsorted(self.starts, positions, side="left")

    def lead(self, starts: Positions) -> Positions:
        """Return for each start the number of tokens that a chunk starting there does not pay for.

        `reach(end) - lead(start)` is the chunk's size wherever a safe point lies in it.
        """
        safe = self._safe_points[np.searchsorted(self._safe_points, starts)]
        count = self._before(safe)
        far = safe - starts > FAR
        count[far] = self._before(starts[far])
        cut = np.flatnonzero((safe > starts) & ~far)
        count[cut] -= self._counts_of(np.column_stack([starts[cut], safe[cut]]))
        return count

    def reach(self, ends: Positions) -> Positions:
        """Return for each end the number of tokens up to it, as a chunk that ends there counts them."""
        index = np.searchsorted(self._safe_points, ends)
        aligned = (self._safe_points[index] == ends) & (ends > 0)
        aligned &= (self._corpus.flags[np.maximum(ends, 1) - 1] & SPACE) == 0
        safe = np.where(aligned, ends, self._safe_points[np.maximum(index - 1, 0)])
        count = self._before(safe)
        far = ends - safe > FAR
        count[far] = self._before(ends[far])
        cut = np.flatnonzero((safe < ends) & ~far)
        count[cut] += self._counts_of(np.column_stack([safe[cut], ends[cut]]))
        return count

    def additive(self, spans: Spans) -> Bools:
        """Return whether `reach` less `lead` is the size of each span: where a near safe point lies in it."""
        starts, ends = spans[:, 0], spans[:, 1]
        after = np.searchsorted(self._safe_points, starts)
        before = np.searchsorted(self._safe_points, ends) - 1
        first, last = self._safe_points[after], self._safe_points[np.maximum(before, 0)]
        near: Bools = (first <= last) & (first - starts <= FAR) & (ends - last <= FAR)
        return near

    def sizes(self, spans: Spans) -> Positions:
        """Return the number of tokens in each span's own text: [n]."""
        near = self.additive(spans)
        sizes = np.zeros(len(spans), np.int64)
        sizes[near] = self.reach(spans[near, 1]) - self.lead(spans[near, 0])
        sizes[~near] = self._counts_of(spans[~near])
        return sizes


def _replaced(text: str) -> str:
    """Return `text` with U+FFFD, as tiktoken encodes it, in the place of each lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", text)
    return text
