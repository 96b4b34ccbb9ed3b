package model

import (
	"fmt"
	"strconv"
	"strings"
)

// Nested reports a type whose values hold other values.
func (t Type) Nested() bool { return t.Kind == KindList || t.Kind == KindStruct || t.Kind == KindMap }

// ListOf is the type of lists of elements of a type.
func ListOf(elem Type) Type {
	t := Type{Kind: KindList, Elem: elem.Kind}
	if elem.Nested() {
		t.Within = elem.String()
		return t
	}
	t.Unit, t.Precision, t.Scale, t.Dim = elem.Unit, elem.Precision, elem.Scale, elem.Dim
	return t
}

// ElemType is the type of the elements of KindList; Null where it is not known.
func (t Type) ElemType() Type {
	if t.Kind != KindList {
		return Null
	}
	e := Type{Kind: t.Elem, Unit: t.Unit, Precision: t.Precision, Scale: t.Scale, Dim: t.Dim}
	if e.Nested() {
		if known, err := ParseType(t.Within); err == nil {
			return known
		}
	}
	return e
}

// StructOf is the type of structs of these members, in their order.
func StructOf(members []Field) Type {
	var sb strings.Builder
	for i, m := range members {
		if i > 0 {
			sb.WriteString(", ")
		}
		sb.WriteString(memberName(m.Name) + ": " + m.Type.String())
	}
	return Type{Kind: KindStruct, Within: sb.String()}
}

// memberName quotes what would not be read back as one name.
func memberName(s string) string {
	plain := s != ""
	for i := range len(s) {
		c := s[i]
		plain = plain && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= '0' && c <= '9')
	}
	if plain {
		return s
	}
	return strconv.Quote(s)
}

// Members are the members of KindStruct in their order; none where they are not known.
func (t Type) Members() []Field {
	if t.Kind != KindStruct || t.Within == "" {
		return nil
	}
	p := typeParser{rest: t.Within}
	out := p.members()
	if p.rest != "" {
		p.bad = true
	}
	if p.bad {
		return nil
	}
	return out
}

// Member finds a member of KindStruct by its name, or gives -1.
func (t Type) Member(name string) (at int, member Type) {
	for i, m := range t.Members() {
		if m.Name == name {
			return i, m.Type
		}
	}
	return -1, Null
}

// MapOf is the type of maps from keys to values.
func MapOf(key, value Type) Type {
	return Type{Kind: KindMap, Within: key.String() + ", " + value.String()}
}

// MapTypes are the types of the keys and values of KindMap; Null where they are not known.
func (t Type) MapTypes() (key, value Type) {
	if t.Kind != KindMap || t.Within == "" {
		return Null, Null
	}
	p := typeParser{rest: t.Within}
	key = p.typ(0)
	p.expect(", ")
	value = p.typ(0)
	if p.bad || p.rest != "" {
		return Null, Null
	}
	return key, value
}

// nestedName prints a nested type with what it holds, as far as that is known.
func (t Type) nestedName() string {
	within := t.Within // the whole text, of elements too: reading them would take time that doubles with every level
	if t.Kind == KindList && within == "" {
		if t.Elem == KindNull {
			return "List"
		}
		within = t.ElemType().String()
	}
	if within == "" {
		return kindNames[t.Kind]
	}
	return kindNames[t.Kind] + "<" + within + ">"
}

// maxTypeDepth bounds how deep types nest that are read from text.
const maxTypeDepth = 128

// typeParser reads the names of types, from the front of rest.
type typeParser struct {
	rest string
	bad  bool
}

func (p *typeParser) expect(s string) {
	var ok bool
	if p.rest, ok = strings.CutPrefix(p.rest, s); !ok {
		p.bad = true
	}
}

// typ reads a type up to what cannot be part of one.
func (p *typeParser) typ(depth int) Type {
	end := strings.IndexAny(p.rest, "<>,(")
	if end < 0 {
		end = len(p.rest)
	}
	name := p.rest[:end]
	if depth > maxTypeDepth {
		p.bad = true
	}
	if p.bad {
		return Null
	}
	if end < len(p.rest) && p.rest[end] == '(' { // Decimal(10, 2)
		if end = strings.IndexByte(p.rest, ')') + 1; end == 0 {
			p.bad = true
			return Null
		}
		name = p.rest[:end]
	}
	within := end < len(p.rest) && p.rest[end] == '<'
	p.rest = p.rest[end:]
	if !within {
		t, err := parseFlat(name)
		p.bad = p.bad || err != nil
		return t
	}
	p.rest = p.rest[1:]
	var t Type
	switch name {
	case "List":
		t = ListOf(p.typ(depth + 1))
	case "Map":
		k := p.typ(depth + 1)
		p.expect(", ")
		t = MapOf(k, p.typ(depth+1))
	case "Struct":
		t = StructOf(p.membersAt(depth + 1))
	default:
		p.bad = true
	}
	p.expect(">")
	return t
}

func (p *typeParser) members() []Field { return p.membersAt(0) }

func (p *typeParser) membersAt(depth int) []Field {
	var out []Field
	for !p.bad {
		var f Field
		if strings.HasPrefix(p.rest, `"`) {
			q, err := strconv.QuotedPrefix(p.rest)
			if err != nil {
				p.bad = true
				return nil
			}
			f.Name, _ = strconv.Unquote(q)
			p.rest = p.rest[len(q):]
		} else {
			n := max(0, strings.IndexByte(p.rest, ':'))
			f.Name, p.rest = p.rest[:n], p.rest[n:]
		}
		p.expect(": ")
		f.Type = p.typ(depth)
		out = append(out, f)
		if !strings.HasPrefix(p.rest, ", ") {
			return out
		}
		p.rest = p.rest[2:]
	}
	return out
}

// parseNested reads the name of a type that holds others.
func parseNested(s string) (Type, error) {
	p := typeParser{rest: s}
	t := p.typ(0)
	if p.bad || p.rest != "" {
		return Type{}, fmt.Errorf("unknown data type %q", s)
	}
	return t, nil
}
