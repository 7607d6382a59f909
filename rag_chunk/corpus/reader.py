"""Reads documents: a folder, one file, or a JSONL of `{"name": …, "text": …}`."""

import json
import os
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rag_chunk.corpus.document import Document, Skipped
from rag_chunk.corpus.line import Corpus
from rag_chunk.errors import InputError

ENDINGS = (".md", ".markdown", ".mdx", ".txt", ".rst")
NEVER = frozenset({"mlruns", "mlartifacts", "node_modules"})
MARKER = ".rag-chunk-results"
NOT_READ = "not read: of another kind"
_BINARY = "is no text"


def read_corpus(
    source: str | Path,
    *,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    skip_unreadable: bool = False,
    apart: Iterable[Path] = (),
) -> Corpus:
    """Read the documents under `source`: a folder, one file, or a `.jsonl` of `{"name": …, "text": …}`.

    In a folder, `.md`, `.markdown`, `.mdx`, `.txt` and `.rst` files are documents, at any depth; hidden
    folders, files that git ignores and rag-chunk's own results are not. `include` and `exclude` are globs
    on names; `apart` are files with a part of their own, such as the questions, which are no documents of
    the folder. Raise `InputError`, naming every file concerned, where something cannot be read;
    `skip_unreadable` leaves such files out.
    """
    path = Path(source)
    _check(path)
    if path.is_file() and path.suffix.lower() == ".jsonl":
        return Corpus(_jsonl(path))
    patterns = _Patterns(tuple(include), tuple(exclude))
    closed: list[Skipped] = []
    found = _without(_files(path, closed), apart) if path.is_dir() else [path]
    root = path if path.is_dir() else path.parent
    wanted, other = _split_by_ending(found, root, patterns, single=not path.is_dir())
    documents, broken = _read_all(wanted, root)
    broken = [*closed, *broken]
    if broken and not skip_unreadable:
        raise InputError(_unreadable(broken))
    if not documents:
        raise InputError(_nothing(path, other, patterns, broken))
    return Corpus(documents, [*broken, *_count_endings(other)])


def _check(path: Path) -> None:
    """Raise `InputError` where there is nothing at `path`, or nobody may look."""
    try:
        if path.is_dir():
            os.scandir(path).close()
        else:
            path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"there is no file or folder {path}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from None


class _Patterns:
    """The globs that say which names are wanted."""

    def __init__(self, include: tuple[str, ...], exclude: tuple[str, ...]) -> None:
        import pathspec

        self.given = bool(include or exclude)
        try:
            self._include = pathspec.GitIgnoreSpec.from_lines(map(_compose, include)) if include else None
            self._exclude = pathspec.GitIgnoreSpec.from_lines(map(_compose, exclude))
        except ValueError as error:
            raise InputError(f"a glob of include or exclude cannot be read: {error}") from None

    def admit(self, name: str) -> bool:
        name = _compose(name)
        return (self._include is None or self._include.match_file(name)) and not self._exclude.match_file(name)


def _compose(name: str) -> str:
    """Return a name or glob in NFC: macOS keeps accents apart from their letters, keyboards do not."""
    return unicodedata.normalize("NFC", name)


def _files(folder: Path, closed: list[Skipped]) -> list[Path]:
    """Return every file that may be a document, in a stable order; folders that cannot be read go to `closed`."""
    found: list[Path] = []

    def note(error: OSError) -> None:
        closed.append(Skipped(_name(Path(error.filename), folder), f"cannot be read ({error.strerror})"))

    for place, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not _is_never(Path(place, name)))
        found += [Path(place, name) for name in sorted(names) if not name.startswith(".")]
    return _drop_ignored([path for path in found if path.is_file()], folder)


def _without(paths: list[Path], apart: Iterable[Path]) -> list[Path]:
    known = {path.resolve() for path in apart}
    return [path for path in paths if path.resolve() not in known] if known else paths


