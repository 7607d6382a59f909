"""Where tokens start: the corpus is encoded once, on all cores, and what was encoded is kept on disk."""

import itertools
import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rag_chunk import cache
from rag_chunk.arrays import Positions, index_in, line_type
from rag_chunk.corpus import Corpus, Document
from rag_chunk.units.encoding import load_encoding

if TYPE_CHECKING:
    import tiktoken

PART = 1 << 18  # characters that are encoded at a time
ALONE = 1 << 23  # characters: of fewer, one thread makes less work than several, and hardly anybody waits longer
WORTH_KEEPING = 8192  # characters: of a text whose tokens go to the cache
_SURROGATES = re.compile("[\ud800-\udfff]")

Stretch = tuple[int, int]


class Parts(NamedTuple):
    """What is done with a token: int16 [tokens of the encoding], by the token's number.

    `begun` is how many characters begin in it, `within` is 1 where its first byte continues a character.
    """

    begun: Positions
    within: Positions


@lru_cache
def _parts(encoding: str) -> Parts:
    """Return what each token holds. Asking for all of them takes a while: it is kept."""
    key = f"parts-1-{encoding}"
    found: Any = cache.load(key)
    if found is None:
        found = np.column_stack(_asked(load_encoding(encoding))).ravel()
        cache.store(key, found)
    return Parts(found[0::2].copy(), found[1::2].copy())


def _asked(encoding: "tiktoken.Encoding") -> Parts:
    begun, within = np.zeros((2, encoding.n_vocab), np.int16)
    for token in range(encoding.n_vocab):
        with suppress(KeyError):
            content = encoding.decode_single_token_bytes(token)
            begun[token] = sum(byte & 0xC0 != 0x80 for byte in content)  # noqa: PLR2004 - continues no character
            within[token] = content[0] & 0xC0 == 0x80  # noqa: PLR2004 - continues one
    return Parts(begun, within)


def token_starts(corpus: Corpus, encoding: "tiktoken.Encoding", cuts: Positions) -> Positions:
    """Return the position on the line of the character in which each token begins.

    Long documents may be encoded in parts that meet at the `cuts`, where tokens are the same for that.
    """
    known = dict(_kept(corpus, encoding))
    jobs = list(_jobs(corpus, cuts, set(known)))
    new = _on_all_cores(lambda job: _starts_in(corpus, encoding, job), jobs)
    found = {int(corpus.starts[index]): own for index, own in known.items()}
    found |= {job[0][0]: own for job, own in zip(jobs, new, strict=True)}
    starts = _joined(found, line_type(len(corpus)))
    _keep(corpus, encoding, starts, set(known))
    return starts


def _kept(corpus: Corpus, encoding: "tiktoken.Encoding") -> Iterator[tuple[int, Positions]]:
    """Yield the index of each document whose tokens the cache has, and where they start on the line."""
    for index, document in enumerate(corpus.documents):
        key = _key(document, encoding)
        found = cache.load(key) if key else None
        if found is not None:
            yield index, found.astype(line_type(len(corpus))) + corpus.starts[index].astype(line_type(len(corpus)))


def _keep(corpus: Corpus, encoding: "tiktoken.Encoding", starts: Positions, known: set[int]) -> None:
    """Store the tokens of the documents that had to be encoded."""
    new = [(index, key) for index, document in enumerate(corpus.documents) if (key := _key(document, encoding))]
    new = [(index, key) for index, key in new if index not in known]
    for index, key in new:
        first, last = index_in(starts, corpus.starts[index : index + 2])
        cache.store(key, (starts[first:last] - corpus.starts[index]).astype(np.int32))
    if new:
        cache.trim()


def _key(document: Document, encoding: "tiktoken.Encoding") -> str | None:
    """Return where the cache keeps a document's tokens; a short text is encoded faster than it is looked up."""
    wanted = cache.is_enabled() and len(document.text) >= WORTH_KEEPING
    return f"tokens-1-{encoding.name}-{document.digest}" if wanted else None


def _jobs(corpus: Corpus, cuts: Positions, known: set[int]) -> Iterator[list[Stretch]]:
    """Yield stretches of documents, those together that follow each other and are short."""
    job: list[Stretch] = []
    for index, (first, last) in enumerate(itertools.pairwise(corpus.starts.tolist())):
        if index in known or first == last:
            continue
        inner = cuts[slice(*np.searchsorted(cuts, [first + 1, last]).tolist())].tolist()
        for start, end in itertools.pairwise([first, *inner, last]):
            if job and (job[-1][1] < start or end - job[0][0] > PART):
                yield job
                job = []
            job.append((start, end))
    if job:
        yield job


def _starts_in(corpus: Corpus, encoding: "tiktoken.Encoding", job: list[Stretch]) -> Positions:
    """Return where the tokens of stretches that follow each other start, on the line: [tokens]."""
    tokens = np.concatenate([_encoded(encoding, corpus.text(start, end)) for start, end in job])
    parts, kind = _parts(encoding.name), line_type(len(corpus))
    begun = parts.begun[tokens]
    starts = np.cumsum(begun, dtype=kind)
    starts -= begun
    starts += kind.type(job[0][0]) - parts.within[tokens]
    return starts


def _encoded(encoding: "tiktoken.Encoding", text: str) -> Positions:
    """Return the tokens of `text`; for a lone surrogate those of U+FFFD, as tiktoken has it."""
    try:
        return encoding.encode_to_numpy(text, disallowed_special=())
    except UnicodeEncodeError:
        return encoding.encode_to_numpy(_SURROGATES.sub("\ufffd", text), disallowed_special=())


def _on_all_cores(work: Callable[[list[Stretch]], Positions], jobs: list[list[Stretch]]) -> list[Positions]:
    """Return what `work` makes of each job.

    This thread takes part: tiktoken's pattern is a fifth faster in the thread that used it first than in any other.
    """
    waiting, found = deque(enumerate(jobs)), dict[int, Positions]()

    def run() -> None:
        with suppress(IndexError):  # when none is left
            while True:
                index, job = waiting.popleft()
                found[index] = work(job)

    others = min(_cores(), len(jobs)) - 1 if jobs and jobs[-1][-1][1] - jobs[0][0][0] > ALONE else 0
    with ThreadPoolExecutor(max(others, 1)) as threads:
        running = [threads.submit(run) for _ in range(others)]
        try:
            run()
        finally:
            waiting.clear()
        for other in running:
            other.result()
    return [found[index] for index in range(len(jobs))]


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _joined(found: dict[int, Positions], kind: "np.dtype[Any]") -> Positions:
    """Return the arrays as one, in the order of their places on the line; they are used up."""
    starts = np.empty(sum(map(len, found.values())), kind)
    filled = 0
    for place in sorted(found):
        part = found.pop(place)
        starts[filled : filled + len(part)] = part
        filled += len(part)
    return starts
