"""The pass over the shards of a corpus: of each, its chunks under every configuration, and the counts that rank them.

It is a pure function of a shard, the configurations and the questions' texts. What it returns holds no text, so that the
next shard can take the place of this one.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import ClassVar

from rag_chunk.analysis.chunked_corpus import ChunkedCorpus
from rag_chunk.analysis.joined_chunking import join_chunks
from rag_chunk.analysis.shard_chunks import ShardChunks, chunk_shard
from rag_chunk.analysis.skipped import has_headings
from rag_chunk.config import RunConfig
from rag_chunk.corpus.cores import available_cores
from rag_chunk.corpus.sharded_corpus import ReadableShard, ShardedCorpus
from rag_chunk.corpus.units import encoders_of, units_of
from rag_chunk.embedder import EmbeddingUsage, record_usage
from rag_chunk.retriever.bm25_candidates import RankingGuess, guess_ranking

MOST_WITH_COUNTS = 20  # shards; the counts of more would fill the memory of the process that joins them
_MOST_JOINED = 4  # configurations at a time: each takes memory
_FIRST = 8  # shards that tell, in a larger corpus, what is likely to rank first in the others


@dataclass(frozen=True, slots=True, eq=False)
class SurveyTask:
    """A shard, its number, the configurations by name, and what is asked; nothing where there are no questions.

    The questions' terms are returned of every chunk; of a configuration with a guess, only of what can rank first.
    """

    purpose: ClassVar[str] = "chunking the shards"
    shard: ReadableShard
    number: int
    configs: Mapping[str, RunConfig]
    questions: Sequence[str] | None
    guesses: Mapping[str, RankingGuess]


@dataclass(frozen=True, slots=True, eq=False)
class ShardSurvey:
    """What an analysis needs of the shard of this number: the names of its documents, and its chunks by configuration.

    `encoders` have made its tokens.
    """

    number: int
    names: tuple[str, ...]
    chunks: dict[str, ShardChunks]
    encoders: frozenset[str]
    has_headings: bool


@dataclass(frozen=True, slots=True, eq=False)
class CorpusSurvey:
    """The chunks of all shards by configuration, what they took in each shard, and what was seen on the way.

    That is what was embedded to cut by meaning, and seconds.
    """

    chunked: Mapping[str, ChunkedCorpus]
    work: Mapping[str, Sequence[tuple[EmbeddingUsage, float]]]
    encoders: frozenset[str]
    has_headings: bool

    def take(self, name: str) -> tuple[ChunkedCorpus, float]:
        """Return the chunks of a configuration, and how many seconds they took; what was embedded for it is recorded."""
        for usage, _ in self.work[name]:
            record_usage(usage)
        return self.chunked[name], sum(seconds for _, seconds in self.work[name])


def survey_shard(task: SurveyTask) -> ShardSurvey:
    """Chunk a shard under each configuration, and count the questions' terms in its chunks."""
    corpus = task.shard.read()
    chunks = {
        name: chunk_shard(corpus, config, task.questions, task.guesses.get(name))
        for name, config in task.configs.items()
    }
    encoders = encoders_of(units_of(corpus, config.unit, config.model) for config in task.configs.values())
    names = tuple(document.name for document in corpus.documents)
    return ShardSurvey(task.number, names, chunks, encoders, has_headings(corpus, task.configs.values()))


def survey_corpus(
    corpus: ShardedCorpus, configs: Mapping[str, RunConfig], questions: Sequence[str] | None
) -> CorpusSurvey:
    """Survey all shards, and put their chunks together."""
    count = len(corpus.shards)
    step = 1 if count <= MOST_WITH_COUNTS else -(-count // _FIRST)
    tasks = [SurveyTask(shard, number, configs, questions, {}) for number, shard in enumerate(corpus.shards)]
    surveys: list[ShardSurvey] = list(corpus.run(survey_shard, tasks[::step]))
    if step > 1:
        guesses = _guess_rankings(surveys, configs, len(surveys) / count)
        others = [replace(task, guesses=guesses) for task in tasks if task.number % step]
        surveys += corpus.run(survey_shard, others)
    surveys.sort(key=lambda each: each.number)
    work = {name: [(each.chunks[name].usage, each.chunks[name].seconds) for each in surveys] for name in configs}
    chunked = _join_surveys(corpus, configs, surveys)
    encoders = frozenset[str]().union(*(survey.encoders for survey in surveys))
    return CorpusSurvey(chunked, work, encoders, any(survey.has_headings for survey in surveys))


def _join_surveys(
    corpus: ShardedCorpus, configs: Mapping[str, RunConfig], surveys: Sequence[ShardSurvey]
) -> dict[str, ChunkedCorpus]:
    """Join the chunks of all shards under each configuration, a few configurations at a time."""
    names = [survey.names for survey in surveys]

    def join(name: str) -> ChunkedCorpus:
        return join_chunks(corpus, names, [survey.chunks.pop(name) for survey in surveys], configs[name])

    contexts = [copy_context() for _ in configs]  # which say whether the cache is used
    with ThreadPoolExecutor(min(available_cores(), _MOST_JOINED)) as threads:
        joined = threads.map(lambda context, name: context.run(join, name), contexts, configs)
        return dict(zip(configs, joined, strict=True))


def _guess_rankings(
    surveys: Sequence[ShardSurvey], configs: Mapping[str, RunConfig], share: float
) -> dict[str, RankingGuess]:
    """Guess from some shards, which are this share of all, how chunks rank under the configurations that rank by words."""
    guesses = {}
    for name in configs:
        parts = [survey.chunks[name] for survey in surveys]
        counts = [part.counts for part in parts if part.counts]
        if any(each.statistics.length for each in counts):
            guesses[name] = guess_ranking(counts, share, max(part.depth for part in parts))
    return guesses
