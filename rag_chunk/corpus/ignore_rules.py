"""The ignore rules of git, read as text: no git program runs, because git obeys the configuration of the folder.

A repository's own configuration can name programs that `git check-ignore` starts. Whoever reads documents of somebody
else would run them. These rules are `.gitignore` in each folder and `info/exclude` of the repository; the rules of your
own account, and the list of files that git tracks although a rule ignores them, are not read.
"""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

_LARGEST = 1_000_000  # bytes of a file with rules
_MOST_RULES = 10_000  # of one file: what comes after them is not read, so that a hostile file cannot hold you up
_LONGEST = 4096  # bytes of a pattern: no path is longer
_TOKEN = re.compile(
    rb"\\.|\[(?P<not>[!^]?)(?P<set>\]?(?:\\.|\[:[a-z]*:\]|[^\]\\])*+)\]|(?P<star>\*+)|(?P<one>\?)|.", re.DOTALL
)
_MEMBER = re.compile(rb"\[:(?P<class>[a-z]*):\]|(?P<low>\\.|[^\\])(?:-(?P<high>\\.|[^\\]))?", re.DOTALL)
_CLASSES = {
    b"alnum": rb"[0-9A-Za-z]", b"alpha": rb"[A-Za-z]", b"blank": rb"[ \t]", b"cntrl": rb"[\x00-\x1f\x7f]",
    b"digit": rb"[0-9]", b"graph": rb"[!-~]", b"lower": rb"[a-z]", b"print": rb"[ -~]", b"punct": rb"[!-/:-@\[-`{-~]",
    b"space": rb"[ \t-\r]", b"upper": rb"[A-Z]", b"xdigit": rb"[0-9A-Fa-f]",
}  # fmt: skip
_ANY_FOLDERS = None
_Segment = re.Pattern[bytes] | None


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line: the `segments` of its pattern, for paths from the folder that is `depth` below the root.

    An `unanchored` pattern has one segment, which holds for names at any depth.
    """

    depth: int
    segments: tuple[_Segment, ...]
    unanchored: bool
    negated: bool
    folders_only: bool

    def match(self, parts: list[bytes]) -> bool:
        """Return whether the pattern is of this very path; what lies beneath a folder is left to the walk."""
        if self.unanchored:
            return _match_segments(self.segments, parts[-1:])
        return _match_segments(self.segments, parts[self.depth :])


@dataclass(frozen=True, slots=True)
class IgnoreRules:
    """The rules that hold inside one folder of the repository at `root`, where later ones win."""

    root: Path | None = None
    rules: tuple[_Rule, ...] = ()
    ignores_everything: bool = False
    unread: tuple[tuple[Path, str], ...] = ()  # files of this very folder whose rules are not all used, and why

    def ignore(self, path: Path, *, is_folder: bool = False) -> bool:
        """Return whether a file or folder directly inside is ignored; `path` is absolute."""
        if self.root is None or not self.rules:
            return self.ignores_everything
        parts = [os.fsencode(part) for part in path.relative_to(self.root).parts]
        usable = (rule for rule in reversed(self.rules) if is_folder or not rule.folders_only)
        last = next((rule for rule in usable if rule.match(parts)), None)
        return last is not None and not last.negated

    def enter(self, folder: Path) -> "IgnoreRules":
        """Return the rules that hold inside `folder`, which is directly inside: a repository of its own begins anew."""
        if self.ignore(folder, is_folder=True):
            return IgnoreRules(ignores_everything=True)
        file = folder / ".gitignore"
        if _is_repository(folder):
            outer, cut = _read_rules(_exclude_file(folder / ".git"), 0)
            own, cut_too = _read_rules(file, 0)
            return IgnoreRules(folder, (*outer, *own), unread=(*cut, *cut_too))
        if self.root is None:
            return self
        own, cut = _read_rules(file, len(folder.relative_to(self.root).parts))
        return IgnoreRules(self.root, (*self.rules, *own), unread=cut) if own or cut or self.unread else self


def rules_above(folder: Path) -> IgnoreRules:
    """Return the rules that hold inside `folder`, an absolute path without links.

    There are none outside a repository, and none of the folders above where those ignore `folder` itself: somebody
    named it on purpose.
    """
    above = [folder, *folder.parents]
    root = next((number for number, path in enumerate(above) if _is_repository(path)), -1)
    rules, unread = IgnoreRules(), list[tuple[Path, str]]()
    for inner in reversed(above[: root + 1]):
        rules = rules.enter(inner)
        unread += rules.unread
    return IgnoreRules() if rules.ignores_everything else replace(rules, unread=tuple(unread))


def _read_rules(file: Path, depth: int) -> tuple[list[_Rule], tuple[tuple[Path, str], ...]]:
    """Return the rules of a file; and where they are too many, the file and which of them are not used."""
    lines = _lines(file)
    if lines is None:
        return [], ((file, f"has more than {_LARGEST // 1_000_000} MB of ignore rules, and none of them is used"),)
    rules = [rule for line in lines[:_MOST_RULES] if (rule := _parse_rule(line, depth))]
    if any(map(bytes.strip, lines[_MOST_RULES:])):
        return rules, (
            (file, f"has more than {_MOST_RULES:,} lines of ignore rules, and those after them are not used"),
        )
    return rules, ()


def _parse_rule(line: bytes, depth: int) -> _Rule | None:
    """Return the rule of a line; none for a comment, an empty line or a pattern that can match nothing."""
    line = line.removesuffix(b"\r")
    if line.startswith(b"#") or len(line) > _LONGEST:
        return None
    stripped = line.rstrip(b" ")
    backslashes = len(stripped) - len(stripped.rstrip(b"\\"))
    pattern = stripped + b" " if backslashes % 2 and stripped != line else stripped
    negated, pattern = pattern.startswith(b"!"), pattern.removeprefix(b"!")
    folders_only, pattern = pattern.endswith(b"/"), pattern.removesuffix(b"/")
    unanchored = b"/" not in pattern
    segments = _parse_segments(pattern.removeprefix(b"/"), unanchored=unanchored)
    return _Rule(depth, segments, unanchored, negated, folders_only) if segments else None


def _parse_segments(pattern: bytes, *, unanchored: bool) -> tuple[_Segment, ...]:
    """Return an expression for each segment, `_ANY_FOLDERS` for `**`; nothing where git takes it for no pattern."""
    segments: list[list[re.Match[bytes]]] = [[]]
    for token in _TOKEN.finditer(pattern):
        if token[0] in {b"[", b"\\"}:  # neither closed nor followed by anything
            return ()
        if token[0] in {b"/", b"\\/"}:
            segments.append([])
        else:
            segments[-1].append(token)
    if not all(segments):
        return ()
    return tuple(
        _ANY_FOLDERS if not unanchored and len(each) == 1 and len(each[0]["star"] or b"") > 1 else _compile(each)
        for each in segments
    )


def _compile(tokens: list[re.Match[bytes]]) -> re.Pattern[bytes]:
    """Return the expression of one segment. Its wildcards are atomic: none is tried again when a later part fails."""
    pieces = [b""]
    for token in tokens:
        if token["star"]:
            pieces.append(b"")
        elif token["one"]:
            pieces[-1] += b"."
        elif token["set"] is not None:
            pieces[-1] += _class(token["set"], negated=bool(token["not"]))
        else:
            pieces[-1] += re.escape(token[0][-1:])
    first, *middle = pieces
    last = b".*" + middle.pop() if middle else b""
    return re.compile(first + b"".join(b"(?>.*?%b)" % piece for piece in middle) + last, re.DOTALL)


def _class(members: bytes, *, negated: bool) -> bytes:
    """Return the expression for one byte of a `[…]`; an unknown class such as `[:x:]` matches nothing."""
    chosen: set[int] = set()
    for member in _MEMBER.finditer(members):
        if member["class"] is not None:
            if member["class"] not in _CLASSES:
                return b"(?!)"
            chosen.update(byte for byte in range(256) if re.match(_CLASSES[member["class"]], bytes([byte])))
        else:
            low = member["low"][-1]
            chosen.update(range(low, (member["high"][-1] if member["high"] else low) + 1))
    kept = (set(range(256)) - chosen if negated else chosen) - {ord("/")}
    return b"[" + b"".join(b"\\x%02x" % byte for byte in sorted(kept)) + b"]" if kept else b"(?!)"


def _match_segments(segments: tuple[_Segment, ...], parts: list[bytes]) -> bool:
    """Return whether the segments use up all parts; `reached` is how many parts may be used up so far."""
    reached = {0}
    for number, segment in enumerate(segments, start=1):
        if segment is _ANY_FOLDERS:
            reached = set(range(min(reached) + (number == len(segments)), len(parts) + 1))
        else:
            reached = {used + 1 for used in reached if used < len(parts) and segment.fullmatch(parts[used])}
        if not reached:
            return False
    return len(parts) in reached


def _is_repository(folder: Path) -> bool:
    return os.path.exists(folder / ".git")  # noqa: PTH110 - raises nothing for a folder without permission


def _exclude_file(git: Path) -> Path:
    """Return `info/exclude` of the repository; in a submodule or worktree `.git` is a file that names its folder."""
    pointer = _first_line(git)
    if pointer.startswith("gitdir:"):
        git = git.parent / pointer.removeprefix("gitdir:").strip()
        common = _first_line(git / "commondir")
        git = git / common if common else git
    return git / "info" / "exclude"


def _first_line(file: Path) -> str:
    return os.fsdecode(next(iter(_lines(file) or ()), b"")).strip()


def _lines(file: Path) -> list[bytes] | None:
    """Return the lines of a regular file: none where there is none, and None where it is too large.

    git does not follow a linked `.gitignore`.
    """
    try:
        if not file.is_file() or (file.name == ".gitignore" and file.is_symlink()):
            return []
        if file.stat().st_size > _LARGEST:
            return None
        return file.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
    except (OSError, ValueError):
        return []
