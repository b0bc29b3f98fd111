// Bytes, hexadecimal, hashes and RFC 8785 JSON.

import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import canonicalize from 'canonicalize'

export { concatBytes, sha256 }
export const ascii = utf8ToBytes

export const to0x = (bytes) => `0x${bytesToHex(bytes)}`

export function from0x(text) {
  if (!/^0x([0-9a-f]{2})*$/.test(text)) throw new Error(`not 0x and lower-case hexadecimal: ${text}`)
  return hexToBytes(text.slice(2))
}

// A number as so many big-endian bytes.
export function bigEndian(number, length) {
  if (!Number.isSafeInteger(number) || number < 0 || number >= 256 ** length) {
    throw new RangeError(`${number} does not fit ${length} bytes`)
  }
  return from0x(`0x${number.toString(16).padStart(2 * length, '0')}`)
}

export const framed = (bytes) => concatBytes(bigEndian(bytes.length, 4), bytes)

// `symbolon/v1/` and the purpose, then each field after its length.
export const frame = (purpose, fields) => concatBytes(label(purpose), ...fields.map(framed))

export const label = (purpose) => ascii(`symbolon/v1/${purpose}`)

// A text's file: the text and its hash.
export const file = (text) => ({ text, sha256: to0x(sha256(ascii(text))) })

export const json = (value) => canonicalize(value)
