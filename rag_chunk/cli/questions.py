"""`check-questions`: everything that is wrong or odd about a question file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag_chunk.cli.app import app, check_target, say, write
from rag_chunk.errors import InputError
from rag_chunk.options import Given, with_options

if TYPE_CHECKING:
    from rag_chunk.questions import QuestionCheck

Fix = Annotated[
    Path | None,
    typer.Option("--fix", metavar="OUT", help="Write the questions to this file, as JSON, with spans filled in."),
]


@app.command()
@with_options("include", "exclude", "skip_unreadable", "quiet")
def check_questions(
    file: Annotated[Path, typer.Argument(help="The questions: JSON, JSONL, YAML or CSV.", readable=False)],
    folder: Annotated[
        Path, typer.Argument(help="The documents: a folder, one file, or a .jsonl of {name, text}.", readable=False)
    ],
    given: Given,
    fix: Fix = None,
) -> None:
    """Check a question file against its documents: every problem at once, with its place.

    Each finding is a line that begins with "error:", "warning:" or "note:"; a summary follows. The exit status
    is 3 if there is an error, else 0.
    """
    from rag_chunk.questions import check_questions as checked
    from rag_chunk.settings import single
    from rag_chunk.workflow import read_documents, spare_inputs

    notify = say if not given.output.get("quiet") else lambda _: None
    if file.is_dir() and folder.is_file():
        raise InputError(f"{file} is a folder; the questions come first: rag-chunk check-questions {folder} {file}")
    check_target(fix)
    asked = single(given, notify).analysis.model_copy(update={"source": folder, "test_file": file})
    corpus = read_documents(asked, notify)
    spare_inputs(fix, asked.model_copy(update={"test_file": None}), corpus)  # the questions may be mended in place
    check = checked(file, corpus)
    typer.echo(_shown(check))
    if fix:
        _fix(check, fix)
    if check.of("error"):
        raise typer.Exit(InputError.exit_status)


def _fix(check: "QuestionCheck", target: Path) -> None:
    write(target, check.fixed())
    left = check.summary["missing"]
    say(f"Wrote {target}" + (f"; {left} of its items stand as they were given, as they were not found" if left else ""))


def _shown(check: "QuestionCheck") -> str:
    """Return the findings, one a line, and the summary."""
    findings = [f"{finding.level}: {finding.text}" for finding in check.findings]
    counts = ", ".join(_counted(len(check.of(level)), level) for level in ("error", "warning", "note"))
    summary = check.summary
    width = max(map(len, summary))
    figures = [f"  {name.ljust(width)} {value:6,}" for name, value in summary.items()]
    return "\n".join([*findings, f"{check.source}: {counts}", *figures])


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
