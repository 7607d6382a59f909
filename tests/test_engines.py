"""The scripts of docs/pipeline.md in Dask, Hugging Face `datasets` and Ray, as a reader would run them."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rag_chunk import chunk, read_corpus
from rag_chunk.config import read_config

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/pipeline.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"(?s)<!-- file: (\w+_chunks\.py) -->\n\n```python\n(.*?)```", PAGE))
PACKAGES = {"dask_chunks.py": "dask.dataframe", "datasets_chunks.py": "datasets", "ray_chunks.py": "ray.data"}


def test_each_engine_has_an_example_of_about_ten_lines() -> None:
    assert FILES.keys() == PACKAGES.keys()
    assert all(len([line for line in text.splitlines() if line.strip()]) <= 10 for text in FILES.values())


@pytest.mark.parametrize("script", PACKAGES)
def test_an_engine_makes_the_chunks_that_chunk_makes(folder: Path, script: str) -> None:
    package, _, _ = PACKAGES[script].partition(".")
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: make test-engines")
    corpus = read_corpus(ROOT / "examples")
    rows = [{"name": document.name, "text": document.text} for document in corpus.documents]
    (folder / "documents").mkdir()
    (folder / "chunks").mkdir()
    for part in range(3):
        pq.write_table(pa.Table.from_pylist(rows[part::3]), folder / f"documents/{part}.parquet")
    (folder / "chunking.yaml").write_text("strategy: markdown\nchunk_size: 120\noverlap: 20\n")
    (folder / script).write_text(FILES[script])
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    made = [row for path in sorted(folder.glob("chunks/*.parquet")) for row in pq.read_table(path).to_pylist()]
    expected = [each.to_dict() for each in chunk(corpus, read_config(folder / "chunking.yaml").config())]
    columns = made[0].keys() & {"id", "document", "start", "end", "lines", "units", "headings", "text"}
    assert {"id", "document", "start", "end", "text"} <= columns
    shown = sorted(([(name, row[name]) for name in sorted(columns)] for row in made), key=str)
    assert shown == sorted(([(name, row[name]) for name in sorted(columns)] for row in expected), key=str)
