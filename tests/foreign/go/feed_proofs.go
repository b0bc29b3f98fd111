package main

import (
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// randomTree has as many random entries.
func randomTree(size int) (*tree, []octets) {
	grown, entries := new(tree), []octets{}
	for range size {
		entry := randomBytes(below(100))
		if err := grown.add(entry); err != nil {
			panic(err)
		}
		entries = append(entries, entry)
	}
	return grown, entries
}

func packed(proof []tlog.Hash) octets {
	bytes := octets{}
	for _, hash := range proof {
		bytes = append(bytes, hash[:]...)
	}
	return bytes
}

func unpacked(bytes octets) (proof []tlog.Hash) {
	for hash := range slices.Chunk(bytes, tlog.HashSize) {
		if len(hash) < tlog.HashSize {
			return nil
		}
		proof = append(proof, tlog.Hash(hash))
	}
	return proof
}

// mangled are proofs of a wrong length or order.
func mangled(proof octets) map[string]octets {
	made := map[string]octets{
		"a hash more": slices.Concat(proof, randomBytes(tlog.HashSize)),
		"a byte more": slices.Concat(proof, octets{0}),
	}
	if len(proof) >= tlog.HashSize {
		made["a hash less"] = proof[:len(proof)-tlog.HashSize]
		made["a byte less"] = proof[:len(proof)-1]
	}
	if len(proof) >= 2*tlog.HashSize {
		first, second := proof[:tlog.HashSize], proof[tlog.HashSize:2*tlog.HashSize]
		made["two in another order"] = slices.Concat(second, first, proof[2*tlog.HashSize:])
	}
	return made
}

func feedInclusion(made *cases) {
	for _, size := range []int{1, 2, 3, 255, 256, 257, 300 + below(700)} {
		grown, entries := randomTree(size)
		root := must(grown.root(int64(size)))
		for _, index := range slices.Compact([]int{0, below(size), size - 1}) {
			proof := must(tlog.ProveRecord(int64(size), int64(index), grown))
			in := inputs{
				"entry": entries[index], "index": int64(index), "size": int64(size), "root": root,
			}
			from := len(*made)
			name := fmt.Sprintf("entry %d of %d, case %d", index, size, from)
			made.accept(name, "inclusion", in, packed(proof), wrong{
				// Another size may be proved by the same hashes; one of other levels never.
				others: map[string]inputs{
					"entry":        {"entry": append(slices.Clone(entries[index]), 0)},
					"index":        {"index": int64((index + 1) % (size + 1))},
					"size":         {"size": int64(4*size + 1)},
					"smaller size": {"size": int64(index)},
					"root":         {"root": changed(root, 31)},
				},
				forged: mangled(packed(proof)),
			})
			agree((*made)[from:], func(in inputs, proof []tlog.Hash) error {
				leaf := tlog.RecordHash(in["entry"].(octets))
				root := tlog.Hash(in["root"].(octets))
				return tlog.CheckRecord(proof, in["size"].(int64), root, in["index"].(int64), leaf)
			})
		}
	}
}

func feedConsistency(made *cases) {
	size := 300 + below(700)
	grown, _ := randomTree(size)
	for _, pair := range [][2]int{
		{1, 1}, {1, 2}, {2, 3}, {3, 4}, {128, 256}, {256, 257}, {255, 300}, {257, 300},
		{1 + below(size), size}, {size - 1, size}, {size, size},
	} {
		from, to := int64(pair[0]), int64(pair[1])
		proof := must(tlog.ProveTree(to, from, grown))
		fromRoot, toRoot := must(grown.root(from)), must(grown.root(to))
		in := inputs{"from": from, "to": to, "fromRoot": fromRoot, "toRoot": toRoot}
		start := len(*made)
		name := fmt.Sprintf("%d to %d, case %d", from, to, start)
		made.accept(name, "consistency", in, packed(proof), wrong{
			others: map[string]inputs{
				"from":     {"from": to + 1},
				"to":       {"to": 4*to + 1},
				"fromRoot": {"fromRoot": changed(fromRoot, 0)},
				"toRoot":   {"toRoot": changed(toRoot, 31)},
			},
			forged: mangled(packed(proof)),
		})
		agree((*made)[start:], func(in inputs, proof []tlog.Hash) error {
			roots := [2]tlog.Hash{tlog.Hash(in["fromRoot"].(octets)), tlog.Hash(in["toRoot"].(octets))}
			return tlog.CheckTree(proof, in["to"].(int64), roots[1], in["from"].(int64), roots[0])
		})
	}
}

// agree demands that the library says of each proof what we expect.
func agree(made []feedCase, check func(inputs, []tlog.Hash) error) {
	for _, one := range made {
		if len(one.Bytes)%tlog.HashSize != 0 {
			continue
		}
		if (check(one.Inputs, unpacked(one.Bytes)) == nil) != (one.Expect == "accept") {
			panic(one.Name + ": the library says otherwise")
		}
	}
}
