"""Documents that are no text: converted in bounded child processes, cached, with their pages, and named where that fails."""

import csv
import importlib.util
import io
import json
import os
import subprocess
import sys
import textwrap
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.chunker import chunk
from rag_chunk.chunker.export import chunk_bytes, jsonl
from rag_chunk.config import RunConfig
from rag_chunk.config.catalog import CONVERTERS as NAMES
from rag_chunk.config.catalog import EXTRAS
from rag_chunk.corpus import Corpus, Document, DocumentIndex, converters, read_corpus
from rag_chunk.corpus.converters import CONVERTERS, choose_converters
from rag_chunk.corpus.converters.conversion import ConversionTask, convert_files
from rag_chunk.corpus.converters.converted_folder import read_converted_folder, write_converted_folder
from rag_chunk.corpus.converters.html import read_html
from rag_chunk.corpus.converters.pages import ConvertedPages, Limits, clean_page, join_pages, number_pages
from rag_chunk.corpus.document import Conversion
from rag_chunk.errors import InputError, MissingExtra, SettingsError
from tests.support.warm_process import program_path

NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Depth\n", "At most 12 levels."]},
        {"cell_type": "code", "metadata": {}, "execution_count": 1, "outputs": [], "source": ["print(6 * 7)"]},
    ],
    "metadata": {"language_info": {"name": "python"}},
    "nbformat": 4,
    "nbformat_minor": 5,
}
HTML = """<html><head><title>x</title><style>p { color: red }</style></head><body><nav><a href="/">Home</a></nav>
<main><h1>Limits</h1><p>The port is&nbsp;<b>8080</b>.<img src="data:image/png;base64,AAAA"></p>
<table><tr><th>name</th><th>limit</th></tr><tr><td>depth</td><td>12</td></tr></table>
<script>alert("no")</script></main><footer>Imprint</footer></body></html>"""
needs_office = pytest.mark.skipif(not CONVERTERS["xberg"].is_installed, reason="xberg is not installed")


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("RAG_CHUNK_CACHE", str(place))
    return place


