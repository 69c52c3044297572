"""Each check of ./dev check, over a small tree with one violation planted."""

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "check"))

import calls  # noqa: E402
import dashboard  # noqa: E402
import documents  # noqa: E402
import findings  # noqa: E402
import formatting  # noqa: E402
import layers  # noqa: E402
import sizes  # noqa: E402
from tree import Tree  # noqa: E402

TABLE = """# waypost_library(ghost DEPENDS base) is only a comment
waypost_library(base USES fmt::fmt)
waypost_library(io DEPENDS base)
waypost_library(queue
  DEPENDS base io
  USES spdlog::spdlog)
waypost_library(daemon DEPENDS base io queue)
waypost_library(cli DEPENDS base io queue)
"""
FOLDERS = """<!-- folders -->
| `base` | words |
| `io` | the door |
| `queue` | when |
| `daemon` | joins |
| `cli` | asks |
<!-- /folders -->
| `elsewhere` | a table that is not ours |
"""
CLEAN = {
    "cmake/layers.cmake": TABLE,
    "ARCHITECTURE.md": FOLDERS,
    "docs/rfc.tsv": "# number\ttitle\tkept\tnote\n5321\tSMTP\tpartial\tsending\n",
    "src/base/time.h": "#pragma once\n",
    "src/queue/schedule.h": "#pragma once\n",
    "src/queue/schedule.cc": '#include "queue/schedule.h"\n\n#include "base/time.h"\n'
                             "// RFC 5321 §4.5.4 says how long; system_clock::now is for io.\n"
                             'const char* text = "rand() and getenv(";\n',
    "rules/checks/ids.txt": "# append-only\nM1001 no-name\n",
    "rules/checks/1-name.toml": '[[check]]\nid = "M1001"\nslug = "no-name"\n[[check.fix]]\nid = "x"\n',
    "src/main.cc": '#include "base/time.h"\nint main() {}\n',
}


@pytest.fixture(name="plant")
def plant_fixture(tmp_path):
    """plant({path: text}) writes the clean tree with these files on top."""
    def plant(files=()):
        for path, text in {**CLEAN, **dict(files)}.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, encoding="utf-8")
        return Tree(tmp_path)
    return plant


