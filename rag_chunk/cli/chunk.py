"""`chunk`: the chunks of one configuration, for a pipeline."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag_chunk.cli.analyze import Source, progress
from rag_chunk.cli.app import app, check_target, say
from rag_chunk.cli.options import with_options
from rag_chunk.config.sources import OF_CHUNK, CommandLineOptions
from rag_chunk.errors import SettingsError

if TYPE_CHECKING:
    from rag_chunk.chunker import Chunking

Target = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output-file", metavar="FILE", help="Write them to this file instead: .jsonl, .csv or .parquet."
    ),
]
Form = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="One of jsonl, csv, parquet, langchain (a JSON list of Documents), llamaindex (of TextNodes). "
        "\\[default: by the file's ending, jsonl on stdout]",
    ),
]
Parents = Annotated[
    bool,
    typer.Option("--parents", help="Write what holds the chunks instead: their parents, pages, sections or blocks."),
]


@app.command()
@with_options(*OF_CHUNK, "include", "exclude", "skip_unreadable", "converter", "cache", "quiet")
def chunk(
    given: CommandLineOptions,
    source: Source = None,
    output_file: Target = None,
    form: Form = None,
    parents: Parents = False,  # noqa: FBT002 - Typer's way
) -> None:
    """Write the chunks of one configuration to stdout or to a file, for a pipeline.

    Each chunk has an id, document, offsets in characters, lines, size in units, headings and text. It also has a parent,
    and a context (the language or header row that a piece of a cut block lacks), if there is one.
    """
    from rag_chunk.chunker import chunk as cut
    from rag_chunk.chunker.export import form_of
    from rag_chunk.chunker.handed_over import with_handed_over
    from rag_chunk.chunker.omission import describe_skipped
    from rag_chunk.config.sources import load_single
    from rag_chunk.corpus.cache import caching
    from rag_chunk.workflow.inputs import read_documents, refuse_overwriting_inputs

    notify = say if not given.output.get("quiet") else lambda _: None
    analysis = {**given.analysis, **({"source": source} if source else {})}
    named = replace(given, analysis=analysis, output={})
    settings = load_single(named, notify)
    ((name, config),) = settings.configs.items()
    form = form_of(output_file, form)
    check_target(output_file)
    _refuse(form, output_file)
    with caching(enabled=given.output.get("cache", True)):
        with progress(quiet=given.output.get("quiet", False)) as on_progress:
            corpus = read_documents(settings.analysis, notify, on_progress)
        refuse_overwriting_inputs(output_file, settings.analysis, corpus, settings.config_files)
        config = config.with_settings(retrieve_parents=True, window=0) if parents else config
        chunking = with_handed_over(cut(corpus, config), config)
        written = chunking.parents_or_self() if parents else chunking
        _write(written, output_file, form)
        if skipped := describe_skipped(corpus, config):
            notify(skipped)
    target = f" to {output_file}" if output_file else ""
    notify(f"wrote {len(written):,} {'parents' if parents else 'chunks'} ({name}){target}")


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