def _is_never(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in NEVER or os.path.exists(folder / MARKER)  # noqa: PTH110 - raises nothing where nobody may look


def _drop_ignored(paths: list[Path], folder: Path) -> list[Path]:
    """Leave out what git ignores, unless the folder itself is ignored: then somebody named it on purpose."""
    if _ignored_by_git([folder.resolve()], folder):
        return paths
    ignored = _ignored_by_git([path.absolute() for path in paths], folder)
    return [path for path in paths if str(path.absolute()) not in ignored]


def _ignored_by_git(paths: list[Path], folder: Path) -> set[str]:
    """Return those of `paths` that git ignores; none where there is no git or no repository."""
    names = "\0".join(map(str, paths)).encode("utf-8", "surrogateescape")
    command = ["git", "-C", str(folder), "check-ignore", "-z", "--stdin"]
    try:
        answer = subprocess.run(command, input=names, capture_output=True, check=False)  # noqa: S603 - a fixed command
    except OSError:
        return set()
    return set(answer.stdout.decode("utf-8", "surrogateescape").split("\0")) - {""}


def _split_by_ending(
    paths: list[Path], root: Path, patterns: _Patterns, *, single: bool
) -> tuple[list[Path], Counter[str]]:
    """Split `paths` into documents and the endings of other files, counted."""
    wanted, other = [], Counter[str]()
    for path in paths:
        if path.suffix.lower() not in ENDINGS and not single:
            other[path.suffix.lower() or "without an ending"] += 1
        elif patterns.admit(_name(path, root)):
            wanted.append(path)
    return wanted, other


def _name(path: Path, root: Path) -> str:
    return _writable(path.relative_to(root).as_posix())


def _writable(name: str) -> str:
    """Return `name` with what UTF-8 cannot hold written out: a file's name may be any bytes, and stands in reports."""
    return name.encode("utf-8", "backslashreplace").decode()


def _read_all(paths: list[Path], root: Path) -> tuple[list[Document], list[Skipped]]:
    documents, broken = [], []
    for path in paths:
        name = _name(path, root)
        try:
            documents.append(Document(name, path.read_bytes().decode().removeprefix("\ufeff")))
        except UnicodeDecodeError as error:
            is_binary = b"\0" in error.object
            broken.append(Skipped(name, _BINARY if is_binary else f"is not UTF-8 at byte {error.start}"))
        except OSError as error:
            broken.append(Skipped(name, f"cannot be read ({error.strerror})"))
    return documents, broken


def _unreadable(broken: list[Skipped]) -> str:
    lines = "\n".join(f"  {name} {reason}" for name, reason in broken)
    tool = "pdftotext, pandoc" if all(reason == _BINARY for _, reason in broken) else "iconv -f LATIN1 -t UTF-8"
    return (
        f"{len(broken)} of the documents cannot be read as UTF-8 text:\n{lines}\n"
        f"Convert them ({tool}), or leave them out with --skip-unreadable."
    )


def _count_endings(other: Counter[str]) -> list[Skipped]:
    return [Skipped(f"{count:,} {ending}", NOT_READ) for ending, count in other.most_common()]


def _nothing(path: Path, other: Counter[str], patterns: _Patterns, broken: list[Skipped]) -> str:
    """Say why there is no document under `path`."""
    if broken:
        return f"no document under {path} could be read: {'; '.join(f'{name} {reason}' for name, reason in broken)}"
    if patterns.given:
        return f"no document under {path} passes --include and --exclude"
    seen = ", ".join(f"{count:,} {ending}" for ending, count in other.most_common(5))
    rest = f"; there are {seen}" if seen else "; the folder is empty"
    return f"no document under {path}: rag-chunk reads {', '.join(ENDINGS)}{rest}"


def _jsonl(path: Path) -> Iterator[Document]:
    """Yield the documents of a JSONL file; raise `InputError` with every line that is not one."""
    try:
        lines = path.read_bytes().decode().removeprefix("\ufeff").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 at byte {error.start}") from None
    problems, documents = [], []
    for number, line in enumerate(lines, 1):
        try:
            documents += _line_document(line)
        except ValueError as error:
            problems.append(f"  line {number}: {error}")
        except RecursionError:
            problems.append(f"  line {number}: it is nested too deeply")
    if problems or not documents:
        listed = "\n".join(problems) or "  it has no lines"
        raise InputError(f'{path} must hold one {{"name": …, "text": …}} a line:\n{listed}')
    yield from documents


def _line_document(line: str) -> list[Document]:
    if not line.strip():
        return []
    value: Any = json.loads(line)
    name, text = (value.get("name"), value.get("text")) if isinstance(value, dict) else (None, None)
    if not isinstance(name, str) or not name or not isinstance(text, str):
        raise ValueError('it needs "name" and "text", both text')
    return [Document(_writable(name), text.removeprefix("\ufeff"))]
