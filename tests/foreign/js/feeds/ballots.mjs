// Ballots and the receipts for them.

import { ascii, json, to0x } from '../lib/bytes.mjs'
import { encodeBallot, encodeChoice } from '../lib/entries.mjs'
import { digestOf } from '../lib/structs.mjs'
import { selections } from './election.mjs'
import * as random from './random.mjs'

const ROUNDS = 4

// A ballot that counts, with whatever of it is given otherwise.
async function ballot(election, how = {}) {
  const device = how.device ?? election.device()
  const { voterId, rollIndex, ballotKey } = device
  const choice = how.choice ?? to0x(encodeChoice(selections(election.content)))
  const sequence = how.sequence ?? random.below(election.manifest.maxBallots)
  const message = { election: election.id, voterId, choice, sequence }
  const secret = how.secret ?? device.ballotSecret
  const entry = encodeBallot({
    ...message,
    rollIndex,
    ballotKey,
    tokenSignature: await election.token(device, how.token),
    ballotSignature: await election.sign('Ballot', message, secret),
  })
  return { entry, digest: digestOf('Ballot', message, election.domain) }
}

export async function ballots(cases, election, other) {
  const inputs = { trustFile: election.trustFile, manifest: to0x(election.entry) }
  const others = { trustFile: other.trustFile, manifest: to0x(other.entry) }
  for (let at = 0; at < ROUNDS; at += 1) {
    const device = election.device()
    const { entry } = await ballot(election, { device })
    const forged = await forgeries(election, device, entry)
    cases.accept(`ballot ${at}`, 'ballot', inputs, entry, { others, forged })
  }
}

async function forgeries(election, device, entry) {
  const made = async (how) => (await ballot(election, { device, ...how })).entry
  const chosen = selections(election.content)
  const options = election.content.questions[0].options.length
  const first = (options) => to0x(encodeChoice([options, ...chosen.slice(1)]))
  const stranger = random.key()
  return {
    'sequence too high': await made({ sequence: election.manifest.maxBallots }),
    'no such option': await made({ choice: first([options + 1]) }),
    'an option twice': await made({ choice: first([1, 1]) }),
    'a question more': await made({ choice: to0x(encodeChoice([...chosen, [1]])) }),
    'no choice': await made({ choice: '0x' }),
    "with a stranger's token": await made({ token: { secret: stranger.secret } }),
    "with another key's token": await made({ token: { ballotKey: stranger.address } }),
    'signed by a stranger': await made({ secret: stranger.secret }),
    'a byte longer': Uint8Array.of(...entry, 0),
  }
}

export async function receipts(cases, election, other) {
  const { trustFile, manifest, gateways } = election
  const last = manifest.closes + manifest.grace
  for (const [at, gateway] of gateways.entries()) {
    const { entry, digest } = await ballot(election)
    const until = at === 0 ? last : random.between(manifest.opens, last)
    const made = (how) => receipt(election, { digest, until, secret: gateway.secret, ...how })
    const inputs = { trustFile, manifest: to0x(election.entry), ballot: to0x(entry) }
    cases.accept(`receipt ${at}`, 'receipt', inputs, await made(), {
      others: {
        trustFile: other.trustFile,
        manifest: to0x(other.entry),
        ballot: to0x((await ballot(election)).entry),
      },
      forged: {
        "a stranger's": await made({ secret: random.key().secret }),
        'until later than can be': await made({ until: last + 1 }),
        'for another ballot': await made({ digest: random.hex(32) }),
      },
    })
  }
}

async function receipt(election, { digest, until, secret }) {
  const message = { election: election.id, ballotDigest: digest, includeBy: until }
  const signature = await election.sign('Receipt', message, secret)
  return ascii(json({ ...message, signature }))
}
