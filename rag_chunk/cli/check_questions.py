"""`check-questions`: everything that is wrong or odd about a question file."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag_chunk.cli.analyze import progress
from rag_chunk.cli.app import app, check_target, say, write
from rag_chunk.cli.options import with_fields, with_options
from rag_chunk.config.sharding import WorkersConfig
from rag_chunk.config.sources import CommandLineOptions
from rag_chunk.errors import InputError, SettingsError

if TYPE_CHECKING:
    from rag_chunk.config import AnalysisConfig
    from rag_chunk.config.sources import Notify
    from rag_chunk.questions import QuestionCheck

Questions = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help="The questions: JSON, JSONL, YAML or CSV.", readable=False, show_default=False),
]
Documents = Annotated[
    Path | None,
    typer.Argument(
        metavar="FOLDER",
        help="The documents: a folder, one file, or a .jsonl of {name, text}.",
        readable=False,
        show_default=False,
    ),
]
Fix = Annotated[
    Path | None,
    typer.Option("--fix", metavar="OUT", help="Write the questions to this file, as JSON, with spans filled in."),
]

Against = Annotated[
    Path | None,
    typer.Option(
        "--against",
        metavar="OLD",
        help="The documents as they were when the questions were written: evidence is followed from there into FOLDER, "
        "and what cannot be found again is stale. Both are held in memory as a whole.",
    ),
]


@app.command()
@with_options("include", "exclude", "skip_unreadable", "converter", "quiet")
@with_fields(WorkersConfig, into="workers")
def check_questions(
    given: CommandLineOptions,
    workers: WorkersConfig,
    file: Questions = None,
    folder: Documents = None,
    fix: Fix = None,
    against: Against = None,
) -> None:
    """Check a question file against its documents, and list all problems at once.

    Without FILE and FOLDER, it uses the ones in rag-chunk.yaml.

    Each problem is a line that begins with "error:", "warning:" or "note:". Below them are a summary, what the
    questions cover, and, from a trial with a few usual chunkings, which of them cannot tell chunkings apart. The exit
    status is 3 if there is an error, else 0.

    If your documents have changed, --against OLD --fix OUT updates the questions: it gives moved evidence its new place,
    and marks questions whose evidence is gone as stale.
    """
    from rag_chunk.analysis.usual_chunkings import describe_power
    from rag_chunk.questions import check_questions as checked
    from rag_chunk.questions.coverage import describe_coverage
    from rag_chunk.questions.follow import follow_questions
    from rag_chunk.workflow.inputs import line_of, open_documents, read_documents, read_whole, refuse_overwriting_inputs

    notify = say if not given.output.get("quiet") else lambda _: None
    if file and file.is_dir() and not (folder and folder.is_dir()):
        named = folder or "questions.json"
        raise InputError(f"{file} is a folder; the questions come first: rag-chunk check-questions {named} {file}")
    check_target(fix)
    if against:
        workers.refuse_unused("with --against, which needs all documents at once: take a part of them with --include")
    asked, test_file = load_question_settings(
        given, file, folder, notify, example="check-questions questions.json docs"
    )
    with (
        progress(quiet=given.output.get("quiet", False)) as on_progress,
        nullcontext(read_whole(asked, notify, on_progress))
        if against
        else open_documents(asked, {}, workers, notify, on_progress) as corpus,
    ):
        line = line_of(corpus)
        refuse_overwriting_inputs(
            fix, asked.model_copy(update={"test_file": None}), line
        )  # the questions may be mended in place
        if against:
            older = read_documents(asked.model_copy(update={"source": against}), notify)
            check = follow_questions(test_file, older, line)
        else:
            check = checked(test_file, line)
        questions = [each.question for each in check.questions]
        said = [_format_check(check), *describe_coverage(line, questions), *describe_power(corpus, questions)]
    typer.echo("\n".join(said))
    if fix:
        _fix(check, fix)
    if check.of("error"):
        raise typer.Exit(InputError.exit_status)


def load_question_settings(
    given: CommandLineOptions, file: Path | None, source: Path | None, notify: "Notify", *, example: str
) -> "tuple[AnalysisConfig, Path]":
    """Return the settings, and the question file that is named on the command line or in rag-chunk.yaml.

    Raise `SettingsError`, which shows the arguments of the `example`, where no question file is named.
    """
    from rag_chunk.config.sources import load_single

    named = {name: path for name, path in (("source", source), ("test_file", file)) if path}
    options = replace(given, analysis={**given.analysis, **named})
    asked = load_single(options, notify, reads=("source", "test_file"), used=()).analysis
    if asked.test_file is None:
        raise SettingsError(f"no questions were named. Give them, and the documents: {example}")
    return asked, asked.test_file


def _fix(check: "QuestionCheck", target: Path) -> None:
    write(target, check.to_json_with_spans())
    left = check.summary["missing"]
    say(f"Wrote {target}" + (f"; {left} of its items had no match and are unchanged" if left else ""))


def _format_check(check: "QuestionCheck") -> str:
    """Return the findings, one a line, and the summary."""
    findings = [f"{finding.level}: {finding.text}" for finding in check.findings]
    counts = ", ".join(_count(len(check.of(level)), level) for level in ("error", "warning", "note"))
    summary = check.summary
    width = max(map(len, summary))
    figures = [f"  {name.ljust(width)} {value:6,}" for name, value in summary.items()]
    return "\n".join([*findings, f"{check.source}: {counts}", *figures])


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
