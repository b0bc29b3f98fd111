package main

import (
	"fmt"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// tree keeps the hashes of an RFC 6962 tree.
type tree struct {
	size   int64
	hashes []tlog.Hash
}

func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	read := make([]tlog.Hash, len(indexes))
	for at, index := range indexes {
		read[at] = t.hashes[index]
	}
	return read, nil
}

func (t *tree) add(entry []byte) error {
	hashes, err := tlog.StoredHashes(t.size, entry, t)
	t.hashes = append(t.hashes, hashes...)
	t.size++
	return err
}

func (t *tree) root(size int64) (octets, error) {
	hash, err := tlog.TreeHash(size, t)
	return hash[:], err
}

// leaves are given one by one, or as a count of short texts.
type leaves []octets

func (l *leaves) UnmarshalJSON(text []byte) error {
	if strings.HasPrefix(string(text), "[") {
		return decode(text, (*[]octets)(l))
	}
	var rule struct {
		Count int    `json:"count"`
		Text  string `json:"text"`
	}
	err := decode(text, &rule)
	for number := range rule.Count {
		*l = append(*l, octets(fmt.Sprint(rule.Text, number)))
	}
	return err
}

type treeInputs struct {
	Entries   leaves  `json:"entries"`
	Sizes     []int64 `json:"sizes"`
	Inclusion []struct {
		Index int64 `json:"index"`
		Size  int64 `json:"size"`
	} `json:"inclusion"`
	Consistency []struct {
		From int64 `json:"from"`
		To   int64 `json:"to"`
	} `json:"consistency"`
}

func computeTree(in treeInputs) (any, error) {
	var grown tree
	for _, entry := range in.Entries {
		if err := grown.add(entry); err != nil {
			return nil, err
		}
	}
	root, err := grown.root(grown.size)
	if err != nil {
		return nil, err
	}
	roots := map[string]octets{}
	for _, size := range in.Sizes {
		if roots[fmt.Sprint(size)], err = grown.root(size); err != nil {
			return nil, err
		}
	}
	tiles, err := grown.tiles()
	if err != nil {
		return nil, err
	}
	inclusion, consistency, err := in.proofs(&grown)
	return outputs{
		"size":        grown.size,
		"root":        root,
		"roots":       roots,
		"tiles":       tiles,
		"inclusion":   inclusion,
		"consistency": consistency,
	}, err
}

func (t *tree) tiles() (map[string]octets, error) {
	tiles := map[string]octets{}
	for _, tile := range tlog.NewTiles(torchwood.TileHeight, 0, t.size) {
		data, err := tlog.ReadTileData(tile, t)
		if err != nil {
			return nil, err
		}
		tiles[torchwood.TilePath(tile)] = data
	}
	return tiles, nil
}

func (in treeInputs) proofs(grown *tree) (inclusion, consistency [][]octets, err error) {
	inclusion, consistency = [][]octets{}, [][]octets{}
	for _, wanted := range in.Inclusion {
		proof, err := tlog.ProveRecord(wanted.Size, wanted.Index, grown)
		if err != nil {
			return nil, nil, err
		}
		inclusion = append(inclusion, listOf(proof))
	}
	for _, wanted := range in.Consistency {
		proof, err := tlog.ProveTree(wanted.To, wanted.From, grown)
		if err != nil {
			return nil, nil, err
		}
		consistency = append(consistency, listOf(proof))
	}
	return inclusion, consistency, nil
}

func listOf(hashes []tlog.Hash) []octets {
	list := []octets{}
	for _, hash := range hashes {
		list = append(list, hash[:])
	}
	return list
}
