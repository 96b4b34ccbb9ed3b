package sql

import (
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// TypeName is a type as it was written, not yet resolved.
type TypeName struct {
	Pos
	Name  string    // upper-case words: "BIGINT UNSIGNED", "DOUBLE PRECISION", "TIMESTAMP"
	Args  []string  // what stood in parentheses: numbers, words, or strings with their quotes
	Angle string    // what stood in angle brackets, as written: STRUCT<a INT>
	Zone  string    // "", "WITH TIME ZONE" or "WITHOUT TIME ZONE"
	Elem  *TypeName // of INT[]: the type before the brackets; Name is ARRAY
	JSON2 *JSON2Def // details of JSON2(…), or nil
	Size  string    // the number in the brackets, or ""
}

// JSON2Def is what stood in the parentheses of a JSON2 type.
type JSON2Def struct {
	MaxPaths string // max_auto_expanded_paths as written, or ""
	Hints    []JSON2Hint
}

// JSON2Hint gives a path of a JSON2 column a type.
type JSON2Hint struct {
	Path     ObjectName
	Type     *TypeName
	Null     bool
	NotNull  bool
	Default  Expr
	Inverted bool
}

// Kind is a kind of column or value type, spelled as DESCRIBE shows it.
type Kind string

// The kinds. Interval is a kind of values only, not of columns.
const (
	KindBoolean              Kind = "Boolean"
	KindInt8                 Kind = "Int8"
	KindInt16                Kind = "Int16"
	KindInt32                Kind = "Int32"
	KindInt64                Kind = "Int64"
	KindUInt8                Kind = "UInt8"
	KindUInt16               Kind = "UInt16"
	KindUInt32               Kind = "UInt32"
	KindUInt64               Kind = "UInt64"
	KindFloat32              Kind = "Float32"
	KindFloat64              Kind = "Float64"
	KindString               Kind = "String"
	KindBinary               Kind = "Binary"
	KindDate                 Kind = "Date"
	KindTimestampSecond      Kind = "TimestampSecond"
	KindTimestampMillisecond Kind = "TimestampMillisecond"
	KindTimestampMicrosecond Kind = "TimestampMicrosecond"
	KindTimestampNanosecond  Kind = "TimestampNanosecond"
	KindDecimal              Kind = "Decimal"
	KindJSON                 Kind = "Json"
	KindJSON2                Kind = "Json2"
	KindVector               Kind = "Vector"
	KindInterval             Kind = "Interval"
)

// Timestamp reports whether k is one of the timestamp kinds.
func (k Kind) Timestamp() bool { return strings.HasPrefix(string(k), "Timestamp") }

// Type is a resolved type. P and S are precision and scale of a Decimal; P is the dimension of a Vector.
type Type struct {
	Kind Kind
	P, S int
}

// typeKinds maps the spellings of types without parameters that matter to their kinds.
var typeKinds = map[string]Kind{
	"BOOLEAN": KindBoolean, "BOOL": KindBoolean,
	"TINYINT":  KindInt8,
	"SMALLINT": KindInt16, "INT2": KindInt16, "INT16": KindInt16,
	"INT": KindInt32, "INTEGER": KindInt32, "INT4": KindInt32, "INT32": KindInt32,
	"BIGINT": KindInt64, "INT8": KindInt64, "INT64": KindInt64,
	"TINYINT UNSIGNED": KindUInt8, "UINT8": KindUInt8,
	"SMALLINT UNSIGNED": KindUInt16, "UINT16": KindUInt16,
	"INT UNSIGNED": KindUInt32, "INTEGER UNSIGNED": KindUInt32, "UINT32": KindUInt32,
	"BIGINT UNSIGNED": KindUInt64, "UINT64": KindUInt64,
	"FLOAT": KindFloat32, "FLOAT4": KindFloat32, "FLOAT32": KindFloat32, "REAL": KindFloat32,
	"DOUBLE": KindFloat64, "FLOAT8": KindFloat64, "FLOAT64": KindFloat64, "DOUBLE PRECISION": KindFloat64,
	"STRING": KindString, "TEXT": KindString, "VARCHAR": KindString, "CHAR": KindString, "CHARACTER": KindString,
	"CHARACTER VARYING": KindString, "TINYTEXT": KindString, "MEDIUMTEXT": KindString, "LONGTEXT": KindString,
	"BINARY": KindBinary, "VARBINARY": KindBinary, "BLOB": KindBinary, "BYTEA": KindBinary,
	"DATE":        KindDate,
	"TIMESTAMP_S": KindTimestampSecond, "TIMESTAMP_SEC": KindTimestampSecond, "TIMESTAMPSECOND": KindTimestampSecond,
	"TIMESTAMP_MS": KindTimestampMillisecond, "TIMESTAMPMILLISECOND": KindTimestampMillisecond, "TIMESTAMPTZ": KindTimestampMillisecond,
	"TIMESTAMP_US": KindTimestampMicrosecond, "TIMESTAMPMICROSECOND": KindTimestampMicrosecond,
	"TIMESTAMP_NS": KindTimestampNanosecond, "TIMESTAMPNANOSECOND": KindTimestampNanosecond,
	"JSON": KindJSON, "JSON2": KindJSON2, "INTERVAL": KindInterval,
}

// Resolve finds the type a name stands for. What a column or a CAST cannot have is an InvalidSyntax error.
func (t *TypeName) Resolve() (Type, error) {
	bad := func() (Type, error) {
		return Type{}, errs.New(errs.InvalidSyntax, "SQL data type not supported yet: %s", t)
	}
	if t.Elem != nil || t.Angle != "" {
		return bad()
	}
	args := make([]int, len(t.Args))
	for i, a := range t.Args {
		n, err := strconv.Atoi(a)
		if err != nil {
			return bad()
		}
		args[i] = n
	}
	switch t.Name {
	case "TIMESTAMP", "DATETIME":
		precision := 3
		if t.Name == "DATETIME" {
			precision = 6
		}
		if len(args) == 1 {
			precision = args[0]
		} else if len(args) > 1 {
			return bad()
		}
		switch precision {
		case 0:
			return Type{Kind: KindTimestampSecond}, nil
		case 3:
			return Type{Kind: KindTimestampMillisecond}, nil
		case 6:
			return Type{Kind: KindTimestampMicrosecond}, nil
		case 9:
			return Type{Kind: KindTimestampNanosecond}, nil
		}
		return bad()
	case "DECIMAL", "NUMERIC", "DEC":
		d := Type{Kind: KindDecimal, P: 38, S: 10}
		switch len(args) {
		case 0:
		case 1:
			d.P, d.S = args[0], 0
		case 2:
			d.P, d.S = args[0], args[1]
		default:
			return bad()
		}
		if d.P < 1 || d.P > 38 || d.S < 0 || d.S > d.P {
			return Type{}, errs.New(errs.InvalidSyntax, "Invalid decimal type %s: precision must be 1 to 38 and scale no larger than it", t)
		}
		return d, nil
	case "VECTOR":
		if len(args) != 1 || args[0] < 1 || int64(args[0]) > 1<<32-1 {
			return Type{}, errs.New(errs.InvalidSyntax, "Invalid vector type %s: it needs its dimension, as in VECTOR(3)", t)
		}
		return Type{Kind: KindVector, P: args[0]}, nil
	}
	k, ok := typeKinds[t.Name]
	if !ok {
		return bad()
	}
	return Type{Kind: k}, nil
}

// String is the type as DESCRIBE shows it.
func (t Type) String() string {
	switch t.Kind {
	case KindDecimal:
		return "Decimal(" + strconv.Itoa(t.P) + ", " + strconv.Itoa(t.S) + ")"
	case KindVector:
		return "Vector(" + strconv.Itoa(t.P) + ")"
	}
	return string(t.Kind)
}

// SQL is the type as SHOW CREATE TABLE prints it.
func (t Type) SQL() string {
	switch t.Kind {
	case KindInt8:
		return "TINYINT"
	case KindInt16:
		return "SMALLINT"
	case KindInt32:
		return "INT"
	case KindInt64:
		return "BIGINT"
	case KindUInt8:
		return "TINYINT UNSIGNED"
	case KindUInt16:
		return "SMALLINT UNSIGNED"
	case KindUInt32:
		return "INT UNSIGNED"
	case KindUInt64:
		return "BIGINT UNSIGNED"
	case KindFloat32:
		return "FLOAT"
	case KindFloat64:
		return "DOUBLE"
	case KindBinary:
		return "VARBINARY"
	case KindTimestampSecond:
		return "TIMESTAMP(0)"
	case KindTimestampMillisecond:
		return "TIMESTAMP(3)"
	case KindTimestampMicrosecond:
		return "TIMESTAMP(6)"
	case KindTimestampNanosecond:
		return "TIMESTAMP(9)"
	case KindDecimal:
		return "DECIMAL(" + strconv.Itoa(t.P) + "," + strconv.Itoa(t.S) + ")"
	case KindVector:
		return "VECTOR(" + strconv.Itoa(t.P) + ")"
	}
	return strings.ToUpper(string(t.Kind))
}

// typeName parses a type.
func (p *parser) typeName() *TypeName {
	p.enter()
	defer p.leave()
	t := &TypeName{Pos: Pos(p.tok.pos)}
	if p.tok.kind == tIdent && strings.EqualFold(p.text(p.tok), `"char"`) { // PostgreSQL's type of one byte
		p.advance()
		t.Name = "CHAR"
		return t
	}
	quoted := p.tok.kind == tIdent && p.lx.dialect == Postgres // "regtype", as its clients write it
	if p.tok.kind != tWord && !quoted {
		p.expected("a data type name")
		return t
	}
	t.Name = strings.ToUpper(p.ident().Name)
	if t.Name == "PG_CATALOG" && p.accept(tDot) { // pg_catalog.int4
		t.Name = strings.ToUpper(p.ident().Name)
	}
	switch t.Name {
	case "DOUBLE":
		if p.acceptKw("PRECISION") {
			t.Name = "DOUBLE PRECISION"
		}
	case "CHARACTER", "CHAR", "BINARY":
		if p.acceptKw("VARYING") {
			t.Name += " VARYING"
		}
	case "JSON2":
		if p.accept(tLParen) {
			t.JSON2 = p.json2()
			return t
		}
	}
	if p.accept(tLParen) {
		p.list(false, func() {
			switch p.tok.kind {
			case tNumber, tString, tWord:
				t.Args = append(t.Args, p.text(p.advance()))
			default:
				p.expected("a type parameter")
			}
		})
	}
	if p.tok.kind == tLt && (t.Name == "ARRAY" || t.Name == "STRUCT" || t.Name == "MAP" || t.Name == "LIST") {
		t.Angle = p.angle()
	}
	switch {
	case p.acceptKw("UNSIGNED"):
		t.Name += " UNSIGNED"
	case p.acceptKw("SIGNED"):
	case (p.is("WITH") || p.is("WITHOUT")) && p.peek().kw.text == "TIME":
		t.Zone = p.advance().kw.text + " TIME ZONE"
		p.advance()
		p.expectKw("ZONE")
	}
	for p.tok.kind == tLBracket && p.err == nil {
		p.advance()
		p.link()
		a := &TypeName{Pos: t.Pos, Name: "ARRAY", Elem: t}
		if p.tok.kind == tNumber {
			a.Size = p.text(p.advance())
		}
		p.expect(tRBracket, "]")
		t = a
	}
	return t
}

// angle takes the text of <…>, whose brackets may nest, without looking into it.
func (p *parser) angle() string {
	start := p.tok.end
	for depth := 0; p.err == nil; {
		switch t := p.tok; t.kind {
		case tLt:
			depth++
		case tGt:
			depth--
		case tShr:
			depth -= 2
		case tEOF, tError, tSemi:
			p.expected(">")
			return ""
		}
		t := p.advance()
		if depth <= 0 {
			return strings.TrimSpace(p.lx.src[start : t.end-1])
		}
	}
	return ""
}

// json2 parses the parameters of JSON2 after the opening parenthesis.
func (p *parser) json2() *JSON2Def {
	d := &JSON2Def{}
	p.list(true, func() {
		path := p.path("a JSON path")
		if p.accept(tEq) {
			if len(path) != 1 || path[0].Name != "max_auto_expanded_paths" {
				p.fail("Unknown JSON2 option " + path.String())
			}
			d.MaxPaths = p.text(p.expect(tNumber, "a number"))
			return
		}
		h := JSON2Hint{Path: path, Type: p.typeName()}
		for p.err == nil {
			switch {
			case p.acceptKws("NOT", "NULL"):
				h.NotNull = true
			case p.acceptKw("NULL"):
				h.Null = true
			case p.acceptKw("DEFAULT"):
				h.Default = p.exprAbove(precIs)
			case p.acceptKws("INVERTED", "INDEX"):
				h.Inverted = true
			default:
				d.Hints = append(d.Hints, h)
				return
			}
		}
	})
	return d
}
