"""The adapters against the real libraries, and our objects inside theirs.

`make test-peers` installs the libraries and runs this module; without them all of it is skipped.
"""

import copy
import itertools
import json
import os
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rag_chunk
from rag_chunk.chunker import chunk_text
from rag_chunk.chunker.adapters import locate
from rag_chunk.config import STRATEGIES, RunConfig
from rag_chunk.corpus import read_corpus
from rag_chunk.corpus.units import load_encoding
from rag_chunk.errors import InputError

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what other libraries are warned of at import is not ours to mend
    chonkie = pytest.importorskip("chonkie")
    langchain = pytest.importorskip("langchain_text_splitters")
    llama = pytest.importorskip("llama_index.core")
    semantic_text_splitter = pytest.importorskip("semantic_text_splitter")
    semchunk = pytest.importorskip("semchunk")
    from langchain_core.documents import Document as LangChainDocument
    from llama_index.core import node_parser as nodes
    from llama_index.core.ingestion import IngestionPipeline
    from llama_index.core.schema import MetadataMode, TextNode
    from llama_index.core.vector_stores.utils import node_to_metadata_dict

pytestmark = pytest.mark.filterwarnings("ignore")

EXAMPLES = Path(__file__).parents[2] / "examples"
CONFIG = RunConfig()
HEADINGS = [("#", "first"), ("##", "second"), ("###", "third")]
CHINESE = "漢字仮名交じり文。他走了。她来了！\n" * 50
TEXTS = {
    **{document.name: document.text for document in read_corpus(EXAMPLES).documents},
    "crlf.md": "# One\r\n\r\nA line.\r\nAnother   line.\r\n\r\n" * 40,
    "chinese.md": CHINESE,
    "rows.md": "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 200,
    "emoji.md": "👨‍👩‍👧‍👦 🇫🇷🇩🇪 👍🏽 \n" * 60,
    "blank.md": " \n\t\n",
    "spaces.md": "one" + " " * 3000 + "two",
}


def letters(text: str) -> str:
    return "".join(character for character in text if character.isprintable() and character != " ")


def words(text: str) -> int:
    return len(text.split())


@pytest.fixture(scope="module", autouse=True)
def encoding() -> Any:
    """Unpack the tokenizer's file, so that no library downloads it."""
    return load_encoding("cl100k_base")


Strings = Callable[[str], list[str]]
Peer = tuple[Any, Strings]


def of_langchain(splitter: Any) -> Peer:
    return rag_chunk.from_langchain(splitter), lambda text: [
        getattr(found, "page_content", found) for found in splitter.split_text(text)
    ]


def of_llama(parser: Any) -> Peer:
    def strings(text: str) -> list[str]:
        return [node.get_content() for node in parser.get_nodes_from_documents([llama.Document(text=text)])]

    return rag_chunk.from_llama_index(parser), strings


def of_chonkie(chunker: Any) -> Peer:
    return rag_chunk.from_chonkie(chunker), lambda text: [found.text for found in chunker.chunk(text)]


def of_semantic(splitter: Any) -> Peer:
    return rag_chunk.from_semantic_text_splitter(splitter), splitter.chunks


def of_semchunk(overlap: float | None) -> Peer:
    chunker = semchunk.chunkerify(words, 60)

    def strings(text: str) -> list[str]:
        found: list[str] = chunker(text, overlap=overlap)
        return found

    return rag_chunk.from_texts(strings), strings


def headings_then_size() -> Peer:
    first, then = (
        langchain.MarkdownHeaderTextSplitter(HEADINGS),
        langchain.RecursiveCharacterTextSplitter(chunk_size=400),
    )

    def strings(text: str) -> list[str]:
        return [found.page_content for found in then.split_documents(first.split_text(text))]

    return rag_chunk.from_texts(strings), strings


