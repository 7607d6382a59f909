"""The tokens of a corpus: it is encoded once, on all cores, and what was encoded is kept on disk."""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from rag_chunk.corpus import Corpus, Document, cache
from rag_chunk.corpus.arrays import Bytes, Positions, index_in, line_type
from rag_chunk.corpus.cores import available_cores
from rag_chunk.corpus.units.encoding import load_encoding
from rag_chunk.errors import InputError

if TYPE_CHECKING:
    import tiktoken

PART = 1 << 18  # characters that are encoded at a time
ALONE = 1 << 23  # characters: of fewer, one thread makes less work than several, and hardly anybody waits longer
_TO_A_TOKEN = 4  # characters: about as many as there are in most texts
FEW = 3  # bits
ITSELF = 1 << 2 * FEW
_INSIDE = 1 << 16
_ALONE = 17  # bits that come before
WORTH_KEEPING = 8192  # characters: of a text whose tokens go to the cache
_SURROGATES = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")

Stretch = tuple[int, int]


class Encoded(NamedTuple):
    """The tokens of a corpus, in order.

    `borders` is the position on the line of the character in which each begins, and the line's length: [tokens + 1].
    `alone` tells how many tokens the text of one becomes by itself, 0 where that is not known: in its lowest `FEW` bits
    without the space that it begins with, in the next without the white space at its end; `ITSELF` is set where the
    whole text becomes one. It is uint8, with one more 0 at the end.
    """

    borders: Positions
    alone: Bytes


@lru_cache
def _facts(encoding: str) -> Positions:
    """Return what each token of an encoding is, by its number: int32 [tokens of the encoding].

    The lower bits are how many characters begin in it, `_INSIDE` is set where its first byte continues a character, and
    above `_ALONE` is what `Encoded` has. Asking for all of them takes a while: it is kept.
    """
    key = f"facts-1-{encoding}"
    facts: Any = cache.load(key)
    if facts is None:
        known = load_encoding(encoding)
        facts = np.array([_fact(known, _content(known, token)) for token in range(known.n_vocab)], np.int32)
        cache.store(key, facts)
    return cast("Positions", facts)


def _fact(encoding: "tiktoken.Encoding", content: bytes) -> int:
    try:
        text = content.decode()
    except UnicodeDecodeError:  # a part of a character
        begun = sum(byte & 0xC0 != 0x80 for byte in content)  # noqa: PLR2004 - continues none
        return begun | _INSIDE * (b"\x80" <= content[:1] < b"\xc0")
    alone = ITSELF * (_count(encoding, text) == 1)
    if text.startswith(" "):
        alone |= _count(encoding, text[1:])
    if text[-1:].isspace() and len(text.split()) == 1:
        alone |= _count(encoding, text.rstrip()) << FEW
    return len(text) | alone << _ALONE


def _content(encoding: "tiktoken.Encoding", token: int) -> bytes:
    try:
        return encoding.decode_single_token_bytes(token)
    except KeyError:  # a number without a token
        return b""


def _count(encoding: "tiktoken.Encoding", text: str) -> int:
    """Return how many tokens a text becomes, 0 where they are too many to be noted."""
    count = len(encoding.encode_ordinary(text))
    return count if count < 1 << FEW else 0


def encode_corpus(corpus: Corpus, encoding: "tiktoken.Encoding", cuts: Positions) -> Encoded:
    """Return the tokens of `corpus`.

    Long documents may be encoded in parts that meet at the `cuts`, where tokens are the same for that.
    """
    kept = {corpus.starts[index].item(): own for index, own in _read_cached(corpus, encoding)}
    known = set(kept)
    jobs = list(_jobs(corpus, cuts, known))
    new = _on_all_cores(lambda job: _tokens_in(corpus, encoding, job), jobs)
    places = sorted([*known, *(job[0][0] for job in jobs)])
    tokens = _join((kept.pop(place) if place in known else next(new) for place in places), len(corpus))
    result = _place_tokens(tokens, _facts(encoding.name), len(corpus))
    _keep(corpus, encoding, tokens, result.borders, known)
    return result