def commit(folder):
    for command in (["init", "-q"], ["add", "-A"],
                    ["-c", "user.name=n", "-c", "user.email=e@example.org", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)


def said(check, tree):
    return [str(finding) for finding in check(tree)]


def body(lines):
    return "void grow(int count) {\n" + "  ++count;\n" * (lines - 2) + "}\n"


CHECKS = (
    layers.includes_follow_the_table, layers.table_has_no_cycle,
    layers.third_party_headers_stay_home, calls.banned_calls_stay_inside_io,
    calls.await_stands_alone, calls.names_say_something, calls.no_trace_of_a_machine, sizes.functions_stay_short,
    sizes.files_stay_short, documents.cited_rfcs_are_listed,
    documents.architecture_lists_every_folder, documents.links_point_at_files,
    findings.list_and_files_agree, findings.published_ids_stay)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_clean_tree_passes(plant, check):
    assert said(check, plant()) == []


PLANTED = (
    (layers.includes_follow_the_table,
     "src/base/time.cc", '#include "io/clock.h"\n', "src/base/time.cc:1: ", None),
    (layers.includes_follow_the_table,
     "src/base/time.cc", '\n#include "queue/schedule.h"\n', "src/base/time.cc:2: base may not include queue", None),
    (layers.includes_follow_the_table,
     "src/queue/schedule.cc", '#include "schedule.h"\n', "src/queue/schedule.cc:1: ", None),
    (layers.includes_follow_the_table,
     "src/stray/lost.cc", "", "folder stray is not in", None),
    (layers.table_has_no_cycle,
     "cmake/layers.cmake", TABLE.replace("io DEPENDS base", "io DEPENDS base queue"), "io -> queue -> io", None),
    (layers.table_has_no_cycle,
     "cmake/layers.cmake", TABLE + "waypost_library(smtp DEPENDS bass)\n", "smtp depends on bass", None),
    (layers.table_has_no_cycle,
     "cmake/layers.cmake", TABLE.replace("cli DEPENDS base", "cli DEPENDS daemon"), "daemon and cli", None),
    (layers.third_party_headers_stay_home,
     "src/queue/schedule.cc", "#include <boost/asio/io_context.hpp>\n", "only in io", "src/io/loop.cc"),
    (layers.third_party_headers_stay_home,
     "src/io/loop.cc", "#include <openssl/ssl.h>\n", "only in tls", "src/tls/context.cc"),
    (layers.third_party_headers_stay_home,
     "src/queue/schedule.cc", "#include <openssl/evp.h>\n", "src/queue/schedule.cc:1: ", "src/records/users.cc"),
    (calls.banned_calls_stay_inside_io,
     "src/queue/a.cc", "auto t = std::chrono::system_clock::now();\n", "io::Clock", "src/io/a.cc"),
    (calls.banned_calls_stay_inside_io,
     "src/queue/a.cc", "auto t = std::time(nullptr);\n", "io::Clock", "src/io/a.cc"),
    (calls.banned_calls_stay_inside_io,
     "src/queue/a.cc", "int n = 1'000 + rand();\n", "io::Rng", "src/io/a.cc"),
    (calls.banned_calls_stay_inside_io,
     "src/queue/a.cc", "std::ifstream in(path);\n", "io's files", "src/io/a.cc"),
    (calls.banned_calls_stay_inside_io,
     "src/queue/a.cc", "int file = ::open(path, 0);\n", "io's files", "src/io/a.cc"),
    (calls.banned_calls_stay_inside_io,
     "src/queue/a.cc", "std::filesystem::remove_all(path);\n", "io's files", "src/io/a.cc"),
    (calls.banned_calls_stay_inside_io,
     "src/queue/a.cc", "int s = ::socket(2, 1, 0);\n", "io's sockets", "src/io/a.cc"),
    (calls.banned_calls_stay_inside_io,
     "src/queue/a.cc", "\n\nstd::thread worker(run);\n", "src/queue/a.cc:3: ", "src/io/a.cc"),
    (calls.banned_calls_stay_inside_io,
     "src/queue/a.cc", "std::this_thread::sleep_for(pause);\n", "timers", "src/io/a.cc"),
    (calls.banned_calls_stay_inside_io,
     "src/queue/a.cc", 'const char* home = std::getenv("HOME");\n', "in cli", "src/cli/a.cc"),
    (calls.banned_calls_stay_inside_io,
     "src/queue/a.cc", "#include <sys/socket.h>\n", "only in io", "src/io/a.cc"),
    (calls.await_stands_alone,
     "src/queue/a.cc", "\n  if (ready && !co_await write(text)) return;\n", "src/queue/a.cc:2: ", None),
    (calls.await_stands_alone,
     "tests/sim/a.cc", "  auto next = fast ? co_await one() : co_await two();\n", "bind its result", None),
    (calls.names_say_something, "src/base/util.cc", "", '"util.cc"', None),
    (calls.names_say_something, "src/common/x.cc", "", '"common"', None),
    (calls.no_trace_of_a_machine, "docs/a.md", "see /wo" "rk/notes.txt\n", "docs/a.md:1: ", None),
    (calls.no_trace_of_a_machine, "docs/a.md", "\nas the sub" "agent said\n", "docs/a.md:2: ", None),
    (sizes.functions_stay_short, "src/queue/long.cc", body(71), "long.cc:1: grow has 71 lines", None),
    (sizes.files_stay_short, "src/queue/long.cc", "int a;\n" * 801, "has 801 lines", None),
    (documents.cited_rfcs_are_listed,
     "src/queue/a.cc", "// RFC " "9999 §1\n", "RFC " "9999 is not in", None),
    (documents.cited_rfcs_are_listed,
     "src/queue/a.cc", "// RFC" "5321 4.2\n", "exactly so", None),
    (documents.cited_rfcs_are_listed,
     "src/queue/a.cc", "// RFC " "5321, section 4.2\n", "exactly so", None),
    (documents.cited_rfcs_are_listed, "docs/rfc.tsv", "5321\tSMTP\tmostly\t\n", "not a row", None),
    (documents.cited_rfcs_are_listed,
     "docs/rfc.tsv", "5322\tIMF\tno\t\n5321\tSMTP\tno\t\n", "out of order", None),
    (documents.architecture_lists_every_folder,
     "ARCHITECTURE.md", FOLDERS.replace("| `io` | the door |\n", ""), "src/io has no line", None),
    (documents.architecture_lists_every_folder,
     "ARCHITECTURE.md", FOLDERS.replace("`io`", "`oi`"), "there is no src/oi", None),
    (documents.architecture_lists_every_folder, "ARCHITECTURE.md", "# none\n", "no folder table", None),
    (documents.links_point_at_files, "docs/a.md", "[x](gone.md#part)\n", "docs/a.md:1: ", None),
    (findings.list_and_files_agree, "rules/checks/ids.txt", "M1001 other\n", 'has no line "M1001 no-name"', None),
    (findings.list_and_files_agree, "rules/checks/ids.txt", "M1001 no-name\nM1002 gone\n", "has M1002", None),
    (findings.list_and_files_agree, "rules/checks/ids.txt", "M1001 no-name\nM1001 no-name\n", "twice", None),
)


@pytest.mark.parametrize("check, path, text, expected, home", PLANTED)
def test_a_planted_violation_is_caught(plant, check, path, text, expected, home):
    found = said(check, plant({path: text}))
    assert any(expected in finding for finding in found), found
    assert all("; " in finding for finding in found), "a finding says what to do"


@pytest.mark.parametrize("check, path, text, expected, home",
                         [case for case in PLANTED if case[4]])
def test_the_same_is_welcome_at_home(plant, check, path, text, expected, home):
    assert said(check, plant({home: text})) == []


def test_a_published_id_may_not_go(plant, tmp_path):
    plant({"rules/checks/ids.txt": "M1001 no-name\nM1002 gone\n"})
    commit(tmp_path)
    assert said(findings.published_ids_stay, Tree(tmp_path)) == []
    plant()
    assert "M1002 gone" in said(findings.published_ids_stay, Tree(tmp_path))[0]


def test_links_in_code_and_to_the_web_are_not_followed(plant):
    text = "[a](https://example.org/x) `[b](gone.md)` [c](#here) [d](../ARCHITECTURE.md)\n" \
           "```\n[e](gone.md)\n```\n"
    assert said(documents.links_point_at_files, plant({"docs/a.md": text})) == []


def test_a_badly_formatted_source_is_caught_until_it_is_formatted(plant, tmp_path):
    if not shutil.which(formatting.CLANG_FORMAT):
        pytest.skip(f"{formatting.CLANG_FORMAT} is not installed: ./dev check installs it")
    style = {".clang-format": "BasedOnStyle: Google\n"}
    tree = plant({**style, "src/queue/a.cc": "int  a ;\n"})
    assert said(formatting.sources_are_formatted, tree) == [
        "src/queue/a.cc:1: not formatted; run ./dev fmt"]
    assert said(formatting.sources_are_formatted, Tree(tmp_path)) != [], "a bad file is not remembered"
    formatting.format_sources(tree)
    assert said(formatting.sources_are_formatted, Tree(tmp_path)) == []


FUNCTIONS = """#define LOOP(x) \\
  { x }
namespace waypost::queue {
namespace {
constexpr std::array<Unit, 2> units{{{"a", f(1)},
                                     {"b", f(2)}}};
const std::map<std::string, std::function<void()>> table{
    {"{", [] {}}};
enum class Kind : int { one, two };
}  // namespace
template <class T = int>
class Box : public Base<T> {
 public:
  explicit Box(int a)
      : a_{a}, b_(a) {
    use('{', R"x({{)x");
  }
  bool operator==(const Box& other) const = default;
  T operator()(int a) const { return a_ + a; }
  std::function<void()> run_ = [] { return; };
};
auto Box<int>::length(const std::string& text = "}") -> Result<std::size_t> {
  if (text.empty()) {
    return 0;  // }
  }
  return Unit{1};
}
}  // namespace waypost::queue
"""


def test_functions_are_measured_and_tables_are_not(plant):
    code = plant({"src/queue/a.cc": FUNCTIONS}).code("src/queue/a.cc")
    assert list(sizes.functions(code)) == [
        ("Box", 14, 4), ("operator_", 19, 1), ("Box::length", 22, 6)]


def test_a_listed_function_may_not_grow_and_is_lowered_when_it_shrinks(plant, tmp_path):
    listed = sizes.HEADER + "src/queue/long.cc:grow\t80\n"
    at_its_size = {"tools/ratchet.tsv": listed, "src/queue/long.cc": body(80)}
    assert said(sizes.functions_stay_short, plant(at_its_size)) == []
    assert "81 lines, 80 are allowed" in said(
        sizes.functions_stay_short, plant({**at_its_size, "src/queue/long.cc": body(81)}))[0]

    shrunk = plant({**at_its_size, "src/queue/long.cc": body(75)})
    assert "--ratchet-update" in said(sizes.functions_stay_short, shrunk)[0]
    sizes.update_ratchet(shrunk)
    assert "grow\t75\n" in (tmp_path / "tools/ratchet.tsv").read_text()
    assert said(sizes.functions_stay_short, Tree(tmp_path)) == []

    short = plant({"tools/ratchet.tsv": listed, "src/queue/long.cc": body(20)})
    sizes.update_ratchet(short)
    assert (tmp_path / "tools/ratchet.tsv").read_text() == sizes.HEADER


def test_a_shrunk_listed_file_asks_for_an_update(plant):
    tree = plant({"tools/ratchet.tsv": "src/main.cc\t900\n"})
    assert "shrank from 900 to 2" in said(sizes.files_stay_short, tree)[0]


DASHBOARD = {"ui/src/app.tsx": "export const a = <p>{text}</p>;\n", "ui/dist/index.html": '<script type="module" src="/a.js"></script>\n',
             "ui/dist/assets/a.js": "1\n"}


def test_the_built_dashboard_is_that_of_its_sources(plant, tmp_path):
    assert said(dashboard.built_files_fit_their_sources, plant()) == []
    assert "never built" in said(dashboard.built_files_fit_their_sources, plant({"ui/src/app.tsx": "1\n"}))[0]
    dashboard.seal(plant(DASHBOARD))
    assert said(dashboard.built_files_fit_their_sources, Tree(tmp_path)) == []
    for path, why in (("ui/src/app.tsx", "the sources in ui/ changed"), ("ui/dist/assets/a.js", "are not those")):
        (tmp_path / path).write_text("2\n")
        assert why in said(dashboard.built_files_fit_their_sources, Tree(tmp_path))[0]
        (tmp_path / path).write_text(DASHBOARD[path])


def test_the_built_dashboard_stays_small(plant):
    assert said(dashboard.built_files_stay_small, plant(DASHBOARD)) == []
    noise = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=200_000))
    assert "what is it that grew" in said(dashboard.built_files_stay_small,
                                          plant({**DASHBOARD, "ui/dist/assets/a.js": noise}))[0]


