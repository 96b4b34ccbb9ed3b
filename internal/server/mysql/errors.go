package mysql

import (
	"context"
	"errors"
	"fmt"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	wire "github.com/goptimedb/goptimedb/internal/wire/mysql"
)

// errorNumber is what MySQL calls a kind of error: its number and its SQLSTATE.
type errorNumber struct {
	number uint16
	state  string
}

// numberOf translates our codes.
func numberOf(code errs.Code) errorNumber {
	switch code {
	case errs.Unknown, errs.External:
		return errorNumber{1105, "HY000"}
	case errs.Unsupported:
		return errorNumber{1235, "42000"}
	case errs.Cancelled, errs.DeadlineExceeded:
		return errorNumber{1317, "70100"}
	case errs.RuntimeResourcesExhausted:
		return errorNumber{1041, "HY000"}
	case errs.InvalidSyntax:
		return errorNumber{1149, "42000"}
	case errs.TableAlreadyExists, errs.RegionAlreadyExists, errs.FlowAlreadyExists, errs.TriggerAlreadyExists:
		return errorNumber{1050, "42S01"}
	case errs.TableNotFound, errs.RegionNotFound, errs.FlowNotFound, errs.TriggerNotFound:
		return errorNumber{1146, "42S02"}
	case errs.RegionReadonly:
		return errorNumber{1836, "HY000"}
	case errs.DatabaseNotFound:
		return errorNumber{1102, "42000"}
	case errs.DatabaseAlreadyExists:
		return errorNumber{1007, "HY000"}
	case errs.UserNotFound:
		return errorNumber{1449, "HY000"}
	case errs.UnsupportedPasswordType:
		return errorNumber{1827, "HY000"}
	case errs.AccessDenied, errs.PermissionDenied:
		return errorNumber{1045, "28000"}
	case errs.UserPasswordMismatch:
		return errorNumber{1044, "42000"}
	case errs.AuthHeaderNotFound, errs.InvalidAuthHeader:
		return errorNumber{1251, "08004"}
	case errs.InvalidArguments:
		return errorNumber{1210, "HY000"}
	case errs.TableColumnNotFound:
		return errorNumber{1054, "42S22"}
	case errs.TableColumnExists:
		return errorNumber{1060, "42S21"}
	case errs.RateLimited:
		return errorNumber{1637, "HY000"}
	case errs.Suspended:
		return errorNumber{1053, "08S01"}
	}
	return errorNumber{1815, "HY000"}
}

// numbered is an error that has a MySQL number of its own.
type numbered struct {
	errorNumber
	msg string
}

func (e *numbered) Error() string { return e.msg }

// answer sends err to the client. It returns an error only where the connection is lost.
func (c *conn) answer(err error) error {
	if lost := c.w.Err(); lost != nil {
		return lost
	}
	if n := (*numbered)(nil); errors.As(err, &n) {
		return c.answerError(n.errorNumber, n.msg)
	}
	code := errs.CodeOf(err)
	msg := err.Error()
	if code == errs.Unknown || code == errs.Internal { // faults of our own: what they say is for the log
		c.s.opt.Log.Error("statement failed", "protocol", "mysql", "connection", c.id, "err", err)
		msg = fmt.Sprintf("Internal error: %d", uint32(code))
	}
	return c.answerError(numberOf(code), fmt.Sprintf("(%s): %s", code, msg))
}

func (c *conn) answerError(n errorNumber, msg string) error {
	c.s.m.Errors.Inc()
	return c.w.End(wire.AppendErr(c.w.Begin(), n.number, n.state, msg))
}

// reason gives what ended ctx instead of err where that is why the statement failed.
func reason(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case cause == nil:
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errs.Is(err, errs.Cancelled), errs.Is(err, errs.DeadlineExceeded):
		return cause
	}
	return err
}
