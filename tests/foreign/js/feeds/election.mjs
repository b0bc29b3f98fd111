// A random election: its officers, trust file, manifest, issuer, gateways and devices.

import { x25519 } from '@noble/curves/ed25519.js'

import { ascii, from0x, json, sha256, to0x } from '../lib/bytes.mjs'
import { deviceKeys } from '../lib/device.mjs'
import { encodeStatement } from '../lib/entries.mjs'
import { shapeOf } from '../lib/files.mjs'
import { abiOf, digestOf, logDomain, signDigest, signatures } from '../lib/structs.mjs'
import * as random from './random.mjs'

const OFFICERS = 4
const THRESHOLD = 2

export class Election {
  officers = random.keys(OFFICERS)
  issuer = random.key()
  gateways = random.keys(2)
  requestSecret = random.bytes(32)
  content = content()

  static async random() {
    const election = new Election()
    election.#trust()
    election.manifest = election.#manifest()
    election.id = digestOf('Manifest', election.manifest, election.domain)
    election.entry = await election.statement('Manifest', election.manifest)
    return election
  }

  // The packed entry of a statement, signed by so many officers as must, in their order.
  async statement(type, message, signers = this.signers()) {
    const made = await signatures(digestOf(type, message, this.domain), signers)
    return encodeStatement({ type, abi: abiOf(type, message), signatures: made })
  }

  // The secrets of two random officers.
  signers() {
    const left = random.below(OFFICERS - 1)
    return [this.officers[left], this.officers[random.between(left + 1, OFFICERS - 1)]].map(
      ({ secret }) => secret,
    )
  }

  sign = (type, message, secret) => signDigest(digestOf(type, message, this.domain), secret)

  // A device with a place in the roll.
  device() {
    const bits = random.bytes(16)
    const place = { voterId: random.hex(32), rollIndex: random.below(2 ** 32) }
    return { bits, ...place, ...deviceKeys(bits, from0x(this.id)) }
  }

  // What the issuer, or another key, signs for a device.
  token(device, { secret = this.issuer.secret, ballotKey = device.ballotKey } = {}) {
    const { voterId, rollIndex } = device
    return this.sign('VotingToken', { election: this.id, voterId, rollIndex, ballotKey }, secret)
  }

  #trust() {
    const origin = `${random.hex(4).slice(2)}.example/log`
    this.domain = logDomain(origin)
    this.trustFile = json({
      version: 'symbolon/v1',
      name: 'Έδεσσα “Foreign”',
      domain: this.domain,
      origin,
      officers: this.officers.map(({ address }) => address),
      threshold: THRESHOLD,
    })
  }

  #manifest() {
    const opens = random.between(1_700_000_000, 1_900_000_000)
    const closes = opens + random.between(1, 1_000_000)
    const grace = random.below(100_000)
    return {
      nonce: random.hex(32),
      contentHash: to0x(sha256(ascii(json(this.content)))),
      shape: to0x(shapeOf(this.content)),
      opens,
      closes,
      grace,
      forgetAfter: closes + grace + random.between(1, 1_000_000),
      maxBallots: random.between(1, 255),
      rollBatchMin: random.below(1000),
      ballotBatchMin: random.between(1, 1000),
      custody: random.below(2),
      anonymity: 0,
      results: 0,
      tallyKey: `0x${'00'.repeat(32)}`,
      officers: this.officers.map(({ address }) => address),
      threshold: THRESHOLD,
      issuer: this.issuer.address,
      requestKey: to0x(x25519.getPublicKey(this.requestSecret)),
      gateways: this.gateways.map(({ address }) => address),
      ledgerKeys: random.hex(32),
      payload: 0,
    }
  }
}

// A content of some questions; each may be left blank or not.
function content() {
  const text = (word) => ({ en: `${word} ${random.hex(2)}`, uk: `${word} “їжа”\n` })
  const question = () => {
    const options = Array.from({ length: random.between(2, 9) }, () => text('option'))
    const most = random.between(1, options.length)
    return { title: text('title'), text: text('text'), options, least: random.between(0, most), most }
  }
  const questions = Array.from({ length: random.between(1, 4) }, question)
  return { version: 'symbolon/v1', title: text('poll'), text: text('why'), questions }
}

// A choice that fits the questions: per question so many ascending options.
export const selections = ({ questions }) =>
  questions.map(({ options, least, most }) => {
    const count = random.between(least, most)
    const rest = options.map((_, at) => at + 1)
    while (rest.length > count) rest.splice(random.below(rest.length), 1)
    return rest
  })
