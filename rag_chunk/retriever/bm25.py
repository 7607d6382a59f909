"""BM25 for any chunking of a corpus, from one positional index (Robertson & Zaragoza 2009; Lucene's variant).

    score(q, c) = sum over the terms t of q of  idf(t) * tf / (tf + k1 * (1 - b + b * |c| / mean |c|))
    idf(t) = ln(1 + (N - df + 1/2) / (df + 1/2))

tf, df, N and the lengths are those of the chunks, as if each chunk's text were tokenised by itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.analyzer import AnalyzedTerms, analyzed_terms
from rag_chunk.corpus.arrays import Bools, Floats, Positions, first_of_runs, index_in, line_type, ranges
from rag_chunk.corpus.arrays import among as is_among
from rag_chunk.corpus.terms import Terms
from rag_chunk.retriever import Ranking
from rag_chunk.retriever.indexed import index_settings, texts_before
from rag_chunk.retriever.order import ScoredRows, best_columns
from rag_chunk.retriever.term_counts import CollectionStatistics, TermCounts

K1 = 1.5
B = 0.75
_CELLS = 2**18  # scores held at once: 2 MB, which stay near the processor
_COMMON = 8  # a term is common where at least one chunk of so many has it


@dataclass(frozen=True, slots=True, eq=False)
class _Questions:
    """Questions as terms. Terms are numbered over all questions; a question may hold one several times.

    `terms` are those of all questions, one question after the other, and `borders` [questions + 1] where each one's
    begin. `starts`, `ends`, `numbers`: the terms of the corpus that are in some question, in order.
    """

    vocabulary: dict[str, int]
    terms: Positions
    borders: Positions
    starts: Positions
    ends: Positions
    numbers: Positions


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """Which chunks hold which term, and what it adds to their score: postings in the order of terms, then chunks."""

    chunks: Positions
    weights: Floats
    borders: Positions  # [terms + 1]

    @property
    def counts(self) -> Positions:
        """How many chunks hold each term: [terms]."""
        return np.diff(self.borders)

    def of_term(self, number: int) -> slice:
        """Return where the postings of a term are."""
        return slice(int(self.borders[number]), int(self.borders[number + 1]))


class Bm25:
    """The positional index of one corpus."""

    def __init__(self, corpus: Corpus, config: RunConfig) -> None:
        """Index `corpus`; a chunk has the terms of what is indexed before it, too."""
        self._terms = analyzed_terms(corpus, config.analyzer)
        self._config = config
        self._latest: dict[tuple[str, ...], _Questions] = {}
        self._latest_before: dict[Chunking, tuple[Positions, list[str]]] = {}

    def rank(self, chunking: Chunking, questions: Sequence[str], depth: int) -> Ranking:
        """Return the chunks for each question, best first; ties, and chunks without a common term, in order.

        int64 [questions, depth].
        """
        return self.best(chunking, questions, depth)[0]

    def best(self, chunking: Chunking, questions: Sequence[str], depth: int) -> ScoredRows:
        """Return the chunks for each question, as `rank` does, and their scores."""
        counts = self.count(chunking, questions)
        return best_of_part(counts, counts.statistics, depth)

    def scores(self, chunking: Chunking, questions: Sequence[str]) -> Floats:
        """Return the score of every chunk for each question: float64 [questions, chunks]."""
        return np.concatenate([np.zeros((0, len(chunking))), *self._blocks(chunking, questions)])

    def share_terms(
        self, chunking: Chunking, questions: Sequence[str], asked_rows: Positions, chunk_rows: Positions
    ) -> Bools:
        """Return whether a question and a chunk have a term in common, for pairs of their rows: [pairs]."""
        asked = self._prepare(tuple(questions))
        numbers, chunks = _places(asked, chunking, *self._terms_apart(chunking))
        terms_of_each = np.diff(asked.borders)[asked_rows]
        numbers_of_pairs = asked.terms[ranges(asked.borders[asked_rows], asked.borders[asked_rows + 1])]
        # A term in a chunk is one number, term * chunks + chunk. Those of the pairs are looked up in those of the text,
        # which are in order.
        wanted = numbers_of_pairs * len(chunking) + np.repeat(chunk_rows, terms_of_each)
        is_there = is_among(wanted, numbers.astype(np.int64) * len(chunking) + chunks)
        pairs = np.repeat(np.arange(len(asked_rows)), terms_of_each)
        shared: Bools = np.bincount(pairs[is_there], minlength=len(asked_rows)) > 0
        return shared

    def count(self, chunking: Chunking, questions: Sequence[str]) -> TermCounts:
        """Count the questions' terms in each chunk and what is indexed before it."""
        asked, index = self._prepare(tuple(questions)), self._terms
        rows, apart = self._terms_apart(chunking)
        numbers, chunks = _places(asked, chunking, rows, apart)
        opens = first_of_runs(numbers, chunks) if len(numbers) else np.zeros(0, np.int64)
        frequency = np.diff(np.append(opens, len(numbers)))
        lengths = _ranges(index.starts, index.ends, chunking)[1] + np.bincount(rows, minlength=len(chunking))
        vocabulary = len(asked.vocabulary)
        return TermCounts(numbers[opens], chunks[opens], frequency, lengths, asked.terms, asked.borders, vocabulary)

    def _blocks(self, chunking: Chunking, questions: Sequence[str]) -> Iterator[Floats]:
        counts = self.count(chunking, questions)
        return score_blocks(counts, counts.statistics)

    def _terms_apart(self, chunking: Chunking) -> tuple[Positions, list[str]]:
        """Return the terms of chunks that are not whole on the line: the row of the chunk, and the term.

        They are the fragments of cut words, and the terms of what is indexed before chunks.
        """
        rows, fragments = self._terms.fragments(chunking.spans)
        if not self._config.indexes_more:
            return rows, fragments
        rows_before, terms_before = self._terms_before(chunking)
        return np.concatenate([rows, rows_before]), fragments + terms_before

    def _terms_before(self, chunking: Chunking) -> tuple[Positions, list[str]]:
        """Return the terms of what is indexed before chunks, which no question changes; the last ones are remembered."""
        latest = self._latest_before  # another thread may ask of other chunks
        if chunking not in latest:
            made = _terms_of_titles(self._terms, texts_before(chunking, self._config))
            latest = self._latest_before = {chunking: made}
        return latest[chunking]

    def _prepare(self, questions: tuple[str, ...]) -> _Questions:
        """Return the questions' terms; the last sets of questions are remembered."""
        latest = self._latest  # another thread may ask others
        if questions not in latest:
            latest = self._latest = {questions: _as_terms(self._terms, questions)}
        return latest[questions]


