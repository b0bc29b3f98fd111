package main

import (
	"bytes"
	"encoding/binary"
)

type tallyInputs struct {
	TrustFile string   `json:"trustFile"`
	Entries   []octets `json:"entries"`
	Issued    []octets `json:"issued"`
	Range     struct {
		First int `json:"first"`
		End   int `json:"end"`
	} `json:"range"`
}

// ballot is what counting needs of a ballot's entry.
type ballot struct {
	at       int
	place    uint32
	key      []byte
	sequence byte
	choice   []byte
}

type answers struct {
	Blank   int   `json:"blank"`
	Options []int `json:"options"`
}

func computeTally(in tallyInputs) (any, error) {
	election, questions, err := in.manifest()
	if err != nil {
		return nil, err
	}
	ballots, excluded, best := 0, map[string]int{}, map[uint32]ballot{}
	for at, entry := range in.Entries {
		if entry[0] != ballotTag {
			continue
		}
		ballots++
		if reason := in.rank(readBallot(at, entry), best); reason != "" {
			excluded[reason]++
		}
	}
	for _, winner := range best {
		count(winner.choice, questions)
	}
	text, err := canonical(map[string]any{
		"election":   election,
		"ledgerSize": len(in.Entries),
		"range":      in.Range,
		"rollSize":   len(in.Issued),
		"issued":     in.issued(),
		"ballots":    ballots,
		"counted":    len(best),
		"excluded":   excluded,
		"questions":  questions,
	})
	return textFile(text), err
}

// manifest gives the election's ID and a place for each answer.
func (in tallyInputs) manifest() (octets, []answers, error) {
	var trust struct {
		Domain domain `json:"domain"`
	}
	if err := decode([]byte(in.TrustFile), &trust); err != nil {
		return nil, nil, err
	}
	const head, signature = 2, 64
	entry := in.Entries[0]
	end := len(entry) - int(entry[1])*signature
	message, err := decodeABI("Manifest", entry[head:end])
	if err != nil {
		return nil, nil, err
	}
	var shape octets
	if err := shape.UnmarshalText([]byte(message["shape"].(string))); err != nil {
		return nil, nil, err
	}
	var questions []answers
	for at := 0; at < len(shape); at += 3 {
		questions = append(questions, answers{Options: make([]int, shape[at])})
	}
	election, err := digestOf("Manifest", message, trust.Domain)
	return election, questions, err
}

func readBallot(at int, entry []byte) ballot {
	end := 92 + binary.BigEndian.Uint16(entry[90:])
	return ballot{at, binary.BigEndian.Uint32(entry[65:]), entry[69:89], entry[89], entry[92:end]}
}

// rank puts a ballot among the best of each place and gives the reason why it, or the one that
// it overtakes, doesn't count.
func (in tallyInputs) rank(one ballot, best map[uint32]ballot) string {
	switch holder, held := best[one.place]; {
	case one.at < in.Range.First:
		return "early"
	case one.at >= in.Range.End:
		return "late"
	case int(one.place) >= len(in.Issued) || !bytes.Equal(in.Issued[one.place], one.key):
		return "otherKey"
	case !held:
		best[one.place] = one
		return ""
	case one.sequence > holder.sequence:
		best[one.place] = one
	}
	return "superseded"
}

func (in tallyInputs) issued() (issued int) {
	for _, key := range in.Issued {
		if key != nil {
			issued++
		}
	}
	return issued
}

func count(choice []byte, questions []answers) {
	for at := range questions {
		chosen := choice[1 : 1+choice[0]]
		if len(chosen) == 0 {
			questions[at].Blank++
		}
		for _, option := range chosen {
			questions[at].Options[option-1]++
		}
		choice = choice[1+len(chosen):]
	}
}
