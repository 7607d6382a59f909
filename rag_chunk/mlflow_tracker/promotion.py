"""A run's config made a version in the model registry, and an alias moved to it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from rag_chunk.config.history import HEADLINE
from rag_chunk.config.redaction import redact
from rag_chunk.errors import InputError
from rag_chunk.mlflow_tracker.content import ENDS, LONGEST_TAG
from rag_chunk.mlflow_tracker.fetch import ARTIFACT, artifact_text, choose_run
from rag_chunk.mlflow_tracker.links import ui_address, ui_command
from rag_chunk.mlflow_tracker.named_runs import existing_store, find_run
from rag_chunk.mlflow_tracker.registry import (
    ModelAlias,
    create_version,
    move_alias,
    require_aliases,
    version_of,
    versions_of_run,
)
from rag_chunk.mlflow_tracker.store import Store
from rag_chunk.mlflow_tracker.verdict_tag import VERDICT

_KEPT = ("config_digest", "corpus_digest", "questions_digest", "embedding", "metric", "analysis_id", "version")
_HEADLINES = (HEADLINE, *(f"{HEADLINE}_{end}" for end in ENDS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Promoted:
    """An alias, the version and the run that it points at now, and the version that it pointed at before."""

    alias: ModelAlias
    version: str
    run_id: str
    previous: str | None = None
    link: str | None = None
    ui_command: str | None = None


def is_taken(alias: ModelAlias, *, uri: str | None = None) -> bool:
    """Whether an alias points at a version already."""
    with existing_store(uri, f"{alias}") as store:
        return version_of(store, alias) is not None


def promote_run(name: str, alias: ModelAlias, *, uri: str | None = None, verdict: Sequence[str] = ()) -> Promoted:
    """Make a version of a run's config, unless there is one, and let the alias point at it.

    Of an analysis' run it is the recommended configuration. `verdict` are sentences for the version's description.
    Raise `InputError` where there is no such run, or it has no config.
    """
    with existing_store(uri, f"run {name}") as store:
        require_aliases()
        run = choose_run(store, find_run(store, name))
        run_id = str(run.info.run_id)
        if artifact_text(store, run_id, ARTIFACT) is None:
            raise InputError(f"the run {run_id} has no {ARTIFACT}, so there is nothing to promote")
        before = version_of(store, alias)
        existing = versions_of_run(store, alias.model, run_id)
        version = (
            existing[0] if existing else create_version(store, alias.model, run, _tags(run), _describe(run, verdict))
        )
        move_alias(store, alias, version.version)
        return Promoted(
            alias=alias,
            version=str(version.version),
            run_id=run_id,
            previous=str(before.version) if before else None,
            link=_link(store, alias.model, str(version.version)),
            ui_command=ui_command(store),
        )


def _link(store: Store, model: str, version: str) -> str | None:
    address = ui_address(store)
    return f"{address}/#/models/{quote(model, safe='')}/versions/{version}" if address else None


def _tags(run: Any) -> dict[str, str]:
    """Return what identifies a version: digests, the headline with its interval, and the verdict."""
    tags, metrics = run.data.tags, run.data.metrics
    kept = {name: tags[name] for name in (VERDICT, *(f"rag_chunk.{each}" for each in _KEPT)) if name in tags}
    return kept | {name: f"{metrics[name]:.4f}" for name in _HEADLINES if name in metrics}


def _describe(run: Any, verdict: Sequence[str]) -> str:
    """Return the settings, the headline and the comparison of a version in a few sentences."""
    return redact(" ".join([*_sentences(run.data.params, run.data.metrics), *verdict]))[:LONGEST_TAG]


def _sentences(params: Mapping[str, str], metrics: Mapping[str, float]) -> Iterator[str]:
    limit = f"at most {params.get('chunk_size')} {params.get('unit')}, overlap {params.get('overlap')}"
    yield f"{params.get('strategy')}, {limit}, for {params.get('retriever')}."
    value, low, high = (metrics.get(name) for name in _HEADLINES)
    if value is not None:
        ends = f" (95 % interval {low:.3f} to {high:.3f})" if low is not None and high is not None else ""
        yield f"{HEADLINE} {value:.3f}{ends}."