def bm25(corpus: Corpus, config: RunConfig) -> Bm25:
    """Return the index of `corpus`, made once; only what is indexed with a chunk changes it."""
    return corpus.derive(Bm25, lambda: Bm25(corpus, config), *index_settings(config), config.analyzer)


def _as_terms(index: Terms | AnalyzedTerms, questions: Sequence[str]) -> _Questions:
    lists = [index.terms_in(question) for question in questions]
    vocabulary = {term: number for number, term in enumerate(dict.fromkeys(chain.from_iterable(lists)))}
    asked = np.array([vocabulary[term] for words in lists for term in words], np.int64)
    borders = np.cumsum([0, *map(len, lists)])
    number_of = np.full(len(index.vocabulary) + 1, -1, np.int32)
    for term, number in vocabulary.items():
        number_of[index.vocabulary.get(term, -1)] = number
    number_of[-1] = -1
    numbers = number_of[index.numbers]
    kept = numbers >= 0
    return _Questions(vocabulary, asked, borders, index.starts[kept], index.ends[kept], numbers[kept])


def _ranges(starts: Positions, ends: Positions, chunking: Chunking) -> tuple[Positions, Positions]:
    """Return the first of the stretches that lie wholly in each chunk, and their number: [chunks] each."""
    first = index_in(starts, chunking.spans[:, 0])
    last = index_in(ends, chunking.spans[:, 1], "right")
    return first, np.maximum(last - first, 0)


