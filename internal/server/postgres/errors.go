package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/goptimedb/goptimedb/internal/base/errs"
	"github.com/goptimedb/goptimedb/internal/lang/sql"
)

// stated is an error that has an SQLSTATE of its own.
type stated struct {
	state  string
	msg    string
	detail string
	hint   string
	where  string // the place in what the client sent
}

func (e *stated) Error() string { return e.msg }

func state(code, format string, args ...any) *stated {
	return &stated{state: code, msg: fmt.Sprintf(format, args...)}
}

// Reasons for which a statement's context ends.
var (
	errCanceled   = state("57014", "canceling statement due to user request")
	errTimeout    = state("57014", "canceling statement due to statement timeout")
	errGone       = state("08006", "the client is gone")
	errTerminated = state("57P01", "terminating connection due to administrator command")
	errIdle       = state("57P05", "terminating connection due to idle-session timeout")
	errStuck      = state("08006", "the client stopped in the middle of a message")
)

// errQuit ends a connection without an answer.
var errQuit = errors.New("quit")

// stateOf translates our codes.
func stateOf(code errs.Code) string {
	switch code {
	case errs.Unsupported:
		return "0A000"
	case errs.InvalidArguments:
		return "22023"
	case errs.Cancelled, errs.DeadlineExceeded:
		return "57000"
	case errs.External:
		return "58000"
	case errs.Suspended:
		return "57P03"
	case errs.InvalidSyntax:
		return "42601"
	case errs.PlanQuery, errs.EngineExecuteQuery:
		return "P0000"
	case errs.TableAlreadyExists, errs.RegionAlreadyExists, errs.FlowAlreadyExists, errs.TriggerAlreadyExists:
		return "42P07"
	case errs.TableNotFound, errs.RegionNotFound, errs.FlowNotFound, errs.TriggerNotFound:
		return "42P01"
	case errs.TableColumnNotFound:
		return "42703"
	case errs.TableColumnExists:
		return "42701"
	case errs.DatabaseNotFound:
		return "42704"
	case errs.RegionReadonly:
		return "25006"
	case errs.RegionNotReady, errs.RegionBusy, errs.TableUnavailable:
		return "55000"
	case errs.DatabaseAlreadyExists:
		return "42P04"
	case errs.RuntimeResourcesExhausted:
		return "53000"
	case errs.RateLimited:
		return "54000"
	case errs.UserNotFound, errs.UnsupportedPasswordType, errs.UserPasswordMismatch:
		return "28P01"
	case errs.AuthHeaderNotFound, errs.InvalidAuthHeader:
		return "28000"
	case errs.AccessDenied, errs.PermissionDenied:
		return "42501"
	}
	return "XX000"
}

func severityOf(state string) string {
	switch state {
	case "00000":
		return "INFO"
	case "01000":
		return "WARNING"
	case "28000", "28P01", "3D000", "57P01", "57P05", "08P01", "53300", "08006":
		return "FATAL"
	}
	return "ERROR"
}

// response is the message of an error. text is the statement that it is about, "" where there is none.
func (c *conn) response(err error, text string) *pgproto3.ErrorResponse {
	r := &pgproto3.ErrorResponse{}
	if s := (*stated)(nil); errors.As(err, &s) {
		r.Code, r.Message, r.Detail, r.Hint, r.Where = s.state, s.msg, s.detail, s.hint, s.where
	} else {
		code := errs.CodeOf(err)
		r.Code, r.Message = stateOf(code), err.Error()
		if code == errs.Unknown || code == errs.Internal { // faults of our own: what they say is for the log
			c.s.opt.Log.Error("statement failed", "protocol", "postgres", "connection", c.id, "err", err)
			r.Message = fmt.Sprintf("Internal error: %d", uint32(code))
		}
	}
	if at, ok := positionOf(err, text); ok {
		r.Position = int32(utf8.RuneCountInString(text[:at])) + 1
	}
	r.Severity = severityOf(r.Code)
	r.SeverityUnlocalized = r.Severity
	return r
}

// positionOf finds the place in text that an error is about: where the parser stopped, or the first mention of the name that nobody knows.
func positionOf(err error, text string) (int, bool) {
	if text == "" {
		return 0, false
	}
	if at, ok := sql.ErrorPosition(err); ok {
		return at, at <= len(text)
	}
	var mark string
	switch errs.CodeOf(err) {
	case errs.TableNotFound:
		mark = "Table not found: "
	case errs.TableColumnNotFound, errs.PlanQuery:
		mark = "No field named "
	case errs.DatabaseNotFound:
		mark = "Database not found: "
	}
	msg := err.Error()
	i := strings.Index(msg, mark)
	if mark == "" || i < 0 {
		return 0, false
	}
	name := msg[i+len(mark):]
	if j := strings.IndexAny(name, " ,\n"); j >= 0 {
		name = name[:j]
	}
	name = strings.Trim(name, ".'\"`")
	name = strings.Trim(name[strings.LastIndexByte(name, '.')+1:], `'"`+"`")
	if name == "" {
		return 0, false
	}
	low := strings.ToLower(text)
	if len(low) != len(text) {
		return 0, false
	}
	for from := 0; ; {
		k := strings.Index(low[from:], strings.ToLower(name))
		if k < 0 {
			return 0, false
		}
		at, end := from+k, from+k+len(name)
		if (at == 0 || !isWord(text[at-1])) && (end == len(text) || !isWord(text[end])) {
			return at, true
		}
		from = end
	}
}

func isWord(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= 0x80
}

// reason gives what ended ctx instead of err where that is why the statement failed.
func reason(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	ended := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errs.Is(err, errs.Cancelled) || errs.Is(err, errs.DeadlineExceeded)
	switch {
	case err == nil || !ended:
		return err
	case cause != nil:
		return cause
	case errs.Is(err, errs.DeadlineExceeded) || errors.Is(err, context.DeadlineExceeded):
		return errTimeout
	}
	return err
}
