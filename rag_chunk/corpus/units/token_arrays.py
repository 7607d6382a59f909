"""The tokens of a corpus: it is encoded once, on all cores, and what was encoded is kept on disk."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple, cast

import numpy as np

from rag_chunk.corpus import Corpus, Document, cache
from rag_chunk.corpus.arrays import Bytes, Positions, index_in, line_type
from rag_chunk.corpus.cores import available_cores
from rag_chunk.corpus.units.encoder import Encoder, encoder_of
from rag_chunk.corpus.units.surrogates import find_pair
from rag_chunk.errors import InputError

PART = 1 << 18  # characters that are encoded at a time
ALONE = 1 << 23  # characters: of fewer, one thread makes less work than several, and hardly anybody waits longer
_TO_A_TOKEN = 4  # characters: about as many as there are in most texts
FEW = 3  # bits
ITSELF = 1 << 2 * FEW
_INSIDE = 1 << 16
_ALONE = 17  # bits that come before
WORTH_KEEPING = 8192  # characters: of a text whose tokens go to a file of the cache; shorter ones share one

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


class Facts(NamedTuple):
    """What is known of an encoding.

    `tokens` is what each token is, by its number: int32 [tokens of the encoding]. Its lower bits are how many characters
    begin in it, `_INSIDE` is set where its first byte continues a character, and above `_ALONE` is what `Encoded` has.
    `after_lines` tells whether the pattern always splits where a line has ended.
    """

    tokens: Positions
    after_lines: bool


@lru_cache
def facts_of(encoding: str) -> Facts:
    """Return what is known of an encoding. Asking for all of its tokens takes a while: it is kept."""
    key = _key_of_facts(encoding)
    kept: Any = cache.load(key)
    if kept is None:
        encoder = encoder_of(encoding)
        kept = np.append(_token_facts(encoder), encoder.splits_after_lines()).astype(np.int32)
        cache.store(key, kept)
    return Facts(cast("Positions", kept[:-1]), bool(kept[-1]))


def _key_of_facts(encoding: str) -> str:
    return f"facts-2-{encoding}"


def are_kept(corpus: Corpus, encoding: str) -> bool:
    """Whether the cache has what is known of an encoding, and the tokens of all documents of `corpus`."""
    encoder = encoder_of(encoding)
    keys = [_key_of_facts(encoding), *(_key(document, encoder) for document in corpus.documents)]
    keys.append(_key_of_short(corpus, _short_documents(corpus), encoder))
    return all(cache.has(key) for key in keys if key)


def _token_facts(encoder: Encoder) -> Positions:
    contents = encoder.contents()
    texts = [_decode(content) for content in contents]
    spaced = [text[1:] if text.startswith(" ") else "" for text in texts]
    ended = [text.rstrip() if text[-1:].isspace() and len(text.split()) == 1 else "" for text in texts]
    whole, without_space, without_end = _count_each(encoder, (texts, spaced, ended))
    alone = ITSELF * (whole == 1) | _few(without_space) | _few(without_end) << FEW
    begun = np.array([_begun(content, text) for content, text in zip(contents, texts, strict=True)], np.int32)
    facts: Positions = begun | alone << _ALONE
    return facts


def _count_each(encoder: Encoder, lists: Iterable[list[str]]) -> Iterator[Positions]:
    """Yield the number of tokens of each text of each list. A token without its space is often one too: it is counted once."""
    counts = {"": 0}
    for texts in lists:
        new = [text for text in texts if text not in counts]
        counts.update(zip(new, encoder.counts(new), strict=True))
        yield np.array([counts[text] for text in texts], np.int32)


def _few(counts: Positions) -> Positions:
    return np.where(counts < 1 << FEW, counts, 0)


def _decode(content: bytes) -> str:
    """Return the text of a token, none of one that is a part of a character."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return ""


def _begun(content: bytes, text: str) -> int:
    """Return how many characters begin in a token, and whether it begins inside one."""
    if text:
        return len(text)
    begun = sum(byte & 0xC0 != 0x80 for byte in content)  # noqa: PLR2004 - continues none
    return begun | _INSIDE * (b"\x80" <= content[:1] < b"\xc0")


