"""Fills in what the documentation shows: the outputs of commands, and tables made from the code.

    python scripts/generate.py            rewrite README.md and docs/*.md where they are out of date
    python scripts/generate.py --check    name the pages that are out of date, and fail

A comment says how the block after it comes about. The blocks of a page are made in order, in a folder of their own
that holds a copy of examples/:

    <!-- run: COMMAND -->      a command for the shell, and what it prints
    <!-- output -->            what the Python block before it prints
    <!-- table: NAME -->       a table made from the code: see TABLES
    <!-- file: NAME -->        the other way round: the block is written to a file of that name

Python blocks that are no file are run as they stand. `run (needs mlflow)`, and `# needs: mlflow` as the first line of
a Python block, leave the block as it is where that package is missing. In a command, `<run-id>` stands for the last
run that was tracked on the page, as `RUN_ID` does in the environment of Python.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.warm_process import INSTALLED, program_path, programs  # noqa: E402 - the path is set above

REMEDY = "run `python scripts/generate.py`, look at what changed, and commit it"
_MARK = re.compile(r"<!-- (run|file|table|output)(?: \(needs (\w+)\))?(?:: (.*))? -->", re.DOTALL)
_NEEDS = re.compile(r"# needs: (\w+)")
_RUN_ID = re.compile(r"\brun ([0-9a-f]{32})\b")
_MASKS = (  # what differs from run to run is replaced by what it is
    (re.compile(r"(?:(?<=%2[27])|(?<![0-9A-Za-z]))[0-9a-f]{32}(?![0-9a-f])"), "<run-id>"),
    (re.compile(r"(?:(?<=%2[27])|(?<![0-9A-Za-z]))[0-9a-f]{16}(?![0-9a-f])"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|\+00:00)?"), "<date>"),
    (re.compile(r"(_time\"?: )\d[\d.e-]*"), r"\1<seconds>"),
    (re.compile(r"\b\d+\.\d\ds\b"), "<time>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d\b"), "<date and time>"),
    (re.compile(r"\brun [0-9a-f]{8}\b"), "run <run-id>"),
)
_UNSET = ("MLFLOW_", "RAG_CHUNK_", "FORCE_COLOR")


class PageError(Exception):
    """A page that cannot be made: a block of it fails."""


@dataclass
class Page:
    """A page while its blocks are made: the lines so far, and the packages that some blocks lacked."""

    path: Path
    folder: Path
    lines: list[str] = field(default_factory=list)
    lacked: list[str] = field(default_factory=list)
    run_id: str = "<run-id>"
    printed: str | None = None

    @property
    def text(self) -> str:
        """The page as it should stand."""
        return "\n".join(self.lines) + "\n"


def pages() -> list[Path]:
    """Return the pages: README.md, and all of docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def made(path: Path, folder: Path) -> Page:
    """Return the page at `path` with every block made anew in the empty `folder`. Raise `PageError` where one fails."""
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns(".*", "__pycache__"))
    page = Page(path, folder.resolve())
    for mark, block in _parts(path.read_text(encoding="utf-8").splitlines()):
        page.lines += mark
        page.lines += ([] if block else [""]) + _block(page, "\n".join(mark), block)
    return page


def _parts(lines: list[str]) -> Iterator[tuple[list[str], list[str]]]:
    """Yield the comments with the block after each; a block is a fence, or what stands before a blank line."""
    place = 0
    while place < len(lines):
        first = place
        if lines[place].startswith(("<!-- run", "<!-- file", "<!-- table", "<!-- output")):
            behind = next(number for number in range(place, len(lines)) if lines[number].endswith("-->")) + 1
            place = next((number for number in range(behind, len(lines)) if lines[number]), behind)
            if place == len(lines) or not lines[place].startswith(("```", "|")):  # nothing there yet
                yield lines[first:behind], []
                place = behind
                continue
        after = _block_end(lines, place)
        yield lines[first:place], lines[place:after]
        place = after


def _block_end(lines: list[str], place: int) -> int:
    if place < len(lines) and (fence := re.match(r"`{3,}", lines[place])):
        return next(number for number in range(place + 1, len(lines)) if lines[number] == fence.group()) + 1
    blank = (number for number in range(place, len(lines)) if not lines[number])
    return max(next(blank, len(lines)), min(place + 1, len(lines)))


def _block(page: Page, comment: str, block: list[str]) -> list[str]:
    """Return a block as it should stand."""
    mark = _MARK.fullmatch(comment.strip())
    if mark is None:
        return _python(page, block) if block and block[0] == "```python" else block
    kind, needs, what = mark.groups()
    if needs and _lacks(page, needs):
        return block
    if kind == "file":
        target = page.folder / what
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("\n".join(block[1:-1]) + "\n", encoding="utf-8")
        return block
    if kind == "run":
        return _fenced("console", f"$ {what}\n{_ran(page, what)}")
    if kind == "table":
        return list(TABLES[what]())
    return block if page.printed is None else _fenced("text", page.printed)


