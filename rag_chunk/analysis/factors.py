"""What can be changed about a configuration, one factor at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from rag_chunk.config import RETRIEVERS, STRATEGIES, RunConfig
from rag_chunk.config.catalog import Retriever
from rag_chunk.config.extras import lack_of

_WINDOW = "hierarchical"  # small chunks are ranked, and what is around them is handed over


@dataclass(frozen=True, slots=True)
class Change:
    """One factor, how it is changed, and the configuration that results."""

    factor: str
    text: str
    config: RunConfig


def changes_of(config: RunConfig, embedding_model: str | None = None) -> tuple[Change, ...]:
    """Return every change of a single factor that is possible, the cheapest factors first.

    Retrievers by vectors are among them where there is an `embedding_model`.
    """
    model = embedding_model or config.embedding_model
    tried: dict[RunConfig, Change] = {}
    for factor, text, settings in _settings(config, model):
        try:
            changed = config.with_settings(**settings)
        except ValidationError:  # a size below its overlap, and the like
            continue
        if changed != config:
            tried.setdefault(changed, Change(factor, text, changed))
    return tuple(tried.values())


def _settings(config: RunConfig, model: str | None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each factor with its change in words and in settings."""
    size = config.chunk_size
    for changed in (size // 2, size * 2):
        if changed:
            yield "chunk size", f"{changed:,} {config.unit}", {"chunk_size": changed}
    for changed in (0, size // 4, size // 2):
        yield "overlap", f"{changed:,} {config.unit}", {"overlap": changed}
    for row in STRATEGIES.values():
        if row.is_for_any and not row.has_parents and lack_of(row, model) is None:
            yield "strategy", row.name, _with_model(model, strategy=row.name)
    yield "window", "with parents", {"strategy": _WINDOW, "retrieve_parents": True}
    headings = "without" if config.index_headings else "with"
    yield "headings", f"{headings} titles", {"index_headings": not config.index_headings}
    if config.skip_blocks:
        yield "skipped blocks", f"{' and '.join(config.skip_blocks)} are chunked too", {"skip_blocks": ()}
    for each in RETRIEVERS.values():
        if _is_worth_trying(each) and lack_of(each, model) is None:
            yield "retriever", each.name, _with_model(model, retriever=each.name)
    yield "budget", f"{2 * config.budget:,} {config.budget_unit}", {"budget": 2 * config.budget}


def _is_worth_trying(retriever: Retriever) -> bool:
    """Whether a pipeline may have it, with any model: late embeds all documents again, and not every model can be its."""
    return not retriever.is_bound and retriever.name != "legacy" and not retriever.needs_token_vectors


def _with_model(model: str | None, **settings: Any) -> dict[str, Any]:
    return {**settings, **({"embedding_model": model} if model else {})}
