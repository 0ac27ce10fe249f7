"""Runs a command under a seccomp filter that refuses one system call, as container runtimes have it.

python3 - ERRNO NUMBER BITS COMMAND... <without_system_call.py   (as another user, who may not read this file)

The call fails with the errno if its first argument has one of the bits (0: in any case); everything else is
allowed. COMMAND begins with a path.
"""
import ctypes
import os
import struct
import sys

errno, number, bits = (int(word) for word in sys.argv[1:4])
test = [(0x20, 0, 0, 16), (0x45, 0, 1, bits)] if bits else []  # the argument; jump if it has a bit
code = [(0x20, 0, 0, 0), (0x15, 0, len(test) + 1, number)] + test
code += [(0x06, 0, 0, 0x00050000 | errno), (0x06, 0, 0, 0x7FFF0000)]  # fails; allowed
buffer = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in code))


class Fprog(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


fprog = Fprog(len(code), ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(fprog), 0, 0) == 0
os.execv(sys.argv[4], sys.argv[4:])
