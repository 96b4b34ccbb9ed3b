package sql

import (
	"strings"

	"github.com/goptimedb/goptimedb/internal/base/errs"
)

// tql parses TQL {EVAL|EXPLAIN|ANALYZE} … promql [AS alias]. The PromQL runs to the end of the statement or, in a CTE
// or a COPY, to the closing parenthesis that is not its own.
func (p *parser) tql(inParens bool) Statement {
	s := &TQL{Stmt: p.stmt()}
	p.advance()
	switch {
	case p.acceptKw("EVAL"), p.acceptKw("EVALUATE"):
	case p.is("EXPLAIN"):
		p.advance()
		s.Kind = TQLExplain
	case p.is("ANALYZE"):
		p.advance()
		s.Kind = TQLAnalyze
	default:
		p.unsupported(p.tok)
		return s
	}
	if s.Kind != TQLEval {
		s.Verbose = p.acceptKw("VERBOSE")
		s.Format = p.explainFormat()
	}
	if p.tok.kind == tLParen {
		p.tqlParams(s)
	} else {
		if s.Kind == TQLEval {
			p.expected("(")
			return s
		}
		pos := s.Pos
		s.Start, s.End = p.literal(Literal{pos, LitInt, "0"}), p.literal(Literal{pos, LitInt, "0"})
		s.Step = p.literal(Literal{pos, LitString, "5m"})
		p.promQL(s, p.tok.pos, inParens)
		return s
	}
	if p.err == nil && p.tok.kind != tRParen {
		p.expected(")")
	}
	if p.err != nil {
		return s
	}
	// The closing parenthesis is still the current token: what follows must not be cut into SQL tokens.
	p.promQL(s, p.tok.end, inParens)
	return s
}

// tqlParams parses (start, end, step [, lookback] and stops at the closing parenthesis.
func (p *parser) tqlParams(s *TQL) {
	p.advance()
	var args []Expr
	for p.err == nil && p.tok.kind != tRParen {
		args = append(args, p.expr())
		if !p.accept(tComma) {
			break
		}
	}
	if p.err != nil {
		return
	}
	if len(args) != 3 && len(args) != 4 {
		p.invalid(errs.InvalidSyntax, "Invalid TQL syntax: Expected 3 or 4 expressions in TQL parameters (start, end, step, [lookback]), but found %d", len(args))
		return
	}
	s.Start, s.End, s.Step = args[0], args[1], args[2]
	if len(args) == 4 {
		s.Lookback = args[3]
	}
}

// promQL takes the PromQL text that starts at from and moves on to what follows it.
func (p *parser) promQL(s *TQL, from int, inParens bool) {
	end, as := scanPromQL(p.lx.src, from, inParens)
	text := strings.TrimSpace(p.lx.src[from:end])
	if as >= 0 {
		// … AS alias
		lx := lexer{src: p.lx.src[:end], pos: as, dialect: p.lx.dialect}
		lx.next()
		t := lx.next()
		if (t.kind == tWord || t.kind == tIdent || t.kind == tString) && lx.next().kind == tEOF {
			if s.Alias = p.identOf(t); t.kind == tString {
				s.Alias = Ident{Name: p.value(t), Quoted: true, Pos: Pos(t.pos)}
			}
			text = strings.TrimSpace(p.lx.src[from:as])
		}
	}
	s.Query = text
	if text == "" {
		p.invalid(errs.InvalidSyntax, "Invalid TQL syntax: empty TQL query")
		return
	}
	p.prevEnd = from + len(strings.TrimRight(p.lx.src[from:end], " \t\r\n"))
	p.jump(end)
}

// scanPromQL finds the end of the PromQL text that starts at i: a semicolon, the end of the source or, with inParens,
// an unmatched closing parenthesis. as is where the last word AS outside of brackets starts, or -1.
func scanPromQL(src string, i int, inParens bool) (end, as int) {
	as = -1
	depth := 0
	for i < len(src) {
		switch c := src[i]; {
		case c == '"' || c == '\'' || c == '`':
			i++
			for i < len(src) && src[i] != c {
				if src[i] == '\\' && c != '`' {
					i++
				}
				i++
			}
			i = min(i, len(src))
		case c == '#':
			for i < len(src) && src[i] != '\n' {
				i++
			}
			continue
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			if depth == 0 && c == ')' && inParens {
				return i, as
			}
			depth--
		case c == ';':
			return i, as
		case classes[c]&(cStart|cDigit) != 0 || c == ':':
			j := i
			for j < len(src) && (classes[src[j]]&(cStart|cDigit) != 0 || src[j] == ':') {
				j++
			}
			if depth == 0 && strings.EqualFold(src[i:j], "as") {
				as = i
			}
			i = j
			continue
		}
		i++
	}
	return min(i, len(src)), as
}