def pdf(path: Path, pages: Sequence[str], **options: object) -> Path:
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(path), **options)
    for page in pages:
        for number, line in enumerate(page.splitlines()):
            canvas.drawString(72, 720 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    return path


def docx(path: Path) -> None:
    import docx

    document = docx.Document()
    document.add_heading("Handbook", 1)
    document.add_paragraph("The port is 8080.")
    document.add_heading("Limits", 2)
    table = document.add_table(2, 2)
    for cell, text in zip([*table.rows[0].cells, *table.rows[1].cells], ["name", "limit", "depth", "12"], strict=True):
        cell.text = text
    document.save(str(path))


def pptx(path: Path) -> None:
    import pptx

    slides = pptx.Presentation()
    for number in (1, 2):
        slide = slides.slides.add_slide(slides.slide_layouts[1])
        slide.shapes.title.text = f"Slide {number}"
        slide.placeholders[1].text = f"Body of slide {number}"
    slides.save(str(path))


def only(corpus: Corpus) -> Document:
    (document,) = corpus.documents
    return document


def refused(source: Path, **options: object) -> str:
    with pytest.raises(InputError) as error:
        read_corpus(source, **options)  # type: ignore[arg-type]
    return str(error.value)


@pytest.mark.parametrize("converter", ["pypdfium2", "liteparse"])
def test_a_pdf_is_its_text_with_the_place_where_each_page_starts(tmp_path: Path, converter: str) -> None:
    path = pdf(tmp_path / "Report.PDF", ["First page", "Second page\nwith two lines", "Third"])
    document = only(read_corpus(path, converter=[converter]))
    assert document.name == "Report.PDF"
    assert [page.label for page in document.pages] == ["1", "2", "3"]
    starts = [page.start for page in document.pages]
    assert [document.text[start:].split()[0] for start in starts] == ["First", "Second", "Third"]
    assert document.page_labels(starts[1], starts[2] + 1) == ("2", "3")
    assert document.is_markdown == (converter == "liteparse")
    assert document.conversion
    assert document.conversion.converter == converter


def test_html_is_its_main_part_as_markdown(tmp_path: Path) -> None:
    (tmp_path / "limits.html").write_text(HTML, encoding="utf-8")
    document = only(read_corpus(tmp_path))
    assert document.text == "# Limits\n\nThe port is **8080**.\n\n| name | limit |\n| --- | --- |\n| depth | 12 |"
    assert document.is_markdown
    assert document.pages == ()


LONG = "The manual says it all. " * 5


@pytest.mark.parametrize(
    ("body", "kept", "lost"),
    [
        ("<article><header><h1>Title</h1></header><p>Text.</p></article>", "Title Text", ""),
        ("<header>Site</header><main><header><h1>Title</h1></header>Text.<footer>Author</footer></main>", "Title Author", "Site"),
        ("<form id=aspnetForm><p>Text in a form.</p></form>", "Text", ""),
        ("<aside>Advert</aside><main><aside class=warning>Danger</aside>Text.</main>", "Danger Text", "Advert"),
        (f"<header>Site</header><div>{LONG}</div><article>Teaser</article><footer>Imprint</footer>", "manual Teaser", "Site Imprint"),
        (f"<div>Advert</div><article>{LONG}</article>", "manual", "Advert"),
        ("<article><h1>Title</h1><p>Text.<p>Rest", "Title Text Rest", ""),
        ("<article>One</article><article>Two<p>Rest", "One Two Rest", ""),
        ("<header>Site<aside>Inner</aside>Logo</header><p>Text.</p>", "Text", "Site Inner Logo"),
        ("<header>Title<p>Text.</p>", "Title Text", ""),
        ("<nav>Menu</nav><main><nav>Contents</nav>Text.</main>", "Text", "Menu Contents"),
    ],
)  # fmt: skip
def test_html_keeps_all_text_of_its_main_part(body: str, kept: str, lost: str) -> None:
    text = _markdown(f"<html><head><title>Name</title></head><body>{body}</body></html>".encode())
    assert [word for word in kept.split() if word not in text] == []
    assert [word for word in lost.split() if word in text] == []


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"<meta charset=iso-8859-1><p>\x93Gr\xfc\xdfe\x94 \x80", "“Grüße” €"),
        (b"<meta charset=us-ascii><p>Gr\xfc\xdfe", "Grüße"),
        ('<?xml version="1.0" encoding="windows-1251"?><html><body><p>Привет</p></body></html>'.encode("cp1251"), "Привет"),
        (b"<meta charset=hex><p>Gr\xfc\xdfe", "Grüße"),
        (b"<meta charset=zlib><p>Gr\xfc\xdfe", "Grüße"),
        (b"<meta charset=undefined><p>Gr\xfc\xdfe", "Grüße"),
    ],
)  # fmt: skip
def test_html_declares_its_encoding_as_browsers_understand_it(data: bytes, text: str) -> None:
    assert text in _markdown(data)


def _markdown(page: bytes) -> str:
    return "".join(read_html(page, ".html", Limits()).pages)


def test_html_in_an_old_encoding_is_read_by_what_it_declares(tmp_path: Path) -> None:
    text = '<html><head><meta charset="iso-8859-1"></head><body><p>Grüße</p></body></html>'
    (tmp_path / "a.htm").write_bytes(text.encode("latin-1"))
    assert only(read_corpus(tmp_path)).text == "Grüße"


@needs_office
def test_office_files_and_notebooks_are_markdown_and_slides_are_pages(tmp_path: Path) -> None:
    docx(tmp_path / "a.docx")
    pptx(tmp_path / "b.pptx")
    (tmp_path / "c.ipynb").write_text(json.dumps(NOTEBOOK))
    word, slides, notebook = read_corpus(tmp_path).documents
    assert word.text == (
        "# Handbook\n\nThe port is 8080.\n\n## Limits\n\n| name | limit |\n| --- | --- |\n| depth | 12 |"
    )
    assert [slides.text[start:].split("\n")[0] for start, _ in slides.pages] == ["## Slide 1", "## Slide 2"]
    assert notebook.text == "# Depth\n\nAt most 12 levels.\n\n```python\nprint(6 * 7)\n```"
    assert not word.pages


@given(st.lists(st.text(max_size=20), max_size=6))
def test_pages_are_apart_by_a_blank_line_and_start_where_the_map_says(texts: list[str]) -> None:
    text, pages = join_pages(number_pages(texts))
    cleaned = [clean_page(page) for page in texts]
    assert text == "\n\n".join(filter(None, cleaned))
    assert [page.label for page in pages] == [str(number + 1) for number in range(len(texts))]
    assert all(text[page.start :].startswith(part) for page, part in zip(pages, cleaned, strict=True))
    assert [page.start for page in pages] == sorted(page.start for page in pages)
    text.encode()


