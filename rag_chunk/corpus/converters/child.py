"""The process in which files are converted: it reads requests from stdin and answers on stdout, a line each.

Files are untrusted and their parsers large. What goes wrong here ends this process, and not the analysis. It is given
bytes and an ending, never a path.
"""

import importlib
import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any

from rag_chunk.corpus.converters.pages import ConversionError, ConvertedPages, Limits

_REFUSED = (
    "socket.connect",
    "socket.getaddrinfo",
    "socket.bind",
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.fork",
)
_MANY_PAGES, _SHORTEST_PAGE = 5, 10  # characters of a page, on the average: less is a page number, or a stamp
_LONGEST = 200  # characters of a foreign message


def main() -> None:
    """Answer requests until there are none."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what a library prints is no answer
    limits = Limits(**json.loads(sys.argv[1]))
    _limit_memory(limits.memory)
    answers.write("{}\n")  # ready: from now on the time counts
    answers.flush()
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        data = sys.stdin.buffer.read(request["bytes"])
        _limit_time(limits.seconds)
        answers.write(json.dumps(_answer(request, data, limits)) + "\n")
        answers.flush()
        _limit_time(0)


def _limit_memory(limit: int) -> None:
    """Bound this process' memory, where the system can: Linux does."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_time(seconds: float) -> None:
    """End this process after so many seconds of the processor, where the system can: only Windows cannot. 0 is no limit."""
    if sys.platform != "win32":
        signal.setitimer(
            signal.ITIMER_PROF, seconds
        )  # its signal, which nothing handles, ends a process in any library


def _answer(request: dict[str, Any], data: bytes, limits: Limits) -> dict[str, Any]:
    try:
        converted = _convert(request, data, limits)
        _check(converted, limits)
    except MemoryError:
        return {"error": f"takes more than {limits.memory:,} bytes of memory"}
    except ConversionError as error:
        return {"error": str(error)}
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - libraries in Rust raise a panic past Exception
        reason = " ".join(str(error).split())[:_LONGEST]
        return {"error": f"cannot be converted ({type(error).__name__}: {reason})"}
    return {"pages": converted.pages, "labels": converted.labels}


def _convert(request: dict[str, Any], data: bytes, limits: Limits) -> ConvertedPages:
    module, _, name = request["function"].partition(":")
    if request["built_in"]:
        function = getattr(importlib.import_module(module), name)
        _refuse_network()
        converted: ConvertedPages = function(data, request["ending"], limits, **request["options"])
        return converted
    if (here := os.getcwd()) not in sys.path:  # noqa: PTH109 - text, as sys.path has it
        sys.path.insert(0, here)
    return _split_custom(getattr(importlib.import_module(module), name)(data, request["name"]))


def _refuse_network() -> None:
    """Let no converter of ours reach the network or start a program; it holds for the rest of this process."""
    if not _HOOKED:
        _HOOKED.append(True)
        sys.addaudithook(_refuse)


_HOOKED: list[bool] = []


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _REFUSED:
        raise PermissionError(f"{event} is not allowed here")


def _split_custom(returned: Any) -> ConvertedPages:
    """Return the pages of what a user's function gave: a text, or a text and the offsets where its pages start."""
    text, starts = returned if isinstance(returned, tuple) else (returned, ())
    borders = [*starts]
    ordered = borders == sorted(borders) and all(isinstance(start, int) for start in borders)
    if not isinstance(text, str) or not ordered or (borders and (borders[0] != 0 or borders[-1] > len(text))):
        raise ConversionError("was given back in another form than text, or text and rising page starts from 0")
    if not borders:
        return ConvertedPages((text,))
    pages = [text[start:end] for start, end in zip(borders, [*borders[1:], len(text)], strict=True)]
    return ConvertedPages(tuple(pages), tuple(map(str, range(1, len(pages) + 1))))


def _check(converted: ConvertedPages, limits: Limits) -> None:
    """Raise `ConversionError` where there is too much text, or too little for so many pages."""
    characters = sum(map(len, converted.pages))
    if characters > limits.characters:
        raise ConversionError(f"holds {characters:,} characters, and at most {limits.characters:,} are converted")
    count, blank = len(converted.pages), sum(not page.strip() for page in converted.pages)
    if blank == count:
        raise ConversionError(f"has no text on {count:,} pages: a scan?" if converted.labels else "has no text")
    if blank > count // 2:
        raise ConversionError(f"has no text on {blank:,} of {count:,} pages: a scan, or damaged")
    if converted.labels and count >= _MANY_PAGES and characters < _SHORTEST_PAGE * count:
        raise ConversionError(f"has only {characters:,} characters on {count:,} pages: a scan, or damaged")


if __name__ == "__main__":
    main()
