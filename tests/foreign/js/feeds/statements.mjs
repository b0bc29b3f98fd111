// Ledger entries of statements.

import { from0x, to0x } from '../lib/bytes.mjs'
import { encodeStatement } from '../lib/entries.mjs'
import { abiOf } from '../lib/structs.mjs'
import * as random from './random.mjs'

export async function statements(cases, election, other) {
  const { trustFile, entry } = election
  const trusted = { trustFile: other.trustFile }
  const forged = await wronglySigned(election, 'Manifest', election.manifest)
  cases.accept('Manifest', 'statement', { trustFile }, entry, { others: trusted, forged })
  for (const [type, message] of messages(election)) {
    const inputs = { trustFile, manifest: to0x(entry) }
    cases.accept(type, 'statement', inputs, await election.statement(type, message), {
      others: { ...trusted, manifest: to0x(other.entry) },
      forged: {
        ...(await wronglySigned(election, type, message)),
        'of another election': await election.statement(type, { ...message, election: other.id }),
      },
    })
  }
  await everybody(cases, election)
}

const messages = ({ id, issuer }) => [
  ['RollStatement', { election: id, sequence: 0, size: 1000, root: random.hex(32) }],
  ['IssuerRotation', { election: id, current: issuer.address, next: random.key().address }],
  ['Close', { election: id, rollSize: 1000, rollRoot: random.hex(32), issued: random.hex(32) }],
  [
    'Certified',
    { election: id, ledgerSize: 2000, ledgerHead: random.hex(32), tallyHash: random.hex(32) },
  ],
  ['Cancelled', { election: id }],
]

// More signatures than must be.
async function everybody(cases, election) {
  const message = { election: election.id }
  const all = election.officers.map(({ secret }) => secret)
  const bytes = await election.statement('Cancelled', message, all)
  const inputs = { trustFile: election.trustFile, manifest: to0x(election.entry) }
  cases.accept('Cancelled by everybody', 'statement', inputs, bytes, {})
}

async function wronglySigned(election, type, message) {
  const signers = election.signers()
  const sign = (secret) => election.sign(type, message, secret)
  const [first, second, stranger] = await Promise.all([...signers, random.key().secret].map(sign))
  const entry = (signatures) => encodeStatement({ type, abi: abiOf(type, message), signatures })
  const whole = entry([first, second])
  return {
    'too few': entry([first]),
    'one officer twice': entry([first, first]),
    'in descending order': entry([second, first]),
    'a stranger among them': await election.statement(type, message, [signers[0], random.key().secret]),
    'a stranger behind them': entry([first, second, stranger]),
    'a byte behind it': Uint8Array.of(...whole, 0),
    'a word within': inserted(whole),
    unsigned: entry([]),
  }
}

// A word of zeros between struct and signatures: Solidity's decoder would not mind.
function inserted(entry) {
  const end = entry.length - 2 * 64
  return from0x(to0x(entry.subarray(0, end)) + '00'.repeat(32) + to0x(entry.subarray(end)).slice(2))
}
