"""Signatures and encryption of WeChat's calls to us.

Plain: ``sha1`` over the sorted token, time stamp and nonce. Secure: the same with the ciphertext, which is AES-256-CBC with
the EncodingAESKey (43 characters of base64), the first 16 bytes of the key as start value, padded to 32 bytes: 16 random
bytes, the length of the message as 4 bytes big endian, the message, the App ID.
"""

import base64
import binascii
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32


def signature(*parts: str) -> str:
    """The signature over token, time stamp, nonce and, in secure mode, the ciphertext.

    >>> signature("tkn", "1767294245", "abc")
    '35b506fb8e0ad1ec8e99f5836382b8675fe5edcc'
    """
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def same(given: str, expected: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(given.encode(), expected.encode())


def decrypt(key: str, app: str, cipher: str) -> str:
    """The message in a ciphertext. Raises ValueError when it cannot be read or is meant for another App ID."""
    try:
        secret = base64.b64decode(key + "=", validate=True)
        sealed = base64.b64decode(cipher, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(secret) != 32 or not sealed or len(sealed) % 16:
        raise ValueError("the key or the message has a wrong length")
    opener = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).decryptor()
    plain = opener.update(sealed) + opener.finalize()
    padding = plain[-1]
    if not 1 <= padding <= BLOCK or len(plain) < padding + 20:
        raise ValueError("the key does not fit the message")
    plain = plain[:-padding]
    (length,) = struct.unpack(">I", plain[16:20])
    message, owner = plain[20 : 20 + length], plain[20 + length :]
    if len(message) != length or not same(owner.decode("utf-8", "replace"), app):
        raise ValueError("the message is meant for another App ID")
    return message.decode("utf-8")


def encrypt(key: str, app: str, message: str, nonce: bytes) -> str:
    """The ciphertext of a message; ``nonce`` are 16 random bytes. Raises ValueError for a wrong key or nonce.

    >>> key = base64.b64encode(bytes(range(32))).decode().rstrip("=")
    >>> decrypt(key, "wx1", encrypt(key, "wx1", "订单", b"0123456789abcdef"))
    '订单'
    """
    secret = base64.b64decode(key + "=", validate=True)
    if len(secret) != 32 or len(nonce) != 16:
        raise ValueError("the key has 32 bytes, the nonce 16")
    body = message.encode()
    plain = nonce + struct.pack(">I", len(body)) + body + app.encode()
    padding = BLOCK - len(plain) % BLOCK
    sealer = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).encryptor()
    return base64.b64encode(sealer.update(plain + bytes([padding]) * padding) + sealer.finalize()).decode()