def score_blocks(counts: TermCounts, statistics: CollectionStatistics) -> Iterator[Floats]:
    """Yield the scores of all chunks, for as many questions at once as fit into the memory allowed: [questions, chunks].

    `statistics` are those of all the chunks that are ranked together, of which these may be a part.
    """
    chunks, questions = len(counts.lengths), len(counts.borders) - 1
    if not chunks:
        yield np.zeros((questions, 0))
        return
    scorer = _Scorer(weigh(counts, statistics), chunks, statistics)
    step = max(1, _CELLS // chunks)
    for first in range(0, questions, step):
        yield scorer.scores(counts.terms, counts.borders[first : first + step + 1])


def best_of_part(
    counts: TermCounts, statistics: CollectionStatistics, depth: int, among: Positions | None = None
) -> ScoredRows:
    """Return the best chunks of a part of a corpus for each question, and their scores: [questions, depth] each.

    With `among`, sorted rows, they alone are ranked. Lists of all parts, merged by score and then by the order of chunks,
    are those of the whole corpus.
    """
    if among is not None:
        best, of_best = best_of_part(counts.of_chunks(among), statistics, depth)
        return among[best], of_best
    depth = min(depth, len(counts.lengths))
    blocks = [best_columns(block, depth) for block in score_blocks(counts, statistics)]
    rows = np.concatenate([np.zeros((0, depth), np.int64), *(rows for rows, _ in blocks)])
    return rows, np.concatenate([np.zeros((0, depth)), *(scores for _, scores in blocks)])


def weigh(counts: TermCounts, statistics: CollectionStatistics) -> Postings:
    """Return what each term adds to the score of each chunk that holds it."""
    frequency, norm = counts.frequency, K1 * (1 - B + B * counts.lengths / statistics.mean_length)
    weights = statistics.inverse_frequencies[counts.number] * frequency / (frequency + norm[counts.chunk])
    return Postings(counts.chunk, weights, np.concatenate([np.zeros(1, np.int64), np.cumsum(counts.holders)]))


def _places(asked: _Questions, chunking: Chunking, rows: Positions, apart: list[str]) -> tuple[Positions, Positions]:
    """Return every place where a question's term is in a chunk, in the order of terms, then chunks: number and chunk.

    Terms `apart`, in the chunks `rows`, are not whole on the line: fragments of cut words, and those of titles.
    """
    first, counts = _ranges(asked.starts, asked.ends, chunking)
    numbers = asked.numbers[ranges(first, first + counts)]
    chunks = np.repeat(np.arange(len(chunking), dtype=line_type(len(chunking))), counts)
    if apart:
        others = np.array([asked.vocabulary.get(term, -1) for term in apart], np.int64)
        kept = others >= 0
        numbers, chunks = np.append(numbers, others[kept]), np.append(chunks, rows[kept])
        order = np.argsort(chunks, kind="stable")  # nearly in order, and so sorted at once
        numbers, chunks = numbers[order], chunks[order]
    few = len(asked.vocabulary) <= np.iinfo(np.uint16).max  # numbers of two bytes are sorted by counting them
    order = np.argsort(numbers.astype(np.uint16) if few else numbers, kind="stable")
    return numbers[order], chunks[order]


def _terms_of_titles(index: Terms | AnalyzedTerms, titles: Sequence[str]) -> tuple[Positions, list[str]]:
    """Return the terms of what is indexed before chunks: the row of the chunk, and the term."""
    known = {line: index.terms_in(line) for line in set(titles)}
    rows = np.repeat(np.arange(len(titles)), [len(known[line]) for line in titles])
    return rows, [term for line in titles for term in known[line]]


class _Scorer:
    """Adds up the scores of questions.

    Common terms are rows of a small dense matrix, rare ones are added at their chunks. Chunks with equal
    terms get equal sums, as the order of addition does not depend on the chunk.
    """

    def __init__(self, postings: Postings, chunks: int, statistics: CollectionStatistics) -> None:
        """Take the common terms apart; those of a part of a corpus are the same as those of the whole."""
        self._postings, self._chunks = postings, chunks
        self._is_common = statistics.holders * _COMMON >= statistics.chunks
        self._dense = list(_dense(postings, np.flatnonzero(self._is_common), chunks))
        self._place = np.cumsum(self._is_common) - 1
        self._space = np.empty(chunks)

    def scores(self, asked: Positions, borders: Positions) -> Floats:
        """Return the scores of some questions, whose terms in `asked` meet at `borders`: float64 [questions, chunks]."""
        terms_of_each = np.diff(borders)
        question = np.repeat(np.arange(len(terms_of_each)), terms_of_each)
        numbers = asked[borders[0] : borders[-1]]
        is_common = self._is_common[numbers]
        scores = _sparse(self._postings, numbers[~is_common], question[~is_common], (len(terms_of_each), self._chunks))
        common = self._place[numbers[is_common]].tolist()
        ends = np.cumsum(np.bincount(question[is_common], minlength=len(terms_of_each))).tolist()
        for row, (first, end) in zip(scores, pairwise([0, *ends]), strict=True):
            if first < end:
                np.add(row, self._add_up(common[first:end]), out=row)
        return scores

    def _add_up(self, common: Sequence[int]) -> Floats:
        """Return the sum of some rows of the matrix, one after the other: [chunks]; the next call overwrites it."""
        first, *others = common
        total: Floats = self._dense[first]
        for number in others:
            total = np.add(total, self._dense[number], out=self._space)
        return total


def _dense(postings: Postings, numbers: Positions, chunks: int) -> Floats:
    """Return the weights of some terms in every chunk: float64 [terms, chunks]."""
    dense = np.zeros((len(numbers), chunks))
    for row, number in enumerate(numbers.tolist()):
        here = postings.of_term(number)
        dense[row, postings.chunks[here]] = postings.weights[here]
    return dense


def _sparse(postings: Postings, numbers: Positions, question: Positions, shape: tuple[int, int]) -> Floats:
    """Return the sums over the terms `numbers` of each `question`, added posting by posting: [questions, chunks]."""
    lengths = postings.counts[numbers]
    places = ranges(postings.borders[numbers], postings.borders[numbers] + lengths)
    cells = np.repeat(question * shape[1], lengths) + postings.chunks[places]
    sums: Floats = np.bincount(cells, postings.weights[places], minlength=shape[0] * shape[1])
    return sums.astype(np.float64, copy=False).reshape(shape)  # of nothing numpy counts in integers