@given(st.text())
def test_a_clean_page_stays_as_it_is(text: str) -> None:
    once = clean_page(text)
    assert clean_page(once) == once


def test_the_rule_joins_hyphens_composes_letters_and_drops_controls() -> None:
    assert clean_page("Cafe\u0301\u00a0in co\u00ad\r\noperation,\fnon\ufffeGAAP \x07 \r\nend\n\n") == (
        "Café in cooperation,\nnon-GAAP\nend"
    )


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("Share\ufffeholders and non\ufffe\r\ncontrolling", "Shareholders and noncontrolling"),
        ("COVID\ufffe19 in 2019\ufffe\n2020, a 10\ufffeyear plan", "COVID-19 in 2019-2020, a 10-year plan"),
        ("the Pfizer\ufffeBioNTech vaccine, Anti\ufffe\r\nTerrorism", "the Pfizer-BioNTech vaccine, Anti-Terrorism"),
        ("an U.S.\ufffe\nbased firm", "an U.S.-based firm"),
        ("soft\u00adware of 20\u00ad24", "software of 2024"),
    ],
)
def test_a_hyphen_at_the_end_of_a_line_stays_beside_numbers_and_before_capitals(page: str, text: str) -> None:
    assert clean_page(page) == text


@pytest.mark.parametrize(
    ("pages", "last"),
    [
        (["A long-term loan.", "a Long\ufffe\nterm loan"], "a Long-term loan"),
        (["It is for sale.", "held for\ufffe\nsale"], "held for-sale"),
        (["A year-over-year rise.", "year\ufffe\nover\ufffe\nyear"], "year-over-year"),
        (["The share of all holders, the shareholders.", "share\ufffe\nholders"], "shareholders"),
        (["A co-operation, cooperation, cooperation.", "co\ufffe\noperation"], "cooperation"),
        (["Nothing else.", "con\ufffe\nversion"], "conversion"),
        (["Größe und Maß.", "Größe\ufffe\nMaß, Grö\ufffe\nße"], "Größe-Maß, Größe"),
        (["A for-sale sign.", "for\u00adsale"], "forsale"),
    ],
)
def test_a_hyphen_at_the_end_of_a_line_stays_where_the_document_writes_the_word_with_it(
    pages: list[str], last: str
) -> None:
    text, starts = join_pages(number_pages(pages))
    assert text[starts[-1].start :] == last


@pytest.mark.parametrize(("include", "said"), [([], "was converted into it"), (["z.md"], "passes --include")])
def test_a_converted_folder_without_documents_is_refused(tmp_path: Path, include: list[str], said: str) -> None:
    write_converted_folder([Document("a.md", "text")] if include else [], tmp_path / "made")
    with pytest.raises(InputError, match=f"no document under .*made {said}"):
        read_corpus(tmp_path / "made", include=include)


def test_what_cannot_be_converted_is_named_at_once_and_the_rest_stays_converted(tmp_path: Path) -> None:
    pdf(tmp_path / "good.pdf", ["words"])
    pdf(tmp_path / "locked.pdf", ["words"], encrypt="secret")
    pdf(tmp_path / "scan.pdf", ["", "", ""])
    whole = pdf(tmp_path / "whole.pdf", ["one", "two"]).read_bytes()
    (tmp_path / "whole.pdf").unlink()
    (tmp_path / "cut.pdf").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing\n%%EOF")
    (tmp_path / "other.pdf").write_text("text")
    said = refused(tmp_path)
    assert "locked.pdf is encrypted" in said
    assert "scan.pdf has no text on 3 pages: a scan?" in said
    assert "cut.pdf is cut off: it has no end mark (%%EOF)" in said
    assert "broken.pdf is damaged" in said
    assert "other.pdf is no PDF" in said
    corpus = read_corpus(tmp_path, skip_unreadable=True)
    assert only(corpus).name == "good.pdf"
    assert len(corpus.skipped) == 5


