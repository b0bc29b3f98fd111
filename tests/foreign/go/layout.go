package main

import (
	"fmt"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

type bundleInputs struct {
	Number  int64    `json:"number"`
	Entries []octets `json:"entries"`
}

func computeBundle(in bundleInputs) (any, error) {
	var bundle []byte
	for _, entry := range in.Entries {
		var err error
		if bundle, err = torchwood.AppendTileEntry(bundle, entry); err != nil {
			return nil, err
		}
	}
	tile := tlog.Tile{H: torchwood.TileHeight, L: -1, N: in.Number, W: len(in.Entries)}
	return outputs{"path": torchwood.TilePath(tile), "bytes": octets(bundle)}, nil
}

type layoutInputs struct {
	Checkpoints []int64  `json:"checkpoints"`
	Contents    []octets `json:"contents"`
	LogSize     int64    `json:"logSize"`
	Rolls       []struct {
		Election octets `json:"election"`
		Size     int64  `json:"size"`
	} `json:"rolls"`
	Statements int `json:"statements"`
}

func computeLayout(in layoutInputs) (any, error) {
	paths := []string{"checkpoint", "checkpoints/sizes"}
	var sizes strings.Builder
	for _, size := range in.Checkpoints {
		paths = append(paths, fmt.Sprintf("checkpoints/%d", size))
		fmt.Fprintf(&sizes, "%d\n", size)
	}
	paths = append(paths, bundles(in.LogSize)...)
	paths = append(paths, hashTiles(in.LogSize)...)
	for _, roll := range in.Rolls {
		folder := fmt.Sprintf("roll/%x/", []byte(roll.Election))
		for _, path := range bundles(roll.Size) {
			paths = append(paths, folder+"leaves/"+strings.TrimPrefix(path, "tile/entries/"))
		}
		for _, path := range hashTiles(roll.Size) {
			paths = append(paths, folder+path)
		}
	}
	for _, hash := range in.Contents {
		paths = append(paths, fmt.Sprintf("content/%x", []byte(hash)))
	}
	exported := []string{}
	for number := range in.Statements {
		exported = append(exported, fmt.Sprintf("statements/%06d", number))
	}
	return outputs{"paths": paths, "checkpointSizes": sizes.String(), "exported": exported}, nil
}

func hashTiles(size int64) (paths []string) {
	for _, tile := range tlog.NewTiles(torchwood.TileHeight, 0, size) {
		paths = append(paths, torchwood.TilePath(tile))
	}
	return paths
}

// bundles are numbered as the hash tiles of level 0.
func bundles(size int64) (paths []string) {
	for _, tile := range tlog.NewTiles(torchwood.TileHeight, 0, size) {
		if tile.L == 0 {
			tile.L = -1
			paths = append(paths, torchwood.TilePath(tile))
		}
	}
	return paths
}
