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
from rag_chunk.arrays import Bools, Bytes, Positions, Spans, among, as_spans, distinct, index_in, line_type
from rag_chunk.characters import LETTER, NEWLINE, NUMBER, PUNCTUATION, SPACE, STICKY
from rag_chunk.corpus import BLOCK, Corpus, Document
from rag_chunk.units.encoding import load_encoding

if TYPE_CHECKING:
    pass

FAR = 64  # characters: a safe point further away than this is not worth encoding up to
SHORT = 256  # characters: the counts of texts up to this are remembered
WIDE = 10_000  # white-space characters: above it the pattern's way back through them is not left to it
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


def _cores() -> int | None:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _parts(text: str, safe: Positions, wide: Positions) -> list[tuple[int, int]]:
    """Cut a long text at safe points, and before the end of `wide` spaces, into parts that are encoded at a time."""
    wanted = np.arange(PART, len(text), PART)
    index = np.searchsorted(safe, wanted)
    cuts = distinct(safe[index[index < len(safe)]], wide).tolist()
    borders = [0, *(cut for cut in cuts if 0 < cut < len(text)), len(text)]
    return list(itertools.pairwise(borders))


@lru_cache
def _token_lengths(encoding: str) -> Positions:
    """Return how many bytes each token has, by its number. Asking for all of them takes a while: it is kept."""
    key = f"lengths-2-{encoding}"
    found = cache.load(key)
    if found is not None:
        return found
    known = load_encoding(encoding)
    lengths = np.zeros(known.n_vocab, np.int32)
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
        flags, dtype = self._corpus.flags, line_type(len(self._corpus))
        parts = []
        for first, last in itertools.pairwise(self._corpus.starts.tolist()):
            for place in range(first, last, BLOCK):
                before = max(place - 1, first)
                found = np.flatnonzero(_safe(flags[before : min(place + BLOCK, last)])) + before
                parts.append(found[found >= place if place > first else slice(None)].astype(dtype))
        points = np.concatenate([*parts, self._corpus.starts[-1:].astype(dtype)])
        return distinct(points, self._wide_ends) if len(self._wide_ends) else points

    @cached_property
    def _wide_ends(self) -> Positions:
        """The last character of each long stretch of white space before something else, where it is no line end.

        Every pattern splits there, since the last space belongs to what follows.
        """
        parts = [self._after_wide(first, last, FAR) for first, last in itertools.pairwise(self._corpus.starts.tolist())]
        return np.concatenate([*parts, np.zeros(0, line_type(len(self._corpus)))])

    def _token_starts(self) -> Positions:
        """Return the position on the line of the character in which each token begins."""
        keys = [self._key(document) for document in self._corpus.documents]
        known = [cache.load(key) if key else None for key in keys]
        jobs = [job for index, found in enumerate(known) if found is None for job in self._jobs(index)]
        parts: list[list[Positions]] = [[] if found is None else [found] for found in known]
        with ThreadPoolExecutor(_cores()) as threads:
            for (index, _, _), part in zip(jobs, threads.map(lambda job: self._starts_in(*job), jobs), strict=True):
                parts[index].append(part)
        self._keep([(key, own) for key, own, found in zip(keys, parts, known, strict=True) if key and found is None])
        return self._on_the_line(parts)

    def _on_the_line(self, parts: list[list[Positions]]) -> Positions:
        """Return the starts of all documents' tokens as one array; the parts are used up."""
        starts = np.empty(sum(len(part) for own in parts for part in own), line_type(len(self._corpus)))
        filled = 0
        for offset, own in zip(self._corpus.starts.tolist(), parts, strict=False):
            while own:
                part = own.pop(0)
                starts[filled : filled + len(part)] = part
                starts[filled : filled + len(part)] += offset
                filled += len(part)
        return starts

    def _keep(self, new: list[tuple[str, list[Positions]]]) -> None:
        """Store what had to be encoded."""
        for key, own in new:
            cache.store(key, np.concatenate(own))
        if new:
            cache.trim()

    def _key(self, document: Document) -> str | None:
        """Return where the cache keeps a document's tokens; a short text is encoded faster than it is looked up."""
        long = len(document.text) >= WORTH_KEEPING
        return f"tokens-1-{self._encoding.name}-{document.digest}" if long else None

    def _jobs(self, index: int) -> list[tuple[int, int, int]]:
        """Return the parts in which a document is encoded: its index, and the part's borders in it."""
        first, last = self._corpus.starts[index : index + 2].tolist()
        safe = self._safe_points[slice(*index_in(self._safe_points, [first, last]).tolist())] - first
        parts = _parts(self._corpus.documents[index].text, safe, self._after_wide(first, last, WIDE) - first)
        return [(index, start, end) for start, end in parts]

    def _after_wide(self, first: int, last: int, wide: int) -> Positions:
        low, high = index_in(self._corpus.solid_starts, [first, last]).tolist()
        starts, before = self._corpus.solid_starts[low:high], np.append(first, self._corpus.solid_ends[low:high])[:-1]
        found = starts[starts - before > wide] - 1
        kept: Positions = found[(self._corpus.flags[found] & NEWLINE) == 0]
        return kept

    def _starts_in(self, index: int, start: int, end: int) -> Positions:
        """Return where the tokens of a part start, within its document: int32 [tokens]."""
        text = _replaced(self._corpus.documents[index].text[start:end])
        tokens = self._encoding.encode_to_numpy(text, disallowed_special=())
        starts = np.zeros(len(tokens), np.int32)
        np.cumsum(_token_lengths(self._encoding.name)[tokens[:-1]], out=starts[1:])
        if not text.isascii():
            content = np.frombuffer(text.encode(), np.uint8)
            starts = np.cumsum((content & 0xC0) != 0x80, dtype=np.int32)[starts] - 1  # noqa: PLR2004 - starts a character
        return starts + np.int32(start)

    def _count(self, text: str) -> int:
        """Return the number of tokens of `text` by itself, remembered for short texts."""
        if len(text) > SHORT:
            return len(self._encoding.encode_ordinary(text))
        count = self._counts.get(text)
        if count is None:
            count = self._counts[text] = len(self._encoding.encode_ordinary(text))
        return count

    def _counts_of(self, spans: Spans) -> Positions:
        """Return the number of tokens of each span's text, encoded by itself: [n]."""
        return np.array([self._count(text) for text in self._corpus.texts(as_spans(spans))], np.int64)

    def _before(self, positions: Positions) -> Positions:
        return index_in(self.starts, positions)

    def lead(self, starts: Positions) -> Positions:
        """Return for each start the number of tokens that a chunk starting there does not pay for.

        `reach(end) - lead(start)` is the chunk's size wherever a safe point lies in it.
        """
        safe = self._safe_points[index_in(self._safe_points, starts)]
        count = self._before(safe)
        far = safe - starts > FAR
        count[far] = self._before(starts[far])
        cut = np.flatnonzero((safe > starts) & ~far)
        count[cut] -= self._counts_of(np.column_stack([starts[cut], safe[cut]]))
        return count

    def reach(self, ends: Positions) -> Positions:
        """Return for each end the number of tokens up to it, as a chunk that ends there counts them."""
        index = index_in(self._safe_points, ends)
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
        after = index_in(self._safe_points, starts)
        before = index_in(self._safe_points, ends) - 1
        first, last = self._safe_points[after], self._safe_points[np.maximum(before, 0)]
        near: Bools = (first <= last) & (first - starts <= FAR) & (ends - last <= FAR)
        if len(self._wide_ends):  # at the end of a text all its last white space is one piece
            spaced = (self._corpus.flags[np.maximum(ends, 1) - 1] & SPACE) > 0
            near &= ~(spaced & among(last, self._wide_ends))
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
