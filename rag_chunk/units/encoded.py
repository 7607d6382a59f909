"""The tokens of a corpus: it is encoded once, on all cores, and what was encoded is kept on disk."""

import itertools
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rag_chunk import cache
from rag_chunk.arrays import Bytes, Positions, index_in, line_type
from rag_chunk.corpus import Corpus, Document
from rag_chunk.units.encoding import load_encoding

if TYPE_CHECKING:
    import tiktoken

PART = 1 << 18  # characters that are encoded at a time
ALONE = 1 << 23  # characters: of fewer, one thread makes less work than several, and hardly anybody waits longer
_TO_A_TOKEN = 4  # characters: about as many as there are in most texts
WORTH_KEEPING = 8192  # characters: of a text whose tokens go to the cache
_SURROGATES = re.compile("[\ud800-\udfff]")

Stretch = tuple[int, int]
Job = tuple[int, list[Stretch]]  # with its number


class Encoded(NamedTuple):
    """The tokens of a corpus, in order.

    `borders` is the position on the line of the character in which each begins, and the line's length: [tokens + 1].
    `alone` is how many tokens the text of one becomes without the space that it begins with, 0 where it begins with
    none: uint8, with one more 0 at the end.
    """

    borders: Positions
    alone: Bytes


class Parts(NamedTuple):
    """What each token of an encoding is, by its number: [tokens of the encoding].

    `begun` is how many characters begin in it, `within` is 1 where its first byte continues a character; `alone` is
    that of `Encoded`.
    """

    begun: Positions
    within: Positions
    alone: Bytes


@lru_cache
def _parts(encoding: str) -> Parts:
    """Return what each token is. Asking for all of them takes a while: it is kept."""
    key = f"parts-2-{encoding}"
    found: Any = cache.load(key)
    if found is None:
        found = np.array(_asked(load_encoding(encoding)), np.int16).ravel()
        cache.store(key, found)
    begun, within, alone = found.reshape(3, -1)
    return Parts(begun, within, alone.astype(np.uint8))


def _asked(encoding: "tiktoken.Encoding") -> list[list[int]]:
    contents = [_content(encoding, token) for token in range(encoding.n_vocab)]
    begun = [sum(byte & 0xC0 != 0x80 for byte in content) for content in contents]  # noqa: PLR2004 - continues none
    within = [int(content[:1] >= b"\x80" and content[:1] < b"\xc0") for content in contents]
    return [begun, within, [_alone(encoding, content) for content in contents]]


def _content(encoding: "tiktoken.Encoding", token: int) -> bytes:
    try:
        return encoding.decode_single_token_bytes(token)
    except KeyError:  # a number without a token
        return b""


def _alone(encoding: "tiktoken.Encoding", content: bytes) -> int:
    if not content.startswith(b" "):
        return 0
    try:
        return len(encoding.encode_ordinary(content[1:].decode()))
    except UnicodeDecodeError:
        return 0


def encoded(corpus: Corpus, encoding: "tiktoken.Encoding", cuts: Positions) -> Encoded:
    """Return the tokens of `corpus`.

    Long documents may be encoded in parts that meet at the `cuts`, where tokens are the same for that.
    """
    kept = {corpus.starts[index].item(): own for index, own in _kept(corpus, encoding)}
    known = set(kept)
    jobs = list(_jobs(corpus, cuts, known))
    new = _on_all_cores(lambda job: _tokens_in(corpus, encoding, job), jobs)
    places = sorted([*known, *(job[0][0] for job in jobs)])
    tokens = _joined((kept.pop(place) if place in known else next(new) for place in places), len(corpus))
    result = _placed(tokens, _parts(encoding.name), len(corpus))
    _keep(corpus, encoding, tokens, result.borders, known)
    return result


def _placed(tokens: Positions, parts: Parts, length: int) -> Encoded:
    """Return where `tokens` start, and what each is without its space; block by block, for the sake of memory."""
    kind = line_type(length)
    borders, alone = np.full(len(tokens) + 1, length, kind), np.zeros(len(tokens) + 1, np.uint8)
    before = kind.type(0)
    for place in range(0, len(tokens), PART):
        block = tokens[place : place + PART]
        begun, own = parts.begun[block], borders[place : min(place + PART, len(tokens))]
        np.cumsum(begun, out=own)
        own += before
        before = kind.type(own[-1])
        own -= begun
        own -= parts.within[block]
        alone[place : place + len(block)] = parts.alone[block]
    return Encoded(borders, alone)


