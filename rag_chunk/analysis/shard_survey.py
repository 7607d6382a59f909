"""The pass over the shards of a corpus: of each, its chunks under every configuration, and the counts that rank them.

It is a pure function of a shard, the configurations and the questions' texts. What it returns holds no text, so that the
next shard can take the place of this one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag_chunk.analysis.joined_chunking import (
    JoinedChunking,
    ShardChunks,
    join_chunks,
    stretches_of,
    text_keys,
)
from rag_chunk.analysis.skipped import has_headings
from rag_chunk.analysis.stage import time_stage
from rag_chunk.analysis.unsharded import RANKED_IN_SHARDS
from rag_chunk.chunker import chunk
from rag_chunk.chunker.handed_over import with_handed_over
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.sharded_corpus import ReadableShard, ShardedCorpus
from rag_chunk.corpus.units import encoders_of, units_of
from rag_chunk.retriever.bm25 import bm25
from rag_chunk.scorer.shape import measure_shape


@dataclass(frozen=True, slots=True, eq=False)
class SurveyTask:
    """A shard, the configurations by name, and what is asked; nothing where there are no questions."""

    shard: ReadableShard
    configs: Mapping[str, RunConfig]
    questions: Sequence[str] | None


@dataclass(frozen=True, slots=True, eq=False)
class ShardSurvey:
    """What an analysis needs of a shard: the names of its documents, and its chunks by configuration.

    `encoders` have made its tokens.
    """

    names: tuple[str, ...]
    chunks: Mapping[str, ShardChunks]
    encoders: frozenset[str]
    has_headings: bool


@dataclass(frozen=True, slots=True, eq=False)
class CorpusSurvey:
    """The chunks of all shards by configuration, and what was seen on the way."""

    chunkings: Mapping[str, JoinedChunking]
    encoders: frozenset[str]
    has_headings: bool

    def take(self, name: str) -> tuple[JoinedChunking, float]:
        """Return the chunks of a configuration, and how many seconds they took."""
        return self.chunkings[name], self.chunkings[name].seconds


def survey_shard(task: SurveyTask) -> ShardSurvey:
    """Chunk a shard under each configuration, and count the questions' terms in its chunks."""
    corpus = task.shard.read()
    chunks = {name: _survey(corpus, config, task.questions) for name, config in task.configs.items()}
    encoders = encoders_of(units_of(corpus, config.unit, config.model) for config in task.configs.values())
    names = tuple(document.name for document in corpus.documents)
    return ShardSurvey(names, chunks, encoders, has_headings(corpus, task.configs.values()))


def _survey(corpus: Corpus, config: RunConfig, questions: Sequence[str] | None) -> ShardChunks:
    with time_stage(corpus) as stage:
        chunking = chunk(corpus, config)
        shape = measure_shape(chunking, config)
    family = with_handed_over(chunking, config) if config.hands_over_more else chunking
    ranked = questions is not None and config.retriever == RANKED_IN_SHARDS
    return ShardChunks(
        chunks=stretches_of(chunking),
        shape=shape,
        keys=text_keys(chunking),
        parents=None if family.parents is None else stretches_of(family.parents_or_self()),
        parent_rows=family.parent_rows,
        counts=bm25(corpus, config).count(chunking, questions).compact() if ranked and questions is not None else None,
        seconds=stage.seconds,
    )


def survey_corpus(
    corpus: ShardedCorpus, configs: Mapping[str, RunConfig], questions: Sequence[str] | None
) -> CorpusSurvey:
    """Survey all shards, and put their chunks together."""
    tasks = [SurveyTask(shard, configs, questions) for shard in corpus.shards]
    surveys: list[ShardSurvey] = list(corpus.run(survey_shard, tasks))
    names = [survey.names for survey in surveys]
    chunkings = {
        name: join_chunks(corpus.line, names, [survey.chunks[name] for survey in surveys], config)
        for name, config in configs.items()
    }
    encoders = frozenset[str]().union(*(survey.encoders for survey in surveys))
    return CorpusSurvey(chunkings, encoders, any(survey.has_headings for survey in surveys))
