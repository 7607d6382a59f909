"""The configuration that won, in a LangChain pipeline: load, cut, index, retrieve, and show exactly where the text stands.

    python examples/langchain_pipeline.py [CONFIG]

CONFIG is a config file, such as `rag-chunk export-config` or examples/library.py writes, or an alias in MLflow's registry,
such as models:/docs-chunking@champion. Needs rag-chunk with its extra
langchain. The vectors are rag-chunk's `hashing`, which needs no model; put the embeddings of your pipeline in its place.
"""

import sys
from pathlib import Path

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import InMemoryVectorStore

from rag_chunk import RunConfig, config_from_run, langchain_splitter
from rag_chunk.embedder import embed

HERE = Path(__file__).parent
QUESTION = "What do the parameters k1 and b of BM25 do?"


class Hashing(Embeddings):
    """rag-chunk's lexical vectors, as LangChain asks for them."""

    config = RunConfig(retriever="dense", embedding_model="hashing")

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return embed(texts, self.config).tolist()

    def embed_query(self, text: str) -> list[float]:
        return embed([text], self.config, "query")[0].tolist()


def main(config: RunConfig | str) -> None:
    paths = sorted(HERE.rglob("*.md"))
    documents = [
        Document(path.read_text(encoding="utf-8"), metadata={"source": path.relative_to(HERE).as_posix()})
        for path in paths
    ]
    if str(config).startswith("models:/"):
        config = config_from_run(str(config))
    chunks = langchain_splitter(config).split_documents(documents)
    store = InMemoryVectorStore.from_documents(chunks, Hashing())
    print(f"{len(documents)} documents, {len(chunks)} chunks. {QUESTION}")

    texts = {document.metadata["source"]: document.page_content for document in documents}
    for found in store.similarity_search(QUESTION, k=3):
        place = found.metadata
        print(place["id"], "|", place["headings"])
        if texts[place["source"]][place["start_index"] : place["end_index"]] != found.page_content:
            sys.exit(f"{place['id']} does not stand where it says")


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else RunConfig(strategy="markdown", chunk_size=150))
