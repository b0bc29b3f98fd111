// Derivations under labels, keys, rules and match keys.

import { x25519 as curve } from '@noble/curves/ed25519.js'
import { argon2id as argon2 } from '@noble/hashes/argon2.js'
import { hkdf as derive } from '@noble/hashes/hkdf.js'
import { hmac as authenticate } from '@noble/hashes/hmac.js'
import { privateKeyToAddress } from 'viem/accounts'

import { ascii, frame as framed, from0x, sha256, to0x } from './bytes.mjs'

const frameOf = ({ purpose, fields }) => framed(purpose, fields.map(from0x))

export const tag = (key, purpose, fields) => authenticate(sha256, key, framed(purpose, fields))

export const hkdfKey = (secret, purpose, fields, length = 32) =>
  derive(sha256, secret, undefined, framed(purpose, fields), length)

export const frame = (inputs) => ({ bytes: to0x(frameOf(inputs)) })

export const hmac = (inputs) => ({
  tag: to0x(tag(from0x(inputs.key), inputs.purpose, inputs.fields.map(from0x))),
})

export const hkdf = (inputs) => ({
  key: to0x(hkdfKey(from0x(inputs.secret), inputs.purpose, inputs.fields.map(from0x))),
})

export const argon2id = (inputs) => {
  const costs = { m: inputs.memoryKib, t: inputs.passes, p: inputs.lanes, dkLen: 32, version: 0x13 }
  return { hash: to0x(argon2(frameOf(inputs), from0x(inputs.salt), costs)) }
}

export function secp256k1({ secret }) {
  const checksummed = privateKeyToAddress(secret)
  return { address: checksummed.toLowerCase(), checksummed }
}

export const x25519 = ({ secret }) => ({ public: to0x(curve.getPublicKey(from0x(secret))) })

export function ruleId({ canonicaliser, ruleKind, attributes }) {
  const described = attributes.flatMap(({ name, kind, folds }) => [name, kind, folds.join(',')])
  const fields = [canonicaliser, ruleKind, ...described].map(ascii)
  return { id: to0x(sha256(framed('rule-id', fields))) }
}

export function matchKey({ attributes }) {
  const fields = attributes.flatMap(({ kind, canonical }) => [kind, canonical]).map(ascii)
  return { bytes: to0x(framed('match-key', fields)) }
}
