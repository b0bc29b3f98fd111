package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// item is one example of the golden file.
type item struct {
	Name    string         `json:"name"`
	Kind    string         `json:"kind"`
	Inputs  any            `json:"inputs"`
	Outputs map[string]any `json:"outputs"`
}

type failure struct {
	Item     string `json:"item"`
	Output   string `json:"output"`
	Expected any    `json:"expected"`
	Got      any    `json:"got"`
}

type report struct {
	Language   string    `json:"language"`
	Recomputed []string  `json:"recomputed"`
	Failed     []failure `json:"failed"`
	Skipped    []string  `json:"skipped"`
}

// errSkip says that an item is of a kind, or depends on an item, that we don't compute.
var errSkip = errors.New("not computed here")

func recompute(goldenFile, reportFile string) (failed bool, err error) {
	text, err := os.ReadFile(goldenFile)
	if err != nil {
		return false, err
	}
	var golden struct {
		Items []item `json:"items"`
	}
	if err := decode(text, &golden); err != nil {
		return false, err
	}
	own := book{}
	made := report{Language: "go", Recomputed: []string{}, Failed: []failure{}, Skipped: []string{}}
	for _, item := range golden.Items {
		own.add(item, &made)
	}
	fmt.Printf("go: %d recomputed, %d failed, %d skipped\n",
		len(made.Recomputed), len(made.Failed), len(made.Skipped))
	return len(made.Failed) > 0, writeJSON(reportFile, made)
}

// book holds our own outputs of the items so far.
type book map[string]any

func (own book) add(item item, made *report) {
	outputs, err := own.compute(item)
	switch {
	case errors.Is(err, errSkip):
		made.Skipped = append(made.Skipped, item.Name)
		return
	case err != nil:
		made.Failed = append(made.Failed, failure{Item: item.Name, Got: err.Error()})
		return
	}
	own[item.Name] = outputs
	failed := differences(item, outputs)
	made.Failed = append(made.Failed, failed...)
	if len(failed) == 0 {
		made.Recomputed = append(made.Recomputed, item.Name)
	}
}

func (own book) compute(item item) (outputs map[string]any, err error) {
	kind, known := kinds[item.Kind]
	if !known {
		return nil, errSkip
	}
	inputs, err := own.resolve(item.Inputs)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(inputs)
	if err != nil {
		return nil, err
	}
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("panic: %v", panicked)
		}
	}()
	made, err := kind(text)
	if err != nil {
		return nil, err
	}
	return outputs, recode(made, &outputs)
}

// resolve puts our own outputs in the place of references.
func (own book) resolve(value any) (any, error) {
	switch value := value.(type) {
	case string:
		if path, isReference := strings.CutPrefix(value, "@"); isReference {
			return own.lookUp(path)
		}
	case []any:
		resolved := make([]any, len(value))
		for at, one := range value {
			var err error
			if resolved[at], err = own.resolve(one); err != nil {
				return nil, err
			}
		}
		return resolved, nil
	case map[string]any:
		resolved := make(map[string]any, len(value))
		for name, one := range value {
			var err error
			if resolved[name], err = own.resolve(one); err != nil {
				return nil, err
			}
		}
		return resolved, nil
	}
	return value, nil
}

func (own book) lookUp(path string) (any, error) {
	parts := strings.Split(path, ".")
	found, known := own[parts[0]]
	if !known {
		return nil, errSkip
	}
	for _, part := range parts[1:] {
		switch inside := found.(type) {
		case map[string]any:
			found = inside[part]
		case []any:
			at, err := strconv.Atoi(part)
			if err != nil || at < 0 || at >= len(inside) {
				return nil, fmt.Errorf("@%s is nowhere", path)
			}
			found = inside[at]
		default:
			found = nil
		}
	}
	if found == nil {
		return nil, fmt.Errorf("@%s is nowhere", path)
	}
	return found, nil
}

func differences(item item, outputs map[string]any) []failure {
	names := map[string]bool{}
	for name := range item.Outputs {
		names[name] = true
	}
	for name := range outputs {
		names[name] = true
	}
	var failed []failure
	for name := range names {
		expected, got := item.Outputs[name], outputs[name]
		if expected == nil || !reflect.DeepEqual(expected, got) {
			failed = append(failed, failure{item.Name, name, expected, got})
		}
	}
	slices.SortFunc(failed, func(a, b failure) int { return strings.Compare(a.Output, b.Output) })
	return failed
}

// decode reads JSON and keeps numbers as they are written.
func decode(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// recode turns a value into another of the same JSON.
func recode(value, into any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return decode(text, into)
}

func writeJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
