"""`chunk`: the chunks of one configuration, for a pipeline."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag_chunk.cli.analyze import Source, progress
from rag_chunk.cli.app import app, check_parent, check_target, say
from rag_chunk.cli.options import with_fields, with_options
from rag_chunk.config.names import path_text
from rag_chunk.config.sharding import WorkersConfig
from rag_chunk.config.sources import OF_CHUNK, CommandLineOptions
from rag_chunk.errors import Interrupted, SettingsError

if TYPE_CHECKING:
    from rag_chunk.chunker import Chunking
    from rag_chunk.config.sources import Notify, Settings

Target = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output-file",
        metavar="PATH",
        help="Write them to this file instead: .jsonl, .csv or .parquet; or to a folder (a name without an ending), "
        "one file a shard.",
    ),
]
Form = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="One of jsonl, csv, parquet, langchain (a JSON list of Documents), llamaindex (of TextNodes). "
        "\\[default: by the file's ending, else jsonl]",
    ),
]
Parents = Annotated[
    bool,
    typer.Option("--parents", help="Write what holds the chunks instead: their parents, pages, sections or blocks."),
]


@app.command()
@with_options(*OF_CHUNK, "include", "exclude", "skip_unreadable", "converter", "cache", "quiet")
@with_fields(WorkersConfig, into="workers")
def chunk(
    given: CommandLineOptions,
    workers: WorkersConfig,
    source: Source = None,
    output_file: Target = None,
    form: Form = None,
    parents: Parents = False,  # noqa: FBT002 - Typer's way
) -> None:
    """Write the chunks of one configuration, for a pipeline: to stdout, to a file, or for a large corpus to a folder.

    A folder gets one file a shard. Workers cut shards at the same time, and each holds one shard in memory. If this is
    cut off, the same command goes on from there.

    Each chunk has an id, document, offsets in characters, lines, size in units, headings and text. It also has a parent,
    and a context (the language or header row that a piece of a cut block lacks), if there is one.
    """
    from rag_chunk.chunker.export import form_of, writes_folder
    from rag_chunk.config.sources import load_single

    notify = say if not given.output.get("quiet") else lambda _: None
    analysis = {**given.analysis, **({"source": source} if source else {})}
    settings = load_single(replace(given, analysis=analysis, output={}), notify)
    folder = output_file if writes_folder(output_file) else None
    form = form_of(None if folder else output_file, form)
    target = ChunkTarget(output_file, form, parents, given.output.get("cache", True), given.output.get("quiet", False))
    _refuse(form, output_file)
    if folder:
        _write_folder(folder, target, settings, workers, notify)
        return
    workers.refuse_unused("on a single file: name a folder, as in -o chunks")
    check_target(output_file)
    _write_file(target, settings, notify)


@dataclass(frozen=True, slots=True)
class ChunkTarget:
    """Where chunks are written to, and how."""

    path: Path | None
    form: str
    parents: bool
    cache: bool
    quiet: bool

    def describe(self, chunks: int, name: str) -> str:
        """Say how many chunks of the configuration `name` were written."""
        where = f" to {self.path}" if self.path else ""
        return f"wrote {chunks:,} {'parents' if self.parents else 'chunks'} ({name}){where}"


def _write_file(target: ChunkTarget, settings: "Settings", notify: "Notify") -> None:
    """Write all chunks to one file, or to stdout."""
    from rag_chunk.chunker.export.written_chunks import cut_for_writing
    from rag_chunk.chunker.omission import describe_skipped
    from rag_chunk.corpus.cache import caching
    from rag_chunk.workflow.inputs import read_documents, refuse_overwriting_inputs

    ((name, config),) = settings.configs.items()
    with caching(enabled=target.cache):
        with progress(quiet=target.quiet) as on_progress:
            corpus = read_documents(settings.analysis, notify, on_progress)
        refuse_overwriting_inputs(target.path, settings.analysis, corpus, settings.config_files)
        written = cut_for_writing(corpus, config, parents=target.parents)
        _write(written, target.path, target.form)
        if skipped := describe_skipped(corpus, config):
            notify(skipped)
        if config.strategies:
            from rag_chunk.analysis.skipped import find_unused_rules

            for setting, notice in find_unused_rules(corpus, [config]):
                notify(f"{setting}: {notice}")
    notify(target.describe(len(written), name))


def _write_folder(
    path: Path, target: ChunkTarget, settings: "Settings", workers: WorkersConfig, notify: "Notify"
) -> None:
    """Write the chunks of each shard to a file of its own."""
    from rag_chunk.workflow.chunk_folder import ChunkFolder, chunk_source, has_chunks

    check_parent(path)
    ((name, config),) = settings.configs.items()
    located = settings.analysis.with_absolute_paths(Path.cwd())
    source = path_text(located.require_source())
    folder = ChunkFolder(path.absolute(), source, config, target.form, workers.shard_size, target.parents, target.cache)
    try:
        with progress(quiet=target.quiet) as on_progress:
            written = chunk_source(folder, located, workers, notify, on_progress or (lambda *_: None))
    except Interrupted:
        if has_chunks(path):
            notify(f"the files that are written stay in {path}; run the same command again to go on")
        raise
    count = len(written.files)
    before = f", of which {written.before:,} were there" if written.before else ""
    of = f"{written.documents:,} {'document' if written.documents == 1 else 'documents'}"
    files = f"{count:,} {'file' if count == 1 else 'files'}{before}"
    notify(f"{target.describe(written.chunks, name)}: {of}, {files}")


def _refuse(form: str, path: Path | None) -> None:
    """Raise `SettingsError` where nothing useful could be written, before anything is read."""
    if form == "parquet" and path is None and sys.stdout.isatty():
        raise SettingsError("Parquet is binary; write it to a file: -o chunks.parquet")


def _write(chunking: "Chunking", path: Path | None, form: str) -> None:
    from rag_chunk.chunker.export import chunk_bytes, write_chunks

    if path:
        write_chunks(chunking, path, form)
        return
    for part in chunk_bytes(chunking, form):
        typer.echo(part, nl=False)
