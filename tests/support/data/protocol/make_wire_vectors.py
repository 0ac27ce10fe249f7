#!/usr/bin/env python3
"""Prints wire_vectors.txt: one WireGuard handshake with fixed keys, byte by byte, computed from the
white paper with hashlib and the package `cryptography` and nothing of Warren."""
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"


def blake2s(*parts):
    return hashlib.blake2s(b"".join(parts)).digest()


def mac(key, data):
    return hashlib.blake2s(data, key=key, digest_size=16).digest()


def kdf(key, data, count):
    secret = hmac.new(key, data, hashlib.blake2s).digest()
    out, last = [], b""
    for i in range(1, count + 1):
        last = hmac.new(secret, last + bytes([i]), hashlib.blake2s).digest()
        out.append(last)
    return out


def aead(key, counter, plain, associated):
    return ChaCha20Poly1305(key).encrypt(struct.pack("<IQ", 0, counter), plain, associated)


def public(secret):
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def dh(secret, peer):
    return X25519PrivateKey.from_private_bytes(secret).exchange(X25519PublicKey.from_public_bytes(peer))


def rotate(value, bits):
    return ((value << bits) | (value >> (32 - bits))) & 0xFFFFFFFF


def hchacha20(key, nonce):
    state = list(struct.unpack("<4I", b"expand 32-byte k")) + list(struct.unpack("<8I4I", key + nonce))
    def quarter(a, b, c, d):
        for x, y, z, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[x] = (state[x] + state[y]) & 0xFFFFFFFF
            state[z] = rotate(state[z] ^ state[x], bits)
    for _ in range(10):
        for columns in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                        (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(*columns)
    return struct.pack("<8I", *(state[:4] + state[12:]))


def xaead(key, nonce, plain, associated):
    return ChaCha20Poly1305(hchacha20(key, nonce[:16])).encrypt(
        b"\0\0\0\0" + nonce[16:], plain, associated)


def clamped(seed):
    secret = bytearray(hashlib.sha256(seed).digest())
    secret[0] &= 248
    secret[31] = (secret[31] & 127) | 64
    return bytes(secret)


initiator, responder = clamped(b"initiator"), clamped(b"responder")
e_i, e_r = clamped(b"initiator ephemeral"), clamped(b"responder ephemeral")
psk = hashlib.sha256(b"preshared").digest()
index_i, index_r = struct.pack("<I", 0x11223344), struct.pack("<I", 0xAABBCCDD)
seconds, nanoseconds = 1_700_000_000, 0x2F123456
timestamp = struct.pack(">QI", (1 << 62) + 10 + seconds, nanoseconds & ~0xFFFFFF)

# Initiation.
c = blake2s(CONSTRUCTION)
h = blake2s(blake2s(c, IDENTIFIER), public(responder))
c, = kdf(c, public(e_i), 1)
h = blake2s(h, public(e_i))
c, k = kdf(c, dh(e_i, public(responder)), 2)
encrypted_static = aead(k, 0, public(initiator), h)
h = blake2s(h, encrypted_static)
c, k = kdf(c, dh(initiator, public(responder)), 2)
encrypted_timestamp = aead(k, 0, timestamp, h)
h = blake2s(h, encrypted_timestamp)
initiation = b"\1\0\0\0" + index_i + public(e_i) + encrypted_static + encrypted_timestamp
mac1 = mac(blake2s(b"mac1----", public(responder)), initiation)
initiation_without_cookie = initiation + mac1 + bytes(16)
cookie = hashlib.sha256(b"cookie").digest()[:16]
initiation_with_cookie = initiation + mac1 + mac(cookie, initiation + mac1)
nonce = hashlib.sha256(b"nonce").digest()[:24]
cookie_reply = (b"\3\0\0\0" + index_i + nonce +
                xaead(blake2s(b"cookie--", public(responder)), nonce, cookie, mac1))

# Response.
c, = kdf(c, public(e_r), 1)
h = blake2s(h, public(e_r))
c, = kdf(c, dh(e_r, public(e_i)), 1)
c, = kdf(c, dh(e_r, public(initiator)), 1)
c, tau, k = kdf(c, psk, 3)
h = blake2s(h, tau)
response = b"\2\0\0\0" + index_r + index_i + public(e_r) + aead(k, 0, b"", h)
response += mac(blake2s(b"mac1----", public(initiator)), response) + bytes(16)

# Transport data, the initiator's first.
to_responder, to_initiator = kdf(c, b"", 2)
data = b"\4\0\0\0" + index_r + struct.pack("<Q", 7) + aead(to_responder, 7, b"sixteen bytes ok", b"")

for name, value in {
        "initiator": initiator, "responder": responder, "initiator_ephemeral": e_i,
        "responder_ephemeral": e_r, "preshared": psk, "initiation": initiation_without_cookie,
        "cookie_reply": cookie_reply, "initiation_with_cookie": initiation_with_cookie,
        "response": response, "initiator_sends": to_responder, "initiator_receives": to_initiator,
        "data": data}.items():
    print(f"{name}={value.hex()}")