@pytest.mark.parametrize("converter", ["pypdfium2", "liteparse"])
def test_a_pdf_whose_compressed_text_is_damaged_is_named(tmp_path: Path, converter: str) -> None:
    lines = "\n".join(f"Line {number} of a page, and what it says." for number in range(40))
    data = pdf(tmp_path / "a.pdf", [lines, lines], pageCompression=1).read_bytes()
    assert data.count(b"/Filter [ /ASCII85Decode /FlateDecode ]") == 2
    data = data.replace(b"/Filter [ /ASCII85Decode /FlateDecode ]", b"/Filter [ /FlateDecode ]")  # which it then is not
    (tmp_path / "a.pdf").write_bytes(data)
    assert "a.pdf is damaged: 2 of its 2 compressed parts cannot be read" in refused(tmp_path, converter=[converter])


def test_a_pdf_that_is_suspiciously_short_for_its_pages_is_named(tmp_path: Path) -> None:
    pdf(tmp_path / "short.pdf", [str(number) for number in range(12)])
    assert "short.pdf has only 14 characters on 12 pages: a scan, or damaged" in refused(tmp_path)
    pdf(tmp_path / "short.pdf", [f"Slide {number}: the sales of this year" for number in range(12)])
    assert len(only(read_corpus(tmp_path)).pages) == 12


@needs_office
def test_archives_that_are_damaged_encrypted_or_too_large_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(b"PK\x03\x04 no archive")
    (tmp_path / "b.docx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(20_000_000))
    (tmp_path / "c.docx").write_bytes(bomb.getvalue())
    row = CONVERTERS["xberg"]
    tasks = [ConversionTask(tmp_path / name, name, row) for name in ("a.docx", "b.docx", "c.docx")]
    _, broken = convert_files(tasks, limits=Limits(bytes=10_000_000))
    assert [reason.split(":")[0] for _, reason in broken] == [
        "is damaged",
        "is encrypted, or of an old Office",
        "holds 20,000,000 bytes when unpacked, and at most 10,000,000 are",
    ]


@pytest.mark.parametrize("converter", ["pypdfium2", "liteparse"])
def test_a_pdf_that_unpacks_to_too_much_is_refused_before_it_takes_the_memory(folder: Path, converter: str) -> None:
    pytest.importorskip(converter)
    content = zlib.compress(b"BT (lock) Tj ET " * 1_000_000)
    stream = b"1 0 obj <</Filter/FlateDecode>>stream\n" + content + b"\nendstream endobj "
    (folder / "a.pdf").write_bytes(b"%PDF-1.4\n" + 2 * stream + b"%%EOF")
    tasks = [ConversionTask(folder / "a.pdf", "a.pdf", CONVERTERS[converter])]
    _, broken = convert_files(tasks, limits=Limits(bytes=20_000_000))
    assert [reason for _, reason in broken] == ["holds over 20,000,000 bytes when unpacked, and at most so many are"]


def convert_with(folder: Path, source: str, *, limits: Limits | None = None, names: Sequence[str] = ("a.pdf",)) -> str:
    """Return what converting says, by a function `convert` of a user's module with this source."""
    (folder / "mine.py").write_text(textwrap.dedent(source))
    for name in names:
        (folder / name).write_bytes(b"content of " + name.encode())
    row = choose_converters(["mine:convert"])[".pdf"]
    documents, broken = convert_files([ConversionTask(folder / name, name, row) for name in names], limits=limits)
    return "; ".join([*(f"{each.name}={each.text}" for each in documents), *(" ".join(each) for each in broken)])


def test_a_function_of_the_user_gives_text_or_text_and_page_starts(folder: Path) -> None:
    source = "def convert(data, name):\n    return data.decode() + ' / ' + name, [0, 7]\n"
    assert convert_with(folder, source) == "a.pdf=content\n\n of a.pdf / a.pdf"
    source = "def convert(data, name):\n    return data.decode()\n"
    assert convert_with(folder, source) == "a.pdf=content of a.pdf"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def convert(data, name):\n    return 7\n", "was given back in another form"),
        ("def convert(data, name):\n    return 'ab', [1, 0]\n", "was given back in another form"),
        (
            "def convert(data, name):\n    raise ValueError('no such thing')\n",
            "cannot be converted (ValueError: no such",
        ),
        ("import os\ndef convert(data, name):\n    os._exit(3)\n", "makes its converter crash"),
        ("import time\ndef convert(data, name):\n    time.sleep(60)\n", "takes longer than 3 s to convert"),
        (
            "def convert(data, name):\n    return 'a' * 2000\n",
            "holds 2,000 characters, and at most 1,000 are converted",
        ),
        ("def convert(data, name):\n    return ''\n", "has no text"),
    ],
)
def test_what_goes_wrong_in_a_child_is_said_of_the_file(folder: Path, source: str, said: str) -> None:
    assert said in convert_with(folder, source, limits=Limits(elapsed=3, characters=1000))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows bounds no processor time")
