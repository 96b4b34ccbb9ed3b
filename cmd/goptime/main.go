// Command goptime is the one binary of GoptimeDB: it picks a role and runs it until signalled.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

// version is set by the build.
var version = "dev"

func main() {
	root := &cobra.Command{
		Use:           "goptime",
		Short:         "GoptimeDB: one database for metrics, logs and traces",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version,
	}
	root.AddCommand(standaloneCommand(), inspectCommand(), passwordCommand(), &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run:   func(cmd *cobra.Command, _ []string) { fmt.Fprintln(cmd.OutOrStdout(), build()) },
	})
	if err := root.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "goptime:", err)
		os.Exit(1)
	}
}
