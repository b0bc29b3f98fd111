package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
)

type inputs = map[string]any

type feedCase struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Inputs inputs `json:"inputs"`
	Bytes  octets `json:"bytes"`
	Expect string `json:"expect"`
}

type cases []feedCase

// wrong tells how an accepted case is varied.
type wrong struct {
	// How many bytes from the front may be changed; all where it is 0.
	within int
	// Inputs in whose place others are set, one at a time, by the variant's name.
	others map[string]inputs
	// Bytes that are wrong on purpose, by flaw.
	forged map[string]octets
}

// accept adds a case with its wrong variants.
func (c *cases) accept(name, kind string, in inputs, bytes octets, wrong wrong) {
	c.add(name, kind, in, bytes, "accept")
	within := wrong.within
	if within == 0 {
		within = len(bytes)
	}
	for _, place := range places(within) {
		c.refuse(fmt.Sprintf("%s/byte %d", name, place), kind, in, changed(bytes, place))
	}
	for _, other := range slices.Sorted(maps.Keys(wrong.others)) {
		varied := maps.Clone(in)
		maps.Copy(varied, wrong.others[other])
		if reflect.DeepEqual(varied, in) {
			panic(fmt.Sprintf("%s: the same %s", name, other))
		}
		c.refuse(name+"/other "+other, kind, varied, bytes)
	}
	for _, flaw := range slices.Sorted(maps.Keys(wrong.forged)) {
		c.refuse(name+"/"+flaw, kind, in, wrong.forged[flaw])
	}
}

func (c *cases) refuse(name, kind string, in inputs, bytes octets) {
	c.add(name, kind, in, bytes, "refuse")
}

func (c *cases) add(name, kind string, in inputs, bytes octets, expect string) {
	*c = append(*c, feedCase{name, kind, in, bytes, expect})
}

// places are the first, the last, and some between.
func places(length int) []int {
	if length == 0 {
		return nil
	}
	chosen := []int{0, length - 1}
	for range 4 {
		chosen = append(chosen, below(length))
	}
	slices.Sort(chosen)
	return slices.Compact(chosen)
}

// changed is a copy with the last bit of one byte changed.
func changed(bytes octets, place int) octets {
	copied := slices.Clone(bytes)
	copied[place] ^= 1
	return copied
}
