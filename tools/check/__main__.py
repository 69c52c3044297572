"""The law: what ./dev check refuses. Each check is one function from a Tree to findings.

    python3 tools/check [--ratchet-update | --format | --seal-dashboard] [ROOT]
"""

import argparse
import sys
import time
from pathlib import Path

import calls
import dashboard
import documents
import findings
import formatting
import layers
import sizes
from tree import Tree

CHECKS = (
    formatting.sources_are_formatted,
    layers.includes_follow_the_table,
    layers.table_has_no_cycle,
    layers.third_party_headers_stay_home,
    calls.banned_calls_stay_inside_io,
    calls.await_stands_alone,
    calls.names_say_something,
    calls.no_trace_of_a_machine,
    sizes.functions_stay_short,
    sizes.files_stay_short,
    documents.cited_rfcs_are_listed,
    documents.architecture_lists_every_folder,
    documents.links_point_at_files,
    dashboard.built_files_fit_their_sources,
    dashboard.built_files_stay_small,
    dashboard.text_from_outside_stays_text,
    findings.list_and_files_agree,
    findings.published_ids_stay,
)


def main():
    parser = argparse.ArgumentParser(prog="./dev check")
    parser.add_argument("--ratchet-update", action="store_true",
                        help="lower the sizes in tools/ratchet.tsv that have shrunk")
    parser.add_argument("--format", action="store_true", help="format every source")
    parser.add_argument("--seal-dashboard", action="store_true",
                        help="record what the built dashboard was made from; ./dev ui does it")
    parser.add_argument("root", nargs="?", default=Path(__file__).resolve().parents[2], type=Path)
    options = parser.parse_args()
    tree = Tree(options.root)
    if options.ratchet_update:
        return sizes.update_ratchet(tree)
    if options.format:
        return formatting.format_sources(tree)
    if options.seal_dashboard:
        return dashboard.seal(tree)

    began = time.monotonic()
    found = sorted({finding for check in CHECKS for finding in check(tree)})
    for finding in found:
        print(finding)
    spent = f"{len(tree.files)} files, {time.monotonic() - began:.1f} s"
    print(f"{len(found)} to mend ({spent})" if found else f"check: all is well ({spent})",
          file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
