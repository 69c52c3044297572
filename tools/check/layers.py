"""Who may include whom: the table of cmake/layers.cmake against the real #includes."""

import re

from tree import Finding, folder_of, line_of

TABLE = "cmake/layers.cmake"
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
WIRING = {"daemon", "cli"}

# Third-party header (a prefix) -> the folders that may include it.
HOMES = {
    "boost/asio": {"io"},
    "boost/beast": {"web"},
    "openssl/ssl": {"tls"},
    "openssl/": {"tls", "io", "sasl", "oauth", "records", "mailauth", "publish"},
    "unbound.h": {"dns"},
    "gsasl": {"sasl"},
    "rocksdb/": {"spool"},
    "sqlite3.h": {"records"},
    "toml++/": {"toml"},
    "re2/": {"classify", "bounces"},
    "gmime/": {"message"},
    "expat.h": {"message"},
    "archive": {"message", "logs"},
    "curl/": {"seeds"},
    "CLI/": {"cli"},
    "spdlog/": WIRING,
}


def table(tree):
    """{folder: (line, {folders that it may include})} from waypost_library(NAME DEPENDS ...)."""
    text = re.sub(r"#[^\n]*", lambda match: " " * len(match.group()), tree.text(TABLE))
    libraries = {}
    for match in re.finditer(r"\bwaypost_library\(\s*(\w+)([^)]*)\)", text):
        depends = re.search(r"\bDEPENDS\b(.*?)(?:\bUSES\b|\Z)", match.group(2), re.DOTALL)
        allowed = set(depends.group(1).split()) if depends else set()
        libraries[match.group(1)] = (line_of(text, match.start()), allowed)
    return libraries


def includes(tree, path):
    """(line, quoted name or None, angled name or None) of each #include."""
    text = tree.without_comments(path)
    for match in INCLUDE.finditer(text):
        yield line_of(text, match.start()), match.group(1), match.group(2)


def includes_follow_the_table(tree):
    libraries = table(tree)
    for path in tree.sources():
        folder = folder_of(path)
        if folder and folder not in libraries:
            yield Finding(path, 1, f"folder {folder} is not in {TABLE}; add a waypost_library line "
                                   "there, and one in docs/decisions/002-layer-table.md")
            continue
        allowed = libraries[folder][1] | {folder} if folder else set(libraries)
        for line, quoted, _ in includes(tree, path):
            if quoted is None:
                continue
            target = quoted.split("/")[0] if "/" in quoted else None
            if target is None or not (tree.root / "src" / quoted).is_file():
                yield Finding(path, line, f'"{quoted}" is no header under src/; write '
                                          '"folder/header.h", and <> for others\' headers')
            elif target not in allowed:
                yield Finding(path, line, f"{folder or 'main'} may not include {target}; move the "
                                          f"code, or change {TABLE} openly")


def table_has_no_cycle(tree):
    libraries = table(tree)
    for name, (line, allowed) in libraries.items():
        for unknown in sorted(allowed - libraries.keys()):
            yield Finding(TABLE, line, f"{name} depends on {unknown}, which is no library; remove "
                                       "it or add its waypost_library line")
        if name in WIRING and allowed & WIRING - {name}:
            yield Finding(TABLE, line, "daemon and cli may not include each other; join them in "
                                       "src/main.cc")
        cycle = _path_back(libraries, name)
        if cycle:
            yield Finding(TABLE, line, f"a cycle: {' -> '.join(cycle)}; take one edge out")


def _path_back(libraries, start):
    """A path from `start` to itself, or None."""
    paths, seen = [[start]], set()
    while paths:
        path = paths.pop()
        for following in sorted(libraries.get(path[-1], (0, set()))[1]):
            if following == start:
                return path + [start]
            if following not in seen:
                seen.add(following)
                paths.append(path + [following])
    return None


def third_party_headers_stay_home(tree):
    for path in tree.sources():
        for line, _, angled in includes(tree, path):
            prefix = next((prefix for prefix in HOMES if angled and angled.startswith(prefix)), None)
            if prefix and folder_of(path) not in HOMES[prefix]:
                yield Finding(path, line, f"<{angled}> may be included only in "
                                          f"{', '.join(sorted(HOMES[prefix]))}; use that folder's "
                                          "interface")
