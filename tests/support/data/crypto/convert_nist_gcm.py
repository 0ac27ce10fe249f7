#!/usr/bin/env python3
"""Converts NIST's vectors for AES-256-GCM to the lines that the tests of `crypto` read.

    convert_nist_gcm.py DIRECTORY_OF_GCM_RSP_FILES

reads gcmDecrypt256.rsp and writes aes_256_gcm_nist.txt beside this script: the cases with a nonce of
96 bits and a tag of 128, in the fields of the Wycheproof files. A case that must fail has no
plaintext in the source; it gets zeros, which nothing compares.
"""
import pathlib
import sys


def field(value):
    return value or "-"


def cases(path):
    parameters, case = {}, {}
    for line in path.read_text(encoding="ascii").splitlines():
        line = line.strip()
        if line.startswith("["):
            name, _, value = line.strip("[]").partition(" = ")
            parameters[name] = int(value)
        elif line.startswith("Count = "):
            if case:
                yield case
            case = {"parameters": dict(parameters)}
        elif line == "FAIL":
            case["FAIL"] = True
        elif " =" in line and case:
            name, _, value = line.partition("=")
            case[name.strip()] = value.strip()
    yield case


def main():
    lines = ["# case verdict key nonce associated plaintext ciphertext tag"]
    for case in cases(pathlib.Path(sys.argv[1]) / "gcmDecrypt256.rsp"):
        if case["parameters"]["IVlen"] != 96 or case["parameters"]["Taglen"] != 128:
            continue
        verdict = "invalid" if "FAIL" in case else "valid"
        plaintext = case.get("PT", "00" * (len(case["CT"]) // 2))
        lines.append(" ".join([str(len(lines)), verdict, case["Key"], case["IV"], field(case["AAD"]),
                               field(plaintext), field(case["CT"]), case["Tag"]]))
    target = pathlib.Path(__file__).parent / "aes_256_gcm_nist.txt"
    target.write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