def test_text_from_outside_stays_text(plant):
    assert said(dashboard.text_from_outside_stays_text, plant(DASHBOARD)) == []
    clean = {**DASHBOARD, "ui/index.html": "", "ui/src/a.tsx": ""}
    for path, planted in (("ui/src/app.tsx", "box.innerHTML = reply;\n"), ("ui/index.html", '<p style="x">\n'),
                          ("ui/src/a.tsx", "<p dangerouslySetInnerHTML={x} />\n"),
                          ("ui/dist/index.html", "<script>start()</script>\n")):
        assert len(said(dashboard.text_from_outside_stays_text, plant({**clean, path: planted}))) == 1, planted


def test_the_command_lists_violations_and_fails(plant, tmp_path):
    plant({"src/common/x.cc": "int  a ;\n", ".clang-format": "BasedOnStyle: Google\n"})
    if not shutil.which(formatting.CLANG_FORMAT):
        pytest.skip(f"{formatting.CLANG_FORMAT} is not installed: ./dev check installs it")
    ran = subprocess.run([sys.executable, ROOT / "tools" / "check", tmp_path], check=False,
                         capture_output=True, text=True)
    assert ran.returncode == 1
    assert 'src/common/x.cc:1: "common" tells a reader nothing' in ran.stdout
    assert "to mend" in ran.stderr