def test_processor_time_is_bounded_for_each_file_so_that_a_busy_machine_refuses_none(folder: Path) -> None:
    source = """
        import time
        def convert(data, name):
            end = time.process_time() + (100 if name == "long.pdf" else 0.3)
            while time.process_time() < end:
                pass
            return name
    """
    names = ("a.pdf", "b.pdf", "c.pdf", "long.pdf")
    said = convert_with(folder, source, limits=Limits(seconds=0.5, elapsed=100), names=names)
    problem = "long.pdf takes longer than 0.5 s of processor time to convert"
    assert sorted(said.split("; ")) == [*(f"{name}={name}" for name in names[:3]), problem]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the memory of a process")
def test_a_file_that_takes_too_much_memory_is_named(folder: Path) -> None:
    source = "def convert(data, name):\n    return str(len(bytearray(3_000_000_000)))\n"
    assert "takes more than 2,000,000,000 bytes of memory" in convert_with(
        folder, source, limits=Limits(memory=2 * 10**9)
    )


def test_a_crash_costs_no_other_file(folder: Path) -> None:
    source = """
        import os
        def convert(data, name):
            if name == "b.pdf":
                os.abort()
            return name
    """
    said = convert_with(folder, source, names=("a.pdf", "b.pdf", "c.pdf", "d.pdf"))
    assert sorted(said.split("; ")) == ["a.pdf=a.pdf", "b.pdf makes its converter crash", "c.pdf=c.pdf", "d.pdf=d.pdf"]


def test_a_conversion_is_cached_by_what_could_change_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pdf(folder / "a.pdf", ["words"])
    first = only(read_corpus("a.pdf"))
    with monkeypatch.context() as patch:
        patch.setattr(converters.conversion, "_convert_one", _refuse)
        assert only(read_corpus("a.pdf")) == first
    pdf(folder / "a.pdf", ["other words"])
    assert only(read_corpus("a.pdf")).text == "other words"
    source = "def convert(data, name):\n    return 'one'\n"
    assert convert_with(folder, source) == "a.pdf=one"
    assert convert_with(folder, source.replace("one", "second")) == "a.pdf=second"


def _refuse(*_: object) -> None:
    raise AssertionError("it was converted again")


def test_a_damaged_entry_of_the_cache_counts_as_none(folder: Path, cache: Path) -> None:
    pdf(folder / "a.pdf", ["words"])
    first = only(read_corpus("a.pdf"))
    for file in cache.glob("converted-*"):
        file.write_bytes(file.read_bytes()[:-5])
    assert only(read_corpus("a.pdf")) == first