SIZES = {"chunk_size": 400, "chunk_overlap": 80}
WHOLE: dict[str, Callable[[], Peer]] = {  # those that leave no text out
    "langchain recursive": lambda: of_langchain(langchain.RecursiveCharacterTextSplitter(**SIZES)),
    "langchain recursive, no separator": lambda: of_langchain(
        langchain.RecursiveCharacterTextSplitter(**SIZES, keep_separator=False)
    ),
    "langchain recursive, not stripped": lambda: of_langchain(
        langchain.RecursiveCharacterTextSplitter(**SIZES, strip_whitespace=False)
    ),
    "langchain character": lambda: of_langchain(langchain.CharacterTextSplitter(**SIZES)),
    "langchain markdown": lambda: of_langchain(langchain.MarkdownTextSplitter(**SIZES)),
    "langchain headers kept": lambda: of_langchain(langchain.MarkdownHeaderTextSplitter(HEADINGS, strip_headers=False)),
    "llama-index sentences": lambda: of_llama(nodes.SentenceSplitter(chunk_size=200, chunk_overlap=40)),
    "llama-index tokens": lambda: of_llama(nodes.TokenTextSplitter(chunk_size=200, chunk_overlap=40)),
    "llama-index markdown": lambda: of_llama(nodes.MarkdownNodeParser()),
    "llama-index sentence windows": lambda: of_llama(nodes.SentenceWindowNodeParser()),
    "chonkie characters": lambda: of_chonkie(chonkie.TokenChunker("character", chunk_size=400, chunk_overlap=80)),
    "chonkie recursive": lambda: of_chonkie(chonkie.RecursiveChunker("character", chunk_size=400)),
    "chonkie sentences": lambda: of_chonkie(chonkie.SentenceChunker("word", chunk_size=60, chunk_overlap=10)),
    "semantic-text-splitter": lambda: of_semantic(semantic_text_splitter.TextSplitter(400, overlap=80)),
    "semantic-text-splitter markdown": lambda: of_semantic(semantic_text_splitter.MarkdownSplitter(400)),
    "semantic-text-splitter, not trimmed": lambda: of_semantic(
        semantic_text_splitter.MarkdownSplitter(400, overlap=80, trim=False)
    ),
    "semchunk": lambda: of_semchunk(None),
    "semchunk with overlap": lambda: of_semchunk(0.25),
}
PARTIAL: dict[str, Callable[[], Peer]] = {  # those that leave headings out
    "langchain headers": lambda: of_langchain(langchain.MarkdownHeaderTextSplitter(HEADINGS)),
    "langchain header lines": lambda: of_langchain(
        langchain.MarkdownHeaderTextSplitter(HEADINGS, return_each_line=True)
    ),
    "langchain headers, then recursive": headings_then_size,
    "langchain experimental markdown": lambda: of_langchain(langchain.ExperimentalMarkdownSyntaxTextSplitter()),
}


@pytest.mark.parametrize("name", [*WHOLE, *PARTIAL])
def test_every_chunk_of_a_peer_is_placed_with_its_letters_and_in_order(name):
    cut, strings = {**WHOLE, **PARTIAL}[name]()
    for document, text in TEXTS.items():
        if name in PARTIAL and document == "crlf.md":
            continue  # see test_a_chunk_that_a_heading_was_taken_out_of_is_refused
        spans = list(cut(text, CONFIG))
        placed = [letters(text[start:end]) for start, end in spans]
        assert placed == [found for string in strings(text) if (found := letters(string))], document
        assert all(one[0] < other[0] for one, other in itertools.pairwise(spans)), document


@pytest.mark.parametrize("name", WHOLE)
def test_what_a_peer_left_in_is_found_to_be_in(name):
    cut, _ = WHOLE[name]()
    for document, text in TEXTS.items():
        covered = {place for start, end in cut(text, CONFIG) for place in range(start, end)}
        missing = [place for place, letter in enumerate(text) if letters(letter) and place not in covered]
        assert not missing, f"{document} at {missing[:5]}"


@pytest.mark.parametrize("overlap", [0, 80])
@pytest.mark.parametrize("trim", [True, False])
def test_placing_strings_gives_the_offsets_that_a_peer_knows(trim, overlap):
    """Where a text is one short line again and again, overlap leaves several right answers."""
    splitter = semantic_text_splitter.MarkdownSplitter(400, overlap=overlap, trim=trim)
    chunker = semchunk.chunkerify(words, 60)
    for document, text in TEXTS.items():
        if overlap and not (EXAMPLES / document).exists():
            continue
        known = [(start, start + len(chunk)) for start, chunk in splitter.chunk_indices(text) if letters(chunk)]
        assert locate(text, splitter.chunks(text)) == known, document
        chunks, offsets = chunker(text, overlap=overlap / 400 or None, offsets=True)
        assert locate(text, chunks) == [pair for pair in offsets if letters(text[slice(*pair)])], document


