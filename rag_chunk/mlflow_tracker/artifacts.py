"""The files of a run; and which chunks go along with their text, for a large corpus' are gigabytes."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from rag_chunk.analysis.folder import Results, without_texts
from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.config.tracking import LogChunks, TrackingConfig
from rag_chunk.mlflow_tracker.address import Notify

MOST_BYTES = 20_000_000  # of chunks with their text, of all configurations
MOST_PLACES = 1_000_000  # chunks, of all configurations, whose places take about 120 MB


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file of a run, or a folder of files: its path there, and what writes it to a path here."""

    path: str
    write: Callable[[Path], object]


def text_artifact(path: str, text: str) -> Artifact:
    """Return a file with this text, to the byte."""
    return Artifact(path=path, write=lambda target: target.write_bytes(text.encode()))


def copy_artifact(path: str, source: Path) -> Artifact:
    """Return a copy of the file `source`."""
    return Artifact(path=path, write=lambda target: shutil.copyfile(source, target))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkPlan:
    """What is logged of the chunks of each configuration.

    `has_text`: they were saved with their text; `logs_places`: of those that go without it, their places are logged.
    """

    results: Results
    log: LogChunks
    chunk_files: bool
    has_text: bool
    logs_places: bool

    def page(self) -> Iterator[Artifact]:
        """Yield the report as a page; it has the documents' text unless `--log-chunks` keeps text back."""
        source = self.results.file("report.html")
        if source and self.log in {"spans", "none"}:
            yield text_artifact("report.html", without_texts(source.read_text(encoding="utf-8")))
        elif source:
            yield copy_artifact("report.html", source)

    def artifacts(self, result: ConfigurationResult) -> Iterator[Artifact]:
        """Yield the files with the chunks of a configuration."""
        source = self.results.chunks(result)
        if source is None or self.log == "none":
            return
        is_chosen = self.log == "all" or (self.log == "best" and result == self.results.report.best)
        if is_chosen and self.has_text:
            yield copy_artifact("chunks/chunks.jsonl", source)
            if self.chunk_files:
                yield Artifact(path="chunks/text", write=lambda target: _write_texts(source, target))
        elif self.logs_places and self.has_text:
            yield Artifact(path="chunks/chunks.jsonl", write=lambda target: _write_spans(source, target))
        elif self.logs_places:
            yield copy_artifact("chunks/chunks.jsonl", source)


def plan_chunks(results: Results, options: TrackingConfig, notify: Notify) -> ChunkPlan:
    """Follow `--log-chunks`; without it, log all text while it is under 20 MB, and the places of up to a million chunks.

    Say which.
    """
    files = [file for result in results.report.configurations if (file := results.chunks(result))]
    size = sum(file.stat().st_size for file in files)
    count = round(sum(result.metrics.get("num_chunks", 0) for result in results.report.configurations))
    plan = ChunkPlan(
        results=results,
        log=options.log_chunks or ("all" if size < MOST_BYTES else "best"),
        chunk_files=options.chunk_files,
        has_text=all(map(_has_text, files)),
        logs_places=options.log_chunks is not None or count <= MOST_PLACES,
    )
    if files:
        notify(_describe(plan, size, count))
    return plan


def _describe(plan: ChunkPlan, size: int, count: int) -> str:
    """Say what is logged of `count` chunks, whose files have `size` bytes."""
    best = "the best configuration's chunks are logged with their text, the others'"
    many = f"{count:,} are more than {MOST_PLACES:,}; --log-chunks spans logs the places of all"
    if plan.log == "none":
        return "chunks are not logged"
    if plan.log == "all" and plan.has_text:
        return f"the chunks of every configuration are logged with their text ({size / 1e6:.1f} MB)"
    if plan.log == "best" and plan.has_text:
        return f"{best} as spans" if plan.logs_places else f"{best} are not logged: {many}"
    return "chunks are logged as spans, without their text" if plan.logs_places else f"chunks are not logged: {many}"


def _has_text(source: Path) -> bool:
    """Whether chunks were saved with their text; those of a corpus in shards are not."""
    return all("text" in chunk for chunk in islice(_lines(source), 1))


def _lines(source: Path) -> Iterator[dict[str, Any]]:
    with source.open(encoding="utf-8", newline="\n") as lines:
        yield from (json.loads(line) for line in lines)


def _write_spans(source: Path, target: Path) -> None:
    """Write the chunks without their text and headings, which may be confidential."""
    with target.open("w", encoding="utf-8", newline="\n") as written:
        for chunk in _lines(source):
            kept = {name: value for name, value in chunk.items() if name not in {"text", "headings"}}
            written.write(json.dumps(kept, ensure_ascii=False) + "\n")


def _write_texts(source: Path, target: Path) -> None:
    """Write each chunk's text into a file of its own: `chunk_00000.txt` and so on."""
    target.mkdir(exist_ok=True)
    for number, chunk in enumerate(_lines(source)):
        (target / f"chunk_{number:05}.txt").write_bytes(str(chunk["text"]).encode())
