"""Draft questions drawn from documents without a model: the form of a question file, to fill with real questions."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, pairwise

from rag_chunk.config import yaml_text
from rag_chunk.corpus import Corpus
from rag_chunk.questions.draft import Draft
from rag_chunk.questions.locator import MOST_PLACES
from rag_chunk.questions.prose_drafts import draft_from_prose
from rag_chunk.questions.row_drafts import draft_from_code, draft_from_figures, draft_from_tables
from rag_chunk.questions.search import places_of

_WEAKEST = "sentence"  # asked for by its own words: taken where a document has no draft of another kind left
_HEAD = """\
# Draft questions, made from headings, definitions, numbers, table rows and code in your documents. They show you the
# format of a question file. They cannot show which chunking is best: no user has asked them, and each repeats words of
# the text that answers it. rag-chunk draft-questions drafts better ones with a model.
#
# For each draft: rewrite the question in the words of a user who does not know the text; list under "relevant" every
# phrase that answers it, copied from the documents; then delete the line "reviewed: false". Delete drafts that you
# cannot turn into a real question. Start with 30 real questions.
"""


def drafts(corpus: Corpus, count: int = 30) -> list[Draft]:
    """Return at most `count` drafts, spread over the documents and in each over the kinds of draft.

    A `heading` is asked for by the first sentence under it; a `definition`, a `number`, a `table` row and the signature of
    `code` by the name that they begin with; a `sentence` of a text without headings by its rarest words. Each phrase is in
    at most `MOST_PLACES` places.
    """
    by_document: dict[str, dict[str, list[Draft]]] = {}
    for draft in {draft.question: draft for draft in _candidates(corpus)}.values():
        by_document.setdefault(draft.document, {}).setdefault(draft.kind, []).append(draft)
    shares = _shares([sum(map(len, kinds.values())) for kinds in by_document.values()], count)
    return [
        draft
        for number, (kinds, share) in enumerate(zip(by_document.values(), shares, strict=True))
        for draft in _choose(kinds, share, number, lambda draft: _is_distinct(corpus, draft))
    ]


def drafts_yaml(drafted: Sequence[Draft]) -> str:
    """Return a question file of drafts, each marked as not reviewed, with a head that says what to do."""
    questions = [
        {
            "id": f"draft-{number}",
            "question": draft.question,
            "tags": [draft.kind],
            "reviewed": False,
            "relevant": [draft.phrase],
        }
        for number, draft in enumerate(drafted, 1)
    ]
    return _HEAD + yaml_text.dump({"questions": questions})


def _candidates(corpus: Corpus) -> Iterator[Draft]:
    sources = (draft_from_prose, draft_from_tables, draft_from_figures, draft_from_code)
    return chain.from_iterable(source(corpus) for source in sources)


def _is_distinct(corpus: Corpus, draft: Draft) -> bool:
    """Whether a phrase is located word for word, and in few places."""
    match = places_of(corpus).find(draft.phrase, range(len(corpus.documents)))
    return match is not None and match.step in {"exact", "folded"} and len(match.spans) <= MOST_PLACES


def _choose(
    kinds: dict[str, list[Draft]], share: int, number: int, is_distinct: Callable[[Draft], bool]
) -> Iterator[Draft]:
    """Yield `share` drafts of document `number`, of its kinds in turns: each document begins with another kind."""
    strong = [kind for kind in kinds if kind != _WEAKEST]
    turn = number % max(len(strong), 1)
    order = [*strong[turn:], *strong[:turn]]
    parts = _shares([len(kinds[kind]) for kind in order], share)
    weak = min(share - sum(parts), len(kinds.get(_WEAKEST, ())))
    for kind, part in zip([*order, _WEAKEST], [*parts, weak], strict=True):
        yield from _spread(kinds.get(kind, []), part, is_distinct)


def _shares(sizes: Sequence[int], count: int) -> list[int]:
    """Divide `count` among documents with so many drafts: one each, in turns, while they have some left."""
    shares = [0] * len(sizes)
    while count > 0 and shares != list(sizes):
        for number, size in enumerate(sizes):
            if count > 0 and shares[number] < size:
                shares[number] += 1
                count -= 1
    return shares


def _spread(candidates: Sequence[Draft], share: int, is_distinct: Callable[[Draft], bool]) -> Iterator[Draft]:
    """Yield `share` of the drafts of a document, evenly spread over it: in each part of it the first that is distinct."""
    borders = [number * len(candidates) // max(share, 1) for number in range(share + 1)]
    for low, high in pairwise(borders):
        yield from next(([draft] for draft in candidates[low:high] if is_distinct(draft)), [])
