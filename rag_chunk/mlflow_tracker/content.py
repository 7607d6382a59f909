"""What a run holds: params, metrics, tags, inputs and artifacts, made of a results folder without MLflow."""

import json
import math
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag_chunk.analysis.folder import Results
from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.config.catalog import is_bound
from rag_chunk.config.redaction import redaction
from rag_chunk.config.tracking import LONGEST_KEY, TrackingConfig
from rag_chunk.mlflow_tracker import tables
from rag_chunk.mlflow_tracker.address import Notify
from rag_chunk.mlflow_tracker.artifacts import Artifact, copy_artifact, plan_chunks, text_artifact
from rag_chunk.mlflow_tracker.loss_table import LOSSES, loss_table
from rag_chunk.mlflow_tracker.verdict_tag import recommended_of, verdict_of

LONGEST_PARAM = 500  # MLflow 2.0's; later ones take 6,000
LONGEST_TAG = 5000  # before MLflow 2.3; later ones take 8,000
LONGEST_DIGEST = 36
ANALYSIS, CONFIGURATION = "analysis", "configuration"
ROLE, ANALYSIS_ID, TRACKING_ID = "rag_chunk.role", "rag_chunk.analysis_id", "rag_chunk.tracking_id"
ENDS = ("low", "high")
PER_QUESTION, COMPARISON = "evaluation/per_question.json", "comparison.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A data set that took part."""

    name: str
    digest: str
    source: str
    context: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContent:
    """All that is logged on one run. Times are milliseconds since 1970."""

    name: str
    start: int
    end: int
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    inputs: tuple[Input, ...]
    artifacts: tuple[Artifact, ...]


