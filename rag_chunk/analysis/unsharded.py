"""What needs the whole corpus at once, and so is refused where it is several shards."""

from collections.abc import Iterator, Mapping

from rag_chunk.config import AnalysisConfig, RunConfig
from rag_chunk.config.catalog import is_bound
from rag_chunk.errors import SettingsError

RANKED_IN_PARTS = {"bm25", "dense", "hybrid", "late", "legacy"}


def needs_of_all_shards(configs: Mapping[str, RunConfig], settings: AnalysisConfig) -> list[str]:
    """Return the options that need the whole corpus at once."""
    return list(dict.fromkeys([*_of_analysis(settings), *(need for each in configs.values() for need in _of(each))]))


def refuse_sharded(configs: Mapping[str, RunConfig], settings: AnalysisConfig) -> None:
    """Raise `SettingsError` where a corpus in shards is analysed with something that needs them all at once."""
    if needs := needs_of_all_shards(configs, settings):
        raise SettingsError(f"{', '.join(needs)} needs all documents at once: leave it out, or give them as one Corpus")


def _of(config: RunConfig) -> Iterator[str]:
    if config.retriever not in RANKED_IN_PARTS and not is_bound(config.retriever):
        yield f"--retriever {config.retriever}"
    if config.has_written_contexts:
        yield "--index-context model"


def _of_analysis(settings: AnalysisConfig) -> Iterator[str]:
    if len(settings.conversions()) > 1:
        yield "a comparison of converters"
