// Fresh random values.

import { randomBytes, randomInt } from 'node:crypto'

import { generatePrivateKey, privateKeyToAddress } from 'viem/accounts'

import { to0x } from '../lib/bytes.mjs'

export const bytes = (length) => Uint8Array.from(randomBytes(length))
export const hex = (length) => to0x(bytes(length))
export const below = (limit) => randomInt(limit)
export const between = (least, most) => randomInt(least, most + 1)

// A secp256k1 key with its address in lower case.
export function key() {
  const secret = generatePrivateKey()
  return { secret, address: privateKeyToAddress(secret).toLowerCase() }
}

// Keys in ascending order of their addresses.
export const keys = (count) =>
  Array.from({ length: count }, key).sort((a, b) => (a.address < b.address ? -1 : 1))
