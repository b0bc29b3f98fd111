// The tally of a whole ledger.

import { decodeAbiParameters } from 'viem'

import { file, from0x, json, to0x } from './bytes.mjs'
import { BALLOT } from './entries.mjs'
import { abiParameters, digestOf } from './structs.mjs'

export function tally({ trustFile, entries, range, issued }) {
  const ledger = entries.map(from0x)
  const { election, shape } = readManifest(ledger[0], JSON.parse(trustFile).domain)
  const ballots = ledger.flatMap((bytes, at) => (bytes[0] === BALLOT ? [readBallot(bytes, at)] : []))
  const counted = judge(ballots, range, issued)
  return file(
    json({
      election,
      ledgerSize: entries.length,
      range,
      rollSize: issued.length,
      issued: issued.filter((key) => key !== null).length,
      ballots: ballots.length,
      counted: counted.length,
      excluded: reasons(ballots),
      questions: answers(counted, shape),
    }),
  )
}

function readManifest(bytes, domain) {
  const abi = bytes.subarray(2, bytes.length - 64 * bytes[1])
  const [message] = decodeAbiParameters(abiParameters('Manifest'), abi)
  return { election: digestOf('Manifest', message, domain), shape: from0x(message.shape) }
}

function readBallot(bytes, at) {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const end = 92 + view.getUint16(90)
  return {
    at,
    place: view.getUint32(65),
    key: to0x(bytes.subarray(69, 89)),
    sequence: bytes[89],
    choice: bytes.subarray(92, end),
  }
}

// Marks every ballot that doesn't count with the reason; returns those that do.
function judge(ballots, range, issued) {
  const best = new Map()
  for (const ballot of ballots) {
    ballot.reason = unfit(ballot, range, issued)
    if (ballot.reason) continue
    const other = best.get(ballot.place)
    const loser = other && ballot.sequence <= other.sequence ? ballot : other
    if (loser) loser.reason = 'superseded'
    if (loser !== ballot) best.set(ballot.place, ballot)
  }
  return [...best.values()]
}

function unfit({ at, place, key }, range, issued) {
  if (at < range.first) return 'early'
  if (at >= range.end) return 'late'
  return issued[place] === key ? undefined : 'otherKey'
}

function reasons(ballots) {
  const excluded = {}
  for (const { reason } of ballots) {
    if (reason) excluded[reason] = (excluded[reason] ?? 0) + 1
  }
  return excluded
}

function answers(counted, shape) {
  const questions = []
  for (let at = 0; at < shape.length; at += 3) {
    questions.push({ blank: 0, options: new Array(shape[at]).fill(0) })
  }
  for (const { choice } of counted) {
    let rest = choice
    for (const question of questions) {
      const chosen = rest.subarray(1, 1 + rest[0])
      if (chosen.length === 0) question.blank += 1
      for (const option of chosen) question.options[option - 1] += 1
      rest = rest.subarray(1 + rest[0])
    }
  }
  return questions
}
