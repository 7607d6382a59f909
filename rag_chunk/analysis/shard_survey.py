"""The pass over the shards of a corpus: of each, its chunks under every configuration, and the counts that rank them.

It is a pure function of a shard, the configurations and the questions' texts. What it returns holds no text, so that the
next shard can take the place of this one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from rag_chunk.analysis.chunked_corpus import ChunkedCorpus
from rag_chunk.analysis.joined_chunking import join_chunks
from rag_chunk.analysis.shard_chunks import ShardChunks, chunk_shard
from rag_chunk.analysis.skipped import has_headings
from rag_chunk.config import RunConfig
from rag_chunk.corpus.array_file import ArrayFile
from rag_chunk.corpus.sharded_corpus import ReadableShard, ShardedCorpus
from rag_chunk.corpus.units import encoders_of, units_of
from rag_chunk.embedder import record_usage
from rag_chunk.retriever.bm25_candidates import RankingGuess, guess_ranking

MOST_WITH_COUNTS = 20  # shards; the counts of more take long to rank in the process that joins them
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


class CorpusSurvey:
    """The chunks of all shards by configuration, and what was seen on the way.

    They wait in files: memory holds those of the configurations that are joined, ranked or saved.
    """

    def __init__(self, corpus: ShardedCorpus, configs: Mapping[str, RunConfig]) -> None:
        """Know nothing yet."""
        self._corpus, self._configs = corpus, configs
        self._names: dict[int, tuple[str, ...]] = {}
        self._files = {name: ArrayFile() for name in configs}
        self._chunks: dict[str, dict[int, Callable[[], ShardChunks]]] = {name: {} for name in configs}
        self.encoders = frozenset[str]()
        self.has_headings = False

    def add(self, seen: ShardSurvey) -> None:
        """Keep what is known of a shard."""
        self._names[seen.number] = seen.names
        self.encoders |= seen.encoders
        self.has_headings |= seen.has_headings
        for name, chunks in seen.chunks.items():
            self._chunks[name][seen.number] = self._files[name].write(chunks)

    def take(self, name: str) -> tuple[ChunkedCorpus, float]:
        """Join the chunks of a configuration; return them, and how many seconds they took.

        What was embedded for them is recorded.
        """
        parts = self._read(name)
        for part in parts:
            record_usage(part.usage)
        names = [self._names[number] for number in sorted(self._names)]
        chunked = join_chunks(self._corpus, names, parts, self._configs[name], self._files[name])
        return chunked, sum(part.seconds for part in parts)

    def release(self, name: str) -> None:
        """Give back the memory that the chunks of a configuration take; they are loaded again where they are used."""
        self._files[name].release()

    def guess_rankings(self) -> dict[str, RankingGuess]:
        """Guess from the shards that are known how chunks rank under the configurations that rank by words."""
        share, guesses = len(self._names) / len(self._corpus.shards), {}
        for name in self._configs:
            parts = self._read(name)
            counts = [part.counts for part in parts if part.counts]
            if any(each.statistics.length for each in counts):
                guesses[name] = guess_ranking(counts, share, max(part.depth for part in parts))
            self.release(name)
        return guesses

    def _read(self, name: str) -> list[ShardChunks]:
        """Return the chunks of a configuration in the shards that are known, in their order."""
        return [read() for _, read in sorted(self._chunks[name].items())]


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
    """Survey all shards."""
    count = len(corpus.shards)
    step = 1 if count <= MOST_WITH_COUNTS else -(-count // _FIRST)
    survey = CorpusSurvey(corpus, configs)
    tasks = [SurveyTask(shard, number, configs, questions, {}) for number, shard in enumerate(corpus.shards)]
    for seen in corpus.run(survey_shard, tasks[::step]):
        survey.add(seen)
    if step > 1:
        guesses = survey.guess_rankings()
        others = [replace(task, guesses=guesses) for task in tasks if task.number % step]
        for seen in corpus.run(survey_shard, others):
            survey.add(seen)
    return survey
