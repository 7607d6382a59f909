"""What a question set covers: which documents and sections are asked about, how large its evidence is, what is alike."""

from collections.abc import Iterator, Sequence

import numpy as np
from rapidfuzz import fuzz, process

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions
from rag_chunk.corpus.structure import structure_of
from rag_chunk.questions.folding import fold
from rag_chunk.questions.question import Question, question_overlap

_ALIKE = 90  # of 100, by rapidfuzz: the same words in another order, or one or two others
_MOST_NAMED = 8
_MOST_COMPARED = 5_000  # questions
_MANY_WORDS = 0.5  # shared with the evidence, on average


def describe_coverage(corpus: Corpus, questions: Sequence[Question]) -> list[str]:
    """Return sentences on what questions cover; none where none of them has evidence. Nothing is dropped for it."""
    answered = [question for question in questions if question.evidence]
    if not answered:
        return []
    return [
        *_near_duplicates(questions),
        _shared_words(corpus, answered),
        _evidence_sizes(answered),
        *_describe_untouched(corpus, answered),
    ]


def _near_duplicates(questions: Sequence[Question]) -> Iterator[str]:
    """Yield a sentence that names pairs of questions that ask nearly the same: together they count twice."""
    asked = [question for question in questions if question.question][:_MOST_COMPARED]
    folded = [" ".join(sorted(fold(each.question).text.split())) for each in asked]
    alike = process.cdist(folded, folded, scorer=fuzz.ratio, score_cutoff=_ALIKE, dtype=np.uint8)
    first, second = np.nonzero(np.triu(alike, 1))
    pairs = [
        f"{asked[a].id} and {asked[b].id}"
        for a, b in zip(first.tolist(), second.tolist(), strict=True)
        if folded[a] != folded[b]
    ]
    if pairs:
        yield f"Nearly the same is asked by {_list_names(pairs)}: each pair counts twice."


def _shared_words(corpus: Corpus, questions: Sequence[Question]) -> str:
    share = float(np.mean([question_overlap(corpus, question) for question in questions]))
    doubt = (
        ", which flatters lexical retrieval: ask as people will who do not know the text"
        if share >= _MANY_WORDS
        else ""
    )
    return f"On average {100 * share:.0f} % of a question's words are in its evidence{doubt}."


def _evidence_sizes(questions: Sequence[Question]) -> str:
    """Return how long items are: a chunk that is shorter holds none of them whole."""
    sizes = [item.spans[0][1] - item.spans[0][0] for question in questions for item in question.evidence]
    half, most = np.percentile(sizes, (50, 95)).round().astype(int).tolist()
    return (
        f"Half of the evidence has {half:,} characters or fewer, and 5 % of it has more than {most:,}; a chunk with fewer "
        "characters does not hold it whole."
    )


def _describe_untouched(corpus: Corpus, questions: Sequence[Question]) -> Iterator[str]:
    """Yield sentences on the documents and sections that no evidence lies in."""
    spans = np.array([span for each in questions for item in each.evidence for span in item.spans], np.int64)
    places = spans[:, 0]
    known = set(corpus.documents_at(places).tolist())
    without = [document.name for index, document in enumerate(corpus.documents) if index not in known]
    if without:
        yield f"{len(without):,} of {len(corpus.documents):,} documents have no question: {_list_names(without)}."
    if len(corpus.rows_in_memory) < len(corpus.documents):  # where sections begin is not known of the others
        return
    starts = _section_starts(corpus)
    touched = _sections_with(spans, starts)
    if len(starts) > len(corpus.documents) and touched < len(starts):
        left = len(starts) - touched
        yield f"{left:,} of {len(starts):,} sections have no question, so the analysis does not measure them."


def _section_starts(corpus: Corpus) -> Positions:
    starts: Positions = np.union1d(structure_of(corpus).section_starts, corpus.starts[: len(corpus.documents)])
    return starts


def _sections_with(spans: Positions, starts: Positions) -> int:
    """Return how many sections share text with a span."""
    first = np.searchsorted(starts, spans[:, 0], side="right") - 1
    last = np.searchsorted(starts, spans[:, 1] - 1, side="right") - 1
    return len({section for a, b in zip(first.tolist(), last.tolist(), strict=True) for section in range(a, b + 1)})


def _list_names(names: Sequence[str]) -> str:
    shown = list(names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return "; ".join(shown) + more
