// Command compare shows two runs of the benchmark side by side.
package main

import (
	"fmt"
	"os"

	"github.com/goptimedb/goptimedb/bench/report"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: compare a.json b.json")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(nameA, nameB string) error {
	a, err := report.Read(nameA)
	if err != nil {
		return err
	}
	b, err := report.Read(nameB)
	if err != nil {
		return err
	}
	return report.Compare(os.Stdout, a, b, nameA, nameB)
}
