"""Reads JUnit and dotenv reports with the parsers others use, and says as JSON what it read.

Standard input: a JSON list of {"junit": text, "dotenv": text}. Standard output: a list, in the same
order, of what was in them. Exit code 77: a parser is not installed.
"""

import io
import json
import sys
import xml.etree.ElementTree as ElementTree

try:
    import dotenv
    import junitparser
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(77)

# What Jenkins' schema (xunit-plugin, junit-10.xsd) has, as far as we use it: for each element its
# attributes, those that must be there with a star, and what may be in it.
SCHEMA = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, {"testsuite"}),
    "testsuite": (
        {"name*", "tests*", "failures*", "errors*", "skipped", "time"},
        {"testcase", "system-out", "properties"},
    ),
    "testcase": (
        {"name*", "classname", "time"},
        {"skipped", "error", "failure", "system-out", "system-err"},
    ),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": ({"type", "message"}, set()),
    "system-out": (set(), set()),
}


def check(element):
    """Refuses what the schema does not know."""
    attributes, children = SCHEMA[element.tag]
    known = {name.rstrip("*") for name in attributes}
    required = {name.rstrip("*") for name in attributes if name.endswith("*")}
    assert set(element.keys()) <= known, (element.tag, element.keys())
    assert required <= set(element.keys()), (element.tag, element.keys())
    for child in element:
        assert child.tag in children, (element.tag, child.tag)
        check(child)


def read_junit(text):
    root = ElementTree.fromstring(text.encode())
    assert root.tag == "testsuites", root.tag
    check(root)
    suites = junitparser.JUnitXml.fromstring(text.encode())
    written = [(it.tests, it.failures, it.errors, it.skipped) for it in suites]
    cases = []
    for suite in suites:
        for case in suite:
            cases.append(
                {
                    "classname": case.classname,
                    "name": case.name,
                    "system_out": case.system_out,
                    "results": [
                        {
                            "kind": type(it).__name__,
                            "type": it.type,
                            "message": it.message,
                            "text": it.text,
                        }
                        for it in case.result
                    ],
                }
            )
        suite.update_statistics()
    counted = [(it.tests, it.failures, it.errors, it.skipped) for it in suites]
    assert written == counted, (written, counted)
    return cases


def read_dotenv(text):
    return dotenv.dotenv_values(stream=io.StringIO(text))


json.dump(
    [
        {"junit": read_junit(it["junit"]), "dotenv": read_dotenv(it["dotenv"])}
        for it in json.load(sys.stdin)
    ],
    sys.stdout,
)