def encode_corpus(corpus: Corpus, encoder: Encoder, cuts: Positions) -> Encoded:
    """Return the tokens of `corpus`.

    Long documents may be encoded in parts that meet at the `cuts`, where tokens are the same for that.
    """
    kept = {corpus.starts[index].item(): own for index, own in _read_cached(corpus, encoder)}
    known = set(kept)
    jobs = list(_jobs(corpus, cuts, known))
    new = _on_all_cores(lambda job: _tokens_in(corpus, encoder, job), jobs)
    places = sorted([*known, *(job[0][0] for job in jobs)])
    tokens = _join((kept.pop(place) if place in known else next(new) for place in places), len(corpus))
    result = _place_tokens(tokens, facts_of(encoder.name).tokens, len(corpus))
    _keep(corpus, encoder, tokens, result.borders, known)
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


def _read_cached(corpus: Corpus, encoder: Encoder) -> Iterator[tuple[int, Positions]]:
    """Yield the index of each document whose tokens the cache has, and those."""
    for index, document in enumerate(corpus.documents):
        key = _key(document, encoder)
        tokens = cache.load(key) if key else None
        if tokens is not None:
            yield index, tokens
    short = _short_documents(corpus)
    key = _key_of_short(corpus, short, encoder)
    joined = cache.load(key) if key else None
    if joined is not None:
        yield from zip(short, np.split(joined[len(short) :], np.cumsum(joined[: len(short)])[:-1]), strict=True)


def _keep(corpus: Corpus, encoder: Encoder, tokens: Positions, starts: Positions, known: set[int]) -> None:
    """Store the tokens of the documents that had to be encoded: a file for each long one, and one for all short ones."""

    def tokens_of(index: int) -> Positions:
        return tokens[slice(*index_in(starts, corpus.starts[index : index + 2]).tolist())]

    new = [index for index in range(len(corpus.documents)) if corpus.starts[index].item() not in known]
    keys = [(index, key) for index in new if (key := _key(corpus.documents[index], encoder))]
    for index, key in keys:
        cache.store(key, tokens_of(index))
    short = _short_documents(corpus)
    key_of_short = _key_of_short(corpus, short, encoder) if set(short) & set(new) else None
    if key_of_short:
        parts = [tokens_of(index) for index in short]
        cache.store(key_of_short, np.concatenate([np.array([len(part) for part in parts], tokens.dtype), *parts]))
    if keys or key_of_short:
        cache.trim()


def _key(document: Document, encoder: Encoder) -> str | None:
    """Return where the cache keeps the tokens of a document that is long; a short text is encoded faster than looked up."""
    wanted = cache.is_enabled() and len(document.text) >= WORTH_KEEPING
    return f"tokens-2-{encoder.name}-{document.digest}" if wanted else None


def _short_documents(corpus: Corpus) -> list[int]:
    return [index for index, document in enumerate(corpus.documents) if 0 < len(document.text) < WORTH_KEEPING]


def _key_of_short(corpus: Corpus, short: list[int], encoder: Encoder) -> str | None:
    """Return where the cache keeps the tokens of all short documents: how many each has, then those of one after another."""
    documents = [corpus.documents[index] for index in short]
    if not cache.is_enabled() or sum(len(document.text) for document in documents) < WORTH_KEEPING:
        return None
    digest = cache.checksum(*(document.digest.encode() for document in documents)).hex()
    return f"tokens-2-{encoder.name}-short-{digest}"


def key_of_counts(corpus: Corpus, texts: Sequence[str], encoder: Encoder) -> str | None:
    """Return where the cache keeps how many tokens each of some texts of the corpus has by itself."""
    if not cache.is_enabled() or len(corpus) < WORTH_KEEPING:
        return None
    lengths = np.array([len(text) for text in texts], np.int64)  # with them a joined text can be that of no others
    digest = cache.checksum(lengths.tobytes(), "".join(texts).encode("utf-8", "surrogatepass")).hex()
    return f"counts-1-{encoder.name}-{digest}"


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


def _tokens_in(corpus: Corpus, encoder: Encoder, job: list[Stretch]) -> Positions:
    """Return the tokens of stretches that follow each other: uint32 [tokens].

    Raise `InputError` for a character that is written as two surrogates: tiktoken joins them, and no place is left that
    a chunk could be cut at.
    """
    for start, end in job:
        if (place := find_pair(corpus.text(start, end))) is not None:
            document, first, _ = corpus.place(start + place, end)
            raise InputError(
                f"{document.name} has a character that is written as two surrogates (at character {first:,}), which has no "
                "tokens of its own. Write it as one: text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')"
            )
    return np.concatenate([encoder.encode(corpus.text(start, end)) for start, end in job])


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
