"""`review`: a page on this machine to accept, reject and mend questions."""

from pathlib import Path
from typing import Annotated

import typer

from rag_chunk.cli.app import app, say
from rag_chunk.cli.check_questions import load_question_settings
from rag_chunk.cli.options import with_options
from rag_chunk.config.sources import CommandLineOptions
from rag_chunk.errors import InputError, Interrupted


@app.command()
@with_options("include", "exclude", "skip_unreadable", "converter", "quiet")
def review(
    given: CommandLineOptions,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="The questions, which are changed in place.", readable=False, show_default=False
        ),
    ] = None,
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="SOURCE",
            help="The documents: a folder, one file, or a .jsonl of {name, text}.",
            readable=False,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Review questions in a browser: accept, reject, or change each, beside its evidence in the document.

    rag-chunk prints the address of a page on this machine that only you can open. It writes every change to the file at
    once. Ctrl-C ends the review; run the command again to continue. Without arguments, it reviews the questions and
    documents that rag-chunk.yaml in this folder names.
    """
    from rag_chunk.rendering.review import serve
    from rag_chunk.workflow.inputs import read_documents

    notify = say if not given.output.get("quiet") else lambda _: None
    if file and file.is_dir():
        raise InputError(f"{file} is a folder; the questions come first: rag-chunk review questions.yaml {file}")
    asked, test_file = load_question_settings(given, file, source, notify, example="review questions.yaml docs")
    corpus = read_documents(asked, notify)
    try:
        serve(test_file, corpus, lambda address: say(f"Review {test_file}: open {address}\nCtrl-C ends it."))
    except Interrupted as interrupted:
        if interrupted.exit_status != 130:  # noqa: PLR2004 - Ctrl-C is how a review ends
            raise
    say(f"\nEvery change is in {test_file}.")
