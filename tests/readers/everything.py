"""Reads files and links of a process in the kernel's procfs and in ours: `everything.py KERNELS OURS PID`,
their names on standard input. Prints for each a word and the name:

same     both told the same, or failed alike
refused  is only in ours, and was refused
alone    is only in ours, and was told
stricter the kernel tells it, and ours refuses
LEAK     ours tells what the kernel refuses
OTHER    they tell something else
"""
import errno
import os
import re
import sys
import time

kernels, ours = (os.path.join(root, sys.argv[3]) for root in sys.argv[1:3])

# How many share a page changes with whoever begins and ends, and how much is in memory with none.
SHARES = re.compile(rb"^(Pss|Shared_|Private_|SwapPss).*\n", re.MULTILINE)

# What changes with the other processes of the user: signals that wait, in `status`.
SIGNALS = re.compile(rb"^SigQ:.*\n", re.MULTILINE)


def told(path):
    try:
        if os.path.islink(path):
            return os.readlink(path)
        with open(path, "rb") as file:
            text = file.read()
            if path.endswith("/status"):
                return SIGNALS.sub(b"", text)
            return SHARES.sub(b"", text) if "smaps" in path else text
    except OSError as error:
        return error.errno


def is_told(answer):
    return not isinstance(answer, int)


def judge(theirs, answer):
    if theirs == answer:
        return "same"
    if theirs in (errno.ENOENT, errno.ENOTDIR):
        return "alone" if is_told(answer) else "refused"
    if is_told(answer):
        return "OTHER" if is_told(theirs) else "LEAK"
    return "stricter"


for name in sys.stdin.read().split("\0"):
    since = time.monotonic()
    before, answer, after = (told(os.path.join(root, name)) for root in (kernels, ours, kernels))
    # What the machine's other programs connect and close again counts in these.
    may_return = name.startswith("net/")
    while before != after or may_return and answer != before:
        assert time.monotonic() - since < 20, name
        before, answer, after = (told(os.path.join(root, name)) for root in (kernels, ours, kernels))
    print(judge(before, answer), name)
