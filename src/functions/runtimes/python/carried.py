"""Code that came with LOAD because nothing was mounted: the process was started before anybody knew for which function."""

import os
from binascii import a2b_base64


def write_files(directory, files):
    """`files` are contents in base64 by path below `directory`; the host has checked the names."""
    made = set()
    for path, content in files.items():
        target = f'{directory}/{path}'
        parent = target.rpartition('/')[0]
        if parent not in made:
            os.makedirs(parent, exist_ok=True)
            made.add(parent)
        with open(target, 'wb') as file:
            file.write(a2b_base64(content))
