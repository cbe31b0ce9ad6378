"""The program of one instance. Start it with `python3 -I -S -B -X utf8 worker.py` and the wire on fd 3; README.md says why so.

This file is compiled at every start, because Python caches no main program: it stays short.
"""

import sys

# multiprocessing runs the main program of its parent once more, under another name.
if __name__ == '__main__':
    # The files beside this one are modules of a package, so that none of their names can be mistaken for a function's own
    # `handler` or `context`, and sys.path stays free of them.
    package = type(sys)('funade_runtime')
    package.__path__ = [__file__.rpartition('/')[0]]
    sys.modules['funade_runtime'] = package
    from funade_runtime import instance

    instance.main()
