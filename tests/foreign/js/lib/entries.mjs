// Choices and ledger entries.

import { bigEndian, concatBytes, from0x, sha256, to0x } from './bytes.mjs'

export const STATEMENTS = [
  'Manifest',
  'RollStatement',
  'IssuerRotation',
  'Close',
  'Certified',
  'Cancelled',
]
export const BALLOT = 0x10

export const encodeShape = (questions) =>
  Uint8Array.from(questions.flatMap(({ options, least, most }) => [options, least, most]))

export const encodeChoice = (selections) =>
  Uint8Array.from(selections.flatMap((chosen) => [chosen.length, ...chosen]))

export const choice = ({ shape, selections }) => ({
  shape: to0x(encodeShape(shape)),
  choice: to0x(encodeChoice(selections)),
})

const outputs = (bytes) => ({
  bytes: to0x(bytes),
  hash: to0x(sha256(concatBytes(Uint8Array.of(0), bytes))),
})

export function encodeStatement({ type, abi, signatures }) {
  const at = STATEMENTS.indexOf(type)
  if (at < 0) throw new Error(`${type} is no ledger entry`)
  const head = Uint8Array.of(at + 1, signatures.length)
  return concatBytes(head, from0x(abi), ...signatures.map(from0x))
}

export function encodeBallot(ballot) {
  const choice = from0x(ballot.choice)
  return concatBytes(
    Uint8Array.of(BALLOT),
    from0x(ballot.election),
    from0x(ballot.voterId),
    bigEndian(ballot.rollIndex, 4),
    from0x(ballot.ballotKey),
    bigEndian(ballot.sequence, 1),
    bigEndian(choice.length, 2),
    choice,
    from0x(ballot.tokenSignature),
    from0x(ballot.ballotSignature),
  )
}

export const statementEntry = (inputs) => outputs(encodeStatement(inputs))
export const ballotEntry = (inputs) => outputs(encodeBallot(inputs))
