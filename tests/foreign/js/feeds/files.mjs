// Contents and issued lists.

import { ascii, json, sha256, to0x } from '../lib/bytes.mjs'
import { encodeIssued, shapeOf } from '../lib/files.mjs'
import { alter } from './cases.mjs'
import * as random from './random.mjs'

export function contents(cases, { content }, other) {
  const shares = { ...content, quorum: random.between(0, 10_000), threshold: 10_000 }
  for (const [name, text] of [
    ['content', json(content)],
    ['content with shares', json(shares)],
    ['content as people write it', JSON.stringify(content, null, 2)],
  ]) {
    const inputs = named(text, content)
    const others = { hash: alter(inputs.hash), shape: otherShape(inputs.shape, other.content) }
    cases.accept(name, 'content', inputs, ascii(text), { others })
  }
  for (const [flaw, text] of Object.entries(invalid(content))) {
    cases.refuse(`content ${flaw}`, 'content', named(text, content), ascii(text))
  }
}

const named = (text, content) => ({ hash: to0x(sha256(ascii(text))), shape: to0x(shapeOf(content)) })

function otherShape(shape, content) {
  const other = to0x(shapeOf(content))
  return other === shape ? `${shape}010101` : other
}

// Files that bear their right hash and break a rule.
function invalid(content) {
  const [first, ...rest] = content.questions
  const { uk, ...english } = first.title
  const questions = (first) => json({ ...content, questions: [first, ...rest] })
  const text = json(content)
  return {
    'of another version': json({ ...content, version: 'symbolon/v2' }),
    'with an unknown member': json({ ...content, colour: 'red' }),
    'with a share above 100 %': json({ ...content, quorum: 10_001 }),
    'without a translation': questions({ ...first, title: english }),
    'with a control character': questions({ ...first, title: { ...first.title, uk: '\u0007' } }),
    'with a language twice': text.replace('"title":{', '"title":{"uk":"…",'),
    'cut off': text.slice(0, -1),
  }
}

export async function issuedLists(cases, election, other) {
  const places = Array.from({ length: 50 }, () => (random.below(4) === 0 ? null : random.key().address))
  const closing = (of, list, rollSize) => {
    const message = { election: of.id, rollSize, rollRoot: random.hex(32), issued: to0x(sha256(list)) }
    return of.statement('Close', message)
  }
  const list = encodeIssued(places)
  const close = await closing(election, list, places.length)
  const { trustFile, entry } = election
  const inputs = { trustFile, manifest: to0x(entry), close: to0x(close) }
  cases.accept('issued list', 'issuedList', inputs, list, {
    others: {
      trustFile: other.trustFile,
      manifest: to0x(other.entry),
      close: to0x(await closing(other, list, places.length)),
    },
    forged: { 'a place more': encodeIssued([...places, null]) },
  })
  const long = { ...inputs, close: to0x(await closing(election, list, places.length + 1)) }
  cases.refuse('issued list of fewer places than the roll', 'issuedList', long, list)
  const twice = encodeIssued([...places, random.key().address].fill(random.key().address, 0, 2))
  const closed = to0x(await closing(election, twice, places.length + 1))
  cases.refuse('issued list with a key twice', 'issuedList', { ...inputs, close: closed }, twice)
}
