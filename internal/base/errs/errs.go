// Package errs gives every error of the database a kind: the numeric status code that clients see.
//
// A code is chosen where the error is born (New, Wrap) and read where it leaves the process (CodeOf). Each
// protocol translates codes to its own form in one table of its own; nothing in between looks at them.
//
//	errs.New(errs.TableNotFound, "Table not found: %s", name)
//	errs.Wrap(errs.StorageUnavailable, err, "upload %s", key)
//	fmt.Errorf("replay region %s: %w", id, err)   // keeps the code of err
package errs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Code is a status code of the product. The numbers and names are part of its interface.
type Code uint32

// The status codes, by family: 1xxx general, 2xxx SQL text, 3xxx query, 4xxx schema, 5xxx storage, 6xxx limits, 7xxx users.
const (
	Success                   Code = 0
	Unknown                   Code = 1000
	Unsupported               Code = 1001
	Unexpected                Code = 1002
	Internal                  Code = 1003
	InvalidArguments          Code = 1004
	Cancelled                 Code = 1005
	IllegalState              Code = 1006
	External                  Code = 1007
	DeadlineExceeded          Code = 1008
	Suspended                 Code = 1009
	InvalidSyntax             Code = 2000
	PlanQuery                 Code = 3000
	EngineExecuteQuery        Code = 3001
	TableAlreadyExists        Code = 4000
	TableNotFound             Code = 4001
	TableColumnNotFound       Code = 4002
	TableColumnExists         Code = 4003
	DatabaseNotFound          Code = 4004
	RegionNotFound            Code = 4005
	RegionAlreadyExists       Code = 4006
	RegionReadonly            Code = 4007
	RegionNotReady            Code = 4008
	RegionBusy                Code = 4009
	TableUnavailable          Code = 4010
	DatabaseAlreadyExists     Code = 4011
	StorageUnavailable        Code = 5000
	RequestOutdated           Code = 5001
	RuntimeResourcesExhausted Code = 6000
	RateLimited               Code = 6001
	UserNotFound              Code = 7000
	UnsupportedPasswordType   Code = 7001
	UserPasswordMismatch      Code = 7002
	AuthHeaderNotFound        Code = 7003
	InvalidAuthHeader         Code = 7004
	AccessDenied              Code = 7005
	PermissionDenied          Code = 7006
	FlowAlreadyExists         Code = 8000
	FlowNotFound              Code = 8001
	TriggerAlreadyExists      Code = 9000
	TriggerNotFound           Code = 9001
)

var names = map[Code]string{
	Success: "Success", Unknown: "Unknown", Unsupported: "Unsupported", Unexpected: "Unexpected", Internal: "Internal",
	InvalidArguments: "InvalidArguments", Cancelled: "Cancelled", IllegalState: "IllegalState", External: "External",
	DeadlineExceeded: "DeadlineExceeded", Suspended: "Suspended", InvalidSyntax: "InvalidSyntax", PlanQuery: "PlanQuery",
	EngineExecuteQuery: "EngineExecuteQuery", TableAlreadyExists: "TableAlreadyExists", TableNotFound: "TableNotFound",
	TableColumnNotFound: "TableColumnNotFound", TableColumnExists: "TableColumnExists", DatabaseNotFound: "DatabaseNotFound",
	RegionNotFound: "RegionNotFound", RegionAlreadyExists: "RegionAlreadyExists", RegionReadonly: "RegionReadonly",
	RegionNotReady: "RegionNotReady", RegionBusy: "RegionBusy", TableUnavailable: "TableUnavailable",
	DatabaseAlreadyExists: "DatabaseAlreadyExists", StorageUnavailable: "StorageUnavailable", RequestOutdated: "RequestOutdated",
	RuntimeResourcesExhausted: "RuntimeResourcesExhausted", RateLimited: "RateLimited", UserNotFound: "UserNotFound",
	UnsupportedPasswordType: "UnsupportedPasswordType", UserPasswordMismatch: "UserPasswordMismatch",
	AuthHeaderNotFound: "AuthHeaderNotFound", InvalidAuthHeader: "InvalidAuthHeader", AccessDenied: "AccessDenied",
	PermissionDenied: "PermissionDenied", FlowAlreadyExists: "FlowAlreadyExists", FlowNotFound: "FlowNotFound",
	TriggerAlreadyExists: "TriggerAlreadyExists", TriggerNotFound: "TriggerNotFound",
}

// String is the status name, e.g. "TableNotFound".
func (c Code) String() string {
	if s, ok := names[c]; ok {
		return s
	}
	return fmt.Sprintf("Code(%d)", uint32(c))
}

// Retryable reports whether the same request may succeed later without being changed.
func (c Code) Retryable() bool {
	switch c {
	case Suspended, RegionNotReady, RegionBusy, TableUnavailable, StorageUnavailable, RateLimited, RuntimeResourcesExhausted:
		return true
	}
	return false
}

// Error is an error with a code. Its text is Msg, then ": " and the cause.
type Error struct {
	Code Code
	Msg  string
	Err  error // cause, may be nil
}

func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return e.Msg
	case e.Msg == "":
		return e.Err.Error()
	}
	return e.Msg + ": " + e.Err.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of the given code. Texts among args are cut by Short, unless the format is "%s" alone, which is for a message
// that is made already.
func New(code Code, format string, args ...any) error {
	return &Error{Code: code, Msg: message(format, args)}
}

func message(format string, args []any) string {
	if format != "%s" {
		for i, a := range args {
			if text, ok := a.(string); ok && len(text) > maxEcho {
				args = append([]any(nil), args...)
				args[i] = Short(text)
			}
		}
	}
	return fmt.Sprintf(format, args...)
}

// Of a text of the user's that is longer than maxEcho bytes, an error repeats the first echoed: enough to find it again.
const (
	maxEcho = 400
	echoed  = 200
)

// Short is s, or its beginning and an ellipsis where it is longer than an error should repeat.
func Short(s string) string {
	if len(s) <= maxEcho {
		return s
	}
	n := echoed
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return strings.Clone(s[:n]) + "…"
}

// Wrap puts a code and a message before err. It returns nil for a nil err.
func Wrap(code Code, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Code: code, Msg: message(format, args), Err: err}
}

// CodeOf is the code of the outermost Error in err's chain. Context errors have codes of their own; anything else is Internal.
func CodeOf(err error) Code {
	if err == nil {
		return Success
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Code
	}
	switch {
	case errors.Is(err, context.Canceled):
		return Cancelled
	case errors.Is(err, context.DeadlineExceeded):
		return DeadlineExceeded
	}
	return Internal
}

// Is reports whether err carries the code.
func Is(err error, code Code) bool { return err != nil && CodeOf(err) == code }
