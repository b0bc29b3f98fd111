package main

import (
	"encoding/binary"
	"fmt"
	"slices"
)

const ballotTag = 0x10

var statementTags = map[string]byte{
	"Manifest":       1,
	"RollStatement":  2,
	"IssuerRotation": 3,
	"Close":          4,
	"Certified":      5,
	"Cancelled":      6,
}

type question struct {
	Options byte `json:"options"`
	Least   byte `json:"least"`
	Most    byte `json:"most"`
}

func encodeShape(questions []question) octets {
	var shape octets
	for _, one := range questions {
		shape = append(shape, one.Options, one.Least, one.Most)
	}
	return shape
}

type choiceInputs struct {
	Shape []question `json:"shape"`
	// A list of bytes would be Base64 in JSON.
	Selections [][]uint16 `json:"selections"`
}

func computeChoice(in choiceInputs) (any, error) {
	choice := octets{}
	for _, chosen := range in.Selections {
		choice = append(choice, byte(len(chosen)))
		for _, option := range chosen {
			choice = append(choice, byte(option))
		}
	}
	return outputs{"shape": encodeShape(in.Shape), "choice": choice}, nil
}

type statementInputs struct {
	Type       string   `json:"type"`
	ABI        octets   `json:"abi"`
	Signatures []octets `json:"signatures"`
}

func computeStatementEntry(in statementInputs) (any, error) {
	tag, known := statementTags[in.Type]
	if !known {
		return nil, fmt.Errorf("%s is no ledger entry", in.Type)
	}
	entry := append(octets{tag, byte(len(in.Signatures))}, in.ABI...)
	for _, signature := range in.Signatures {
		entry = append(entry, signature...)
	}
	return entryOutputs(entry), nil
}

type ballotInputs struct {
	Election        octets `json:"election"`
	VoterID         octets `json:"voterId"`
	RollIndex       uint32 `json:"rollIndex"`
	BallotKey       octets `json:"ballotKey"`
	Sequence        byte   `json:"sequence"`
	Choice          octets `json:"choice"`
	TokenSignature  octets `json:"tokenSignature"`
	BallotSignature octets `json:"ballotSignature"`
}

func computeBallotEntry(in ballotInputs) (any, error) {
	entry := slices.Concat(octets{ballotTag}, in.Election, in.VoterID)
	entry = binary.BigEndian.AppendUint32(entry, in.RollIndex)
	entry = append(append(entry, in.BallotKey...), in.Sequence)
	entry = binary.BigEndian.AppendUint16(entry, uint16(len(in.Choice)))
	return entryOutputs(slices.Concat(entry, in.Choice, in.TokenSignature, in.BallotSignature)), nil
}

func entryOutputs(entry octets) outputs {
	return outputs{"bytes": entry, "hash": hashOf([]byte{0}, entry)}
}
