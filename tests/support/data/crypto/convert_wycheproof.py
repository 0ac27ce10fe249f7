#!/usr/bin/env python3
"""Converts Wycheproof's JSON vectors to the lines that the tests of `crypto` read.

    convert_wycheproof.py TESTVECTORS_DIRECTORY

writes x25519.txt, chacha20_poly1305.txt, xchacha20_poly1305.txt and aes_256_gcm.txt beside this
script. Fields are separated by spaces; "-" is an empty string of bytes; everything else is hex.
"""
import json
import pathlib
import sys


def field(value):
    return value or "-"


def cases(source, name):
    with open(source / f"{name}_test.json", encoding="ascii") as file:
        for group in json.load(file)["testGroups"]:
            for case in group["tests"]:
                yield group, case


def write(name, header, lines):
    target = pathlib.Path(__file__).parent / f"{name}.txt"
    target.write_text("\n".join([f"# {header}", *lines]) + "\n", encoding="ascii")


def main():
    source = pathlib.Path(sys.argv[1])
    write("x25519", "case private public shared", [
        f"{c['tcId']} {c['private']} {c['public']} {c['shared']}"
        for _, c in cases(source, "x25519")])
    for name, source_name, nonce_bits in (("chacha20_poly1305", "chacha20_poly1305", 96),
                                          ("xchacha20_poly1305", "xchacha20_poly1305", 192),
                                          ("aes_256_gcm", "aes_gcm", 96)):
        write(name, "case verdict key nonce associated plaintext ciphertext tag", [
            " ".join([str(c["tcId"]), c["result"], c["key"], c["iv"], field(c["aad"]),
                      field(c["msg"]), field(c["ct"]), c["tag"]])
            for group, c in cases(source, source_name)
            if group["keySize"] == 256 and group["ivSize"] == nonce_bits])


if __name__ == "__main__":
    main()
