// Walks the golden file: resolves references with our own outputs, computes, compares.

import { isDeepStrictEqual } from 'node:util'

class Skip extends Error {}

// `kinds` gives for the name of a kind a function from inputs to outputs.
export async function recompute(golden, kinds) {
  const own = new Map()
  const report = { recomputed: [], failed: [], skipped: [] }
  for (const item of golden.items) {
    try {
      const outputs = await compute(item, kinds, own)
      own.set(item.name, outputs)
      const failed = differences(item, outputs)
      report.failed.push(...failed)
      if (failed.length === 0) report.recomputed.push(item.name)
    } catch (error) {
      if (error instanceof Skip) report.skipped.push(item.name)
      else report.failed.push({ item: item.name, output: '', expected: '', got: String(error) })
    }
  }
  return report
}

function compute(item, kinds, own) {
  if (!Object.hasOwn(kinds, item.kind)) throw new Skip()
  return kinds[item.kind](resolve(item.inputs, own))
}

function resolve(value, own) {
  if (typeof value === 'string') return value.startsWith('@') ? lookUp(value.slice(1), own) : value
  if (Array.isArray(value)) return value.map((one) => resolve(one, own))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, resolve(one, own)]))
}

function lookUp(path, own) {
  const [name, ...parts] = path.split('.')
  if (!own.has(name)) throw new Skip()
  const found = parts.reduce((value, part) => value?.[part], own.get(name))
  if (found === undefined) throw new Error(`@${path} is nowhere`)
  return found
}

function differences(item, outputs) {
  const names = new Set([...Object.keys(item.outputs), ...Object.keys(outputs)])
  return [...names]
    .filter((output) => !isDeepStrictEqual(item.outputs[output], outputs[output]))
    .map((output) => ({
      item: item.name,
      output,
      expected: item.outputs[output] ?? null,
      got: outputs[output] ?? null,
    }))
}
