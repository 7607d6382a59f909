"""What `analysis.py` measures of rag-chunk alone: commands over folders that are made of the public data.

Prose is chroma-eval and three languages of XQuAD, in their real size, with the questions of both. What grows is made of it
with the words of each copy in others' places, so that no copy repeats another.
"""

import json
import random
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from peers import read_texts, texts_of_size
from public_data import read, read_squad

MB = 1_000_000
SIZES = "80,100,120,150,200,250,300,400,600,800"
LANGUAGES = ("en", "de", "es")
FROM_XQUAD = 196  # questions, evenly taken
PHRASE = 160  # characters
SHARDED = 65  # MB: from here on, a corpus is divided among several processes
BARE_APP = "import typer\napp = typer.Typer()\n@app.command()\ndef a(x: int = 1): ...\n@app.command()\ndef b(x: int = 1): ...\napp()\n"

Asked = list[dict[str, Any]]


class Workload(NamedTuple):
    """A command line by its name in the table; with `caches`, it is run with an empty cache and then again."""

    name: str
    command: list[str]
    caches: bool = True


def workloads(data: Path, work: Path, sizes: list[int], chunklab: str | None = None) -> Iterator[Workload]:
    """Yield the commands, smallest first; what each reads is written into `work` just before.

    `sizes` are those of the corpora that grow, in MB. `chunklab` is that program, in an environment of its own.
    """
    (work / "bare.py").write_text(BARE_APP, encoding="utf-8")
    yield Workload("a bare Typer app's --help", [sys.executable, str(work / "bare.py"), "--help"], caches=False)
    yield Workload("rag-chunk --help", [*_PROGRAM, "--help"], caches=False)
    yield _tiny(work / "tiny")
    asked = _write_prose(data, work / "prose")
    sweep = ["--strategy", "sliding-window,recursive-character,sentence", "--chunk-size", SIZES, "--overlap", "0,20"]
    tokens = ["--unit", "tokens", "--model", "cl100k_base"]
    yield _analyze("prose, 1 configuration in tokens", work / "prose", ["--strategy", "recursive-character", *tokens])
    yield from _others(work / "prose", asked, chunklab)
    yield _analyze("prose, 60 configurations in tokens", work / "prose", [*sweep, *tokens])
    dense = ["--retriever", "dense", "--embedding-model", "hashing"]
    yield _analyze("prose, 60 configurations, hashing vectors", work / "prose", [*sweep, *dense])
    for size in sizes:
        name = work / f"grown-{size}"
        _write_grown(work / "prose", asked, name, size)
        many = ["--test-file", str(name / "phrases.json")]
        if size <= 10:
            yield _analyze(f"{size} MB, 5,000 phrases", name, ["--strategy", "recursive-character", *many])
        two = ["--strategy", "recursive-character", "--chunk-size", "200,400"]
        yield _analyze(f"{size} MB, 200 questions, 2 configurations", name, two)
        if size >= SHARDED:
            yield _analyze("the same with --workers 1", name, [*two, "--workers", "1"])


def _others(prose: Path, asked: Asked, chunklab: str | None) -> Iterator[Workload]:
    """Yield what people do instead for one configuration, as far as it is installed."""
    if find_spec("langchain_text_splitters") and find_spec("bm25s"):
        script = str(Path(__file__).with_name("by_hand.py"))
        yield Workload(
            "the same by hand: langchain, bm25s, recall@5", [sys.executable, script, str(prose)], caches=False
        )
    if chunklab:
        strategies = [{"name": "recursive", "params": {"chunk_size": 200, "overlap": 50}}]
        settings = {"embedding": {"backend": "fake"}, "retrieval": {"mode": "bm25"}, "strategies": strategies}
        (prose / "chunklab.yaml").write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
        questions = [
            {"id": str(number), "query": each["question"], "gold_snippets": each["relevant"]}
            for number, each in enumerate(asked)
        ]
        (prose / "chunklab_questions.yaml").write_text(json.dumps({"questions": questions}), encoding="utf-8")
        files = ["--questions", str(prose / "chunklab_questions.yaml"), "--config", str(prose / "chunklab.yaml")]
        command = [chunklab, "run", "--docs", str(prose / "texts"), *files, "--out", str(prose / "out")]
        yield Workload("the same by chunklab, BM25", [*command, "--skip-validation"], caches=False)


_PROGRAM = [sys.executable, "-m", "rag_chunk"]


def _analyze(name: str, folder: Path, options: list[str]) -> Workload:
    test_file = [] if "--test-file" in options else ["--test-file", str(folder / "questions.json")]
    fixed = [*_PROGRAM, "analyze", str(folder / "texts"), "--output", "json", "--quiet"]
    return Workload(name, [*fixed, *test_file, *options])


def _tiny(folder: Path) -> Workload:
    asked = [{"question": "Where is the switch?", "relevant": ["The switch is on the left."]}]
    _write(folder, {"a.md": "# Guide\n\nThe switch is on the left. Turn it once.\n"}, asked)
    return _analyze("one tiny file, in words", folder, ["--strategy", "recursive-character"])


def _write(folder: Path, texts: dict[str, str], asked: Asked) -> None:
    (folder / "texts").mkdir(parents=True)
    for name, text in texts.items():
        (folder / "texts" / name).write_text(text, encoding="utf-8")
    (folder / "questions.json").write_text(json.dumps(asked), encoding="utf-8")


def _write_prose(data: Path, folder: Path) -> Asked:
    """Write the prose and its questions; return those whose evidence is there word for word."""
    corpus, questions = read(data / "chroma-eval")
    texts = {document.name: document.text for document in corpus.documents}
    asked = [
        {"question": each.question, "relevant": [corpus.text(*item.spans[0]) for item in each.evidence]}
        for each in questions.questions
    ]
    for language in LANGUAGES:
        documents, answered = read_squad(data / "xquad" / f"xquad.{language}.json")
        texts |= {f"{language}-{document.name}": document.text for document in documents.documents}
        if language == LANGUAGES[0]:
            text_of = {document.name: document.text for document in documents.documents}
            spans = [(each["question"], each["evidence"][0]) for each in answered[:: len(answered) // FROM_XQUAD]]
            asked += [
                {"question": question, "relevant": [_sentence(text_of[span["doc"]], span["start"], span["end"])]}
                for question, span in spans[:FROM_XQUAD]
            ]
    _write(folder, texts, asked)
    return asked


def _sentence(text: str, start: int, end: int) -> str:
    """Return the stretch with what is around it up to full stops."""
    first, last = text.rfind(". ", 0, start), text.find(". ", end)
    return text[first + 2 if first >= 0 else 0 : last + 1 if last >= 0 else len(text)].strip()


def _write_grown(prose: Path, asked: Asked, folder: Path, megabytes: int) -> None:
    """Write `megabytes` of prose with 200 of its questions, and 5,000 more that are given as phrases of all of it."""
    texts = list(texts_of_size(read_texts(prose / "texts", "*"), megabytes * MB, seed=0))
    _write(folder, {f"{number:06}.txt": text for number, text in enumerate(texts)}, asked[:200])
    rng = random.Random(0)  # noqa: S311 - texts, not secrets
    phrases: Asked = []
    while len(phrases) < 5000:
        text = rng.choices(texts, weights=[len(text) for text in texts])[0]
        start = rng.randrange(len(text))
        phrase = " ".join(text[start : start + PHRASE].split()[1:-1])
        if phrase:
            phrases.append({"question": f"{len(phrases)}: {phrase[:30]}?", "relevant": [phrase]})
    (folder / "phrases.json").write_text(json.dumps(phrases), encoding="utf-8")
