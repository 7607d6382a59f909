"""Only as many chunks are ranked as the budgets need, and no figure depends on how many."""

import random
from itertools import pairwise

import numpy as np
import pytest

from rag_chunk.analysis.chunked_corpus import chunked_in_memory
from rag_chunk.analysis.ranking import rank_for_evaluation, rank_to_budgets
from rag_chunk.chunker import Chunking, chunk
from rag_chunk.config import METRIC_GROUPS, RunConfig
from rag_chunk.corpus import Corpus, Document
from rag_chunk.questions import Questions
from rag_chunk.questions.question import Evidence, Question
from rag_chunk.scorer import required_depth, score

WORDS = [f"word{number}" for number in range(300)]


def uneven_chunks(config: RunConfig) -> Chunking:
    """Return chunks of paragraphs, of which a few are long and many are short."""
    rng = random.Random(5)  # noqa: S311 - texts, not secrets
    paragraphs = [" ".join(rng.choices(WORDS, k=rng.choice([3, 3, 3, 150, 200]))) for _ in range(600)]
    return chunk(Corpus([Document("a.txt", "\n\n".join(paragraphs))]), config)


def questions_on(chunking: Chunking, items: int) -> Questions:
    rng = random.Random(7)  # noqa: S311 - texts, not secrets
    rows = [rng.sample(range(len(chunking)), items) for _ in range(20)]
    spans = [[tuple(chunking.spans[row].tolist()) for row in picked] for picked in rows]
    return Questions(
        "questions.json",
        "0",
        tuple(
            Question(f"q{number}", " ".join(rng.choices(WORDS, k=6)), tuple(Evidence((span,)) for span in sorted(each)))
            for number, each in enumerate(spans)
        ),
    )


@pytest.mark.parametrize("merge_overlaps", [False, True])
@pytest.mark.parametrize("items", [1, 7, 8])
def test_every_score_is_that_of_the_deepest_ranking_to_the_last_digit(items: int, merge_overlaps: bool) -> None:  # noqa: FBT001 - a parameter
    config = RunConfig(strategy="paragraph", chunk_size=200, merge_overlaps=merge_overlaps)
    chunking = uneven_chunks(config)
    questions = questions_on(chunking, items)
    chunked = chunked_in_memory(chunking, config)
    deepest = rank_for_evaluation(chunked, questions, required_depth(chunking, config))
    ranking = rank_to_budgets(chunked, questions)
    assert ranking.tolist() == deepest[:, : ranking.shape[1]].tolist()
    assert (ranking.shape[1] < deepest.shape[1]) == (items < 8)
    groups = [group for group in METRIC_GROUPS if group != "legacy"]
    ours, theirs = (score(chunking, rows, questions, config, groups) for rows in (ranking, deepest))
    assert ours.metrics == theirs.metrics
    assert all(np.array_equal(ours.per_question[name], values) for name, values in theirs.per_question.items())


def test_lists_that_the_usual_depth_leaves_short_of_the_budgets_are_ranked_deeper() -> None:
    config = RunConfig(strategy="paragraph", chunk_size=200)
    rng = random.Random(3)  # noqa: S311 - texts, not secrets
    short = [f"seldom {' '.join(rng.choices(WORDS, k=2))}" for _ in range(900)]
    long = [" ".join(rng.choices(WORDS, k=200)) for _ in range(300)]
    chunking = chunk(Corpus([Document("a.txt", "\n\n".join(short + long))]), config)
    asked = Questions("questions.json", "0", (Question("q", "seldom", (Evidence(((0, 6),)),)),))
    ranking = rank_to_budgets(chunked_in_memory(chunking, config), asked)
    costs = np.cumsum((chunking.spans[:, 1] - chunking.spans[:, 0])[ranking[0]])
    assert costs[-1] >= 32_000
    assert all(before < after for before, after in pairwise(costs.tolist()))
