"""Keeps on disk where the phrases of a question file are in a corpus: looking again takes longer than reading all."""

import json
import unicodedata
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from rag_chunk._version import __version__
from rag_chunk.corpus import Corpus, cache
from rag_chunk.questions.document_texts import Documents
from rag_chunk.questions.search import Match, TextSearch

WORTH_KEEPING = 1 << 16  # characters of a corpus; in less, phrases are as quickly looked for again
_VERSION = 1  # of the ways of looking: another one where they locate anything else

Wanted = tuple[str, Documents]


def key_of_matches(corpus: Corpus, wanted: Sequence[Wanted]) -> str | None:
    """Return where the cache keeps the places of phrases, each in its documents; None where that is not worth it."""
    if not wanted or not cache.is_enabled() or len(corpus) < WORTH_KEEPING:
        return None
    pages = [(row, document.pages) for row, document in enumerate(corpus.documents) if document.pages]
    tools = __version__, unicodedata.unidata_version, version("rapidfuzz")
    facts = repr((tools, corpus.digest, corpus.rows_in_memory, pages, wanted))
    return f"places-{_VERSION}-{cache.checksum(facts.encode('utf-8', 'surrogatepass')).hex()}"


def load_matches(key: str, wanted: Sequence[Wanted], search: TextSearch) -> bool:
    """Tell `search` the places that are kept under `key`; return whether there are any."""
    kept = cache.load(key)
    if kept is None:
        return False
    content = json.loads(kept.tobytes())
    search.matches.update(zip(wanted, map(_read, content["matches"]), strict=True))
    search.similar.update(((*wanted[row], page), _read(match)) for row, page, match in content["similar"])
    return True


def store_matches(key: str, wanted: Sequence[Wanted], search: TextSearch) -> None:
    """Keep the places of phrases that `search` knows, and of the texts that are most like some of them."""
    rows = {pair: row for row, pair in enumerate(wanted)}
    similar = [
        (rows[phrase, documents], page, _write(match))
        for (phrase, documents, page), match in search.similar.items()
        if (phrase, documents) in rows
    ]
    content = {"matches": [_write(search.matches[pair]) for pair in wanted], "similar": similar}
    cache.store(key, np.frombuffer(json.dumps(content).encode(), np.uint8))
    cache.trim()


def _write(match: Match | None) -> Any:
    return match and [match.spans, match.step, match.inside_words, match.share, match.parts]


def _read(fields: Any) -> Match | None:
    if fields is None:
        return None
    spans, step, inside_words, share, parts = fields
    return Match(tuple(map(tuple, spans)), step, inside_words, share, tuple(map(tuple, parts)))