def test_placing_headed_sections_gives_the_lines_they_came_from():
    """Lines are told apart by a number of their own, which is then taken away again."""
    splitter = langchain.MarkdownHeaderTextSplitter(HEADINGS)
    text = TEXTS["chunking/chunking.md"]
    lines = text.split("\n")
    starts = list(itertools.accumulate((len(line) + 1 for line in lines), initial=0))
    marked = "\n".join(f"{line}\N{SECTION SIGN}{number}" if line.strip() else line for number, line in enumerate(lines))
    spans = iter(rag_chunk.from_langchain(splitter)(text, CONFIG))
    for found in splitter.split_text(marked):
        numbers = [
            int(line.rpartition("\N{SECTION SIGN}")[2]) for line in found.page_content.split("\n") if line.strip()
        ]
        start, end = next(spans)
        assert starts[numbers[0]] <= start < starts[numbers[0] + 1]
        assert starts[numbers[-1]] < end < starts[numbers[-1] + 1]
    assert next(spans, None) is None


def test_of_a_hierarchy_the_leaves_are_taken():
    parser = nodes.HierarchicalNodeParser.from_defaults(chunk_sizes=[400, 100])
    for document, text in TEXTS.items():
        made = parser.get_nodes_from_documents([llama.Document(text=text)])
        leaves = [letters(node.get_content()) for node in nodes.get_leaf_nodes(made)]
        spans = rag_chunk.from_llama_index(parser)(text, CONFIG)
        assert sorted(letters(text[start:end]) for start, end in spans) == sorted(filter(None, leaves)), document


# What changes the text is refused


def test_a_token_splitter_that_breaks_characters_is_refused(encoding):
    for cut in (
        rag_chunk.from_langchain(
            langchain.TokenTextSplitter(encoding_name="cl100k_base", chunk_size=50, chunk_overlap=9)
        ),
        rag_chunk.from_chonkie(chonkie.TokenChunker(encoding, chunk_size=50, chunk_overlap=9)),
    ):
        assert cut("Plain text. " * 100, CONFIG)
        with pytest.raises(InputError, match=r"chunk \d+ cannot be placed: .*U\+FFFD"):
            cut(CHINESE, CONFIG)


def test_a_table_chunker_that_repeats_the_header_row_is_refused():
    chunker = chonkie.TableChunker(chunk_size=3)
    with pytest.raises(InputError, match="chunk 2 cannot be placed"):
        rag_chunk.from_chonkie(chunker)(TEXTS["rows.md"], CONFIG)


def test_a_chunk_that_a_heading_was_taken_out_of_is_refused():
    """Two sections of the same name, one after the other, are one chunk of MarkdownHeaderTextSplitter."""
    splitter = langchain.MarkdownHeaderTextSplitter(HEADINGS)
    with pytest.raises(InputError, match="chunk 1 cannot be placed"):
        rag_chunk.from_langchain(splitter)("# Notes\n\nOne.\n\n# Notes\n\nTwo.\n", CONFIG)


# As strategies


MODULE = """
import semchunk
from chonkie import RecursiveChunker
from langchain_text_splitters import RecursiveCharacterTextSplitter
from llama_index.core.node_parser import MarkdownNodeParser
from semantic_text_splitter import MarkdownSplitter

import rag_chunk

recursive = RecursiveCharacterTextSplitter(chunk_size=400, chunk_overlap=80)
cut = rag_chunk.from_langchain(recursive)
parser = MarkdownNodeParser()
chunker = RecursiveChunker("character", chunk_size=400)
rust = MarkdownSplitter(400)
semantic = semchunk.chunkerify(lambda text: len(text.split()), 60)
"""


