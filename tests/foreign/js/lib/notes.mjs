// Keys of signed notes.

import { ed25519 as curve } from '@noble/curves/ed25519.js'

import { ascii, concatBytes, from0x, sha256, to0x } from './bytes.mjs'

const ED25519 = 1
const COSIGNATURE = 4

// `name+id+key`; the ID is the beginning of the hash of name, newline, type and key.
function verifierKey(name, type, key) {
  const typed = concatBytes(Uint8Array.of(type), key)
  const id = sha256(concatBytes(ascii(`${name}\n`), typed)).subarray(0, 4)
  return `${name}+${to0x(id).slice(2)}+${Buffer.from(typed).toString('base64')}`
}

export function ed25519({ name, secret }) {
  const key = curve.getPublicKey(from0x(secret))
  return {
    public: to0x(key),
    logKey: verifierKey(name, ED25519, key),
    cosignerKey: verifierKey(name, COSIGNATURE, key),
  }
}
