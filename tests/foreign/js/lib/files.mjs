// JSON files and issued lists.

import { concatBytes, file, from0x, json, sha256, to0x } from './bytes.mjs'
import { encodeShape } from './entries.mjs'

export const jsonFile = ({ value }) => file(json(value))

export const shapeOf = ({ questions }) =>
  encodeShape(questions.map((question) => ({ ...question, options: question.options.length })))

export const content = ({ value }) => ({ ...jsonFile({ value }), shape: to0x(shapeOf(value)) })

export const encodeIssued = (places) =>
  concatBytes(...places.map((key) => (key === null ? new Uint8Array(20) : from0x(key))))

export function issuedList({ places }) {
  const bytes = encodeIssued(places)
  return { bytes: to0x(bytes), sha256: to0x(sha256(bytes)) }
}