def test_splitters_are_strategies_on_the_command_line(folder):
    (folder / "peers_of_mine.py").write_text(MODULE)
    names = [f"peers_of_mine:{name}" for name in ("cut", "recursive", "parser", "chunker", "rust", "semantic")]
    done = subprocess.run(
        [sys.executable, "-m", "rag_chunk", "analyze", str(EXAMPLES), "--strategy", ",".join([*names, "header"]),
         "--test-file", str(EXAMPLES / "questions.json"), "--output", "csv"],
        capture_output=True, text=True, check=False, env=os.environ,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("peers_of_mine-") + done.stdout.count("peers_of_mine:") >= len(names) - 1, done.stdout


# The way out


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_langchain_gets_the_chunks_of_chunk_text(strategy):
    config = RunConfig(strategy=strategy, chunk_size=40, embedding_model="hashing")
    splitter = rag_chunk.langchain_splitter(config)
    assert isinstance(splitter, langchain.TextSplitter)
    for document, text in TEXTS.items():
        chunks = chunk_text(text, config, name=document)
        found = splitter.split_documents([LangChainDocument(page_content=text, metadata={"source": document})])
        assert [made.page_content for made in found] == [chunk.text for chunk in chunks]
        for made, chunk in zip(found, chunks, strict=True):
            assert text[made.metadata["start_index"] : made.metadata["end_index"]] == made.page_content
            assert made.metadata["start_index"] == chunk.start
            assert made.metadata["id"] == chunk.id
            assert made.metadata["headings"] == " > ".join(chunk.headings)
            assert made.metadata["lines"] == f"{chunk.lines[0]}-{chunk.lines[1]}"
            assert made.metadata.get("parent") == chunk.parent
        assert splitter.split_text(text) == [chunk.text for chunk in chunk_text(text, config)]


def test_langchain_documents_keep_their_own_metadata():
    own = {"source": "https://example.org/page", "id": "doc-7", "tags": ["a"]}
    splitter = rag_chunk.langchain_splitter(RunConfig(strategy="header"))
    made = splitter.create_documents(["# One\n\nText.", "# Two\n\nText."], [own, {}])
    assert [found.metadata["headings"] for found in made] == ["One", "Two"]
    assert [found.metadata["id"] for found in made] == ["doc-7", "text.md:0-12"]
    assert made[0].metadata["tags"] == ["a"]
    assert made[0].metadata["tags"] is not own["tags"]
    assert own == {"source": "https://example.org/page", "id": "doc-7", "tags": ["a"]}
    assert splitter.create_documents(["# One\n\nText."])[0].metadata["start_index"] == 0
    [page] = splitter.transform_documents([LangChainDocument(page_content="# A", metadata={"source": "a/page.html"})])
    assert (page.metadata["id"], page.metadata["headings"]) == ("a/page.html:0-3", "A")
    [plain] = splitter.split_documents([LangChainDocument(page_content="# A", metadata={"source": "a/plain.txt"})])
    assert plain.metadata["headings"] == ""


def test_a_config_file_will_do(folder):
    (folder / "rag-chunk.yaml").write_text("strategy: sentence\nchunk_size: 4\noverlap: 0\n")
    text = "One two. Three four. Five six."
    expected = ["One two. Three four.", "Five six."]
    assert rag_chunk.langchain_splitter("rag-chunk.yaml").split_text(text) == expected
    parser = rag_chunk.llama_node_parser(folder / "rag-chunk.yaml")
    assert [node.text for node in parser.get_nodes_from_documents([llama.Document(text=text)])] == expected


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_llama_index_gets_the_chunks_of_chunk_text(strategy):
    config = RunConfig(strategy=strategy, chunk_size=40, embedding_model="hashing")
    parser = rag_chunk.llama_node_parser(config)
    assert isinstance(parser, nodes.NodeParser)
    documents = [llama.Document(text=text, metadata={"file_path": name}) for name, text in TEXTS.items()]
    found = iter(parser.get_nodes_from_documents(documents, show_progress=False))
    for document in documents:
        for chunk in chunk_text(document.text, config, name=document.metadata["file_path"]):
            node = next(found)
            assert node.text == chunk.text
            assert (node.start_char_idx, node.end_char_idx) == (chunk.start, chunk.end)
            assert node.metadata["headings"] == " > ".join(chunk.headings)
            assert node.metadata["file_path"] == document.metadata["file_path"]
            assert node.ref_doc_id == document.doc_id
    assert next(found, None) is None


def test_offsets_in_llama_index_are_exact_where_a_text_repeats():
    text = "aaaa"
    parser = rag_chunk.llama_node_parser(RunConfig(strategy="fixed-size", unit="characters", chunk_size=2))
    made = parser.get_nodes_from_documents([llama.Document(text=text)])
    assert [(node.start_char_idx, node.end_char_idx) for node in made] == [(0, 2), (2, 4)]
    assert made[0].next_node.node_id == made[1].node_id


def test_nodes_are_flat_and_what_is_embedded_is_what_was_measured():
    parser = rag_chunk.llama_node_parser(RunConfig(strategy="header"))
    [node] = parser.get_nodes_from_documents([llama.Document(text="# One\n\nText.")])
    assert node_to_metadata_dict(node, flat_metadata=True)["headings"] == "One"
    assert node.get_content(MetadataMode.EMBED) == "# One\n\nText."
    assert "headings: One" in node.get_content(MetadataMode.LLM)
    parser.include_metadata = False
    [bare] = parser.get_nodes_from_documents([llama.Document(text="# One\n\nText.", metadata={"a": 1})])
    assert bare.metadata == {}


def test_the_parser_works_in_an_ingestion_pipeline_and_on_nodes():
    pipeline = IngestionPipeline(transformations=[rag_chunk.llama_node_parser(RunConfig(chunk_size=3, overlap=0))])
    first = pipeline.run(documents=[llama.Document(text="one two three four five", id_="d")])
    assert [node.text for node in first] == ["one two three", "four five"]
    assert [node.text for node in pipeline.run(nodes=[TextNode(text="one two three four")])] == [
        "one two three",
        "four",
    ]
    assert pipeline.run(documents=[]) == []


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda made: pickle.loads(pickle.dumps(made)),  # noqa: S301 - our own
}


