package main

import "fmt"

// feed writes cases that this project's code must accept or refuse, of fresh random keys.
func feed(path string) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("making the feed: %v", panicked)
		}
	}()
	var made cases
	feedSignatures(&made)
	feedTypedData(&made)
	feedRequests(&made)
	feedCheckpoints(&made)
	feedInclusion(&made)
	feedConsistency(&made)
	fmt.Printf("go: %d cases\n", len(made))
	return writeJSON(path, map[string]any{"language": "go", "cases": made})
}

// must is for what can't fail with inputs of our own.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
