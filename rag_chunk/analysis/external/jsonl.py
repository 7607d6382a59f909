"""Files of one JSON object a line, and everything that is wrong with their lines."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag_chunk.corpus.text_encoding import read_utf8
from rag_chunk.errors import InputError

_MOST_SHOWN = 200


class Problems:
    """What is wrong with the lines of a file, said all at once."""

    def __init__(self, path: Path) -> None:
        """Note nothing yet of the file at `path`."""
        self._path = path
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, said: str) -> None:
        """Note what is wrong with a line; 0 is the whole file."""
        self._found.append((line, said))

    def refuse(self) -> None:
        """Raise `InputError` with all problems, in the order of the lines, if there are any."""
        if not self._found:
            return
        said = [f"line {line}: {problem}" if line else problem for line, problem in sorted(self._found)]
        shown = [f"  {' '.join(problem.splitlines())}" for problem in said[:_MOST_SHOWN]]
        more = [f"  … and {len(said) - _MOST_SHOWN:,} more"] if len(said) > _MOST_SHOWN else []
        count = f"{len(said):,} problem{'s' if len(said) > 1 else ''}"
        raise InputError("\n".join([f"{self._path}: {count}", *shown, *more]))


def json_lines(path: Path, problems: Problems) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects of the file at `path`, each with its line; what is none is noted in `problems`."""
    for number, line in enumerate(read_utf8(path).split("\n"), 1):
        if line.strip():
            value = _load_object(line)
            if isinstance(value, dict):
                yield number, value
            else:
                problems.add(number, value)


def _load_object(line: str) -> dict[str, Any] | str:
    """Return the object that a line holds, or what is wrong with the line."""
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        return f"it cannot be read as JSON: column {error.colno}: {error.msg}"
    except (ValueError, RecursionError) as error:
        return f"it cannot be read as JSON: {error}"
    return value if isinstance(value, dict) else "it must hold one JSON object: {…}"


def is_whole(value: object) -> bool:
    """Whether `value` is a whole number, and no truth."""
    return isinstance(value, int) and not isinstance(value, bool)


def as_id(value: object) -> str | None:
    """Return an id as text; None where it is none. Vector stores number their records."""
    if is_whole(value) or (isinstance(value, str) and value):
        return str(value)
    return None
