"""A few usual chunkings, ranked by BM25: what they make of questions tells what the questions can show."""

from collections.abc import Sequence

from rag_chunk.analysis import Analysis, analyze
from rag_chunk.analysis.phrases import join_words
from rag_chunk.analysis.question_power import (
    describe_chunk_sizes,
    describe_undecided,
    find_undecided,
    headline_scores,
    list_undecided,
)
from rag_chunk.analysis.statistics import FEWEST_FOR_A_WINNER, compare_all
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.sharded_corpus import ShardedCorpus
from rag_chunk.questions import Question, Questions

STRATEGIES = ("fixed-size", "sentence", "recursive-character", "markdown")
_MOST_CHARACTERS = 50_000_000  # a check should take seconds


def analyze_usual(corpus: Corpus | ShardedCorpus, questions: Sequence[Question], source: str = "") -> Analysis | None:
    """Compare usual chunkings by the questions that have evidence; None where there are none."""
    answered = tuple(question for question in questions if question.evidence)
    configs = [RunConfig(strategy=strategy) for strategy in STRATEGIES]
    return analyze(corpus, configs, Questions(source, "", answered)) if answered else None


def describe_power(corpus: Corpus | ShardedCorpus, questions: Sequence[Question]) -> list[str]:
    """Return sentences on what the questions can show of usual chunkings; none where there are too few to show anything."""
    answered = [question for question in questions if question.evidence]
    characters = len(corpus.line if isinstance(corpus, ShardedCorpus) else corpus)
    if len(answered) < FEWEST_FOR_A_WINNER or characters > _MOST_CHARACTERS:
        return []
    analysis = analyze_usual(corpus, answered)
    if analysis is None:
        return []
    results = analysis.report.configurations
    scores = headline_scores(results)
    undecided = int(find_undecided(scores).sum())
    config = results[0].config
    limits = f"{config.chunk_size} {config.unit}, {config.retriever} and {config.budget_text}"
    sentences = [
        f"Tried with {join_words(STRATEGIES)} ({limits}):",
        describe_chunk_sizes(results, analysis.chunkings),
        describe_undecided(undecided, compare_all(scores, seed=0), "all of them"),
        list_undecided(results),
    ]
    return [sentence for sentence in sentences if sentence]
