package main

import (
	"github.com/spf13/cobra"

	"github.com/goptimedb/goptimedb/internal/cli"
)

func inspectCommand() *cobra.Command {
	c := &cobra.Command{Use: "inspect", Short: "Look into the files of a database that is not running"}
	c.AddCommand(&cobra.Command{
		Use:   "wal PATH",
		Short: "List the records of a log segment, or of a log's folder ({data home}/wal)",
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return cli.InspectWAL(cmd.OutOrStdout(), args[0]) },
	})
	var check bool
	file := &cobra.Command{
		Use:   "sst FILE",
		Short: "Show schema, row groups and the encoding of each column of a data file",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return cli.InspectSST(cmd.Context(), cmd.OutOrStdout(), args[0], check)
		},
	}
	file.Flags().BoolVar(&check, "check", false, "read every page and verify its checksum")
	c.AddCommand(file)
	var full bool
	m := &cobra.Command{
		Use:   "manifest DIR",
		Short: "Show the files and the schema of a region, from its folder",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return cli.InspectManifest(cmd.Context(), cmd.OutOrStdout(), args[0], full)
		},
	}
	m.Flags().BoolVar(&full, "edits", false, "print every edit as JSON instead of the state")
	c.AddCommand(m)
	return c
}
