"""Evidence as arrays, without white space: positions counted in characters that are not white space.

So the size of any stretch is the difference of its borders, and what metrics.md writes as |.| is
plain interval arithmetic.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions, Spans, as_spans, union
from rag_chunk.questions.question import Question, Questions


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceTable:
    """The evidence of all questions: alternatives belong to items, items to questions, all in order.

    `spans` [alternatives, 2] without white space; `item` and `question` of each alternative; `item_question` and
    `item_weights` (|e|, the first alternative's size) of each item; `weights` and `items` of each question.
    """

    spans: Spans
    item: Positions
    question: Positions
    item_question: Positions
    item_weights: Positions
    weights: Positions
    items: Positions

    @property
    def lengths(self) -> Positions:
        """The size of each alternative: [alternatives]."""
        sizes: Positions = self.spans[:, 1] - self.spans[:, 0]
        return sizes


def evidence_table(corpus: Corpus, questions: Questions) -> EvidenceTable:
    """Return the questions' evidence as arrays, made once and kept as long as the corpus."""
    return corpus.derive(EvidenceTable, lambda: _evidence_table(corpus, questions.questions), "items", questions)


def union_table(corpus: Corpus, questions: Questions) -> EvidenceTable:
    """Return the union of each question's evidence: every disjoint stretch is an item of its own."""
    return corpus.derive(EvidenceTable, lambda: _union_of(evidence_table(corpus, questions)), "union", questions)


def _evidence_table(corpus: Corpus, questions: Sequence[Question]) -> EvidenceTable:
    items = [[list(map(list, item.spans)) for item in question.evidence] for question in questions]
    flat = [spans for evidence in items for spans in evidence]
    on_the_line = as_spans([span for spans in flat for span in spans])
    non_whitespace = corpus.non_whitespace_before(on_the_line.ravel()).reshape(-1, 2)
    per_question = np.array([len(evidence) for evidence in items], np.int64)
    return _table(non_whitespace, np.array([len(spans) for spans in flat], np.int64), per_question)


def _union_of(table: EvidenceTable) -> EvidenceTable:
    parts = [union(table.spans[table.question == question]) for question in range(len(table.items))]
    per_question = np.array([len(part) for part in parts], np.int64)
    spans = as_spans(np.concatenate([np.zeros((0, 2), np.int64), *parts]))
    return _table(spans, np.ones(len(spans), np.int64), per_question)


def _table(spans: Spans, per_item: Positions, per_question: Positions) -> EvidenceTable:
    """Put a table together from the number of alternatives of each item, and of items of each question."""
    item = np.repeat(np.arange(len(per_item)), per_item)
    item_question = np.repeat(np.arange(len(per_question)), per_question)
    first = np.cumsum(per_item) - per_item
    sizes = (spans[:, 1] - spans[:, 0])[first]
    weights = np.bincount(item_question, sizes, minlength=len(per_question)).astype(np.int64)
    return EvidenceTable(spans, item, item_question[item], item_question, sizes, weights, per_question)
