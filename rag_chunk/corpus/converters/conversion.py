"""Files become documents: out of the cache, or by the converters in their processes."""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import numpy as np

from rag_chunk.corpus import cache
from rag_chunk.corpus.converters.converter_table import Converter
from rag_chunk.corpus.converters.pages import RULE, ConversionError, ConvertedPages, Limits, join_pages
from rag_chunk.corpus.converters.worker import Worker
from rag_chunk.corpus.document import Conversion, Document, Page, Skipped

MOST_WORKERS = 4
OnProgress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class ConversionTask:
    """A file to convert, the name that its document gets, and the converter."""

    path: Path
    name: str
    converter: Converter

    @property
    def ending(self) -> str:
        """The ending that tells the format, in small letters."""
        return self.path.suffix.lower()


def convert_files(
    tasks: Sequence[ConversionTask], *, on_progress: OnProgress | None = None, limits: Limits | None = None
) -> tuple[list[Document], list[Skipped]]:
    """Return the documents of all files that can be converted, and the others with the reason.

    What was converted before comes from the cache, where bytes, converter and versions are the same.
    """
    documents, broken, waiting = list[Document](), list[Skipped](), list[tuple[ConversionTask, str]]()
    for task in tasks:
        try:
            digest = _file_digest(task.path)
        except OSError as error:
            broken.append(Skipped(task.name, f"cannot be read ({error.strerror})"))
            continue
        document = _load(task, digest)
        if document:
            documents.append(document)
        else:
            waiting.append((task, digest))
    with closing(_convert_all(waiting, limits or Limits())) as results:
        for done, (task, digest, result) in enumerate(results, 1):
            if isinstance(result, str):
                broken.append(Skipped(task.name, result))
            else:
                documents.append(_keep(task, digest, result))
            if on_progress:
                on_progress(done, len(waiting), f"converting {task.name}")
    return documents, sorted(broken)


def _keep(task: ConversionTask, digest: str, converted: ConvertedPages) -> Document:
    """Return the document, which is in the cache from now on."""
    text, pages = join_pages(converted)
    _store(task, digest, text, pages)
    return _document(task, digest, text, pages)


def _file_digest(path: Path) -> str:
    if not path.is_file():  # a pipe would wait for a writer for ever
        raise OSError(errno.EINVAL, "it is no regular file")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _convert_all(
    waiting: Sequence[tuple[ConversionTask, str]], limits: Limits
) -> Generator[tuple[ConversionTask, str, ConvertedPages | str], None, None]:
    """Yield each file with its pages, or with the reason why there are none, in the order in which they are ready."""
    count = min(os.cpu_count() or 1, MOST_WORKERS, len(waiting))
    if not count:
        return
    workers = [Worker(limits) for _ in range(count)]
    free: SimpleQueue[Worker] = SimpleQueue()
    for worker in workers:
        free.put(worker)
    try:
        with ThreadPoolExecutor(count) as pool:
            yield from _as_ready(pool, waiting, workers, free)
    finally:
        for worker in workers:
            worker.stop()


def _as_ready(
    pool: ThreadPoolExecutor,
    waiting: Sequence[tuple[ConversionTask, str]],
    workers: Sequence[Worker],
    free: "SimpleQueue[Worker]",
) -> Iterator[tuple[ConversionTask, str, ConvertedPages | str]]:
    """Yield what is ready; whoever wants no more of it ends the rest at once."""
    futures: dict[Future[ConvertedPages | str], tuple[ConversionTask, str]] = {
        pool.submit(_convert_one, task, free): (task, digest) for task, digest in _largest_first(waiting)
    }
    try:
        for future in as_completed(futures):
            yield (*futures[future], future.result())
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.abandon()
        raise


def _largest_first(waiting: Iterable[tuple[ConversionTask, str]]) -> list[tuple[ConversionTask, str]]:
    """Return the large files first: one that is left for the end would keep one worker busy and the others idle."""
    return sorted(waiting, key=lambda each: each[0].path.stat().st_size, reverse=True)


def _convert_one(task: ConversionTask, free: "SimpleQueue[Worker]") -> ConvertedPages | str:
    worker = free.get()
    try:
        return worker.convert(task.path.read_bytes(), task.name, task.ending, task.converter)
    except ConversionError as error:
        return str(error)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    finally:
        free.put(worker)


def _document(task: ConversionTask, digest: str, text: str, pages: tuple[Page, ...]) -> Document:
    conversion = Conversion(
        converter=task.converter.name,
        version=task.converter.version,
        rule=RULE,
        source_digest=digest[:16],
        is_markdown=task.converter.is_markdown,
        options=task.converter.option_text,
    )
    return Document(task.name, text, pages, conversion)


def _key(task: ConversionTask, digest: str) -> str:
    row = task.converter
    parts = [digest, row.name, row.version, row.function, row.option_text, task.ending, str(RULE)]
    return f"converted-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"


def _load(task: ConversionTask, digest: str) -> Document | None:
    stored = cache.load(_key(task, digest))
    if stored is None:
        return None
    try:
        value = json.loads(stored.tobytes())
        pages = tuple(Page(int(start), str(label)) for start, label in value["pages"])
        return _document(task, digest, str(value["text"]), pages)
    except (ValueError, KeyError, TypeError):
        return None


def _store(task: ConversionTask, digest: str, text: str, pages: tuple[Page, ...]) -> None:
    value = json.dumps({"text": text, "pages": pages}, ensure_ascii=False).encode()
    cache.store(_key(task, digest), np.frombuffer(value, np.uint8))
