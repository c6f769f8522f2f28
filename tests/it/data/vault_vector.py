"""Makes vault_vector.txt with other implementations than ours: argon2-cffi (the reference C code) and PyNaCl
(libsodium). Run by hand after `pip install argon2-cffi pynacl`; the tests read only what it printed."""

import hashlib
import struct

from argon2.low_level import Type, hash_secret_raw
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt as seal

print("# memory KiB, passes, lanes, passphrase, salt, nonce, text, the whole file: made by vault_vector.py")
for memory, passes, lanes, passphrase, text in [
    (64, 1, 1, "x", ""),
    (256, 3, 2, "Größe und Maß", '{"entries":{}}'),
    (96 * 1024, 3, 1, "correct horse battery staple", '{"entries":{"orders":{"value":"p","changed":1}}}'),
]:
    salt = hashlib.sha256(b"salt " + passphrase.encode()).digest()
    nonce = hashlib.sha256(b"nonce " + passphrase.encode()).digest()[:24]
    derived = hash_secret_raw(passphrase.encode(), salt, passes, memory, lanes, 64, Type.ID, 19)
    check = hashlib.sha256(b"dba-gpt vault check v1" + derived[32:]).digest()
    plain = text.encode()
    header = b"DBAGPTV\0" + struct.pack("<HBBIII", 1, 0, 0, memory, passes, lanes)
    header += salt + check + nonce + struct.pack("<I", len(plain) + 16)
    body = header + seal(plain, header, nonce, derived[:32])
    file = body + hashlib.sha256(body).digest()
    print("\t".join([str(memory), str(passes), str(lanes), passphrase, salt.hex(), nonce.hex(), text, file.hex()]))
