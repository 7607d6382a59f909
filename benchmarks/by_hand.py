"""One configuration as people measure it by hand: langchain cuts, bm25s ranks, and recall@5 is the only figure.

python benchmarks/by_hand.py FOLDER        # with texts/ and questions.json, as `workloads.py` writes them
"""

import json
import sys
from pathlib import Path

import bm25s
from langchain_text_splitters import RecursiveCharacterTextSplitter

DEPTH = 5


def main() -> None:
    """Print the share of the phrases that are in one of the five chunks that come first."""
    folder = Path(sys.argv[1])
    splitter = RecursiveCharacterTextSplitter.from_tiktoken_encoder("cl100k_base", chunk_size=200, chunk_overlap=50)
    chunks = splitter.split_text("\n\n".join(path.read_text("utf-8") for path in sorted((folder / "texts").iterdir())))
    asked = json.loads((folder / "questions.json").read_text("utf-8"))
    index = bm25s.BM25()
    index.index(bm25s.tokenize(chunks, stopwords="en", show_progress=False), show_progress=False)
    questions = bm25s.tokenize([each["question"] for each in asked], stopwords="en", show_progress=False)
    rows = index.retrieve(questions, k=DEPTH, show_progress=False).documents
    phrases = [
        any(phrase in chunks[row] for row in ranked)
        for each, ranked in zip(asked, rows.tolist(), strict=True)
        for phrase in each["relevant"]
    ]
    print(f"recall@{DEPTH}: {sum(phrases) / len(phrases):.3f}")


if __name__ == "__main__":
    main()