def _kept(corpus: Corpus, encoding: "tiktoken.Encoding") -> Iterator[tuple[int, Positions]]:
    """Yield the index of each document whose tokens the cache has, and those."""
    for index, document in enumerate(corpus.documents):
        key = _key(document, encoding)
        found = cache.load(key) if key else None
        if found is not None:
            yield index, found


def _keep(corpus: Corpus, encoding: "tiktoken.Encoding", tokens: Positions, starts: Positions, known: set[int]) -> None:
    """Store the tokens of the documents that had to be encoded."""
    places = zip(corpus.starts.tolist(), corpus.documents, strict=False)
    new = [(place, key, len(found.text)) for place, found in places if (key := _key(found, encoding))]
    new = [(place, key, length) for place, key, length in new if place not in known]
    for place, key, length in new:
        cache.store(key, tokens[slice(*index_in(starts, [place, place + length]).tolist())])
    if new:
        cache.trim()


def _key(document: Document, encoding: "tiktoken.Encoding") -> str | None:
    """Return where the cache keeps a document's tokens; a short text is encoded faster than it is looked up."""
    wanted = cache.is_enabled() and len(document.text) >= WORTH_KEEPING
    return f"tokens-2-{encoding.name}-{document.digest}" if wanted else None


def _jobs(corpus: Corpus, cuts: Positions, known: set[int]) -> Iterator[list[Stretch]]:
    """Yield stretches of documents, those together that follow each other and are short."""
    job: list[Stretch] = []
    for first, last in itertools.pairwise(corpus.starts.tolist()):
        if first in known or first == last:
            continue
        inner = cuts[slice(*np.searchsorted(cuts, [first + 1, last]).tolist())].tolist()
        for start, end in itertools.pairwise([first, *inner, last]):
            if job and (job[-1][1] < start or end - job[0][0] > PART):
                yield job
                job = []
            job.append((start, end))
    if job:
        yield job


def _tokens_in(corpus: Corpus, encoding: "tiktoken.Encoding", job: list[Stretch]) -> Positions:
    """Return the tokens of stretches that follow each other: uint32 [tokens]."""
    return np.concatenate([_encoded(encoding, corpus.text(start, end)) for start, end in job])


def _encoded(encoding: "tiktoken.Encoding", text: str) -> Positions:
    """Return the tokens of `text`; for a lone surrogate those of U+FFFD, as tiktoken has it."""
    if not text.isascii():
        text = text[:1] + text[1:]  # a copy: Python keeps the UTF-8 of what is handed over as long as that
    try:
        return encoding.encode_to_numpy(text, disallowed_special=())
    except UnicodeEncodeError:
        return encoding.encode_to_numpy(_SURROGATES.sub("\ufffd", text), disallowed_special=())


def _on_all_cores(work: Callable[[list[Stretch]], Positions], jobs: list[list[Stretch]]) -> Iterator[Positions]:
    """Yield what `work` makes of each job, in order.

    This thread takes part: tiktoken's pattern is a fifth faster in the thread that used it first than in any other.
    """
    waiting, found = deque(enumerate(jobs)), dict[int, Positions]()

    def run(until: int) -> None:
        while until not in found and (taken := _taken(waiting)):
            try:
                found[taken[0]] = work(taken[1])
            except BaseException:
                waiting.clear()  # what the others would still do is of no use
                raise

    others = min(_cores(), len(jobs)) - 1 if jobs and jobs[-1][-1][1] - jobs[0][0][0] > ALONE else 0
    with ThreadPoolExecutor(max(others, 1)) as threads:
        running = [threads.submit(run, len(jobs)) for _ in range(others)]
        try:
            for index in range(len(jobs)):
                run(index)
                if index not in found:  # another thread has it, and there is no more to do
                    for other in running:
                        other.result()
                yield found.pop(index)
        finally:
            waiting.clear()


def _taken(waiting: deque[Job]) -> Job | None:
    """Return the next job, None where there is none: another thread may have taken the last one just now."""
    with suppress(IndexError):
        return waiting.popleft()
    return None


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _joined(parts: Iterable[Positions], characters: int) -> Positions:
    """Return arrays of tokens as one: uint32 [tokens].

    Each part is forgotten before the next one comes, so that they take the same little memory.
    """
    joined, filled = np.empty(characters // _TO_A_TOKEN + 1, np.uint32), 0
    for part in parts:
        if filled + len(part) > len(joined):
            joined.resize(filled + len(part) + characters // (4 * _TO_A_TOKEN), refcheck=False)
        joined[filled : filled + len(part)] = part
        filled += len(part)
    return joined[:filled]
