"""What a model quotes, located in the documents: exactly or by folding, or not at all."""

from collections.abc import Sequence

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.questions.drafting.source_passages import SourcePassage
from rag_chunk.questions.question import Evidence
from rag_chunk.questions.search import Match, Span, places_of

_SURE = {"exact", "folded"}


def locate_quotes(
    corpus: Corpus, quotes: Sequence[str], passages: Sequence[SourcePassage]
) -> tuple[Evidence, ...] | None:
    """Return an item of evidence for each quote, with every place in the corpus where it is, that of the passages first.

    None where a quote is not in the passages, or a passage has no quote: no draft may be made of it.
    """
    items = [_locate(corpus, quote.strip(), passages) for quote in dict.fromkeys(quotes)]
    located = [item for item in items if item is not None]
    if not located or len(located) < len(items):
        return None
    evidence = _without_nested(located)
    if not all(any(_is_in(item.spans[0], passage) for item in evidence) for passage in passages):
        return None
    return evidence


def _locate(corpus: Corpus, quote: str, passages: Sequence[SourcePassage]) -> Evidence | None:
    shown = sorted(set(corpus.documents_at(np.array([passage.start for passage in passages])).tolist()))
    match = places_of(corpus).find(quote, shown)
    if not _is_sure(match) or match is None:
        return None
    here = [span for span in match.spans if any(_is_in(span, passage) for passage in passages)]
    everywhere = places_of(corpus).find(quote, range(len(corpus.documents)))
    if not here or everywhere is None:
        return None
    return Evidence(tuple(dict.fromkeys([*here, *match.spans, *everywhere.spans])), match.step)


def _is_sure(match: Match | None) -> bool:
    return match is not None and match.step in _SURE and not match.inside_words


def _is_in(span: Span, passage: SourcePassage) -> bool:
    return passage.start <= span[0] and span[1] <= passage.end


def _without_nested(items: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Return the items that are not inside another one: text that is quoted twice is evidence once."""
    longest_first = sorted(items, key=lambda item: item.spans[0][0] - item.spans[0][1])
    kept = list[Evidence]()
    for item in longest_first:
        (start, end), places = item.spans[0], [other.spans[0] for other in kept]
        if not any(low <= start and end <= high for low, high in places):
            kept.append(item)
    return tuple(sorted(kept, key=lambda item: item.spans[0]))
