// RFC 9162 trees, and their C2SP hash tiles.

import rfc9162 from '@transmute/rfc9162'

import { ascii, concatBytes, from0x, to0x } from './bytes.mjs'
import { tileNumber, WIDE } from './layout.mjs'

const { MTH, PATH, PROOF } = rfc9162.RFC9162

const entriesOf = (entries) =>
  Array.isArray(entries)
    ? entries.map(from0x)
    : Array.from({ length: entries.count }, (_, number) => ascii(`${entries.text}${number}`))

const root = async (entries) => to0x(await MTH(entries))

export async function tree(inputs) {
  const entries = entriesOf(inputs.entries)
  const first = (size) => entries.slice(0, size)
  const included = async ({ index, size }) => (await PATH(index, first(size))).map(to0x)
  const consistent = ({ from, to }) => consistency(from, first(to))
  const roots = inputs.sizes.map(async (size) => [String(size), await root(first(size))])
  return {
    size: entries.length,
    root: await root(entries),
    roots: Object.fromEntries(await Promise.all(roots)),
    tiles: await tiles(entries),
    inclusion: await Promise.all(inputs.inclusion.map(included)),
    consistency: await Promise.all(inputs.consistency.map(consistent)),
  }
}

// The library begins with the older root even where RFC 9162 leaves it out as known: where
// the older tree is a whole subtree of the newer one.
async function consistency(from, entries) {
  const proof = (await PROOF(from, entries)).map(to0x)
  const whole = (from & (from - 1)) === 0
  return whole ? proof.slice(1) : proof
}

async function tiles(entries) {
  const made = {}
  for (let level = 0, under = 1; entries.length >= under; level += 1, under *= WIDE) {
    const hashes = []
    for (let at = 0; at + under <= entries.length; at += under) {
      hashes.push(await MTH(entries.slice(at, at + under)))
    }
    for (let at = 0; at < hashes.length; at += WIDE) {
      const tile = hashes.slice(at, at + WIDE)
      made[`tile/${level}/${tileNumber(at / WIDE, tile.length)}`] = to0x(concatBytes(...tile))
    }
  }
  return made
}
