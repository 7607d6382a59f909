"""`convert`: documents as texts with their pages, so that later commands need no converter."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag_chunk.cli.analyze import Source, progress
from rag_chunk.cli.app import app, say
from rag_chunk.cli.options import with_options
from rag_chunk.config import AnalysisConfig
from rag_chunk.config.sources import CommandLineOptions
from rag_chunk.errors import InputError, SettingsError

if TYPE_CHECKING:
    from rag_chunk.corpus import Corpus

Target = Annotated[
    Path | None,
    typer.Option("-o", "--output-folder", metavar="DIR", help="The folder to write to; it must be new or empty."),
]


@app.command()
@with_options("include", "exclude", "skip_unreadable", "converter", "cache", "quiet")
def convert(given: CommandLineOptions, source: Source = None, output_folder: Target = None) -> None:
    """Convert PDF, HTML, Office files, EPUB and notebooks to text files, with their pages.

    The folder that is written can be analyzed in place of SOURCE, without the converters, with equal results.
    """
    from rag_chunk.config.sources import load_single
    from rag_chunk.corpus.cache import caching
    from rag_chunk.workflow.inputs import read_documents

    quiet = given.output.get("quiet", False)
    notify = say if not quiet else lambda _: None
    named = {**given.analysis, **({"source": source} if source else {})}
    asked: AnalysisConfig = load_single(CommandLineOptions(analysis=named, files=given.files), notify).analysis
    target = _check_folder(output_folder)
    with caching(enabled=given.output.get("cache", True)), progress(quiet=quiet) as on_progress:
        corpus = read_documents(asked, notify, on_progress)
        _write(corpus, target)
    converted = sum(document.conversion is not None for document in corpus.documents)
    notify(f"wrote {len(corpus.documents):,} documents to {target}, {converted:,} of them converted")


def _check_folder(folder: Path | None) -> Path:
    """Return the folder; raise where none is named, or something is in it."""
    if folder is None:
        raise SettingsError("no folder was named. Give one to write to: -o texts/")
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(f"{folder} is not empty; name another folder, or remove it")
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}") from error
    return folder


def _write(corpus: "Corpus", folder: Path) -> None:
    from rag_chunk.corpus.converters import write_converted_folder

    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_converted_folder(corpus.documents, folder)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}") from error
