// Where the files of a public log lie, as C2SP tlog-tiles has it; entry bundles.

import { bigEndian, concatBytes, from0x, to0x } from './bytes.mjs'

export const WIDE = 256

// `x001/x234/067`, and `.p/<width>` behind what isn't full.
export function tileNumber(number, width) {
  const groups = [String(number % 1000).padStart(3, '0')]
  for (let rest = Math.floor(number / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`)
  }
  return groups.join('/') + (width < WIDE ? `.p/${width}` : '')
}

export function bundle({ number, entries }) {
  const bytes = entries.map(from0x).flatMap((entry) => [bigEndian(entry.length, 2), entry])
  return {
    path: `tile/entries/${tileNumber(number, entries.length)}`,
    bytes: to0x(concatBytes(...bytes)),
  }
}

// The numbers of so many things, 256 in a file.
const numbers = (size) =>
  Array.from({ length: Math.ceil(size / WIDE) }, (_, at) =>
    tileNumber(at, Math.min(WIDE, size - at * WIDE)),
  )

function hashTiles(size) {
  const paths = []
  for (let level = 0, count = size; count > 0; level += 1, count = Math.floor(count / WIDE)) {
    paths.push(...numbers(count).map((number) => `tile/${level}/${number}`))
  }
  return paths
}

export function layout({ logSize, checkpoints, rolls, contents, statements }) {
  const ofRoll = ({ election, size }) => [
    ...numbers(size).map((number) => `roll/${election.slice(2)}/leaves/${number}`),
    ...hashTiles(size).map((path) => `roll/${election.slice(2)}/${path}`),
  ]
  const sixDigits = (number) => String(number).padStart(6, '0')
  return {
    paths: [
      'checkpoint',
      'checkpoints/sizes',
      ...checkpoints.map((size) => `checkpoints/${size}`),
      ...numbers(logSize).map((number) => `tile/entries/${number}`),
      ...hashTiles(logSize),
      ...rolls.flatMap(ofRoll),
      ...contents.map((hash) => `content/${hash.slice(2)}`),
    ],
    checkpointSizes: checkpoints.map((size) => `${size}\n`).join(''),
    exported: Array.from({ length: statements }, (_, at) => `statements/${sixDigits(at)}`),
  }
}