def test_progress_is_told_for_what_is_converted(folder: Path) -> None:
    told = list[tuple[int, int]]()
    for name in ("a.pdf", "b.pdf"):
        pdf(folder / name, [name])
    read_corpus(".", on_progress=lambda done, total, _: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_an_ending_without_its_extra_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _uninstall(monkeypatch, "pypdfium2", "html_to_markdown", "xberg")
    for name in ("a.pdf", "b.PDF", "c.html", "d.docx", "e.pptx"):
        (folder / name).write_text("x")
    with pytest.raises(
        MissingExtra, match=r"reading 2 \.pdf, .*1 \.html.* under .*pip install 'rag-chunk\[documents\]'"
    ):
        read_corpus(".")
    (folder / "a.md").write_text("words")
    assert sorted(f"{name} {reason}" for name, reason in read_corpus(".").skipped) == [
        "1 .docx, 1 .pptx need rag-chunk[office]: pip install 'rag-chunk[office]'",
        "1 .html needs rag-chunk[html]: pip install 'rag-chunk[html]'",
        "2 .pdf need rag-chunk[pdf]: pip install 'rag-chunk[pdf]'",
    ]
    with pytest.raises(MissingExtra, match=r"rag-chunk\[pdf\]"):
        read_corpus("a.pdf")
    with pytest.raises(MissingExtra, match=r"the converter pypdfium2 needs"):
        read_corpus(".", converter=["pypdfium2"])


def _uninstall(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    find: Callable[[str], object] = importlib.util.find_spec
    monkeypatch.setattr(
        "rag_chunk.corpus.converters.converter_table.find_spec", lambda name: None if name in packages else find(name)
    )


def test_an_unknown_converter_is_a_sentence(folder: Path) -> None:
    with pytest.raises(SettingsError, match="unknown converter 'pdftotext'"):
        read_corpus(".", converter=["pdftotext"])


def test_the_names_in_the_settings_are_those_of_the_converters() -> None:
    assert list(NAMES) == list(CONVERTERS)
    for row in CONVERTERS.values():
        assert row.extra in EXTRAS
        assert EXTRAS[row.extra].package == row.package.replace("-", "_")


def test_a_converted_folder_is_read_as_what_was_converted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "docs" / "deep").mkdir(parents=True)
    pdf(folder / "docs" / "deep" / "a.pdf", ["one", "two"])
    (folder / "docs" / "b.html").write_text(HTML)
    (folder / "docs" / "c.txt").write_bytes(b"three\r\n")
    corpus = read_corpus("docs")
    converters.write_converted_folder(corpus.documents, folder / "texts")
    assert (folder / "texts" / "deep" / "a.pdf.txt").read_text() == "one\n\ntwo"
    _uninstall(monkeypatch, "pypdfium2", "html_to_markdown")
    again = read_corpus("texts")
    assert again == corpus
    assert again.digest == corpus.digest
    (folder / "texts" / "deep" / "a.pdf.txt").write_text("changed")
    assert "deep/a.pdf: its text was changed after it was converted" in refused(folder / "texts")
    (folder / "texts" / "mine.md").write_text("mine")
    (folder / "texts" / "deep" / "a.pdf.txt").write_text("one\n\ntwo")
    assert [name for name, reason in read_corpus("texts").skipped if "is not read" in reason] == ["mine.md"]
    index = folder / "texts" / "rag-chunk-documents.json"
    index.write_text(index.read_text().replace("deep/a.pdf.txt", "../docs/c.txt"))
    assert "its file is no file of this folder" in refused(folder / "texts")
    index.write_text("[]")
    assert "convert the documents again" in refused(folder / "texts")


def test_a_stray_file_whose_name_utf_8_cannot_hold_is_written_out(folder: Path) -> None:
    converters.write_converted_folder([Document("a.md", "One.")], folder / "texts")
    try:
        (folder / "texts" / os.fsdecode(b"\xff.md")).write_text("Two.")
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    assert [name for name, _ in read_corpus("texts").skipped] == ["\\udcff.md"]


def test_the_working_folder_runs_no_code_when_a_file_is_converted(folder: Path) -> None:
    pdf(folder / "a.pdf", ["words"])
    for name in ("pypdfium2", "json", "numpy"):
        (folder / f"{name}.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\nraise SystemExit\n")
    command = [sys.executable, "-P", "-m", "rag_chunk", "chunk", "a.pdf", "-q"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pages"] == ["1"]
    assert not (folder / "ran").exists()


def test_children_end_when_the_rest_is_no_longer_wanted(folder: Path) -> None:
    source = "import time\ndef convert(data, name):\n    time.sleep(0 if name == 'a.pdf' else 30)\n    return name\n"
    (folder / "mine.py").write_text(source)
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        (folder / name).write_text(name)
    row = choose_converters(["mine:convert"])[".pdf"]

    def stop(done: int, total: int, what: str) -> None:
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        convert_files(
            [ConversionTask(folder / name, name, row) for name in ("a.pdf", "b.pdf", "c.pdf")], on_progress=stop
        )
    assert time.monotonic() - started < 20


def test_a_text_without_pages_has_no_labels() -> None:
    assert join_pages(ConvertedPages(("text",))) == ("text", ())
    assert Document("a.md", "text").page_labels(0, 4) == ()


def test_each_chunk_of_the_strategy_page_is_one_page_or_a_part_of_it(folder: Path) -> None:
    pdf(folder / "a.pdf", ["one two three", "", "four", "five six seven eight nine"])
    (folder / "b.md").write_text("# Title\n\nwords")
    corpus = read_corpus(".")
    chunks = [(each.text, each.pages) for each in chunk(corpus, RunConfig(strategy="page", chunk_size=3))]
    assert chunks == [
        ("one two three", ("1",)),
        ("four", ("3",)),
        ("five six seven", ("4",)),
        ("eight nine", ("4",)),
        ("# Title\n\nwords", ()),
    ]


def test_every_form_of_chunks_tells_the_pages(folder: Path) -> None:
    pdf(folder / "a.pdf", ["one two", "three"])
    chunks = list(chunk(read_corpus("."), RunConfig(strategy="fixed-size", chunk_size=3)))
    assert json.loads(jsonl(chunks))["pages"] == ["1", "2"]
    written = {form: b"".join(chunk_bytes(chunks, form)) for form in ("csv", "langchain", "llamaindex")}
    (row,) = csv.DictReader(io.StringIO(written["csv"].decode()))
    assert row["pages"] == "1,2"
    assert json.loads(written["langchain"])[0]["metadata"]["pages"] == "1,2"
    assert json.loads(written["llamaindex"])[0]["metadata"]["pages"] == "1,2"


def test_a_converted_document_goes_by_its_name_its_stem_and_the_name_of_its_text(folder: Path) -> None:
    pdf(folder / "a.pdf", ["words"])
    (folder / "b.md").write_text("words")
    index = DocumentIndex(read_corpus("."))
    assert [list(index.find(name)) for name in ("a.pdf", "a", "a.md", "a.txt", "b", "b.txt")] == [
        *([[0]] * 4),
        [1],
        [],
    ]


@needs_office
def test_every_command_works_on_a_mixed_folder(folder: Path) -> None:
    (folder / "docs").mkdir()
    pdf(folder / "docs" / "a.pdf", ["The port is 8080.", "At most 12 levels are read."])
    docx(folder / "docs" / "b.docx")
    (folder / "docs" / "c.html").write_text(HTML)
    (folder / "docs" / "d.md").write_text("# Words\n\nA plain document.\n")
    (folder / "docs" / "e.ipynb").write_text(json.dumps(NOTEBOOK))
    evidence = [{"document": "a", "text": "At most 12 levels are read."}]
    (folder / "q.json").write_text(json.dumps([{"question": "How many levels?", "evidence": evidence}]))
    run("analyze", "docs", "--strategy", "page,header", "--test-file", "q.json", "--save", "results", "-q")
    report = json.loads((folder / "results" / "report.json").read_text())
    entry = report["corpus"]["documents"][0]
    assert entry["pages"] == 2
    assert entry["conversion"]["converter"] == "pypdfium2"
    assert "conversion" not in report["corpus"]["documents"][3]
    run("convert", "docs", "-o", "texts", "-q")
    assert run("chunk", "texts", "-q") == run("chunk", "docs", "-q") == run("chunk", "results/documents", "-q")
    assert '"pages": ["2"]' in run("chunk", "docs", "--strategy", "page", "-q")
    assert "is not empty" in run("convert", "docs", "-o", "texts", status=3)


def run(*arguments: str, status: int = 0) -> str:
    """Run the program; return what it prints, or says where it fails."""
    command = [program_path("rag-chunk"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done.stderr if status else done.stdout


@pytest.mark.parametrize("name", ["../../x.md", "/evil/x.md", "a/../../b.md", "c:\\x.md", "a\x00b", "..", "x" * 300])
def test_a_name_never_leads_out_of_the_folder_that_is_written(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "inner" / "documents"
    documents = [Document(name, "one"), Document("b.md", "two")]
    write_converted_folder(documents, folder)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_relative_to(folder)] == []
    assert [(each.name, each.text) for each in read_converted_folder(folder)] == [(name, "one"), ("b.md", "two")]


def test_documents_whose_files_would_have_one_name_are_all_written(tmp_path: Path) -> None:
    made = Conversion("html", "1", 1, "0", is_markdown=False)
    documents = [
        Document("a.html", "one", conversion=made),
        Document("a.html.txt", "two"),
        Document("a.html.txt/b", "3"),
    ]
    write_converted_folder(documents, tmp_path / "documents")
    assert [each.text for each in read_converted_folder(tmp_path / "documents")] == ["one", "two", "3"]