@pytest.mark.parametrize("way", COPIES)
def test_both_can_be_copied(way):
    config = RunConfig(strategy="sentence", chunk_size=7)
    splitter, parser = rag_chunk.langchain_splitter(config), rag_chunk.llama_node_parser(config)
    parser.include_metadata = False
    for made in (splitter, parser):
        copied = COPIES[way](made)
        assert type(copied) is type(made)
        assert copied.config == config
    assert COPIES[way](splitter).split_text(CHINESE) == splitter.split_text(CHINESE)
    assert COPIES[way](parser).include_metadata is False
    assert type(parser).from_dict({"config": parser.to_dict()["config"]}).config == config


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_out_and_in_again_gives_the_same_spans(strategy):
    """Our chunks, as the strings of a LangChain splitter, are located where they were."""
    for overlap in {0, 10 * STRATEGIES[strategy].overlaps}:
        config = RunConfig(strategy=strategy, chunk_size=40, overlap=overlap, embedding_model="hashing")
        cut = rag_chunk.from_langchain(rag_chunk.langchain_splitter(config))
        for name in ("chunking/chunking.md", "text/unicode.md", "text/chinese-segmentation.md"):
            expected = [(chunk.start, chunk.end) for chunk in chunk_text(TEXTS[name], config)]
            assert cut(TEXTS[name], config) == expected


def test_langchain_loads_the_chunks_that_were_written(tmp_path):
    config = RunConfig(strategy="hierarchical", chunk_size=80)
    chunks = list(rag_chunk.chunk(read_corpus(EXAMPLES), config))
    rag_chunk.write_chunks(chunks, tmp_path / "chunks.json", "langchain")
    loaded = [LangChainDocument(**each) for each in json.loads((tmp_path / "chunks.json").read_text("utf-8"))]
    assert [(each.id, each.page_content) for each in loaded] == [(chunk.id, chunk.text) for chunk in chunks]
    text = (EXAMPLES / "glossary.md").read_text("utf-8")
    splitter = rag_chunk.langchain_splitter(config)
    made = splitter.split_documents([LangChainDocument(text, metadata={"source": "glossary.md"})])
    assert [each.metadata for each in loaded if each.metadata["source"] == "glossary.md"] == [
        each.metadata for each in made
    ]


def test_llama_index_loads_the_chunks_that_were_written(tmp_path):
    config = RunConfig(strategy="hierarchical", chunk_size=80)
    chunks = list(rag_chunk.chunk(read_corpus(EXAMPLES), config))
    rag_chunk.write_chunks(chunks, tmp_path / "chunks.json", "llamaindex")
    loaded = [TextNode.from_dict(each) for each in json.loads((tmp_path / "chunks.json").read_text("utf-8"))]
    for node, chunk in zip(loaded, chunks, strict=True):
        assert (node.node_id, node.text, node.ref_doc_id) == (chunk.id, chunk.text, chunk.document.name)
        assert (node.start_char_idx, node.end_char_idx) == (chunk.start, chunk.end)
        assert node.parent_node is not None
        assert node.parent_node.node_id == chunk.parent
        assert node.get_content(MetadataMode.EMBED) == f"file_path: {chunk.document.name}\n\n{chunk.text}"


def test_the_example_of_a_langchain_pipeline_finds_chunks_where_they_say_they_are():
    done = subprocess.run(
        [sys.executable, EXAMPLES / "langchain_pipeline.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "indexing/bm25.md:" in done.stdout


def test_the_example_of_a_team_promotes_a_config_that_its_pipeline_follows(tmp_path):
    pytest.importorskip("mlflow", reason="the extra mlflow is not installed", exc_type=ImportError)
    done = subprocess.run(
        [sys.executable, EXAMPLES / "team.py", tmp_path / "new" / "folder"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Worse: fixed-size-200-0 is " in done.stdout
    before, now = re.findall(r"the pipeline cuts (\d+) chunks", done.stdout)
    assert before != now
