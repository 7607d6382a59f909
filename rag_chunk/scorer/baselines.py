"""Figures of earlier programs, on request: comparable with what they printed, not with ours."""

from collections.abc import Iterable, Sequence

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.questions.question import Question
from rag_chunk.scorer.metrics import Figures
from rag_chunk.scorer.retrieval import Retrieval

Stretch = tuple[int, int]


def paper_figures(retrieval: Retrieval) -> Figures:
    """Return recall, precision and IoU as the code of Smith & Troynikov (2024) computes them.

    In plain characters, at `top_k`: recall = |U(R) ∩ E| / sum |e|, precision = |U(R) ∩ E| / sum |r|,
    IoU = |U(R) ∩ E| / (sum |r| + sum |e less R|); the sums count what overlaps twice. A phrase counts at its
    first place.
    """
    top = retrieval.ranking[:, : retrieval.config.top_k].tolist()
    spans = [(start, end) for start, end in retrieval.chunking.spans.tolist()]
    asked = zip(top, retrieval.questions.questions, strict=True)
    figures = [_paper([spans[row] for row in rows if row >= 0], question) for rows, question in asked]
    columns = np.array(figures, float).reshape(-1, 3)
    names = ("paper_recall", "paper_precision", "paper_iou")
    return Figures({name: columns[:, number] for number, name in enumerate(names)})


def _paper(chunks: Sequence[Stretch], question: Question) -> tuple[float, float, float]:
    """Return the three figures of one question. A few stretches are handled faster one by one than as arrays."""
    evidence = [item.spans[0] for item in question.evidence]
    read = _union(chunks)
    read_evidence = _shared_length(_union(evidence), read)
    paid, asked = _length(chunks), _length(evidence)
    unread = asked - _shared_length(evidence, read)
    return read_evidence / asked, read_evidence / paid if paid else 0.0, read_evidence / (paid + unread)


def _union(spans: Iterable[Stretch]) -> list[Stretch]:
    """Return what `spans` cover, in order, none touching another."""
    merged: list[Stretch] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _length(spans: Iterable[Stretch]) -> int:
    return sum(end - start for start, end in spans)


def _shared_length(spans: Iterable[Stretch], others: Sequence[Stretch]) -> int:
    """Return the characters that each of `spans` shares with each of `others`, summed."""
    return sum(max(min(end, last) - max(start, first), 0) for start, end in spans for first, last in others)


def legacy_figures(retrieval: Retrieval) -> Figures:
    """Return `legacy_recall`, the old rag-chunk's: the share of phrases that are in one of `top_k` chunks.

    The chunks are `legacy_texts`, and letter case does not count. A phrase with several places or
    wordings is there if one of them is. Raise `ValueError` where they were not given.
    """
    if retrieval.legacy_texts is None:
        raise ValueError("legacy_recall needs the texts that the legacy retriever brings")
    corpus, questions = retrieval.chunking.corpus, retrieval.questions
    phrases = corpus.derive(
        list, lambda: [_phrases(corpus, each) for each in questions.questions], "phrases", questions
    )
    lowered = [[text.lower() for text in texts] for texts in retrieval.legacy_texts]
    shares = [_share(texts, items) for texts, items in zip(lowered, phrases, strict=True)]
    return Figures({"legacy_recall": np.array(shares, float)})


def _phrases(corpus: Corpus, question: Question) -> list[set[str]]:
    """Return the wordings of each item, in lower case."""
    return [{corpus.text(*span).lower() for span in item.spans} for item in question.evidence]


def _share(texts: Sequence[str], items: Sequence[set[str]]) -> float:
    return sum(any(phrase in text for phrase in item for text in texts) for item in items) / len(items)
