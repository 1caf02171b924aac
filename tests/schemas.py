"""Every report and every line of events that a test reads is checked against
its schema in docs/: conftest.py puts check() behind json.loads()."""

import functools
import json
import pathlib

import jsonschema

DOCS = pathlib.Path(__file__).resolve().parent.parent / "docs"
_loads = json.loads


@functools.lru_cache
def validator(name):
    schema = _loads((DOCS / f"{name}.schema.json").read_text())
    kind = jsonschema.validators.validator_for(
        schema, jsonschema.validators.validator_for(True))
    kind.check_schema(schema)
    return kind(schema)


def kind_of(document):
    if isinstance(document, dict) and {"jaillaunch", "outcome"} <= set(document):
        return "report"
    if isinstance(document, dict) and {"event", "time"} <= set(document):
        return "events"
    return None


def check(document):
    """Returns it, or fails with the place that is not as described."""
    kind = kind_of(document)
    if kind:
        error = jsonschema.exceptions.best_match(
            validator(kind).iter_errors(document))
        assert error is None, f"{kind}: {error.json_path}: {error.message}"
    return document


def install():
    """For all of this process."""
    json.loads = lambda *args, **kwargs: check(_loads(*args, **kwargs))


def check_report_of(argv):
    """The report of a program that ended, if it was told to write a file."""
    for option, place in zip(argv, argv[1:]):
        path = pathlib.Path(place)
        if option == "--report" and path.is_file() and path.stat().st_size:
            try:
                document = _loads(path.read_text(errors="replace"))
            except ValueError:
                return  # who reads it will say so
            check(document)
