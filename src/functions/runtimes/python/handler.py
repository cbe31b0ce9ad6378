"""Loads the handler of a module and brings what it returned to a value."""

import sys

from funade_runtime.faults import Fault, own_name

CO_COROUTINE = 0x80
CO_ASYNC_GENERATOR = 0x200

_loop = None


def load_handler(handler, directory):
    """`file.function`, `pkg/mod.function` or `pkg.mod.function` as something to call with event and context."""
    path, dot, name = handler.rpartition('.')
    if not dot or not path:
        raise Fault('Runtime.MalformedHandlerName', f"Bad handler '{handler}': it has to be file.function")
    module = _import(path.replace('/', '.'), directory)
    if not hasattr(module, name):
        raise Fault('Runtime.HandlerNotFound', f"Handler '{name}' missing on module '{path}'")
    function = getattr(module, name)
    if not callable(function):
        raise Fault('Runtime.HandlerNotFound', f"Handler '{name}' of module '{path}' can't be called")
    prepare(function)
    return function


def _import(name, directory):
    try:
        __import__(name)
    except SyntaxError as problem:
        if own_name(problem.filename or '', directory) is None:
            raise
        raise syntax_fault(name, problem) from None
    except (ImportError, ValueError) as problem:
        # A ValueError is the name of no module, such as `..index`; one that the code itself threw stays what it is.
        if isinstance(problem, ValueError) and problem.__traceback__.tb_next is not None:
            raise
        fault = Fault('Runtime.ImportModuleError', f"Unable to import module '{name}': {problem}")
        raise fault.with_traceback(problem.__traceback__) from None
    return sys.modules[name]


def syntax_fault(name, problem):
    place = {'line': max(1, problem.lineno or 1), 'column': max(1, problem.offset or 1)}
    return Fault('Runtime.UserCodeSyntaxError', f"Syntax error in module '{name}': {problem}", None, place)


def prepare(function):
    """Pays for asyncio at LOAD rather than in the first call."""
    code = getattr(function, '__code__', None)
    if code is not None and code.co_flags & (CO_COROUTINE | CO_ASYNC_GENERATOR):
        event_loop()


def event_loop():
    """One for the life of the process: clients that a function keeps between calls stay bound to a loop that lives."""
    global _loop
    if _loop is None:
        import asyncio

        _loop = asyncio.new_event_loop()
        asyncio.set_event_loop(_loop)
    return _loop


def settle(value):
    """The value of an awaitable; all others as they are."""
    return event_loop().run_until_complete(value) if hasattr(value, '__await__') else value