def _place_tokens(tokens: Positions, facts: Positions, length: int) -> Encoded:
    """Return where `tokens` start, and what each is by itself; block by block, for the sake of memory."""
    # "añb" as the tokens "a", first byte of "ñ", second byte of "ñ", "b": 1, 1, 0 and 1 characters begin in them, so that
    # the sums, [1 2 2 3], are where each next one starts; the token that continues a character is set back to its start:
    # `borders` is [0 1 1 2 3].
    kind = line_type(length)
    borders, alone = np.zeros(len(tokens) + 1, kind), np.zeros(len(tokens) + 1, np.uint8)
    begun = kind.type(0)
    for place in range(0, len(tokens), PART):
        block = facts.take(tokens[place : place + PART])
        after = place + len(block)
        own = borders[place + 1 : after + 1]
        np.cumsum(block & (_INSIDE - 1), out=own)
        own += begun
        begun = kind.type(own[-1])
        borders[place:after] -= (block & _INSIDE) // _INSIDE
        np.right_shift(block, _ALONE, out=alone[place:after], casting="unsafe")
    return Encoded(borders, alone)


def _read_cached(corpus: Corpus, encoding: "tiktoken.Encoding") -> Iterator[tuple[int, Positions]]:
    """Yield the index of each document whose tokens the cache has, and those."""
    for index, document in enumerate(corpus.documents):
        key = _key(document, encoding)
        tokens = cache.load(key) if key else None
        if tokens is not None:
            yield index, tokens


def _keep(corpus: Corpus, encoding: "tiktoken.Encoding", tokens: Positions, starts: Positions, known: set[int]) -> None:
    """Store the tokens of the documents that had to be encoded."""
    places = zip(corpus.starts.tolist(), corpus.documents, strict=False)
    new = [(place, key, len(document.text)) for place, document in places if (key := _key(document, encoding))]
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
    """Return the tokens of stretches that follow each other: uint32 [tokens].

    Raise `InputError` for a character that is written as two surrogates: tiktoken joins them, and no place is left that
    a chunk could be cut at.
    """
    for start, end in job:
        text = corpus.text(start, end)
        if not text.isascii() and (pair := _PAIR.search(text)):
            document, first, _ = corpus.place(start + pair.start(), end)
            raise InputError(
                f"{document.name} has a character that is written as two surrogates (at character {first:,}), which has no "
                "tokens of its own. Write it as one: text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')"
            )
    return np.concatenate([_encode(encoding, corpus.text(start, end)) for start, end in job])


def _encode(encoding: "tiktoken.Encoding", text: str) -> Positions:
    """Return the tokens of `text`; for a lone surrogate those of U+FFFD, as tiktoken has it."""
    if not text.isascii():
        text = text[:1] + text[1:]  # a copy: Python keeps the UTF-8 of what is handed over as long as that
    try:
        return encoding.encode_to_numpy(text, disallowed_special=())
    except UnicodeEncodeError:
        return encoding.encode_to_numpy(_SURROGATES.sub("\ufffd", text), disallowed_special=())


def _on_all_cores(work: Callable[[list[Stretch]], Positions], jobs: list[list[Stretch]]) -> Iterator[Positions]:
    """Yield what `work` makes of each job, in order.

    One thread alone is this one, in which tiktoken's pattern is a fifth faster; of several it is none: beside another
    it takes twice as long.
    """
    if not jobs or jobs[-1][-1][1] - jobs[0][0][0] <= ALONE or available_cores() == 1:
        yield from map(work, jobs)
    else:
        with ThreadPoolExecutor(min(available_cores(), len(jobs))) as threads:
            yield from threads.map(work, jobs)


def _join(parts: Iterable[Positions], characters: int) -> Positions:
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