class Contents:
    """The runs of one results folder: the analysis' own, and one a configuration, made when asked for."""

    def __init__(self, results: Results, options: TrackingConfig, notify: Notify, *, resent: bool = False) -> None:
        """Read nothing yet; `notify` gets what is left out or made to fit. A `resent` analysis is tagged as such."""
        self._results, self._options, self._notify = results, options, notify
        self._report = results.report
        self._chunks = plan_chunks(results, options, notify)
        self._resent = {"tracked_later": "true"} if resent else {}
        self._notices: set[str] = set()
        self._redact = redaction()

    @property
    def is_single(self) -> bool:
        """Whether there is one configuration, and so one run that is both."""
        return len(self._report.configurations) == 1

    def configurations(self) -> tuple[ConfigurationResult, ...]:
        """Return the configurations that get a run: all, or the first N and those that are recommended."""
        results, most = self._report.configurations, self._options.log_runs
        named = {each.recommended for each in self._report.comparisons} or {self._report.best.name}
        kept = {each.name for each in results if each.name in named and not is_bound(each.config.retriever)}
        return tuple(each for place, each in enumerate(results) if most is None or place < most or each.name in kept)

    def best_of(self, run_ids: Mapping[str, str]) -> str | None:
        """Return the run of the recommended configuration; without questions, and of bounds, none is."""
        recommended = recommended_of(self._report)
        return run_ids.get(recommended.name) if recommended else None

    def analysis(self) -> RunContent:
        """Return the analysis' own run: with several configurations the parent, carrying the best one's figures."""
        best = self._report.best
        own = self._configuration_artifacts(best) if self.is_single else self._best_config()
        return self._content(
            best,
            name=self._options.run_name or (best.name if self.is_single else f"{self._dataset()}, {self._count()}"),
            role=CONFIGURATION if self.is_single else ANALYSIS,
            metrics={**metrics_of_run(best), **self._timings_in_common()},
            artifacts=(*own, *self._analysis_artifacts()),
        )

    def configuration(self, result: ConfigurationResult) -> RunContent:
        """Return the run of one configuration."""
        return self._content(
            result,
            name=result.name,
            role=CONFIGURATION,
            metrics=metrics_of_run(result),
            artifacts=self._configuration_artifacts(result),
        )

    def _content(
        self,
        result: ConfigurationResult,
        *,
        name: str,
        role: str,
        metrics: Mapping[str, float],
        artifacts: tuple[Artifact, ...],
    ) -> RunContent:
        end = int(self._report.created.timestamp() * 1000)
        return RunContent(
            name=self._redact(name),
            start=end - round(self._seconds(result, role) * 1000),
            end=end,
            params=dict(self._params(result)),
            metrics=dict(self._metrics({name: metrics[name] for name in tables.headline_first(metrics)})),
            tags=dict(self._tags(result, role, artifacts)),
            inputs=tuple(self._inputs()),
            artifacts=artifacts,
        )

    def _seconds(self, result: ConfigurationResult, role: str) -> float:
        """Return how long a configuration took, or the whole analysis."""
        whole = self.is_single or role == ANALYSIS
        results = self._report.configurations if whole else (result,)
        own = sum(each.metrics.get("processing_time", 0.0) for each in results)
        return own + (sum(self._report.timings.values()) if whole else 0.0)

    # params and metrics

    def _params(self, result: ConfigurationResult) -> Iterator[tuple[str, str]]:
        converter = {"converter": result.converter} if result.converter else {}
        for name, value in {**result.config.params(), **converter}.items():
            if len(value) > LONGEST_PARAM:
                self._notify_once(f"{name} is cut to {LONGEST_PARAM} characters as a param; config.yaml has it whole")
            yield name, self._redact(value)[:LONGEST_PARAM]

    def _metrics(self, metrics: Mapping[str, float]) -> Iterator[tuple[str, float]]:
        taken: set[str] = set()
        for name, value in metrics.items():
            if not math.isfinite(value):
                continue
            key = _fitting_key(name)
            while key in taken:
                key += "_"
            taken.add(key)
            if key != name:
                self._notify_once(f"MLflow does not take the metric name {name!r}: it is logged as {key!r}")
            yield key, float(value)

    def _timings_in_common(self) -> dict[str, float]:
        """Return what all configurations share (reading, tokenising, the index): logged once, on the analysis."""
        timings = self._report.timings.items()
        return {name if name.endswith("_time") else f"{name}_time": seconds for name, seconds in timings}

    # tags

    def _tags(
        self, result: ConfigurationResult, role: str, artifacts: tuple[Artifact, ...]
    ) -> Iterator[tuple[str, str]]:
        described = {"document_type": self._document_type(), "dataset_name": self._dataset()}
        if self._options.dataset_version:
            described["version"] = self._options.dataset_version
        own = {f"rag_chunk.{name}": value for name, value in self._own_tags(result, role).items()}
        shown = _table_tag(artifacts)
        about = {} if role == CONFIGURATION and not self.is_single else {"mlflow.note.content": self._note()}
        for name, value in {**described, **self._options.tags, **own, **shown, **about}.items():
            text = self._redact(value)
            if len(text) > LONGEST_TAG:
                self._notify_once(f"the tag {name!r} is cut to {LONGEST_TAG} characters, the most that MLflow takes")
            yield name, text[:LONGEST_TAG]

    def _own_tags(self, result: ConfigurationResult, role: str) -> dict[str, str]:
        report = self._report
        tags = {"version": report.rag_chunk, "analysis_id": report.analysis_id, "role": role}
        tags |= {"config_digest": result.config.digest(), "corpus_digest": report.corpus.digest}
        tags |= {"embedding": result.embedding.model} if result.embedding else {}
        tags |= {"questions_digest": report.questions.digest} if report.questions else {}
        if report.comparison:
            tags["metric"] = report.comparison.metric
        if role == CONFIGURATION:
            tags |= {"best": "true"} if result is recommended_of(report) else {}
            tags |= {"verdict": verdict} if (verdict := verdict_of(report, result)) else {}
        return {**tags, **self._options.provenance, **self._resent}

    def _document_type(self) -> str:
        """Return the one file type, or `mixed`."""
        if self._options.document_type:
            return self._options.document_type
        suffix = self._report.corpus.suffix
        return "mixed" if suffix is None else suffix or "text"

    def _dataset(self) -> str:
        source = Path(str(self._report.analysis.get("source", "")))
        return self._redact(self._options.dataset_name or source.absolute().name or "documents")

    def _count(self) -> str:
        return f"{len(self._report.configurations)} configurations"

    def _note(self) -> str:
        return self._redact(tables.description(self._report))

    # inputs

    def _inputs(self) -> Iterator[Input]:
        report = self._report
        source = self._redact(str(report.analysis.get("source", "")))
        digest = report.corpus.digest[:LONGEST_DIGEST]
        yield Input(name=self._dataset(), digest=digest, source=source, context="documents")
        if report.questions:
            source, digest = self._redact(report.questions.source), report.questions.digest[:LONGEST_DIGEST]
            yield Input(name=Path(source).name, digest=digest, source=source, context="questions")

    # artifacts

    def _configuration_artifacts(self, result: ConfigurationResult) -> tuple[Artifact, ...]:
        config = text_artifact("config.yaml", self._results.configs[result.name])
        page = text_artifact("evaluation/report.md", tables.configuration_page(self._report, result))
        questions = [text_artifact(PER_QUESTION, tables.question_table(result))] if result.questions else []
        return (config, page, *questions, *self._chunks.artifacts(result))

    def _best_config(self) -> tuple[Artifact, ...]:
        """Return the recommended configuration's config, where one is recommended."""
        recommended = recommended_of(self._report)
        return (text_artifact("config.yaml", self._results.configs[recommended.name]),) if recommended else ()

    def _analysis_artifacts(self) -> tuple[Artifact, ...]:
        names = ("report.json", "comparison.csv", "report.md", "questions.json", "analysis.yaml")
        files = [copy_artifact(name, file) for name in names if (file := self._results.file(name))]
        if self._report.corpus.document_list:
            number = f"{self._report.corpus.num_documents:,}"
            self._notify_once(
                f"MLflow gets the number and the digest of {number} documents, not the list of their names"
            )
        comparison = text_artifact(COMPARISON, tables.comparison_table(self._report))
        return (*files, *self._chunks.page(), comparison, *self._losses())

    def _losses(self) -> Iterator[Artifact]:
        """Yield where recall is lost, by tag and document, where that was measured."""
        questions = self._results.file("questions.json")
        losses = loss_table(self._report, questions.read_text(encoding="utf-8")) if questions else None
        if losses:
            yield text_artifact(LOSSES, losses)

    def _notify_once(self, text: str) -> None:
        if text not in self._notices:
            self._notices.add(text)
            self._notify(text)


def metrics_of_run(result: ConfigurationResult) -> dict[str, float]:
    """Return the metrics of a configuration and the ends of their intervals, by which runs can be searched too."""
    ends = {f"{name}_{end}": value for name, pair in result.intervals.items() for end, value in zip(ENDS, pair, strict=True)}  # fmt: skip
    return {**result.metrics, **ends}


def _fitting_key(name: str) -> str:
    """Return `name` with what MLflow refuses in a key replaced: `recall@5` is `recall_5`."""
    clean = posixpath.normpath(re.sub(r"[^\w.\- /]+", "_", name)).lstrip("/.")[:LONGEST_KEY]
    return clean or "metric"


def _table_tag(artifacts: tuple[Artifact, ...]) -> dict[str, Any]:
    """Return the tag by which MLflow's pages know which files are tables."""
    listed = [
        {"path": each.path, "type": "table"} for each in artifacts if each.path in {PER_QUESTION, COMPARISON, LOSSES}
    ]
    return {"mlflow.loggedArtifacts": json.dumps(listed)} if listed else {}
