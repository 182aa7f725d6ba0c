#!/usr/bin/env python3
"""Tests of the checks of the tree: each must find what it is there for, and nothing in a clean tree."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "scripts")]
import debian_source_entry  # noqa: E402
import include_rules  # noqa: E402
import tree_rules  # noqa: E402

TABLE = """
| room | concern | may include |
|---|---|---|
| `server/base` | time | – |
| `server/net` | loop | base |
| `server/http` | protocol | base, net |
| `server/config` | file | base, proto, the rooms' Options headers |
| `server/app` | all | every room, admin's service |
| `admin/service`, `admin/ctl` | admin | base, proto |
| `client/lib`, `client/cli` | client | base |
"""


class Tree:
    """A project in a temporary folder, outside any git checkout."""

    def __init__(self, files, table=TABLE):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        for name, text in {"ARCHITECTURE.md": table, **files}.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def __enter__(self):
        return self.root

    def __exit__(self, *_):
        self.folder.cleanup()


def includes(*names):
    return "".join(f'#include "{name}"\n' for name in names)


class IncludeRulesTest(unittest.TestCase):
    def assert_found(self, files, *words, table=TABLE):
        with Tree(files, table) as root:
            found = include_rules.check(root)
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])

    def assert_clean(self, files):
        with Tree(files) as root:
            self.assertEqual(include_rules.check(root), [])

    def test_a_room_may_include_itself_and_the_rooms_of_its_row(self):
        self.assert_clean(
            {"server/http/a.cc": includes("server/http/a.h", "server/net/b.h", "server/base/c.h")}
        )

    def test_a_room_that_the_row_does_not_name_is_refused(self):
        self.assert_found(
            {"server/net/a.h": includes("server/http/b.h")},
            "server/net/a.h",
            "server/http/b.h",
            "server/base",
        )

    def test_a_folder_inside_a_room_has_the_rooms_rules(self):
        self.assert_found(
            {"server/base/deep/a.cc": includes("server/net/b.h")},
            "server/base/deep/a.cc",
            "nothing",
        )

    def test_a_generated_header_counts_as_proto(self):
        self.assert_clean({"admin/ctl/a.cc": includes("baton/admin/v1/admin.pb.h")})
        self.assert_found(
            {"server/http/a.cc": includes("baton/admin/v1/admin.pb.h")}, "may include"
        )

    def test_every_room_and_the_admin_service_are_open_to_app_but_ctl_is_not(self):
        self.assert_clean({"server/app/a.cc": includes("server/http/b.h", "admin/service/c.h")})
        self.assert_found({"server/app/a.cc": includes("admin/ctl/b.h")}, "admin/ctl/b.h")

    def test_rooms_that_share_a_row_do_not_include_each_other_but_a_program_its_library(self):
        self.assert_found({"admin/ctl/a.cc": includes("admin/service/b.h")}, "admin/service/b.h")
        self.assert_clean({"client/cli/a.cc": includes("client/lib/b.h")})

    def test_config_may_include_only_headers_that_declare_options(self):
        self.assert_clean(
            {
                "server/config/a.cc": includes("server/net/b.h"),
                "server/net/b.h": "struct LoopOptions {};\n",
            }
        )
        self.assert_found(
            {"server/config/a.cc": includes("server/net/b.h"), "server/net/b.h": "class Loop;\n"},
            "server/net/b.h",
        )

    def test_a_folder_without_a_row_is_refused(self):
        self.assert_found({"server/attic/a.cc": ""}, "no room of the table")

    def test_a_row_with_an_unknown_name_is_an_error(self):
        self.assert_found({}, "'cellar'", table=TABLE + "| `server/api` | doors | base, cellar |\n")

    def test_a_text_without_the_table_is_an_error(self):
        self.assert_found({}, "no table", table="# Rooms\n")

    def test_prometheus_is_only_for_metrics(self):
        table = TABLE + "| `server/metrics` | numbers | base |\n"
        self.assert_found(
            {"server/net/a.cc": "#include <prometheus/registry.h>\n"}, "prometheus-cpp", table=table
        )

    def test_grpc_is_refused_outside_admin(self):
        self.assert_clean({"admin/service/a.cc": "#include <grpcpp/grpcpp.h>\n"})
        self.assert_found({"server/http/a.cc": "#include <grpcpp/grpcpp.h>\n"}, "gRPC")

    def test_the_second_source_with_simdjson_is_refused(self):
        self.assert_clean({"server/http/a.cc": "#include <simdjson.h>\n"})
        self.assert_found(
            {
                "server/http/a.cc": "#include <simdjson.h>\n",
                "server/net/b.cc": "#include <simdjson.h>\n",
            },
            "one source file of server",
        )

    def test_simdjson_in_a_header_is_refused(self):
        self.assert_found({"server/http/a.h": "#include <simdjson.h>\n"}, "simdjson")

    def test_cli11_is_for_one_source_a_program(self):
        one = {
            "client/cli/a.cc": "#include <CLI/CLI.hpp>\n",
            "admin/ctl/a.cc": "#include <CLI/CLI.hpp>\n",
        }
        self.assert_clean(one)
        self.assert_found(
            {**one, "admin/ctl/b.cc": "#include <CLI/CLI.hpp>\n"}, "one source file of admin/ctl"
        )

    def test_tests_may_include_what_they_test_with(self):
        self.assert_clean(
            {"tests/net/a.cc": "#include <prometheus/registry.h>\n#include <simdjson.h>\n"}
        )

    def test_the_project_itself_has_rooms(self):
        rooms = include_rules.read_table((HERE.parents[1] / "ARCHITECTURE.md").read_text())
        self.assertEqual(rooms["server/base"].rooms, set())
        self.assertIn("server/base", rooms["server/net"].rooms)


class TreeRulesTest(unittest.TestCase):
    def test_a_file_over_600_lines_is_refused(self):
        self.assertEqual(tree_rules.check_file("server/net/a.cc", "\n" * 600), [])
        self.assertIn("601 lines", tree_rules.check_file("server/net/a.cc", "\n" * 601)[0])

    def test_a_registry_host_is_refused_in_any_file(self):
        host = ".".join(["pypi", "org"])
        self.assertIn(host, tree_rules.check_file("README.md", f"see {host}")[0])
        self.assertEqual(tree_rules.check_file("README.md", "see the registry"), [])

    def test_a_disabled_test_needs_an_issue(self):
        off = "DISABLED" + "_Waits"
        self.assertIn(off, tree_rules.check_file("tests/net/a.cc", f"TEST(A, {off}) {{}}")[0])
        self.assertEqual(
            tree_rules.check_file("tests/net/a.cc", f"TEST(A, {off}_Issue12) {{}}"), []
        )

    def test_a_standard_mutex_is_refused_outside_base(self):
        self.assertIn(
            "std::mutex", tree_rules.check_file("server/net/a.cc", "std::mutex mutex;")[0]
        )
        self.assertEqual(tree_rules.check_file("server/base/mutex.h", "std::mutex mutex;"), [])
        self.assertEqual(tree_rules.check_file("server/net/a.cc", "// not std::mutex\n"), [])

    def test_a_file_of_tests_is_named_where_tests_are_registered(self):
        texts = {"tests/net/a_test.cc": "", "tests/e2e/test_b.py": "", "tests/e2e/load.py": "",
                 "tests/net/CMakeLists.txt": "baton_test(net a_test.cc)",
                 "tests/e2e/CMakeLists.txt": "baton_e2e_test(b 120)\n"}
        self.assertEqual(tree_rules.check_tests_are_run(texts), [])
        texts["tests/e2e/CMakeLists.txt"] = "baton_e2e_test(b_long 120)\n# b was here\nset(b 1)\n"
        self.assertIn("tests/e2e/test_b.py: nobody runs it", tree_rules.check_tests_are_run(texts)[0])
        texts["tests/net/CMakeLists.txt"] = "baton_test(net another_a_test.cc)"
        self.assertEqual(len(tree_rules.check_tests_are_run(texts)), 2)

    def test_a_module_of_the_log_is_a_room_that_writes_lines(self):
        sources = {
            "server/base/log.cc": 'kModuleNames = {\n    "base", "net"};',
            "server/net/a.cc": 'Log(LogLevel::kInfo, "e");',
            "server/app/a.cc": "SetLogLevel(x);",
        }
        self.assertEqual(tree_rules.check_log_modules(sources), [])
        sources["admin/service/b.cc"] = 'LogAlways("e");'
        self.assertIn("for admin is missing", tree_rules.check_log_modules(sources)[0])
        sources["admin/service/b.cc"] = sources["server/net/a.cc"] = ""
        self.assertEqual(tree_rules.check_log_modules(sources), ["server/base/log.cc: net writes no line"])


class DebianSourceEntryTest(unittest.TestCase):
    STANZA = "Types: deb\nURIs: http://mirror.test/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /k.gpg\n"

    def entry(self, files):
        with tempfile.TemporaryDirectory() as folder:
            apt = pathlib.Path(folder)
            (apt / "sources.list.d").mkdir()
            for name, text in files.items():
                (apt / name).write_text(text)
            return debian_source_entry.find_entry(apt, "bookworm", "trixie")

    def test_a_stanza_keeps_its_address_and_key_and_gets_the_suite(self):
        entry = self.entry(
            {
                "sources.list.d/debian.sources": "# a comment\n"
                + self.STANZA
                + "\nTypes: deb\nURIs: http://other.test\nSuites: bookworm-security\nComponents: main\n"
            }
        )
        self.assertEqual(
            entry,
            "Types: deb\nURIs: http://mirror.test/debian\nSuites: trixie\nComponents: main\nSigned-By: /k.gpg\n",
        )

    def test_a_line_with_options_is_understood(self):
        entry = self.entry(
            {
                "sources.list": "# deb http://off.test bookworm main\ndeb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian/ bookworm main contrib # ours\n"
            }
        )
        self.assertEqual(
            entry,
            "Types: deb\nURIs: http://mirror.test/debian/\nSuites: trixie\nComponents: main\nSigned-By: /k.gpg\n",
        )

    def test_another_archive_with_the_same_suite_comes_last(self):
        entry = self.entry(
            {
                "sources.list.d/a.list": "deb http://vendor.test/linux bookworm main\n",
                "sources.list": "deb http://mirror.test/debian bookworm main\n",
            }
        )
        self.assertIn("mirror.test", entry)

    def test_no_entry_is_said(self):
        self.assertIsNone(
            self.entry({"sources.list": "deb http://mirror.test/debian bullseye main\n"})
        )


if __name__ == "__main__":
    unittest.main()
