"""`export-config` and `import-config`: a config out of MLflow, and into a folder."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag_chunk.cli.app import app, check_target, say, write
from rag_chunk.cli.options import Uri
from rag_chunk.errors import InputError, SettingsError

if TYPE_CHECKING:
    from rag_chunk.config import ConfigFile


@app.command()
def export_config(
    run_id: Annotated[
        str | None,
        typer.Argument(
            help="A run of one configuration, or of an analysis: then its best; or models:/NAME@ALIAS.",
            show_default=False,
        ),
    ] = None,
    output_file: Annotated[
        Path | None, typer.Option("-o", "--output-file", metavar="FILE", help="Write it to this file.")
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(help="Of an analysis or an experiment, the best configuration of this strategy.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="METRIC", help="Of an analysis or an experiment, the best by this metric.")
    ] = None,
    best: Annotated[  # noqa: FBT002 - Typer's way
        bool, typer.Option("--best", help="The best run of an experiment: recommended, with the highest budget_recall.")
    ] = False,
    experiment_name: Annotated[
        str | None,
        typer.Option(help=r"The experiment, with --best. \[default: MLFLOW_EXPERIMENT_NAME, else rag-chunk]"),
    ] = None,
    mlflow_uri: Uri = None,
) -> None:
    """Write the config of a tracked run, or of the best run of an experiment, to stdout or to a file."""
    from rag_chunk.mlflow_tracker import USUAL_NAME, export_best_text, export_config_text

    check_target(output_file)
    _spare(output_file)
    name = _one_of(run_id, experiment_name or os.environ.get("MLFLOW_EXPERIMENT_NAME") or USUAL_NAME, best=best)
    if experiment_name and not best:
        raise SettingsError("--experiment-name has no effect without --best")
    fetch = export_best_text if best else export_config_text
    text = fetch(name, uri=mlflow_uri, strategy=strategy, by=by, notify=say)
    if output_file is None:
        typer.echo(text, nl=False)
        return
    write(output_file, text)
    say(f"Wrote {output_file}. Make it a folder's config with\nrag-chunk import-config {output_file}")


def _one_of(run_id: str | None, experiment: str, *, best: bool) -> str:
    """Return what is named, the run or the experiment; raise `SettingsError` where it is not one of the two."""
    from rag_chunk.mlflow_tracker import is_address, may_name_run

    if (run_id is None) != best:
        raise SettingsError("name a run, or the best of an experiment: --best --experiment-name NAME")
    if run_id and not is_address(run_id) and not may_name_run(run_id) and os.path.exists(run_id):  # noqa: PTH110 - says no, and raises nothing, of any text
        raise InputError(
            f"{run_id} is a path, and export-config reads runs of MLflow. The folder of analyze --save has a config file "
            "of each configuration already, in configs"
        )
    return run_id or experiment


def _spare(target: Path | None) -> None:
    """Raise `InputError` where a file that is not a config would be replaced."""
    from rag_chunk.config import read_config

    if target is None or not target.exists():
        return
    try:
        read_config(target)
    except InputError:
        raise InputError(f"{target} exists and is not a rag-chunk config. Choose another file") from None


@app.command()
def import_config(
    file: Annotated[
        str,
        typer.Argument(help="A config file, - for standard input, runs:/ID for a tracked run, or models:/NAME@ALIAS."),
    ],
    force: Annotated[bool, typer.Option("--force", help="Replace the config that is there.")] = False,  # noqa: FBT002 - Typer's way
    mlflow_uri: Uri = None,
) -> None:
    """Check a config, upgrade it to this version, show it, and write it to rag-chunk.yaml in this folder.

    If there is a rag-chunk.yaml already, this changes its settings, keeps its comments, and saves a copy as
    rag-chunk.yaml.bak. It writes paths below this folder relative to it, and leaves out other paths that do not exist.
    """
    from rag_chunk.config import FOLDER_FILE

    imported = _without_foreign_paths(_read_source(file, mlflow_uri).relative_to_folder(Path.cwd()))
    target = Path(FOLDER_FILE)
    if target.exists() and not force:
        _merge_into(target, imported)
    else:
        write(target, imported.to_yaml())
    typer.echo(replace(imported, recorded={}).to_yaml(), nl=False)
    origin = f", from run {imported.recorded['run_id']}" if imported.recorded.get("run_id") else ""
    say(f"Wrote {target}{origin}. In this folder, rag-chunk uses it from now on.")


def _without_foreign_paths(config: "ConfigFile") -> "ConfigFile":
    """Leave out absolute paths to what does not exist on this machine, and say so."""
    from rag_chunk.config.analysis import PATHS

    foreign = {}
    for name in PATHS:
        paths = config.analysis.get(name) or ()
        for path in [paths] if isinstance(paths, str) else paths:
            if os.path.isabs(path) and not os.path.exists(path):  # noqa: PTH110, PTH117 - raise nothing, whatever it is
                foreign[name] = path
    for name, path in foreign.items():
        say(f"left out {name}: {path} does not exist here")
    return replace(config, analysis={name: value for name, value in config.analysis.items() if name not in foreign})


def _merge_into(target: Path, imported: "ConfigFile") -> None:
    """Change the settings of a config file, and keep a copy of it as it was."""
    from rag_chunk.config import read_config
    from rag_chunk.config.merge import merge_config

    try:
        read_config(target)
    except InputError as error:
        raise InputError(f"{error}. --force replaces the file") from None
    text = target.read_text(encoding="utf-8-sig")
    merged = merge_config(text, imported, str(target))
    names = (target.with_name(f"{target.name}.bak{number}") for number in ("", *range(2, 1000)))
    copy = next(path for path in names if not path.exists())
    write(copy, text)
    write(target, merged)
    say(f"Kept the file as it was: {copy}")


def _read_source(file: str, uri: str | None) -> "ConfigFile":
    from rag_chunk.config import parse_config, read_config
    from rag_chunk.mlflow_tracker import export_config_text, is_address

    if is_address(file):
        return parse_config(export_config_text(file, uri=uri, notify=say), file)
    return parse_config(sys.stdin.read(), "standard input") if file == "-" else read_config(Path(file))
