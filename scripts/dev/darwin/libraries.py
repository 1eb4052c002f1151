#!/usr/bin/env python3
"""Prints the libraries that a Mach-O program loads, one a line: `libraries.py FILE`.

The format is that of Apple's mach-o/loader.h: a header, and load commands that each begin with their
number and their size.
"""

import struct
import sys

MH_MAGIC_64 = 0xFEEDFACF
HEADER = struct.Struct("<8I")  # magic, cputype, cpusubtype, filetype, ncmds, sizeofcmds, flags, …
COMMAND = struct.Struct("<2I")  # cmd, cmdsize
DYLIB = struct.Struct("<3I")  # cmd, cmdsize, offset of the name from the command's beginning
LC_REQ_DYLD = 0x80000000
LOADS = {
    0xC,  # LC_LOAD_DYLIB
    0x18 | LC_REQ_DYLD,  # LC_LOAD_WEAK_DYLIB
    0x1F | LC_REQ_DYLD,  # LC_REEXPORT_DYLIB
    0x20,  # LC_LAZY_LOAD_DYLIB
    0x23 | LC_REQ_DYLD,  # LC_LOAD_UPWARD_DYLIB
}


def libraries(data):
    magic, *_, commands, size, _, _ = HEADER.unpack_from(data)
    if magic != MH_MAGIC_64:
        sys.exit(f"no 64-bit Mach-O file: {magic:#x}")
    at, end = HEADER.size, HEADER.size + size
    for _ in range(commands):
        number, length = COMMAND.unpack_from(data, at)
        if length < COMMAND.size or at + length > end:
            sys.exit(f"the load command at {at} is {length} bytes long")
        if number in LOADS:
            *_, name = DYLIB.unpack_from(data, at)
            yield data[at + name : at + length].split(b"\0")[0].decode()
        at += length


with open(sys.argv[1], "rb") as file:
    for library in libraries(file.read()):
        print(library)
