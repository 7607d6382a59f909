"""Lets every analysis of a corpus in memory go through three shards: `pytest -p tests.support.three_shards`.

What needs all documents at once, and several conversions, go on as they are.
"""

from collections.abc import Sequence
from functools import wraps
from typing import Any

import pytest

import rag_chunk
from rag_chunk import analysis
from rag_chunk.analysis.unsharded import needs_of_all_shards
from rag_chunk.config import AnalysisConfig
from rag_chunk.corpus import Corpus
from rag_chunk.questions import Questions

_SHARDS = 3
_whole = analysis.analyze
# These look at how a corpus in memory is gone through, not at results.
_OF_ONE_SHARD = (
    "test_an_interrupted_analysis_leaves_no_process",
    "test_documents_that_are_left_out_are_not_called_poor_in_evidence_without_questions",
    "test_each_configuration_is_chunked_and_ranked_once",
    "test_the_report_is_the_same_when_processes_score",
    "test_what_a_killed_process_had_is_scored_here",
    "test_what_fails_beside_others_is_raised",
    "test_what_configurations_share_is_timed_apart_from_each_of_them",
    "test_what_is_embedded_of_a_corpus_in_memory_is_shown_on_the_way",
)


@wraps(_whole)
def _analyze(corpus: Any, configs: Any, questions: Questions | None = None, **options: Any) -> Any:
    from tests.analysis.test_shards import in_shards

    settings = options.get("settings") or AnalysisConfig()
    named = configs if isinstance(configs, dict) else {}
    if type(corpus) is Corpus and len(corpus.documents) > 1 and not options.get("conversions"):
        listed = named or dict(enumerate([configs] if isinstance(configs, rag_chunk.RunConfig) else configs))
        if not needs_of_all_shards(listed, settings):
            corpus = in_shards(corpus, questions, [row % _SHARDS for row in range(len(corpus.documents))])
        configs = named or list(listed.values())
    return _whole(corpus, configs, questions, **options)


def pytest_configure() -> None:
    """Put it in the place of `analyze`, before tests import that."""
    analysis.analyze = _analyze
    rag_chunk.analyze = _analyze


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Skip the tests of a corpus in memory."""
    for item in items:
        if item.name in _OF_ONE_SHARD:
            item.add_marker(pytest.mark.skip(reason="of one shard in memory"))
