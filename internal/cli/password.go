package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/goptimedb/goptimedb/internal/auth"
	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// HashPassword reads a password, a line of in, and prints it in a form for a file of users.
func HashPassword(out io.Writer, in io.Reader, form string) error {
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && err != io.EOF {
		return errs.Wrap(errs.InvalidArguments, err, "read the password")
	}
	text, err := auth.Hash(form, strings.TrimRight(line, "\r\n"))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, text)
	return err
}
