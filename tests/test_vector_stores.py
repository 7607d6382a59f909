"""The scripts of docs/vector_stores.md, run against stores that run embedded, and scored as a reader would."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

from rag_chunk import Chunk, RunConfig, chunk, read_corpus

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/vector_stores.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"(?s)<!-- file: (\S+) -->\n\n```python\n(.*?)```", PAGE))


def _fill_chroma(chunks: list[Chunk], embed) -> None:
    import chromadb

    collection = chromadb.PersistentClient("chroma").create_collection("docs", metadata={"hnsw:space": "cosine"})
    collection.add(
        ids=[each.id for each in chunks],
        documents=[each.text for each in chunks],
        metadatas=[{"source": each.document.name} for each in chunks],
        embeddings=[embed(each.text) for each in chunks],
    )


def _fill_qdrant(chunks: list[Chunk], embed) -> None:
    from qdrant_client import QdrantClient, models

    client = QdrantClient(path="qdrant")
    client.create_collection("docs", models.VectorParams(size=256, distance=models.Distance.COSINE))
    points = [
        models.PointStruct(
            id=number, vector=embed(each.text), payload={"source": each.document.name, "text": each.text}
        )
        for number, each in enumerate(chunks)
    ]
    client.upsert("docs", points)
    client.close()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    copytree(ROOT / "examples", tmp_path / "examples")
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.filterwarnings("default")  # those of the stores are not ours to mend
@pytest.mark.parametrize(
    ("package", "script", "fill"),
    [("chromadb", "from_chroma.py", _fill_chroma), ("qdrant_client", "from_qdrant.py", _fill_qdrant)],
)
def test_what_a_store_holds_and_ranks_can_be_scored(folder, package, script, fill):
    pytest.importorskip(package)
    chunks = list(chunk(read_corpus("examples"), RunConfig(strategy="header")))
    fill(chunks, importlib.import_module("embedding").embed)
    subprocess.run([sys.executable, script], check=True)
    command = ["score", "--corpus", "examples", "--test-file", "examples/questions.json", "--output", "json", "--quiet"]
    command += ["--chunks", "chunks.jsonl", "--retrieved", "ranked.jsonl"]
    scored = subprocess.run([sys.executable, "-m", "rag_chunk", *command], check=True, capture_output=True).stdout
    (configuration,) = json.loads(scored)["configurations"]
    assert configuration["metrics"]["num_chunks"] == len(chunks)
    assert configuration["metrics"]["coverage"] == 1
    assert configuration["metrics"]["random_recall"] + 0.1 < configuration["metrics"]["budget_recall"]
