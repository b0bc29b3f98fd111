package main

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"slices"

	"golang.org/x/crypto/argon2"
)

type ringInputs struct {
	ElectionNonce octets            `json:"electionNonce"`
	Lanes         uint8             `json:"lanes"`
	MemoryKib     uint32            `json:"memoryKib"`
	Passes        uint32            `json:"passes"`
	Now           uint64            `json:"now"`
	Passphrase    string            `json:"passphrase"`
	Portal        string            `json:"portal"`
	Random        map[string]octets `json:"random"`
	ringSubjects
}

func big16(number uint16) octets { return binary.BigEndian.AppendUint16(nil, number) }
func big32(number uint32) octets { return binary.BigEndian.AppendUint32(nil, number) }
func big64(number uint64) octets { return binary.BigEndian.AppendUint64(nil, number) }

// epoch is that of every key of the example.
var epoch = big32(1)

// revision is that of a ring that was made and changed once more.
var revision = big64(2)

// encrypt gives nonce, ciphertext and tag of AES-256-GCM.
func encrypt(key, nonce, aad, plaintext octets) (octets, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return gcm.Seal(slices.Clone(nonce), nonce, plaintext, aad), nil
}

func computeRing(in ringInputs) (any, error) {
	made := outputs{}
	file, id, err := in.file()
	if err != nil {
		return nil, err
	}
	made["ringFile"], made["ringSecretId"] = file, id
	for _, say := range []func(ringInputs, outputs) error{
		ringInputs.sayPerson, ringInputs.sayElection, ringInputs.sayRows, ringInputs.sayAudit,
	} {
		if err := say(in, made); err != nil {
			return nil, err
		}
	}
	return made, nil
}

func (in ringInputs) file() (file, secretID octets, err error) {
	rootKey, installation := in.Random["rootKey"], in.Random["installation"]
	secretID, err = deriveLength(16, in.Random["ringSecret"], "ring-secret-id")
	if err != nil {
		return nil, nil, err
	}
	wrapped, err := in.wrappedRoot(secretID)
	if err != nil {
		return nil, nil, err
	}
	keys, err := in.keys()
	if err != nil {
		return nil, nil, err
	}
	content := slices.Concat(
		octets("symbolon-ring"), big16(1), installation, revision, secretID,
		in.unsealing(), wrapped, big32(uint32(len(keys))), slices.Concat(keys...),
	)
	sealKey, err := derive(rootKey, "ring-seal-key")
	return slices.Concat(content, tag(sealKey, "ring-content", hashOf(content))), secretID, err
}

// unsealing is the section that says how a passphrase is stretched.
func (in ringInputs) unsealing() octets {
	costs := slices.Concat(big32(in.MemoryKib), big32(in.Passes), big32(uint32(in.Lanes)))
	return slices.Concat(octets{1}, costs, in.Random["salt"])
}

func (in ringInputs) wrappedRoot(secretID octets) (octets, error) {
	installation := in.Random["installation"]
	asked := frame("passphrase", installation, octets(in.Passphrase))
	unsealed := argon2.IDKey(asked, in.Random["salt"], in.Passes, in.MemoryKib, in.Lanes, 32)
	key, err := derive(slices.Concat(unsealed, in.Random["ringSecret"]), "ring-key", installation)
	if err != nil {
		return nil, err
	}
	binding := frame("ring-root", installation, revision, secretID, in.unsealing())
	return encrypt(key, in.Random["rootKey.nonce"], binding, in.Random["rootKey"])
}

// keys are the entries of the file in their order.
func (in ringInputs) keys() (entries []octets, err error) {
	wrapper, err := derive(in.Random["rootKey"], "ring-wrapper")
	if err != nil {
		return nil, err
	}
	portal := append(octets{byte(len(in.Portal))}, in.Portal...)
	for purpose, key := range []struct {
		name string
		of   octets
	}{
		{"index", nil},
		{"sealing", nil},
		{"portalDomain", portal},
		{"audit", nil},
		{"electionDomain", in.ElectionNonce},
		{"electionToken", in.ElectionNonce},
		{"electionRequest", in.ElectionNonce},
	} {
		entry, err := in.entry(wrapper, key.name, append(octets{byte(purpose)}, key.of...))
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// entry is an active key, minted and activated at the same time, not retired, not destroyed.
func (in ringInputs) entry(wrapper octets, name string, purpose octets) (octets, error) {
	id, nonce := in.Random[name+".id"], in.Random[name+".nonce"]
	binding := frame("ring-wrapping", in.Random["installation"], id, purpose, epoch)
	wrapped, err := encrypt(wrapper, nonce, binding, in.Random[name+".value"])
	const active, absent, present = 1, 0, 1
	now := big64(in.Now)
	state := slices.Concat(octets{active}, now, octets{present}, now, octets{absent, absent})
	return slices.Concat(id, purpose, epoch, state, wrapped), err
}
