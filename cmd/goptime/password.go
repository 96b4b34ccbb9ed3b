package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/goptimedb/goptimedb/internal/auth"
	"github.com/goptimedb/goptimedb/internal/cli"
)

func passwordCommand() *cobra.Command {
	form := "pg_scram_sha256"
	c := &cobra.Command{
		Use:   "password",
		Short: "Read a password from standard input and print it as a file of users keeps it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cli.HashPassword(cmd.OutOrStdout(), cmd.InOrStdin(), form)
		},
	}
	c.Flags().StringVar(&form, "form", form, "one of "+strings.Join(auth.Forms(), ", "))
	return c
}