def _lacks(page: Page, package: str) -> bool:
    if find_spec(package) is None:
        page.lacked.append(package)
    return package in page.lacked


def _fenced(language: str, text: str) -> list[str]:
    fence = "`" * max(3, *(len(found) + 1 for found in re.findall(r"`{3,}", text)), 3)
    return [f"{fence}{language}", *text.rstrip().split("\n"), fence]


def _python(page: Page, block: list[str]) -> list[str]:
    """Run a Python block by itself; what it prints is kept for the `output` after it."""
    page.printed = None
    needs = _NEEDS.match(block[1])
    if needs is None or not _lacks(page, needs[1]):
        warnings = "ignore" if needs else "error"  # those of other packages are not ours to mend
        printed = _process(page, [program_path("python"), "-W", warnings, "-"], "\n".join(block[1:-1]))
        page.printed = _masked(printed, page.folder)
    return block


def _ran(page: Page, command: str) -> str:
    """Return what a shell command prints, on both streams, with what differs from run to run masked."""
    printed = _process(page, ["bash", "-o", "pipefail", "-c", command.replace("<run-id>", page.run_id)], "")
    page.run_id = (_RUN_ID.findall(printed) or [page.run_id])[0]
    return _masked(printed, page.folder)


def _masked(text: str, folder: Path) -> str:
    text = text.replace(str(folder), "<folder>")
    for pattern, name in _MASKS:
        text = pattern.sub(name, text)
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def _process(page: Page, command: list[str], given: str) -> str:
    done = subprocess.run(  # noqa: S603 - the commands of our own documentation
        command, input=given, cwd=page.folder, env={**_environment(page.folder), "RUN_ID": page.run_id}, text=True, encoding="utf-8", check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode or "Traceback (most recent call last)" in done.stdout:
        raise PageError(f"{page.path.name}: this fails:\n{given or command[-1]}\n\n{done.stdout}")
    return done.stdout


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment of a terminal of 80 columns without colour, with our own rag-chunk and no cache yet."""
    if not shutil.which("rag-chunk", path=INSTALLED):
        raise PageError(f"there is no rag-chunk in {INSTALLED}; install it: pip install --editable '.[mlflow,offline]'")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_UNSET)}
    path = os.pathsep.join([str(programs()), str(INSTALLED), kept.get("PATH", "")])
    kept["RAG_CHUNK_CACHE"] = str(folder / ".cache")  # what somebody ran before must not show
    return {**kept, "PATH": path, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}


# Tables


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    names = list(head)
    cells = [names, ["---"] * len(names), *rows]
    return ["| " + " | ".join(text.replace("|", "\\|") for text in row) + " |" for row in cells]


def _code(values: Iterable[object]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _strategies() -> list[str]:
    from rag_chunk.config import STRATEGIES

    rows = ((f"`{row.name}`", row.help, _yes(row.overlaps)) for row in STRATEGIES.values())
    return _table(["strategy", "chunks", "takes `overlap`"], rows)


def _retrievers() -> list[str]:
    from rag_chunk.config import RETRIEVERS

    return _table(["retriever", "ranks by"], ((f"`{row.name}`", row.help) for row in RETRIEVERS.values()))


def _embedders() -> list[str]:
    from rag_chunk.config import BACKENDS

    return _table(["backend", "loads"], ((f"`{row.name}`", row.help) for row in BACKENDS.values()))


def _groups() -> list[str]:
    from rag_chunk.config.metric_table import METRIC_GROUPS, ON_REQUEST, metrics_of

    rows = (
        (f"`{name}`", said, _code(metrics_of(name)), _yes(name not in ON_REQUEST))
        for name, said in METRIC_GROUPS.items()
    )
    return _table(["group", "contents", "metrics", "by default"], rows)


def _yes(truth: bool) -> str:  # noqa: FBT001 - a table's cell
    return "yes" if truth else "no"


def _statuses() -> list[str]:
    from rag_chunk.errors import RagChunkError

    errors = sorted(RagChunkError.__subclasses__(), key=lambda error: error.exit_status)
    rows = ((str(error.exit_status), f"`{error.__name__}`", str(error.__doc__).split("\n")[0]) for error in errors)
    return _table(["status", "exception", "when"], rows)


def _commands() -> list[str]:
    rows = ((f"`rag-chunk {name}`", str(command.help).split("\n")[0]) for name, command in commands().items())
    return _table(["command", "purpose"], rows)


def commands() -> dict[str, Any]:
    """Return the commands of the program by name."""
    from rag_chunk.cli.commands import COMMANDS, load_command

    return {name: load_command(name) for name in COMMANDS}


def options() -> dict[str, dict[str, list[str]]]:
    """Return the options of every command, by the name of their parameter."""
    return {
        name: {
            parameter.name: [*parameter.opts, *parameter.secondary_opts]
            for parameter in command.params
            if parameter.opts[0].startswith("-")
        }
        for name, command in commands().items()
    }


def _settings(model_name: str) -> list[str]:
    """Return the fields of a config, with the options of `analyze` that set them."""
    from rag_chunk import config
    from rag_chunk.config.field_notes import notes_of

    model: Any = getattr(config, model_name)
    flags = {"source": [], **options()["score"], **options()["analyze"]}
    schema = model.model_json_schema()["properties"]
    rows = (
        [f"`{name}`", _code(flags[name]) or "`SOURCE`", _default(info), _values(schema[name]), info.description]
        for name, info in model.model_fields.items()
        if notes_of(info).get("option", True)
    )
    return _table(["setting", "option", "default", "values", "meaning"], rows)


def _default(info: Any) -> str:
    from rag_chunk.config.field_notes import notes_of

    notes = notes_of(info)
    if "default_text" in notes:
        return str(notes["default_text"])
    if info.default in (None, (), {}):
        return "none"
    return f"`{str(info.default).lower() if isinstance(info.default, bool) else info.default}`"


def _values(schema: Any) -> str:
    """Return in words what a setting takes."""
    known = next((kind for kind in schema.get("anyOf", []) if kind.get("type") != "null"), schema)
    if "enum" in known:
        return _code(known["enum"])
    if known["type"] == "object":
        return "list of text"
    if known["type"] == "array":
        return f"list of {_values(known['items'])}"
    names = {"boolean": "true or false", "integer": "whole number", "number": "number", "string": "text"}
    kind = "path" if known.get("format") == "path" else names[known["type"]]
    return " ".join([kind, *_limits(known)])


def _limits(schema: Any) -> Iterator[str]:
    """Yield the limits that somebody could meet."""
    boundless = 10**9
    if "minimum" in schema:
        yield f"from {schema['minimum']:g}"
    if schema.get("maximum", boundless) < boundless:
        yield f"to {schema['maximum']:g}"


def _rooms() -> list[str]:
    """Return the rooms from the top floor down, each with the rooms it imports and its one job."""
    package = ROOT / "rag_chunk"
    below = {room: _imported_rooms(package, room) for room in _room_names(package)}
    floors = sorted(below, key=lambda room: (-_floor(room, below), room))
    rows = ((f"`{room}`", _code(sorted(below[room])) or "none", _first_line(package, room)) for room in floors)
    return _table(["room", "imports", "its one job"], rows)


def _room_names(package: Path) -> list[str]:
    return [path.stem for path in package.iterdir() if (path / "__init__.py").exists() or path.name == "errors.py"]


def _room_files(package: Path, room: str) -> list[Path]:
    return [package / f"{room}.py"] if (package / f"{room}.py").exists() else list((package / room).rglob("*.py"))


def _imported_rooms(package: Path, room: str) -> set[str]:
    sources = (file.read_text(encoding="utf-8") for file in _room_files(package, room))
    named = {name for source in sources for name in re.findall(r"(?m)^\s*(?:from|import) rag_chunk\.(\w+)", source)}
    return named - {room, "_version"}


def _floor(room: str, below: Mapping[str, set[str]]) -> int:
    return 1 + max((_floor(each, below) for each in below[room]), default=0)


def _first_line(package: Path, room: str) -> str:
    source = min(_room_files(package, room), key=lambda file: (len(file.parts), file.name != "__init__.py"))
    return (ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or "").partition("\n")[0]


TABLES: dict[str, Callable[[], list[str]]] = {
    "rooms": _rooms,
    "strategies": _strategies,
    "retrievers": _retrievers,
    "embedders": _embedders,
    "commands": _commands,
    "groups": _groups,
    "statuses": _statuses,
    "RunConfig": lambda: _settings("RunConfig"),
    "AnalysisConfig": lambda: _settings("AnalysisConfig"),
    "OutputConfig": lambda: _settings("OutputConfig"),
    "TrackingConfig": lambda: _settings("TrackingConfig"),
}


def main(arguments: list[str]) -> int:
    """Rewrite the pages, or with `--check` only say which are out of date."""
    check = "--check" in arguments
    wanted = [Path(name).resolve() for name in arguments if name != "--check"] or pages()
    try:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            found = list(threads.map(_made_apart, wanted))
    except PageError as error:
        _say(str(error))
        return 1
    for page in found:
        if page.lacked:
            _say(f"{page.path.name}: parts are left as they were, for {', '.join(sorted(set(page.lacked)))} is missing")
    stale = [page for page in found if page.text != page.path.read_text(encoding="utf-8")]
    for page in [] if check else stale:
        page.path.write_text(page.text, encoding="utf-8")
    if stale:
        _say(f"{'out of date' if check else 'rewritten'}: {', '.join(page.path.name for page in stale)}")
    if stale and check:
        _say(REMEDY)
    return int(bool(stale) and check)


def _made_apart(path: Path) -> Page:
    with tempfile.TemporaryDirectory(prefix="docs-") as folder:
        return made(path, Path(folder))


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
