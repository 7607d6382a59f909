"""What each strategy does, on texts where it can be seen."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from rag_chunk.chunker import chunk, chunk_text
from rag_chunk.chunker.omission import describe_skipped
from rag_chunk.config import STRATEGIES, UNITS, RunConfig
from rag_chunk.config.run import Unit
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.structure import structure_of
from rag_chunk.corpus.units import load_encoding
from rag_chunk.errors import InputError
from tests.support.invariants import counted_alone

GUIDE = """---
title: Locks
---
Intro line.

# Locks

A lock has a key. Turn it left.

It then opens.

```sh
# not a heading

open --door
```

Setext
------

- one
- two

## Deep

Text at the end.
"""


def cut(text: str, *, name: str = "a.md", **settings: Any) -> list[str]:
    return [found.text for found in chunk_text(text, RunConfig(**settings), name=name)]


def test_fixed_size_cuts_windows_end_to_end() -> None:
    assert cut("a b c d e", strategy="fixed-size", chunk_size=2) == ["a b", "c d", "e"]


def test_sliding_windows_share_exactly_the_overlap() -> None:
    assert cut("a b c d e f", strategy="sliding-window", chunk_size=3, overlap=1) == ["a b c", "c d e", "e f"]


@pytest.mark.parametrize(("size", "overlap"), [(14, 3), (21, 5)])
def test_no_more_is_shared_than_the_overlap_where_a_cluster_lies_across_it(size: int, overlap: int) -> None:
    text = "e" + "\u0301" * 9 + "o" + "\u0301" * 9 + "abcdefgh" * 3 + "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 5
    config = RunConfig(strategy="sliding-window", chunk_size=size, overlap=overlap, unit="characters")
    found = chunk_text(text, config)
    shared = [one.end - other.start for one, other in itertools.pairwise(found)]
    assert min(shared) >= 0
    assert max(shared) <= overlap


def test_a_parent_may_hold_as_much_as_any_chunk() -> None:
    assert cut("# A\n\nText.", strategy="hierarchical", chunk_size=1_000_000_000) == ["# A\n\nText."]


def test_no_window_lies_wholly_in_the_one_before_it() -> None:
    assert cut("a b c d", strategy="sliding-window", chunk_size=3, overlap=2) == ["a b c", "b c d"]
    hand = "\U0001f44d\U0001f3fd"  # more tokens without the space before it: a window from here is shorter
    found = cut(
        "# Heading\n" * 3 + f"   {hand} # Heading\n", strategy="sliding-window", chunk_size=6, overlap=4, unit="tokens"
    )
    assert f" {hand} #" in found
    assert hand not in found


def test_a_window_begins_inside_a_token_where_what_is_skipped_ends_there() -> None:
    settings: dict[str, Any] = {"strategy": "fixed-size", "chunk_size": 1, "unit": "tokens", "skip_blocks": ("code",)}
    for after, found in (("", ["***"]), ("\nb", ["***", "b"])):
        assert cut(f"```py\nx = 1\n```\n\n\n\n\n***{after}", **settings) == found


def test_windows_of_tokens_keep_the_space_that_belongs_to_a_token() -> None:
    assert cut("one two three", strategy="fixed-size", chunk_size=1, unit="tokens") == ["one", " two", " three"]


def test_sentences_are_packed_whole() -> None:
    text = "One two. Three four. Five."
    assert cut(text, strategy="sentence", chunk_size=4) == ["One two. Three four.", "Five."]
    assert cut(text, strategy="sentence", chunk_size=4, overlap=2) == ["One two. Three four.", "Three four. Five."]


def test_sentences_of_scripts_without_spaces_are_found() -> None:
    assert cut("他走了。她来了！", strategy="sentence", chunk_size=5) == ["他走了。", "她来了！"]


@pytest.mark.parametrize(
    "sentences",
    [
        [
            "Dr. Smith paid $3.14 to J. R. R. Tolkien. ",
            "See Fig. 2, i.e. the U.S. map. ",
            "Is it? ",
            '"Yes." ',
            "Done!",
        ],
        ["See No. 5 and Nos. 6 to 9. ", "No. ", "It is version 1.2.3 of example.org... not more. ", "Ph.D. or not?!"],
        [
            "Am 3. Mai aß er Obst, z. B. Äpfel, o. Ä. Dinge (d. h. Birnen). ",
            "Bis 31.\u202fDezember i. d. R. Brot usw. Wein. ",
            "Seite 3. ",
            "Mais ab 2019. ",
            "April.",
        ],
        ["Solve for x. ", "Then let y be z. ", "He won 3. ", "Then mind it, h. ", "A map."],
        ["Anna trainiert. ", "Sie spielt in der 1. Bundesliga (5. Rang). ", "Das Stadion liegt am Fluss."],
        ["Im 18. und 19. Jahrhundert, um 750 n. Chr. oder v. Chr., kostete es 30 Mio. Euro. ", "So war es."],
        ["Die 2., 3. und 4. Zeitachse gilt bis zum 12. Schuljahr. ", "Danach die Route 99. ", "Sie endet."],
        ["En EE. UU. rige el Convenio núm. 129, y en las FF. AA. la pág. 5. ", "La Sra. Costa calla."],
        ["См. Рис. 5 в г. Москве. ", "Он жил в 1799 г. ", "Потом (ум. 1837) в XIX в. ", "Да, он. ", "Нет."],
        ["Brown v. Board came later (c. 1455). ", "See c. ", "He was here to . . . submit. ", "It ends."],
        ["विलियम ई. साइमन, डब्ल्यू. बर्न्स और जॉन एफ. केनेडी आए। ", "वे गए।"],
        ["It has art, seas, etc. ", "On Jan. 5 it was modern art. ", "They met in Jan. ", "See art. 6 etc. for more."],
        ["Er sagt: „Nein.“ ", "In »Halt!« ", "Der Film „Los!“ (2006) endet."],
        ["One.[1][23] ", "Two.[citation needed] ", "Three [4] five.[link](a.md) Six?[7]"],
        ["这是。[1]", "那是。"],
        ["他走了！", "她说：“我们明天再来。”", "价格是3.14元。", "结束"],
        ["図書館の機械が壊れた。", "そうですか？ ", "（注意。）", "終わり"],
        ["यह एक वाक्य है। ", "लोग वहाँ थे॥ ", "3.5 किलो। ", "क्या? ", "हाँ!"],
        ["هذا نص تجريبي. ", "هل هذا صحيح؟ ", "نعم! ", "السعر 3.14 دينار."],
        ["یہ جملہ ہے۔ ", "ہاں۔"],
        ["မြန်မာ စာ။ ", "ပြီး၏။"],
        ["ይህ ዓረፍተ ነገር ነው። ", "ሁለተኛ ነው።"],
    ],
)
def test_sentences_end_where_the_script_ends_them(sentences: list[str]) -> None:
    text = "".join(sentences)
    starts = [*structure_of(Corpus([Document("a.txt", text)])).sentence_starts.tolist(), len(text)]
    assert [text[start:end] for start, end in itertools.pairwise(starts)] == sentences


def test_a_paragraph_is_a_chunk_and_takes_its_heading_along() -> None:
    assert cut(GUIDE, strategy="paragraph", chunk_size=50) == [
        "---\ntitle: Locks\n---\nIntro line.",
        "# Locks\n\nA lock has a key. Turn it left.",
        "It then opens.",
        "```sh\n# not a heading\n\nopen --door\n```",
        "Setext\n------\n\n- one\n- two",
        "## Deep\n\nText at the end.",
    ]


def test_a_heading_without_a_blank_line_below_takes_only_its_own_paragraph_along() -> None:
    text = "## New\nAdd one.\n\n## Bugs\nMend one.\n\nMend two.\n\n# Old\n## Bugs\n```sh\nls\n```\n\nEnd."
    assert cut(text, strategy="paragraph", chunk_size=50) == [
        "## New\nAdd one.",
        "## Bugs\nMend one.",
        "Mend two.",
        "# Old\n## Bugs\n```sh\nls\n```",
        "End.",
    ]


def test_paragraphs_of_plain_text_are_what_blank_lines_divide() -> None:
    assert cut("one\ntwo\r\n\r\n# three\n \nfour", name="a.txt", strategy="paragraph") == [
        "one\ntwo",
        "# three",
        "four",
    ]


def test_a_section_is_a_chunk_with_its_heading() -> None:
    assert cut(GUIDE, strategy="header", chunk_size=60) == [
        "---\ntitle: Locks\n---\nIntro line.",
        GUIDE[GUIDE.index("# Locks") : GUIDE.index("\n\nSetext")],
        "Setext\n------\n\n- one\n- two",
        "## Deep\n\nText at the end.",
    ]


def test_a_section_over_the_limit_is_cut_inside_and_small_ones_are_not_glued() -> None:
    found = cut(GUIDE, strategy="header", chunk_size=11, overlap=0)
    assert found[1:3] == [
        "# Locks\n\nA lock has a key. Turn it left.",
        GUIDE[GUIDE.index("It then") : GUIDE.index("\n\nSetext")],
    ]
    assert found[-2:] == ["Setext\n------\n\n- one\n- two", "## Deep\n\nText at the end."]


def test_recursive_cuts_at_the_coarsest_border_within_reach() -> None:
    text = "a b\n\nc d\ne f. g h\n\ni"
    settings: dict[str, Any] = {"strategy": "recursive-character", "overlap": 0}
    assert cut(text, **settings, chunk_size=4) == ["a b", "c d", "e f. g h", "i"]
    assert cut(text, **settings, chunk_size=9) == ["a b\n\nc d\ne f. g h\n\ni"]
    assert cut(text, **settings, chunk_size=8) == ["a b\n\nc d\ne f. g h", "i"]


@pytest.mark.parametrize("strategy", ["sentence", "recursive-character", "header", "markdown"])
@pytest.mark.parametrize("text", [" TAKE. A", " Über. Es", "  \n LATIN. B. C"])
@pytest.mark.parametrize("after", [[], ["word " * 50]])
def test_a_text_whose_first_word_counts_more_by_itself_is_one_chunk_where_it_fits(
    strategy: str, text: str, after: list[str]
) -> None:
    corpus = Corpus([Document(f"{number}.md", each) for number, each in enumerate([text, *after])])
    chunking = chunk(corpus, RunConfig(strategy=strategy, unit="tokens", chunk_size=1000))
    assert corpus.texts(chunking.spans[:1]) == [text.strip()]


@pytest.mark.parametrize(
    ("text", "size", "overlap"),
    [("。按字节数切分不", 8, 4), ("유니코드 한글의 자음과 모음을 나누고 다시 합치는 도구입니다. " * 9, 24, 6)],
)
def test_windows_of_tokens_share_no_more_than_asked_when_it_is_counted_by_itself(
    text: str, size: int, overlap: int
) -> None:
    config = RunConfig(strategy="sliding-window", unit="tokens", chunk_size=size, overlap=overlap)
    chunks, encoding = chunk_text(text, config), load_encoding(config.model)
    assert len(chunks) > 1
    for one, other in itertools.pairwise(chunks):
        assert other.start <= one.end
        assert len(encoding.encode_ordinary(text[other.start : one.end])) <= overlap


@pytest.mark.parametrize("strategy", ["sliding-window", "recursive-character", "sentence", "header", "markdown"])
def test_overlap_holds_inside_a_word_over_the_limit(strategy: str) -> None:
    settings = {"strategy": strategy, "unit": "characters", "name": "a.txt"}
    assert cut("abcdefghij", chunk_size=5, overlap=2, **settings) == ["abcde", "defgh", "ghij"]
    assert cut("abcdefghij", chunk_size=4, overlap=2, **settings) == ["abcd", "cdef", "efgh", "ghij"]


@pytest.mark.parametrize(
    "text",
    [
        "ประตูเปิดด้วยกุญแจ เวลาเก้าโมงเช้า ถ้าประตูล็อกอยู่ ให้ถามยาม เขารู้จักกุญแจทุกดอก",
        "ປະຕູເປີດດ້ວຍກະແຈ ຖ້າປະຕູລັອກຢູ່ ໃຫ້ຖາມຍາມ ລາວຮູ້ຈັກກະແຈ",
        "ទ្វារបើកដោយកូនសោ ប្រសិនបើទ្វារចាក់សោ សូមសួរអ្នកយាម",
    ],
)
@pytest.mark.parametrize("strategy", ["sentence", "recursive-character", "header", "markdown"])
def test_text_with_spaces_between_phrases_only_is_cut_at_them(text: str, strategy: str) -> None:
    for unit, size in (("words", 25), ("characters", 30)):
        chunks = cut(text, strategy=strategy, unit=unit, chunk_size=size, overlap=0)
        assert len(chunks) > 1
        assert " ".join(chunks) == text


def test_what_has_no_border_is_cut_between_graphemes() -> None:
    family = "👨‍👩‍👧"
    assert cut(family * 3, strategy="recursive-character", unit="characters", chunk_size=6) == [family] * 3
    assert cut("abcdefgh", strategy="paragraph", unit="characters", chunk_size=3) == ["abc", "def", "gh"]


@pytest.mark.parametrize("text", ["", " \n\t\r\n"])
def test_a_blank_document_has_no_chunk(text: str) -> None:
    assert cut(text) == []


def test_every_chunk_knows_its_lines_units_and_headings() -> None:
    found = chunk_text(GUIDE, RunConfig(strategy="header", chunk_size=60))
    assert [(part.lines, part.headings) for part in found] == [
        ((1, 4), ()),
        ((6, 16), ("Locks",)),
        ((18, 22), ("Locks", "Setext")),
        ((24, 26), ("Locks", "Deep")),
    ]
    assert found[-1].units == 6
    assert found[-1].id == f"a.md:{GUIDE.index('## Deep')}-{len(GUIDE) - 1}".replace("a.md", "text.md")


def test_ids_of_a_chunking_are_those_of_its_chunks() -> None:
    chunking = chunk(Corpus([Document("a.md", GUIDE), Document("b.txt", "x y z")]), RunConfig(chunk_size=5))
    assert chunking.ids == [found.id for found in chunking]
    assert len(chunking) == len(chunking.ids)


@pytest.fixture
def splitters(folder: Path) -> str:
    (folder / "splitters.py").write_text(
        "def halves(text, config):\n    half = len(text) // 2\n    return [(0, half), (half, len(text))]\n"
        "def far(text, config):\n    return [(0, len(text) + 1)]\n"
        "def back(text, config):\n    return [(2, 3), (0, 1)]\n"
        "def blank(text, config):\n    return [(1, 2)]\n"
        "def wrong(text, config):\n    return ['ab']\n"
        "def fails(text, config):\n    raise KeyError('no')\n"
        "value = 3\n"
    )
    return "splitters"


def test_no_window_of_tokens_is_blank_where_its_first_token_counts_more_by_itself() -> None:
    text = "\u2053\u17835\u109a\u32cf\u8283\n"
    chunks = cut(text, strategy="sliding-window", unit="tokens", chunk_size=8, overlap=1)
    assert all(each.strip() for each in chunks)


@pytest.mark.parametrize("text", ["\u6e1d\x1c\u0342\ud5a7", "\x1c\u0e33\udcfd", "\x00\u0e33x", "\u2028\u0e33x \uff9ey"])
def test_words_after_control_characters_count_as_in_the_chunk_by_itself(text: str) -> None:
    chunks = chunk_text(text, RunConfig(strategy="fixed-size", chunk_size=1))
    assert [each.units for each in chunks] == counted_alone([each.text for each in chunks], "words")


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_blocks_are_skipped_on_both_sides_of_a_border_of_documents(strategy: str, unit: Unit) -> None:
    texts = ["One.\n\n```\ncode\n```\n", "```\nmore code\n```\n\nTwo."]
    corpus = Corpus([Document(f"{number}.md", text) for number, text in enumerate(texts)])
    config = RunConfig(strategy=strategy, unit=unit, skip_blocks=("code",), embedding_model="hashing")
    assert [each.text.strip() for each in chunk(corpus, config)] == ["One.", "Two."]
    assert describe_skipped(corpus, config).startswith("skip_blocks leaves out 2 code")


def test_a_function_of_the_users_own_cuts(splitters: str) -> None:
    assert cut("one two", strategy=f"{splitters}:halves") == ["one", " two"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("splitters:far", "(0, 4) as chunk 1, which is not a stretch of the text, for a.md of 3 characters"),
        ("splitters:back", "(0, 1) as chunk 2, which starts before the chunk before it"),
        ("splitters:blank", "(1, 2) as chunk 1, which is blank"),
        ("splitters:wrong", "'ab' as chunk 1, which is not a pair of whole numbers"),
        ("splitters:fails", "splitters:fails raised KeyError for a.md: 'no'"),
        ("splitters:nothing", "nothing"),
        ("splitters:value", "value"),
        ("no_such_module:cut", "no_such_module"),
    ],
)
def test_what_is_wrong_with_a_users_function_is_a_sentence(splitters: str, name: str, sentence: str) -> None:
    with pytest.raises(InputError) as error:
        cut("a b", strategy=name)
    assert sentence in str(error.value)
