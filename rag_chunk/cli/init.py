"""`init`: a folder's first config file and questions."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag_chunk.cli.app import app, say, write
from rag_chunk.errors import InputError

if TYPE_CHECKING:
    from rag_chunk.corpus import Corpus

QUESTIONS = Path("questions.yaml")


@app.command()
def init(
    folder: Annotated[
        Path, typer.Argument(help="The documents: a folder, one file, or a .jsonl of {name, text}.", readable=False)
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace the files that are there.")] = False,  # noqa: FBT002 - Typer's way
) -> None:
    """Create a commented rag-chunk.yaml and draft questions in this folder.

    The drafts are made from headings, definitions, numbers, table rows and code, for you to review. They show how a
    question file looks, not which chunking is best. rag-chunk draft-questions drafts better ones with a model.
    """
    from rag_chunk.config import FOLDER_FILE
    from rag_chunk.config.starter import starter_config
    from rag_chunk.corpus import read_corpus
    from rag_chunk.questions.drafts import drafts, drafts_yaml
    from rag_chunk.workflow.inputs import skipped_notices

    target = Path(FOLDER_FILE)
    there = [str(path) for path in (target, QUESTIONS) if path.exists()]
    if there and not force:
        raise InputError(f"there is a {' and a '.join(there)} here already; move it away, or replace it with --force")
    corpus = read_corpus(folder, skip_unreadable=True)
    for notice in skipped_notices(corpus.skipped):
        say(notice)
    questions = drafts(corpus)
    if questions:
        write(QUESTIONS, drafts_yaml(questions))
    write(
        target, starter_config(folder, QUESTIONS if questions else None, skip_unreadable=_is_partly_unreadable(corpus))
    )
    say(f"Wrote {target}: every setting, with its help.")
    if questions:
        say(f"Wrote {QUESTIONS}: {len(questions)} draft questions. Review them before you trust any result.")
    else:
        say("rag-chunk could not draft a question from these documents, so it wrote no question file.")
    count = len(corpus.documents)
    say(f"{count:,} document{' is' if count == 1 else 's are'} ready. Next:\n\nrag-chunk analyze\n")


def _is_partly_unreadable(corpus: "Corpus") -> bool:
    from rag_chunk.corpus import is_broken

    return any(map(is_broken, corpus.skipped))
