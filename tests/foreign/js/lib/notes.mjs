// Keys of signed notes, and checkpoints.

import { ed25519 as curve } from '@noble/curves/ed25519.js'

import { ascii, bigEndian, concatBytes, file, from0x, sha256, to0x } from './bytes.mjs'

const ED25519 = 1
const COSIGNATURE = 4

const base64 = (bytes) => Buffer.from(bytes).toString('base64')

// What stands for a key in the ID and in the verifier key.
const typed = (type, key) => concatBytes(Uint8Array.of(type), key)

// The beginning of the hash of name, newline, type and key.
const keyId = (name, type, key) =>
  sha256(concatBytes(ascii(`${name}\n`), typed(type, key))).subarray(0, 4)

const verifierKey = (name, type, key) =>
  `${name}+${to0x(keyId(name, type, key)).slice(2)}+${base64(typed(type, key))}`

export function ed25519({ name, secret }) {
  const key = curve.getPublicKey(from0x(secret))
  return {
    public: to0x(key),
    logKey: verifierKey(name, ED25519, key),
    cosignerKey: verifierKey(name, COSIGNATURE, key),
  }
}

// A signature line: the key's ID, then whatever the type of signature has.
function line(name, type, secret, ...parts) {
  const id = keyId(name, type, curve.getPublicKey(secret))
  return `— ${name} ${base64(concatBytes(id, ...parts))}\n`
}

const signed = (name, secret, body) => line(name, ED25519, secret, curve.sign(ascii(body), secret))

function cosigned(name, secret, body, time) {
  const signature = curve.sign(ascii(`cosignature/v1\ntime ${time}\n${body}`), secret)
  return line(name, COSIGNATURE, secret, bigEndian(time, 8), signature)
}

export function checkpoint({ origin, size, root, logSecret, time, witnesses }) {
  const body = `${origin}\n${size}\n${base64(from0x(root))}\n`
  const secret = from0x(logSecret)
  const others = witnesses.map((one) => cosigned(one.name, from0x(one.secret), body, one.time))
  const lines = [signed(origin, secret, body), cosigned(origin, secret, body, time), ...others]
  return { body, ...file(`${body}\n${lines.join('')}`) }
}
