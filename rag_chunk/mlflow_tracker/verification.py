"""Whether a store has what it said that it took: an answer of 200 may come from a proxy, and nothing be kept."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from rag_chunk.mlflow_tracker.content import RunContent
from rag_chunk.mlflow_tracker.failures import mlflow_calls
from rag_chunk.mlflow_tracker.server_folder import explain_unreadable_folder
from rag_chunk.mlflow_tracker.store import Store

Sizes = Mapping[str, int]


def file_sizes(folder: Path) -> Sizes:
    """Return the size of each file below `folder`, by its path there."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}


def missing_parts(store: Store, run_id: str, content: RunContent, sizes: Sizes, *, exact: bool) -> list[str]:
    """Return what the run should hold and does not, by names that a message can give.

    `sizes` are those of its files; with `exact` a file of another size counts as missing, too.
    """
    with mlflow_calls(store.name), explain_unreadable_folder(store, run_id):
        run = store.client.get_run(run_id)
        stored = _stored_sizes(store.client, run_id, sizes)
    absent = [
        path for path, size in sizes.items() if path not in stored or (exact and stored[path] not in {None, size})
    ]
    return [*_missing_data(run, content), *absent]


def _missing_data(run: Any, content: RunContent) -> Iterator[str]:
    for kind in ("params", "metrics", "tags"):
        yield from (f"{kind} {name}" for name in getattr(content, kind) if name not in getattr(run.data, kind))
    inputs = getattr(run, "inputs", None)  # MLflow before 2.4 has none
    if inputs is not None:
        names = {entry.dataset.name for entry in inputs.dataset_inputs}
        yield from (f"input {each.name}" for each in content.inputs if each.name not in names)


def _stored_sizes(client: Any, run_id: str, sizes: Sizes) -> dict[str, int | None]:
    """Return the sizes of the files in the folders that are asked for; some stores do not know a size."""
    folders = {str(PurePosixPath(path).parent) for path in sizes}
    listed = [client.list_artifacts(run_id, None if folder == "." else folder) for folder in sorted(folders)]
    return {file.path: file.file_size for files in listed for file in files if not file.is_dir}
