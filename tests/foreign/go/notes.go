package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// noteKey is an Ed25519 key that signs notes and cosigns checkpoints.
type noteKey struct {
	name     string
	key      ed25519.PrivateKey
	logKey   string
	cosigner *torchwood.CosignatureSigner
}

func newNoteKey(name string, seed octets) (noteKey, error) {
	key := ed25519.NewKeyFromSeed(seed)
	logKey, err := note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey))
	if err != nil {
		return noteKey{}, err
	}
	cosigner, err := torchwood.NewCosignatureSigner(name, key)
	return noteKey{name, key, logKey, cosigner}, err
}

func (k noteKey) public() octets      { return octets(k.key.Public().(ed25519.PublicKey)) }
func (k noteKey) cosignerKey() string { return k.cosigner.Verifier().String() }

// signer signs plainly, as a log.
func (k noteKey) signer() (note.Signer, error) {
	const ed25519Type = 1
	id := strings.Split(k.logKey, "+")[1]
	typed := append([]byte{ed25519Type}, k.key.Seed()...)
	text := base64.StdEncoding.EncodeToString(typed)
	return note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%s+%s", k.name, id, text))
}

// cosignerAt cosigns at a given time; the library's own signer has a clock.
type cosignerAt struct {
	noteKey
	time uint64
}

func (c cosignerAt) Name() string    { return c.cosigner.Name() }
func (c cosignerAt) KeyHash() uint32 { return c.cosigner.KeyHash() }

func (c cosignerAt) Sign(text []byte) ([]byte, error) {
	message := fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", c.time, text)
	signature := ed25519.Sign(c.key, message)
	return append(binary.BigEndian.AppendUint64(nil, c.time), signature...), nil
}

type noteKeyInputs struct {
	Name   string `json:"name"`
	Secret octets `json:"secret"`
}

func computeEd25519(in noteKeyInputs) (any, error) {
	key, err := newNoteKey(in.Name, in.Secret)
	if err != nil {
		return nil, err
	}
	return outputs{
		"public":      key.public(),
		"logKey":      key.logKey,
		"cosignerKey": key.cosignerKey(),
	}, nil
}

type checkpointInputs struct {
	Origin    string `json:"origin"`
	Size      int64  `json:"size"`
	Root      octets `json:"root"`
	LogSecret octets `json:"logSecret"`
	Time      uint64 `json:"time"`
	Witnesses []struct {
		Name   string `json:"name"`
		Secret octets `json:"secret"`
		Time   uint64 `json:"time"`
	} `json:"witnesses"`
}

func computeCheckpoint(in checkpointInputs) (any, error) {
	log, err := newNoteKey(in.Origin, in.LogSecret)
	if err != nil {
		return nil, err
	}
	cosigners := []cosignerAt{{log, in.Time}}
	for _, witness := range in.Witnesses {
		key, err := newNoteKey(witness.Name, witness.Secret)
		if err != nil {
			return nil, err
		}
		cosigners = append(cosigners, cosignerAt{key, witness.Time})
	}
	body := checkpointOf(in.Origin, in.Size, in.Root)
	text, err := signNote(body, log, cosigners)
	if err != nil {
		return nil, err
	}
	if err := checkNote(text, log, cosigners); err != nil {
		return nil, err
	}
	made := textFile(text)
	made["body"] = body
	return made, nil
}

func checkpointOf(origin string, size int64, root octets) string {
	tree := tlog.Tree{N: size, Hash: tlog.Hash(root)}
	return torchwood.Checkpoint{Origin: origin, Tree: tree}.String()
}

// signNote signs as the log, then as each cosigner.
func signNote[Cosigner note.Signer](body string, log noteKey, cosigners []Cosigner) ([]byte, error) {
	plain, err := log.signer()
	if err != nil {
		return nil, err
	}
	signers := []note.Signer{plain}
	for _, cosigner := range cosigners {
		signers = append(signers, cosigner)
	}
	return note.Sign(&note.Note{Text: body}, signers...)
}

// checkNote lets the library verify every signature, and the times of the cosignatures.
func checkNote(text []byte, log noteKey, cosigners []cosignerAt) error {
	plain, err := note.NewVerifier(log.logKey)
	if err != nil {
		return err
	}
	verifiers := []note.Verifier{plain}
	for _, cosigner := range cosigners {
		verifiers = append(verifiers, cosigner.cosigner.Verifier())
	}
	opened, err := note.Open(text, note.VerifierList(verifiers...))
	if err != nil {
		return err
	}
	if len(opened.Sigs) != len(verifiers) {
		return fmt.Errorf("%d signatures of %d are good", len(opened.Sigs), len(verifiers))
	}
	var times []uint64
	for _, signature := range opened.Sigs[1:] {
		time, err := torchwood.CosignatureTimestamp(signature)
		if err != nil {
			return err
		}
		times = append(times, uint64(time))
	}
	same := func(time uint64, cosigner cosignerAt) bool { return time == cosigner.time }
	if !slices.EqualFunc(times, cosigners, same) {
		return fmt.Errorf("cosigned at %v", times)
	}
	return nil
}
