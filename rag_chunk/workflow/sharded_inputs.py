"""The documents and questions of an analysis whose corpus is several shards: each is read when its turn comes."""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from rag_chunk.analysis import Progress
from rag_chunk.analysis.unsharded import needs_of_all_shards
from rag_chunk.config import AnalysisConfig, RunConfig
from rag_chunk.config.sharding import WorkersConfig
from rag_chunk.config.sources import Notify
from rag_chunk.corpus import cache
from rag_chunk.corpus.cores import available_cores
from rag_chunk.corpus.shard import ShardList, SizeOf, cut_into_shards
from rag_chunk.corpus.sharded_corpus import RunTasks
from rag_chunk.errors import InputError, RagChunkError
from rag_chunk.questions.evidence_documents import WantedEvidence, read_wanted
from rag_chunk.questions.sharded_evidence import OutlinedCorpus, outline_shards
from rag_chunk.workflow.workers import Failure, Workers

# For a byte of text, where the whole corpus is in memory and ranked by words: no other use takes more.
_BYTES_OF_MEMORY = 17


class DividedSource(NamedTuple):
    """The shards of an analysis, and how many processes go through them."""

    listed: ShardList
    workers: int


def list_shards(located: AnalysisConfig, size: float) -> ShardList:
    """Cut the documents of an analysis into shards of `size` megabytes; its paths are absolute, as a worker may be elsewhere."""
    return _list_converted(located, located.conversion(), size)


def _list_converted(located: AnalysisConfig, converter: tuple[str, ...], size: float | SizeOf) -> ShardList:
    return cut_into_shards(
        located.require_source(),
        size,
        include=located.include,
        exclude=located.exclude,
        skip_unreadable=located.skip_unreadable,
        apart=[*filter(None, [located.test_file])],
        converter=converter,
    )


def choose_shards(
    asked: AnalysisConfig, configs: Mapping[str, RunConfig], workers: WorkersConfig, notify: Notify
) -> DividedSource | None:
    """Return the shards of an analysis where they are several, and all that is asked of them can be merged."""
    conversions = list(asked.conversions().values())
    # Several processes would each load the model; and of equal texts, those in one shard are embedded once.
    needs_model = any(config.needs_vectors for config in configs.values())
    divide = partial(workers.divide, cores=1 if needs_model else available_cores(), keep_size=needs_model)
    listed = _list_converted(
        asked.with_absolute_paths(Path.cwd()), conversions[0], lambda megabytes: divide(megabytes).shard_size
    )
    count, needs = len(listed.shards), needs_of_all_shards(configs, asked)
    if count > 1 and needs:
        notify(
            f"{', '.join(needs)} needs all documents in memory at once, {_describe_memory(listed, len(conversions))}; "
            f"without it, they would be analysed in {count:,} shards"
        )
        return None
    return DividedSource(listed, divide(listed.megabytes).workers) if count > 1 else None


def notify_of_memory(asked: AnalysisConfig, size: int, notify: Notify) -> None:
    """Say what it takes to have all documents in memory at once, where they are more than a shard of `size` megabytes."""
    listed = list_shards(asked.with_absolute_paths(Path.cwd()), size)
    if len(listed.shards) > 1:
        notify(
            f"all documents are held in memory at once, {_describe_memory(listed)}; to take a part of them, add --include"
        )


def _describe_memory(listed: ShardList, times: int = 1) -> str:
    """Say how much memory the whole corpus takes, several `times` where as many converters make it."""
    size = times * sum(each.size for each in listed.shards)
    return f"up to about {size * _BYTES_OF_MEMORY / 1e9:,.1f} GB"


def read_shards(listed: ShardList, asked: AnalysisConfig, run: RunTasks, notify: Notify) -> OutlinedCorpus:
    """Read all shards once: what documents there are, and which hold evidence."""
    wanted = read_wanted(asked.require_test_file()) if asked.test_file else WantedEvidence(())
    return outline_shards(listed.shards, wanted, run, listed.skipped, notify)


def run_on(workers: Workers, progress: Progress | None) -> RunTasks:
    """Return a function that runs tasks, each with a `shard` and a `purpose`, on workers; raise `InputError` where a shard fails."""

    def run(function: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
        listed: Sequence[Any] = list(tasks)
        attempt = partial(_attempt, function, cached=cache.is_enabled())
        if progress and listed:
            progress(0, len(listed), listed[0].purpose)
        with closing(workers.run(attempt, listed)) as results:
            for done, (task, result) in enumerate(results):
                if isinstance(result, Failure):
                    raise InputError(f"{task.shard}: {result.reason}")
                if progress:
                    progress(done + 1, len(listed), task.purpose)
                yield result

    return run


def _attempt(function: Callable[[Any], Any], task: Any, *, cached: bool) -> Any:
    """Return what a function makes of a task, or why it fails; not every error can be sent from one process to another."""
    gc.freeze()  # what is there before is not gone through afterwards: in a large process that would take a second
    with cache.caching(enabled=cached):
        try:
            return function(task)
        except RagChunkError as error:
            return Failure(str(error))
        finally:
            gc.collect()  # a corpus and what is derived from it hold each other: the next shard needs their room
            gc.unfreeze()
