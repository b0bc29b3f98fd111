// Command foreign recomputes the golden file and makes feeds, on libraries that the project
// did not write.
//
//	foreign recompute GOLDEN --report OUT.json
//	foreign feed OUT.json
package main

import (
	"fmt"
	"os"
)

func main() {
	failed, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "foreign:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

// run tells whether the golden file says otherwise than we do.
func run(args []string) (failed bool, err error) {
	switch {
	case len(args) == 4 && args[0] == "recompute" && args[2] == "--report":
		return recompute(args[1], args[3])
	case len(args) == 2 && args[0] == "feed":
		return false, feed(args[1])
	default:
		return false, fmt.Errorf("usage: foreign recompute GOLDEN --report OUT.json | foreign feed OUT.json")
	}
}
