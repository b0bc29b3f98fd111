// The cases of a feed, each accepted one with its wrong variants.

import { from0x, to0x } from '../lib/bytes.mjs'
import { below } from './random.mjs'

const PLACES = 5

export class Cases {
  list = []

  // A case to accept. Wrong variants: bytes changed at several places; the inputs with each of
  // `others`; and each of the bytes in `forged`, made on purpose.
  accept(name, kind, inputs, bytes, { others = {}, forged = {} }) {
    this.#add(name, kind, inputs, bytes, 'accept')
    for (const place of places(bytes.length)) {
      this.#add(`${name}/byte ${place}`, kind, inputs, changed(bytes, place), 'refuse')
    }
    for (const [input, value] of Object.entries(others)) {
      if (JSON.stringify(value) === JSON.stringify(inputs[input])) throw new Error(`${name}: same ${input}`)
      this.#add(`${name}/other ${input}`, kind, { ...inputs, [input]: value }, bytes, 'refuse')
    }
    for (const [flaw, wrong] of Object.entries(forged)) {
      this.refuse(`${name}/${flaw}`, kind, inputs, wrong)
    }
  }

  refuse(name, kind, inputs, bytes) {
    this.#add(name, kind, inputs, bytes, 'refuse')
  }

  #add(name, kind, inputs, bytes, expect) {
    this.list.push({ name, kind, inputs, bytes: to0x(bytes), expect })
  }
}

// The first place, the last, and some between.
function places(length) {
  const between = Array.from({ length: PLACES - 2 }, () => below(length))
  return new Set([0, ...between, length - 1])
}

function changed(bytes, place) {
  const copy = Uint8Array.from(bytes)
  copy[place] ^= 1
  return copy
}

// The same `0x` text with its last bit changed.
export const alter = (text) => {
  const bytes = from0x(text)
  return to0x(changed(bytes, bytes.length - 1))
}
