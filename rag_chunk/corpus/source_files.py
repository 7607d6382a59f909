"""Files that are read where `include` names their ending: source code and data, each with its grammar, and AsciiDoc."""

from pathlib import PurePosixPath

_ENDINGS = {
    "bash": ".sh .bash",
    "c": ".c .h",
    "cpp": ".cc .cpp .cxx .hh .hpp .hxx",
    "csharp": ".cs",
    "dart": ".dart",
    "elixir": ".ex .exs",
    "erlang": ".erl .hrl",
    "go": ".go",
    "graphql": ".graphql .gql",
    "haskell": ".hs",
    "hcl": ".hcl .tf",
    "java": ".java",
    "javascript": ".js .cjs .mjs .jsx",
    "json": ".json",
    "julia": ".jl",
    "kotlin": ".kt .kts",
    "latex": ".tex",
    "lua": ".lua",
    "objc": ".m",
    "ocaml": ".ml",
    "perl": ".pl .pm",
    "php": ".php",
    "powershell": ".ps1",
    "proto": ".proto",
    "python": ".py .pyi",
    "r": ".r",
    "ruby": ".rb",
    "rust": ".rs",
    "scala": ".scala",
    "solidity": ".sol",
    "sql": ".sql",
    "swift": ".swift",
    "toml": ".toml",
    "tsx": ".tsx",
    "typescript": ".ts .cts .mts",
    "yaml": ".yaml .yml",
    "zig": ".zig",
}
_GRAMMARS = {ending: grammar for grammar, endings in _ENDINGS.items() for ending in endings.split()}
PLAIN_ENDINGS = (".adoc", ".asciidoc")  # without a grammar: no well-kept parser gives the positions of their headings
SOURCE_ENDINGS = tuple(sorted([*_GRAMMARS, *PLAIN_ENDINGS]))


def grammar_of(name: str) -> str | None:
    """Return the grammar of a document's name; None where it is no source code or data.

    >>> grammar_of("src/Main.java"), grammar_of("guide.md")
    ('java', None)
    """
    return _GRAMMARS.get(PurePosixPath(name).suffix.lower())
