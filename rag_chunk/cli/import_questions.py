"""`import-questions` and `export-questions`: question sets of other tools, in and out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import unquote

import typer

from rag_chunk.cli.app import app, check_target, say, write, written_form
from rag_chunk.cli.options import Uri
from rag_chunk.errors import InputError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rag_chunk.questions.imported import Imported


Output = Annotated[
    Path,
    typer.Option(
        "--output-file",
        "-o",
        metavar="FILE",
        help="Write the questions to this file: YAML, or JSON where its name ends so.",
    ),
]
Form = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="The format, if rag-chunk does not recognise it: ragas, ragas-0.1, llama-index, llama-index-rag, squad, "
        "legalbench-rag, deepeval, mlflow, financebench, autorag, beir or trec.",
    ),
]
Mapped = Annotated[
    str | None,
    typer.Option(
        "--map",
        metavar="FIELDS",
        help="Where our fields are in another layout, with commas between them: question=inputs.query and "
        "evidence=outputs.contexts; also id, doc, page and tags.",
    ),
]
Documents = Annotated[
    Path | None,
    typer.Option("--documents", metavar="FOLDER", help="Write the documents that the set holds to this folder."),
]


@app.command()
def import_questions(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE",
            help="Question sets: of ragas, LlamaIndex, SQuAD, LegalBench-RAG, DeepEval, MLflow, FinanceBench, "
            "AutoRAG (Parquet), TREC (qrels), a folder of BEIR or MTEB, or mlflow:NAME.",
            show_default=False,
        ),
    ],
    output: Output = Path("questions.yaml"),
    form: Form = None,
    mapping: Mapped = None,
    documents: Documents = None,
    mlflow_uri: Uri = None,
) -> None:
    """Convert question sets of other tools into one question file. rag-chunk recognises the format by the content.

    mlflow:NAME is an evaluation dataset of MLflow, such as --questions-dataset makes.

    What is left out is counted. Check the result against your documents: rag-chunk check-questions questions.yaml docs
    """
    from rag_chunk.questions.question_file import format_questions

    check_target(output)
    if output.exists():
        raise InputError(f"{output} exists already; choose another file: -o")
    sets = _read_sets(files, mapping, form, mlflow_uri)
    texts = {name: text for each in sets for name, text in each.documents.items()}
    _write_documents(documents, texts)
    questions = _with_unique_ids(sets)
    text = format_questions(questions, output)
    write(output, text)
    say(f"Wrote {output}{written_form(output, text)}: {len(questions):,} question{'' if len(questions) == 1 else 's'}.")


def _read_sets(files: list[Path], mapping: str | None, form: str | None, mlflow_uri: str | None) -> "list[Imported]":
    """Read all sets, and say what was left out of each."""
    from rag_chunk.questions import imported

    if form and form not in imported.FORMATS:
        raise SettingsError(f"--format is one of {', '.join(imported.FORMATS)}, not {form!r}")
    fields = imported.parse_mapping(mapping) if mapping else None
    sets = {path: _from_mlflow(path, mlflow_uri) or imported.import_questions(path, fields, form) for path in files}
    for path, each in sets.items():
        for notice in each.notices:
            say(f"{path}: {notice}")
    return list(sets.values())


def _from_mlflow(path: Path, uri: str | None) -> "Imported | None":
    """Return the questions of `mlflow:NAME`; nothing where that is a file, or of another kind."""
    prefix, colon, name = str(path).partition(":")
    if prefix != "mlflow" or not colon or path.exists():
        return None
    from rag_chunk.mlflow_tracker import fetch_records
    from rag_chunk.questions.imported import import_shared

    return import_shared(fetch_records(unquote(name), uri=uri))


def _with_unique_ids(sets: "list[Imported]") -> "list[Mapping[str, object]]":
    """Return the questions of all sets; where an id is taken, the number of its set is put before it."""
    seen: set[object] = set()
    questions = []
    for number, each in enumerate(sets, 1):
        for question in each.questions:
            name = question.get("id")
            unique = f"{number}-{name}" if name is not None and name in seen else name
            seen.add(unique)
            questions.append({**question, "id": unique} if name is not None else question)
    return questions


def _write_documents(folder: Path | None, texts: "Mapping[str, str]") -> None:
    """Write texts under their names, none outside the folder and none over a file that is there."""
    if not texts:
        return
    if folder is None:
        say(f"The set holds {len(texts):,} documents; --documents FOLDER writes them.")
        return
    targets = {folder / name: text for name, text in texts.items()}
    for target in targets:
        if not target.resolve().is_relative_to(folder.resolve()) or target.exists():
            raise InputError(f"{target} is not written: it exists already, or is outside of {folder}")
    for target, text in targets.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        write(target, text)
    say(f"Wrote {len(texts):,} documents to {folder}.")


@app.command()
def export_questions(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The questions.", show_default=False)],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Their documents.", show_default=False)],
    to: Annotated[Literal["ragas", "beir", "mlflow"], typer.Option("--to", help="The format.")] = "ragas",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output-file",
            "-o",
            metavar="FILE",
            help="Write to this file, or for beir to this folder. \\[default: stdout]",
        ),
    ] = None,
) -> None:
    """Write questions and their evidence in the format of ragas, BEIR, or an MLflow evaluation dataset."""
    from rag_chunk.corpus import read_corpus
    from rag_chunk.questions import read_questions
    from rag_chunk.questions.exports import export_questions as export
    from rag_chunk.questions.exports import list_losses

    if to == "beir" and output is None:
        raise InputError("beir is a folder; name it: -o FOLDER")
    corpus = read_corpus(folder, skip_unreadable=True)
    questions = read_questions(file, corpus)
    for notice in [*(f"left out: {name} {reason}" for name, reason in questions.skipped), *list_losses(questions, to)]:
        say(notice)
    for name, text in export(questions, corpus, to).items():
        if output is None:
            typer.echo(text, nl=False)
            continue
        target = output / name if name else output
        if target.exists():
            raise InputError(f"{target} exists already; choose another name")
        target.parent.mkdir(parents=True, exist_ok=True)
        write(target, text)
        say(f"Wrote {target}")
