"""Which processes there are, and waiting for them."""

import os
import pathlib
import time


def processes_of(uid):
    found = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            status = pathlib.Path(f"/proc/{entry}/status").read_text()
        except OSError:
            continue
        if f"\nUid:\t{uid}\t" in status and "\nState:\tZ" not in status:
            found.append(int(entry))
    return found


def parents():
    """Process id -> parent's, of all that are alive."""
    found = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            fields = pathlib.Path(f"/proc/{entry}/stat").read_text()
        except OSError:
            continue
        fields = fields.rsplit(")", 1)[1].split()
        if fields[0] != "Z":
            found[int(entry)] = int(fields[1])
    return found


def child_of(pid):
    for child, parent in parents().items():
        if parent == pid:
            return child
    return None


def keeper_of(pid):
    """Of a jail, by its supervisor; beside it there may be a guard."""
    for child, parent in parents().items():
        if parent == pid and pathlib.Path(
                f"/proc/{child}/comm").read_text() == "jail-keeper\n":
            return child
    return None


def eventually(check, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return True
        time.sleep(0.01)
    return False


def descendants(pid):
    table, found, border = parents(), [], {pid}
    while border:
        border = {child for child, parent in table.items()
                  if parent in border}
        found += sorted(border)
    return found
