package relational

import (
	"regexp"
	"strings"

	duckdb "github.com/duckdb/duckdb-go-bindings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// DivideByZero is what a planner makes DuckDB's error() say where an integer is divided by zero; it is the message of our interface.
const DivideByZero = "Divide by zero error"

// resultError is the error of a result, and whether the instance is lost by it.
func resultError(res *duckdb.Result) (error, bool) {
	t := duckdb.ResultErrorType(res)
	return engineError(t, duckdb.ResultError(res)), invalidates(t)
}

// prepareError is the same for an error while preparing, of which DuckDB tells only the text.
func prepareError(text string) (error, bool) {
	t := duckdb.ErrorTypeBinder
	for prefix, pt := range map[string]duckdb.ErrorType{
		"INTERNAL Error": duckdb.ErrorTypeInternal, "FATAL Error": duckdb.ErrorTypeFatal, "Interrupted": duckdb.ErrorTypeInterrupt,
		"INTERRUPT Error": duckdb.ErrorTypeInterrupt, "Conversion Error": duckdb.ErrorTypeConversion,
		"Out of Range Error": duckdb.ErrorTypeOutOfRange, "Invalid Input Error": duckdb.ErrorTypeInvalidInput,
		"Out of Memory Error": duckdb.ErrorTypeOutOfMemory, "Permission Error": duckdb.ErrorTypePermission,
		"Not implemented Error": duckdb.ErrorTypeNotImplemented,
	} {
		if strings.HasPrefix(text, prefix) {
			t = pt
		}
	}
	return engineError(t, text), invalidates(t)
}

func invalidates(t duckdb.ErrorType) bool {
	return t == duckdb.ErrorTypeFatal || t == duckdb.ErrorTypeInternal
}

// engineError gives an error of DuckDB its code: what the user's values caused is EngineExecuteQuery, what the statement's shape
// caused PlanQuery.
func engineError(t duckdb.ErrorType, text string) error {
	msg := plain(text)
	if strings.HasPrefix(msg, "More than one row returned by a subquery") {
		return errs.New(errs.EngineExecuteQuery, "Execution error: a scalar subquery gave more than one row; use LIMIT 1 or an aggregate in it")
	}
	switch t {
	case duckdb.ErrorTypeInterrupt:
		return errs.New(errs.Cancelled, "query is interrupted")
	case duckdb.ErrorTypeDivideByZero:
		return errs.New(errs.EngineExecuteQuery, DivideByZero)
	case duckdb.ErrorTypeConversion, duckdb.ErrorTypeMismatchType, duckdb.ErrorTypeDecimal:
		return errs.New(errs.EngineExecuteQuery, "%s", castText(msg))
	case duckdb.ErrorTypeOutOfRange, duckdb.ErrorTypeInvalidInput, duckdb.ErrorTypeExecutor, duckdb.ErrorTypeInvalid, duckdb.ErrorTypeObjectSize:
		return errs.New(errs.EngineExecuteQuery, "%s", valueText(msg))
	case duckdb.ErrorTypeBinder, duckdb.ErrorTypeParser, duckdb.ErrorTypeSyntax, duckdb.ErrorTypePlanner, duckdb.ErrorTypeCatalog,
		duckdb.ErrorTypeExpression, duckdb.ErrorTypeInvalidType, duckdb.ErrorTypeUnknownType, duckdb.ErrorTypeOptimizer,
		duckdb.ErrorTypeParameterNotResolved, duckdb.ErrorTypeParameterNotAllowed, duckdb.ErrorTypeMissingExtension, duckdb.ErrorTypeAutoload:
		return errs.New(errs.PlanQuery, "%s", planText(msg))
	case duckdb.ErrorTypeNotImplemented:
		return errs.New(errs.Unsupported, "%s", notThereText(msg))
	case duckdb.ErrorTypeOutOfMemory:
		return errs.New(errs.RuntimeResourcesExhausted, "%s", exhausted(msg))
	case duckdb.ErrorTypePermission:
		return errs.New(errs.PermissionDenied, "%s", msg)
	case duckdb.ErrorTypeErrorIO:
		return errs.New(errs.StorageUnavailable, "spill query data: %s", rest(msg))
	}
	return errs.New(errs.Internal, "query engine: %s", rest(msg))
}

// exhausted says which limit a statement met and what can be done.
func exhausted(msg string) string {
	used := ""
	if m := usedOf.FindStringSubmatch(msg); m != nil {
		used = " (" + m[1] + ")"
	}
	if strings.Contains(msg, "max_temp_directory_size") {
		return "the sorts, joins and groups of queries have filled the disk space that they may spill to" + used +
			"; narrow the query, run fewer at once, or raise query.max_spill_size"
	}
	return "the sorts, joins and groups of queries have used up their memory" + used +
		"; narrow the query, run fewer at once, or raise query.memory_pool_size or query.max_spill_size"
}

var usedOf = regexp.MustCompile(`\(([^()]* used)\)`)

// plain cuts "Binder Error: " from the front and the picture of the statement, which is not the one that the user wrote, from the end.
func plain(text string) string {
	if i := strings.Index(text, "Error: "); i >= 0 && i < 32 && !strings.ContainsAny(text[:i], ":\n") {
		text = text[i+len("Error: "):]
	}
	for _, cut := range []string{"\n\nLINE ", "\nLINE ", "\n\nUse \"SET ", "\n\tCandidate "} {
		if i := strings.Index(text, cut); i >= 0 {
			text = text[:i]
		}
	}
	return strings.TrimSpace(text)
}
