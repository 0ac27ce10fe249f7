#!/usr/bin/env python3
"""Computes blake2s.txt with Python's hashlib and hmac, implementations independent of libb2.

Fields are separated by spaces; "-" is an empty string of bytes; everything else is hex.
The inputs are the bytes 0, 1, 2, ... (mod 251), keys the bytes 0x80, 0x81, ... (mod 256).
"""
import hashlib
import hmac
import pathlib


def message(length):
    return bytes(i % 251 for i in range(length))


def key_of(length):
    return bytes((0x80 + i) % 256 for i in range(length))


def field(value):
    return value.hex() or "-"


def mac(key, data):
    return hmac.new(key, data, hashlib.blake2s).digest()


def hash_lines():
    lengths = (0, 1, 31, 32, 33, 63, 64, 65, 116, 127, 128, 129, 192, 255, 1000)
    for key_bytes in (0, 1, 16, 32):
        for out_bytes in (1, 16, 24, 32):
            for length in lengths:
                digest = hashlib.blake2s(message(length), key=key_of(key_bytes),
                                         digest_size=out_bytes).digest()
                yield f"hash {field(key_of(key_bytes))} {field(message(length))} {field(digest)}"


def hmac_lines():
    for key_bytes in (0, 1, 16, 32, 63, 64, 65, 128):
        for length in (0, 1, 32, 64, 65, 200):
            key, data = key_of(key_bytes), message(length)
            yield f"hmac {field(key)} {field(data)} {field(mac(key, data))}"


def hkdf_lines():
    for length in (0, 1, 32, 64, 100):
        chaining_key, data = key_of(32), message(length)
        extracted = mac(chaining_key, data)
        first = mac(extracted, b"\x01")
        second = mac(extracted, first + b"\x02")
        third = mac(extracted, second + b"\x03")
        yield " ".join(["hkdf", *map(field, (chaining_key, data, first, second, third))])


def main():
    lines = ["# hash key input digest | hmac key input digest | hkdf chaining_key input 1 2 3",
             *hash_lines(), *hmac_lines(), *hkdf_lines()]
    (pathlib.Path(__file__).parent / "blake2s.txt").write_text("\n".join(lines) + "\n",
                                                               encoding="ascii")


if __name__ == "__main__":
    main()
