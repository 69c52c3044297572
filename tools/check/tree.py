"""The files under check, read once, and what C++ looks like without comments and literals."""

import functools
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

SKIPPED_FOLDERS = {".git", "build", "__pycache__", ".pytest_cache", "node_modules"}


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    what: str  # what is wrong; what to do

    def __str__(self):
        return f"{self.path}:{self.line}: {self.what}"


class Tree:
    """A checkout. `files` are the paths, relative, that git tracks or would add."""

    def __init__(self, root):
        self.root = Path(root).resolve()
        self.files = sorted(path for path in self._list() if (self.root / path).is_file())

    def _list(self):
        if not (self.root / ".git").exists():
            return [str(path.relative_to(self.root)) for path in self.root.rglob("*")
                    if not SKIPPED_FOLDERS & set(path.relative_to(self.root).parts)]
        listed = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"],
            cwd=self.root, capture_output=True, text=True, check=True).stdout
        return {path for path in listed.split("\0") if path}

    @functools.cache
    def text(self, path):
        """The file's text; empty for one that is not UTF-8 or not there."""
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            return ""

    def lines(self, path):
        return enumerate(self.text(path).splitlines(), start=1)

    @functools.cache
    def code(self, path):
        """C++ with comments and literals blanked out; every line keeps its number and width."""
        return _LITERAL.sub(lambda match: _blank(match.group()), self.text(path))

    @functools.cache
    def without_comments(self, path):
        keep = lambda match: _blank(match.group()) if match.group().startswith("/") else match.group()
        return _LITERAL.sub(keep, self.text(path))

    def sources(self):
        """The C++ files of src/."""
        return [path for path in self.files if path.startswith("src/") and path.endswith((".cc", ".h"))]

    def documents(self):
        return [path for path in self.files if path.endswith(".md")]


_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/'
    r'|\bu?8?U?L?R"(?P<mark>[^()\\\s]*)\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'",
    re.DOTALL)


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def folder_of(path):
    """The folder of src/ that a source belongs to; "" for src/main.cc."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else ""


def line_of(text, position):
    return text.count("\n", 0, position) + 1
