"""Splitters that return strings: where their chunks stand, and what is refused."""

import itertools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rag_chunk
from rag_chunk.chunker import chunk_text
from rag_chunk.chunker.adapters import adapt, locate
from rag_chunk.config import RunConfig
from rag_chunk.errors import InputError, MissingExtra
from tests.support.texts import texts

CONFIG = RunConfig()
TEXTS = st.one_of(
    texts,
    st.text(alphabet="ab \n", max_size=40),
    st.builds(lambda part, times: part * times, st.text(alphabet="aab .", min_size=1, max_size=6), st.integers(1, 12)),
)


def letters(text: str) -> str:
    return "".join(character for character in text if not character.isspace() and character.isprintable())


@st.composite
def tiles(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    """Return a text, and spans that cut it end to end."""
    text = draw(TEXTS)
    borders = sorted({0, len(text), *draw(st.lists(st.integers(0, len(text)), max_size=12))})
    return text, list(itertools.pairwise(borders))


@st.composite
def windows(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    """Return a text, and spans that leave nothing of it out, and overlap."""
    text = draw(TEXTS)
    spans, start, end = [], 0, draw(st.integers(1, len(text))) if text else 0
    while end > start:
        spans.append((start, end))
        if end == len(text):
            break
        start = draw(st.integers(start + 1, end))
        end = draw(st.integers(max(start + 1, end), len(text)))
    return text, spans


@st.composite
def stretches(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    """Return a text, and spans of any kind whose starts increase."""
    text = draw(TEXTS)
    starts = sorted(draw(st.sets(st.integers(0, max(len(text) - 1, 0)), max_size=8))) if text else []
    return text, [(start, draw(st.integers(start + 1, len(text)))) for start in starts]


def inked(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return [(start, end) for start, end in spans if letters(text[start:end])]


@given(drawn=tiles())
def test_spans_without_overlap_come_back_as_they_were(drawn):
    text, spans = drawn
    assert locate(text, [text[start:end] for start, end in spans]) == inked(text, spans)


@given(drawn=tiles())
def test_spans_without_overlap_come_back_when_their_edges_are_stripped(drawn):
    text, spans = drawn
    found = locate(text, [text[start:end].strip() for start, end in spans])
    lost = [text[start:end] for start, end in inked(text, spans)]
    stripped = [
        (start + len(part) - len(part.lstrip()), end - len(part) + len(part.rstrip()))
        for (start, end), part in zip(inked(text, spans), lost, strict=True)
    ]
    assert found == stripped


@given(drawn=tiles(), join=st.sampled_from(["", " ", "  \n", "\u3000"]))
def test_spans_without_overlap_come_back_when_white_space_inside_is_changed(drawn, join):
    text, spans = drawn
    found = locate(text, [join.join(text[start:end].split()) for start, end in spans])
    assert [letters(text[start:end]) for start, end in found] == [
        letters(text[start:end]) for start, end in inked(text, spans)
    ]
    # Together they hold every letter once: only one placement does.
    assert "".join(letters(text[start:end]) for start, end in found) == letters(text)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(found))


@given(drawn=windows())
def test_overlapping_spans_come_back_with_their_texts_in_order(drawn):
    text, spans = drawn
    chunks = [text[start:end] for start, end in inked(text, spans)]
    found = locate(text, chunks)
    assert [text[start:end] for start, end in found] == chunks
    assert all(one[0] < other[0] for one, other in itertools.pairwise(found))


@given(drawn=stretches())
def test_any_spans_in_order_are_placed_in_order_with_their_letters(drawn):
    text, spans = drawn
    chunks = [text[start:end] for start, end in inked(text, spans)]
    found = locate(text, chunks)
    assert [letters(text[start:end]) for start, end in found] == [letters(chunk) for chunk in chunks]
    assert all(one[0] < other[0] for one, other in itertools.pairwise(found))


@given(drawn=stretches(), data=st.data())
def test_what_was_changed_is_never_placed(drawn, data):
    text, spans = drawn
    assume("§" not in text)
    chunks = [text[start:end] for start, end in inked(text, spans)]
    number = data.draw(st.integers(0, len(chunks)))
    with pytest.raises(InputError, match=f"chunk {number + 1} cannot be placed"):
        locate(text, [*chunks[:number], data.draw(st.sampled_from(["§", "§a", "a§", *(c + "§" for c in chunks)]))])


@pytest.mark.parametrize(
    ("text", "chunks", "places"),
    [
        ("aaaa", ["aa", "aa"], [0, 2]),  # without overlap, where it fits
        ("aaaaaaaa", ["aaaa", "aaaa", "aaaa"], [0, 3, 4]),  # with overlap, where it has to be
        ("Yes. No. Yes. No.", ["Yes.", "No.", "Yes.", "No."], [0, 5, 9, 14]),
        ("Yes. No. Yes. No.", ["Yes. No.", "No. Yes.", "Yes. No."], [0, 5, 9]),
        ("# A\nbody\n# B\nbody", ["body", "body"], [4, 13]),  # headings left out
        ("to day, then today", ["today"], [13]),  # as it is before what only has the same letters
        ("to day, then tomorrow", ["today"], [0]),
        ("a b c", ["a b c", "c"], [0, 4]),  # inside the one before: the rest of a window
        ("one, one, two", ["one", "two"], [0, 10]),
        ("ab ab ab", ["ab ab", "ab ab"], [0, 3]),
        ("x\n\n\n   y", ["x", "   y"], [0, 4]),
        ("漢字。漢字。", ["漢字。", "漢字。"], [0, 3]),
    ],
)
def test_where_a_text_repeats_the_rule_decides(text, chunks, places):
    assert [start for start, _ in locate(text, chunks)] == places


def test_white_space_at_the_edges_belongs_to_a_span_where_the_text_has_it():
    assert locate("one  two \n three", ["one ", " two \n", "  three"]) == [(0, 4), (4, 10), (11, 16)]


def test_what_prints_nothing_may_be_lost_like_white_space():
    assert locate("a \u200d👩\u200d👧 b\x00c", ["a", "👩👧 b c"]) == [(0, 1), (3, 10)]


@pytest.mark.parametrize("chunks", [[], [""], [" \n", "\u200b"]])
def test_blank_chunks_are_left_out(chunks):
    assert locate("a text", chunks) == []
    assert locate("", chunks) == []


@pytest.mark.parametrize(
    ("chunks", "sentences"),
    [
        (
            ["One two.", "Three four, five."],
            ["chunk 2 cannot be placed: 'Three four, five.'", "end at character 9, where the text has 'Three four.'"],
        ),
        (["One two.", "Three four, five."], ["agrees best at character 9, but then goes on ', five.'", "text has '.'"]),
        (
            ["One two.", "three"],
            ["chunk 2 cannot", "after the start of chunk 1;", "Nothing but white space may differ"],
        ),
        (["Three four.", "One two."], ["chunk 2 cannot", "has its end", "occurs only before that, at character 0"]),
        (["One", "One"], ["chunk 2 cannot", "after the start of chunk 1;", "occurs only before that"]),
        (["Zwei"], ["chunk 1 cannot be placed: 'Zwei'. rag-chunk searched for it from the start", "at character 0"]),
        (["One two. Three four. Five"], ["but then goes on 'Five' where the text has its end"]),
        (["One", "", "t\ufffd"], ["chunk 3", "U+FFFD in it comes from a cut inside a character"]),
        (["One two. Three" + " four. " * 30 + "!"], ["'One two. Three four.  four.", " and 145 more"]),
    ],
)
def test_a_refusal_shows_the_chunk_its_number_and_where_the_search_stood(chunks, sentences):
    with pytest.raises(InputError) as error:
        locate("One two. Three four.", chunks)
    for sentence in sentences:
        assert sentence in str(error.value)


@pytest.mark.parametrize(
    "found", ["one string", b"bytes", None, 7, ["one", None], [b"one"], [SimpleNamespace(page_content="one")]]
)
def test_a_splitter_that_returns_no_list_of_strings_is_refused(found):
    with pytest.raises(InputError, match="the splitter returned a"):
        rag_chunk.from_texts(lambda _: found)("one string", CONFIG)


def seconds(text: str, chunks: list[str]) -> float:
    """Return the least time of three: the collector of a large heap may run in one."""
    spent = []
    for _ in range(3):
        begun = time.process_time()
        locate(text, chunks)
        spent.append(time.process_time() - begun)
    return min(spent)


@pytest.mark.parametrize("part", ["a", "a ", "ab", "漢字仮名", " ", "word and word "])
@pytest.mark.parametrize(("size", "step"), [(800, 700), (800, 100), (50, 50), (9000, 1200)])
def test_a_long_line_is_placed_in_linear_time(part, size, step):
    """A text ten times as long takes about ten times as long; a quadratic search would take a hundred times."""
    lines = [part * (length // len(part)) + "." for length in (30_000, 300_000)]
    spent = [seconds(line, [line[start : start + size] for start in range(0, len(line), step)]) for line in lines]
    assert spent[1] < 40 * max(spent[0], 0.005)


# Objects of libraries, by what is known of them


class Splitter:
    """As a TextSplitter of LangChain."""

    def split_text(self, text: str) -> list[str]:
        return text.split(".")


class HeaderSplitter:
    """As MarkdownHeaderTextSplitter."""

    def split_text(self, text: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(page_content=part) for part in text.split(".")]


class Chunker:
    """As a chunker of chonkie, with offsets that are `wrong` by so many characters."""

    def __init__(self, wrong: int = 0) -> None:
        self.wrong = wrong

    def chunk(self, text: str) -> list[SimpleNamespace]:
        spans = [(start, min(start + 3, len(text))) for start in range(0, len(text), 2)]
        return [
            SimpleNamespace(text=text[start:end], start_index=start + self.wrong, end_index=end + self.wrong)
            for start, end in spans
        ]


class RustSplitter:
    """As a splitter of semantic-text-splitter."""

    def chunk_indices(self, text: str) -> list[tuple[int, str]]:
        return [(0, text[:4]), (4, text[4:])]


def test_an_adapter_calls_the_splitter_as_it_is():
    text = "One two. Three."
    assert rag_chunk.from_langchain(Splitter())(text, CONFIG) == [(0, 7), (8, 14)]
    assert rag_chunk.from_langchain(HeaderSplitter())(text, CONFIG) == [(0, 7), (8, 14)]
    assert rag_chunk.from_semantic_text_splitter(RustSplitter())(text, CONFIG) == [(0, 4), (4, 15)]


def test_stated_offsets_are_taken_where_they_hold_and_else_the_chunks_are_located():
    stated = [(0, 3), (2, 5), (4, 7), (6, 8)]
    assert rag_chunk.from_chonkie(Chunker())("aaaaaaaa", CONFIG) == stated
    assert rag_chunk.from_chonkie(Chunker(wrong=1))("abcdefgh", CONFIG) == stated
    assert rag_chunk.from_chonkie(Chunker(wrong=-1))("abcdefgh", CONFIG) == stated


def node(name: str, text: str, parent: str | None = None) -> SimpleNamespace:
    above = SimpleNamespace(node_id=parent) if parent else None
    return SimpleNamespace(node_id=name, parent_node=above, get_content=lambda: text)


@pytest.mark.parametrize(
    ("text", "chunks", "spans"),
    [
        ("chunk chunk", ["chunk", "chun", "chunk"], [(0, 5), (6, 10), (6, 11)]),
        ("a b a", ["a", "a b", "b a"], [(0, 1), (0, 3), (2, 5)]),
        ("ab  ab", ["ab ab", "ab"], [(0, 6), (4, 6)]),  # a later place is taken where there is one
    ],
)
def test_chunks_may_begin_at_one_place_where_there_is_no_other(text, chunks, spans):
    assert locate(text, chunks) == spans


@pytest.mark.parametrize("chunks", [["a b", "a b"], ["a b", "a"]])
def test_a_chunk_that_lies_in_the_one_before_it_from_the_same_start_is_refused(chunks):
    with pytest.raises(InputError, match="chunk 2 cannot be placed"):
        locate("a b", chunks)


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([node("1", "One two."), node("2", " "), node("3", "Three.")], [(0, 8), (9, 15)]),
        ([node("1", "One two.", "elsewhere"), node("2", "Three.", "elsewhere")], [(0, 8), (9, 15)]),
        ([node("1", "One two."), node("2", "One two. Three.")], [(0, 8), (0, 15)]),
        ([node("1", "One two."), node("2", "One two.")], "chunk 2 cannot be placed"),
        (  # the second parent begins before the end of the first
            [
                *(node("A", "One two."), node("B", "two. Three.")),
                *(node("1", "One", "A"), node("2", "two.", "A"), node("3", "two.", "B"), node("4", "Three.", "B")),
            ],
            [(0, 3), (4, 8), (4, 8), (9, 15)],
        ),
    ],
)
def test_of_nodes_the_leaves_are_taken_each_inside_its_parent(nodes, expected, monkeypatch):
    monkeypatch.setitem(sys.modules, "llama_index", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "llama_index.core", SimpleNamespace(Document=SimpleNamespace))
    cut = adapt(SimpleNamespace(get_nodes_from_documents=lambda documents: nodes if documents[0].text else []))
    if isinstance(expected, str):
        with pytest.raises(InputError, match=expected):
            cut("One two. Three.", CONFIG)
    else:
        assert cut("One two. Three.", CONFIG) == expected


def test_a_parser_of_llama_index_needs_llama_index(monkeypatch):
    monkeypatch.setitem(sys.modules, "llama_index.core", None)
    parser = SimpleNamespace(get_nodes_from_documents=list)
    with pytest.raises(MissingExtra, match=r"rag-chunk\[llama-index\]"):
        rag_chunk.from_llama_index(parser)("text", CONFIG)


@pytest.mark.parametrize("build", [rag_chunk.langchain_splitter, rag_chunk.llama_node_parser])
def test_the_way_out_names_the_extra_that_is_missing(build: Callable[[RunConfig], object], monkeypatch):
    from rag_chunk.chunker.export import splitters

    for made in (splitters._splitter_class, splitters._parser_class):  # noqa: SLF001 - a class made before stays
        made.cache_clear()
    for module in ("langchain_text_splitters", "llama_index.core.node_parser"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r"pip install 'rag-chunk\[(langchain|llama-index)\]'"):
        build(CONFIG)


def test_the_module_of_the_way_out_has_no_other_names():
    from rag_chunk.chunker.export import splitters

    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = splitters.nothing


def test_functions_are_not_adapted():
    assert adapt(len) is len
    assert adapt(3) == 3


@pytest.fixture
def mine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (folder / "mine_adapted.py").write_text(
        "import rag_chunk\n"
        "from tests.chunker.test_adapters import RustSplitter, Splitter\n"
        "cut = rag_chunk.from_texts(lambda text: text.split('.'))\n"
        "splitter, rust = Splitter(), RustSplitter()\n"
        "loud = rag_chunk.from_texts(lambda text: [text.upper()])\n"
        "number = 3\n"
    )
    monkeypatch.delitem(sys.modules, "mine_adapted", raising=False)
    return folder


@pytest.mark.parametrize("name", ["cut", "splitter"])
def test_a_strategy_may_be_an_adapted_function_or_the_splitter_itself(mine, name):
    found = chunk_text("One two. Three.", RunConfig(strategy=f"mine_adapted:{name}"))
    assert [chunk.text for chunk in found] == ["One two", " Three"]


def test_a_splitter_with_offsets_may_be_a_strategy_itself(mine):
    found = chunk_text("One two. Three.", RunConfig(strategy="mine_adapted:rust"))
    assert [(chunk.start, chunk.end) for chunk in found] == [(0, 4), (4, 15)]


def test_a_splitter_that_changes_the_text_is_refused_with_the_document(mine):
    with pytest.raises(InputError, match=r"mine_adapted:loud, for text\.md: chunk 1 cannot be placed"):
        chunk_text("One two.", RunConfig(strategy="mine_adapted:loud"))


def test_what_is_neither_a_function_nor_a_splitter_is_refused(mine):
    with pytest.raises(InputError, match=r"mine_adapted:number is of type int: neither a function nor a splitter"):
        chunk_text("One two.", RunConfig(strategy="mine_adapted:number"))
