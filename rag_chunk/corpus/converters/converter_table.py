"""The converters that are built in, one row each, and which of them reads which ending."""

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from rag_chunk.errors import MissingExtra, SettingsError


@dataclass(frozen=True)
class Converter:
    """A way to make text of files; the first row that has an ending is its default.

    `function` is `package.module:function`: `(bytes, ending, limits, **options) -> ConvertedPages` where it is built in, and
    `(bytes, name) -> text`, or text and the offsets where its pages start, where it is the user's own. `package` is
    what it needs installed, by `extra`. `engine` is a file of that package, of a name that is imported, which names
    the build of what it wraps. `options` are those of the package that change what is written.
    """

    name: str
    endings: tuple[str, ...]
    extra: str | None
    package: str
    function: str
    is_markdown: bool
    engine: tuple[str, str] | None = None
    options: Mapping[str, str | bool] = field(default_factory=dict)

    @property
    def option_text(self) -> str:
        """The options as reports and cache keys have them."""
        return ", ".join(f"{name}={value}" for name, value in self.options.items())

    @property
    def is_installed(self) -> bool:
        """Whether the package that it needs is there; for a function of the user's own, its process will tell."""
        return not self.is_built_in or find_spec(self.package.replace("-", "_")) is not None

    @property
    def is_built_in(self) -> bool:
        """Whether the function is rag-chunk's."""
        return self.extra is not None

    @cached_property
    def version(self) -> str:
        """What may change its output: the version of the package, and the build of its engine or the source's digest."""
        if not self.is_built_in:
            return f"source {_source_digest(self.function.partition(':')[0])}"
        engine = f", engine {_engine_digest(*self.engine)}" if self.engine else ""
        from importlib.metadata import version

        return f"{version(self.package)}{engine}"


_HERE = "rag_chunk.corpus.converters"
_OFFICE = (".docx", ".pptx", ".xlsx", ".odt", ".epub", ".ipynb", ".rtf")
CONVERTERS = {
    row.name: row
    for row in (
        Converter(
            "pypdfium2",
            (".pdf",),
            "pdf",
            "pypdfium2",
            f"{_HERE}.pdf:read_with_pdfium",
            is_markdown=False,
            engine=("pypdfium2_raw", "version.json"),
        ),
        Converter(
            "liteparse",
            (".pdf",),
            "pdf-markdown",
            "liteparse",
            f"{_HERE}.pdf:read_with_liteparse",
            is_markdown=True,
            options={"output_format": "markdown", "image_mode": "off", "ocr_enabled": False},
        ),
        Converter(
            "html-to-markdown",
            (".html", ".htm", ".xhtml"),
            "html",
            "html-to-markdown",
            f"{_HERE}.html:read_html",
            is_markdown=True,
            options={"bullets": "-", "compact_tables": True, "extract_metadata": False, "tier_strategy": "auto"},
        ),
        Converter(
            "xberg",
            _OFFICE,
            "office",
            "xberg",
            f"{_HERE}.office:read_office",
            is_markdown=True,
            options={
                "output_format": "markdown",
                "disable_ocr": True,
                "enable_quality_processing": False,
                "escape_markdown": False,
            },
        ),
    )
}
CONVERTED_ENDINGS = tuple(dict.fromkeys(ending for row in CONVERTERS.values() for ending in row.endings))


def choose_converters(names: Iterable[str]) -> dict[str, Converter]:
    """Return the converter of each ending: the default, or the one that was named; a later name wins.

    A name with a colon is a function of the user's own, which reads every ending that any converter reads.
    Raise `MissingExtra` where a converter is named that is not installed, `SettingsError` where there is none.
    """
    chosen = [_named_converter(name) for name in names]
    rows = [*reversed(CONVERTERS.values()), *chosen]
    return {ending: row for row in rows for ending in row.endings}


def reads(converter: str, document: str) -> bool:
    """Whether the converter of that name reads files of the document's ending; a function of the user's own does."""
    row = CONVERTERS.get(converter)
    return document.lower().endswith(row.endings if row else CONVERTED_ENDINGS)


def _named_converter(name: str) -> Converter:
    row = CONVERTERS.get(name)
    if row is None and ":" not in name:
        raise SettingsError(f"unknown converter {name!r}. There are {', '.join(CONVERTERS)}")
    if row is not None and not row.is_installed:
        raise MissingExtra(str(row.extra), f"the converter {name}")
    return row or _custom_converter(name)


def _custom_converter(function: str) -> Converter:
    return Converter(function, CONVERTED_ENDINGS, None, function.partition(".")[0], function, is_markdown=True)


def _engine_digest(package: str, file: str) -> str:
    """Return 8 digits for the file in which a package says what it wraps: its version alone does not tell the build."""
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec else None
    path = Path(next(iter(places)), file) if places else None
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8] if path and path.is_file() else "unknown"


def _source_digest(module: str) -> str:
    """Return 8 digits for the source of the user's module."""
    for folder in ("", *sys.path):
        path = Path(folder or os.curdir, *module.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.is_file():
                return hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    return "unknown"
