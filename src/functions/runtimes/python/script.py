"""Scripts, as sessions bring them: a file that defines `handler` or `handle`, or one that sets `result`."""

import builtins
import sys

from funade_runtime.faults import Fault
from funade_runtime.handler import prepare, syntax_fault

NAME = 'script'
ENTRIES = ('handler', 'handle')
ONLY_TREE = 0x400  # ast.PyCF_ONLY_AST; the package `ast` is not needed for it
CO_VARARGS = 0x04
DEFINITIONS = ('FunctionDef', 'AsyncFunctionDef', 'ClassDef')


def load_script(file, directory):
    """The script as something to call with event and context."""
    path = f'{directory.rstrip("/")}/{file}'
    try:
        # As text: of bytes, Python before 3.13 counts columns in bytes.
        with open(path, encoding='utf-8-sig') as source:
            text = source.read()
        tree = compile(text, path, 'exec', ONLY_TREE, True)
        code = compile(tree, path, 'exec', 0, True)
    except OSError as problem:
        raise Fault('Runtime.ImportModuleError', f"Unable to read script '{file}': {problem.strerror}") from None
    except SyntaxError as problem:
        raise syntax_fault(file, problem) from None
    except ValueError as problem:  # no UTF-8, or a null byte
        raise syntax_fault(file, SyntaxError(str(problem))) from None
    defined = names_defined(tree.body)
    entry = next((name for name in ENTRIES if name in defined), None)
    if entry is None:
        return _each_time(code, path)
    function = _execute(code, path, {}).get(entry)
    if not callable(function):
        raise Fault('Runtime.HandlerNotFound', f"'{entry}' of the script can't be called")
    prepare(function)
    count = parameters_of(function)
    return function if count == 2 else lambda *given: function(*given[:count])


def _each_time(code, path):
    def call(event, context):
        params = event.get('params') if isinstance(event, dict) else None
        given = {'params': {} if params is None else params, 'event': event, 'context': context}
        return _execute(code, path, given).get('result')

    return call


def _execute(code, path, given):
    """In a module of its own each time; it is in sys.modules, where pickle and dataclasses look for it."""
    module = type(sys)(NAME)
    namespace = module.__dict__
    namespace.update(given, __file__=path, __builtins__=builtins)
    sys.modules[NAME] = module
    exec(code, namespace)
    return namespace


def names_defined(statements):
    """Names that statements define where they stand, those inside of `if`, `try` and `with` included."""
    names = set()
    for statement in statements:
        kind = type(statement).__name__
        if kind in DEFINITIONS:
            names.add(statement.name)
            continue
        targets = list(getattr(statement, 'targets', ())) if kind == 'Assign' else []
        if kind == 'AnnAssign' and statement.value is not None:
            targets.append(statement.target)
        while targets:
            target = targets.pop()
            targets.extend(getattr(target, 'elts', ()))
            names.add(getattr(target, 'id', None))
        for part in ('body', 'orelse', 'finalbody', 'handlers'):
            inner = getattr(statement, part, None)
            names |= names_defined(inner if isinstance(inner, list) else [])
    return names


def parameters_of(function):
    """How many of event and context it takes."""
    code = getattr(function, '__code__', None)
    if code is None or hasattr(function, '__wrapped__'):
        return _parameters_of_object(function)
    if code.co_flags & CO_VARARGS:
        return 2
    bound = 1 if getattr(function, '__self__', None) is not None else 0
    return min(2, code.co_argcount - bound)


def _parameters_of_object(value):
    """Of a class, an object that can be called, or what a decorator made."""
    import inspect

    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return 2
    for count in (2, 1):
        try:
            signature.bind(*range(count))
        except TypeError:
            continue
        return count
    return 2
