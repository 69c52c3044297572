"""What may not be called, what a file may not be named, and what may not stand in a file."""

import re
from collections import namedtuple

from layers import includes
from tree import Finding, folder_of, line_of

# `pattern` is searched in code without comments and literals. `allowed` are folders of src/, or
# single files ("daemon/privileges.cc") with the reason as a comment beside them.
Ban = namedtuple("Ban", "pattern allowed why")

BANS = (
    Ban(r"\b(?:system|steady|high_resolution)_clock\s*::\s*now\b"
        r"|\b(?:clock_gettime|gettimeofday)\s*\("
        r"|(?<![\w.>])time\s*\(\s*(?:nullptr|NULL|0|&\w+)\s*\)", {"io"},
        "the simulator could not move this time; take an io::Clock"),
    Ban(r"(?<![\w.>])(?:s?rand|[dlm]rand48|getrandom|getentropy|arc4random\w*)\s*\("
        r"|\brandom_device\b|\bmt19937|\bdefault_random_engine\b|\bRAND_bytes\b", {"io"},
        "a seed could not repeat this; take an io::Rng"),
    Ban(r"\bstd\s*::\s*[io]?fstream\b|(?<![\w.>])f(?:re)?open\s*\(|\bopenat\s*\("
        r"|(?<![\w>])::\s*(?:open|creat|unlink|rename|mkdir|fsync|fdatasync)\s*\("
        r"|\bstd\s*::\s*rename\s*\(", {"io"},
        "the simulator's disk would not see this; use io's files"),
    Ban(r"\bfilesystem\s*::\s*"
        r"(?:create_|remove|rename|copy|resize_file|permissions|last_write_time)", {"io"},
        "the simulator's disk would not see this; use io's files"),
    Ban(r"(?<![\w>])::\s*"
        r"(?:socket|connect|bind|listen|accept4?|send(?:to|msg)?|recv(?:from|msg)?)\s*\("
        r"|\bgetaddrinfo\s*\(|\bgethostby\w+\s*\(", {"io"},
        "the simulator's network would not see this; use io's sockets, and dns for names"),
    Ban(r"\bstd\s*::\s*(?:j?thread|async)\b|\bpthread_create\b|(?<!io::)\bsleep_(?:for|until)\b"
        r"|\b(?:u|nano)sleep\s*\(|(?<![\w>])::\s*sleep\s*\(", {"io"},
        "threads and waiting belong to io; use its worker threads and timers"),
    Ban(r"\b(?:secure_)?getenv\s*\(", {"cli"},
        "settings come as parameters; read the environment in cli"),
)

# Headers that serve only what is banned above, and who may include them.
HEADERS = {
    **dict.fromkeys(("fcntl.h", "fstream", "netdb.h", "poll.h", "random", "sys/epoll.h",
                     "sys/random.h", "sys/socket.h", "sys/time.h", "sys/uio.h", "thread"), {"io"}),
    **dict.fromkeys(("unistd.h", "sys/stat.h"), {"io", "daemon", "cli"}),  # rights, terminals
}

EMPTY_NAMES = {"util", "utils", "common", "core", "helper", "helpers", "manager", "misc"}

# Where a working copy once stood, and words of a conversation about the work, say nothing to a
# reader of the repository. Written so that they do not match themselves.
TRACES = re.compile(r"(?<![\w.}])/(?:[w]ork|[r]oot)/|/home/(?!user\b|alice\b|bob\b)[a-z]\w*/"
                    r"|\bsub-?[a]gents?\b|\blanguage [m]odel\b", re.IGNORECASE)


def banned_calls_stay_inside_io(tree):
    bans = [(re.compile(ban.pattern), ban) for ban in BANS]
    for path in tree.sources():
        code = tree.code(path)
        for pattern, ban in bans:
            if _is_allowed(path, ban.allowed):
                continue
            for match in pattern.finditer(code):
                called = match.group().rstrip("( ")
                yield Finding(path, line_of(code, match.start()), f"{called}: {ban.why}")
        for line, _, header in includes(tree, path):
            if header in HEADERS and not _is_allowed(path, HEADERS[header]):
                homes = ", ".join(sorted(HEADERS[header]))
                yield Finding(path, line, f"<{header}> may be included only in {homes}; use their "
                                          "interface")


def _is_allowed(path, allowed):
    return folder_of(path) in allowed or path.removeprefix("src/") in allowed


def names_say_something(tree):
    for path in tree.files:
        for part in path.split("/"):
            if part.split(".")[0].lower() in EMPTY_NAMES:
                yield Finding(path, 1, f'"{part}" tells a reader nothing; name it after what it '
                                       "holds")


def no_trace_of_a_machine(tree):
    for path in tree.files:
        for line, text in tree.lines(path):
            match = TRACES.search(text)
            if match or str(tree.root) + "/" in text:
                found = match.group() if match else str(tree.root)
                yield Finding(path, line, f'"{found}" means nothing outside the machine or the '
                                          "conversation that it came from; remove it")
