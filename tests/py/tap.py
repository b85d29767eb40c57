# SPDX-License-Identifier: GPL-2.0-only
"""TAP for scenarios in Python. A script ends with done(), or has no plan."""
import errno as errno_names
import re
import sys
import traceback

_count = 0
_failed = 0


def _result(passed, name):
    global _count, _failed
    _count += 1
    if not passed:
        _failed += 1
    name = name.replace("#", "\\#")
    print(f"{'ok' if passed else 'not ok'} {_count} - {name}", flush=True)
    return passed


def diag(text):
    for line in str(text).splitlines():
        print(f"# {line}", flush=True)


def _where():
    for frame in reversed(traceback.extract_stack()):
        if not frame.filename.endswith("/tap.py"):
            return f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
    return "?"


def ok(passed, name, why=""):
    if not _result(bool(passed), name):
        diag(f"at {_where()} {why}")
    return passed


def is_(got, expected, name):
    if not _result(got == expected, name):
        diag(f"at {_where()}\ngot:      {got!r}\nexpected: {expected!r}")
    return got == expected


def like(got, regex, name):
    passed = re.search(regex, str(got), re.S) is not None
    if not _result(passed, name):
        diag(f"at {_where()}\ngot:      {got!r}\nexpected: /{regex}/")
    return passed


def raises(errno, regex, name, fn, *args, attr=None, **kwargs):
    """fn fails with that errno (or one of several), words that match, and (attr)
    that attribute."""
    errnos = errno if isinstance(errno, tuple) else (errno,)
    try:
        fn(*args, **kwargs)
    except OSError as e:
        return ok(e.errno in errnos and not regex, name, f"got {e}")
    except Exception as e:   # pylint: disable=broad-except
        if not hasattr(e, "msg"):
            raise
        passed = (e.errno in errnos and
                  re.search(regex, e.msg or "") is not None and
                  (attr is None or e.attr == attr))
        return ok(passed, name, f"got {e}, expected "
                  f"{[errno_names.errorcode.get(n, n) for n in errnos]} "
                  f"/{regex}/ [{attr}]")
    return ok(False, name, "it succeeded")


def skip(name, reason):
    """A test that cannot be made here."""
    global _count
    _count += 1
    print(f"ok {_count} - {name} # SKIP {reason}", flush=True)


def done():
    print(f"1..{_count}", flush=True)
    sys.exit(1 if _failed else 0)
