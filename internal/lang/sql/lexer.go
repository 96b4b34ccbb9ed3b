package sql

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is the kind of a token.
type kind uint8

const (
	tEOF kind = iota
	tError
	tWord   // unquoted identifier or keyword
	tIdent  // quoted identifier
	tString // any string literal
	tNumber
	tBytes // X'0aff' or 0x0aff
	tParam // ? or $n
	tComma
	tSemi
	tLParen
	tRParen
	tLBracket
	tRBracket
	tLBrace
	tRBrace
	tDot
	tColon
	tDoubleColon
	tFatArrow // =>
	tStar
	tPlus
	tMinus
	tSlash
	tPercent
	tEq
	tNe
	tLt
	tLe
	tGt
	tGe
	tNullEq // <=>
	tConcat // ||
	tPipe
	tAmp
	tCaret
	tHash
	tShl
	tShr
	tTilde
	tTildeStar
	tNotTilde
	tNotTildeStar
	tAtAt
	tAt
	tAtGt      // @>
	tLtAt      // <@
	tArrow     // ->
	tLongArrow // ->>
	tBang      // !
)

// token is a piece of the source, src[pos:end]. Strings and identifiers are decoded when they are used.
type token struct {
	kind kind
	kw   keyword // of tWord; zero when not a keyword
	pos  int
	end  int
}

// lexer cuts tokens off the source. Its whole state is pos, so that the parser can look ahead and come back.
type lexer struct {
	src     string
	pos     int
	dialect Dialect
	msg     string // of the last tError
}

// Character classes of ASCII bytes.
const (
	cSpace = 1 << iota
	cStart // starts an identifier in every dialect
	cDigit
	cHex
)

var classes = func() (t [256]uint8) {
	for _, c := range " \t\n\r\f\v" {
		t[c] |= cSpace
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c] |= cStart
		t[c-'a'+'A'] |= cStart
	}
	t['_'] |= cStart
	for c := '0'; c <= '9'; c++ {
		t[c] |= cDigit | cHex
	}
	for c := 'a'; c <= 'f'; c++ {
		t[c] |= cHex
		t[c-'a'+'A'] |= cHex
	}
	return t
}()

func (l *lexer) at(i int) byte {
	if i < len(l.src) {
		return l.src[i]
	}
	return 0
}

func (l *lexer) fail(pos int, msg string) token {
	l.msg = msg
	return token{kind: tError, pos: pos, end: len(l.src)}
}

// next cuts off the next token.
func (l *lexer) next() token {
	if ok, pos := l.skipBlanks(); !ok {
		return l.fail(pos, "Unexpected EOF while in a multi-line comment")
	}
	pos := l.pos
	if pos >= len(l.src) {
		return token{kind: tEOF, pos: pos, end: pos}
	}
	c := l.src[pos]
	switch {
	case classes[c]&cStart != 0:
		if l.at(pos+1) == '\'' {
			switch c {
			case 'x', 'X':
				return l.hexString(pos)
			case 'e', 'E':
				return l.quoted(pos, pos+1, '\'', tString, true)
			case 'n', 'N':
				return l.quoted(pos, pos+1, '\'', tString, l.dialect == MySQL)
			}
		}
		return l.word(pos)
	case classes[c]&cDigit != 0, c == '.' && classes[l.at(pos+1)]&cDigit != 0:
		return l.number(pos)
	case c == '\'':
		return l.quoted(pos, pos, '\'', tString, l.dialect == MySQL)
	case c == '"':
		if l.dialect == MySQL {
			return l.quoted(pos, pos, '"', tString, true)
		}
		return l.quoted(pos, pos, '"', tIdent, false)
	case c == '`' && l.dialect != Postgres:
		return l.quoted(pos, pos, '`', tIdent, false)
	case c == '$':
		return l.dollar(pos)
	case c >= utf8.RuneSelf:
		if r, _ := utf8.DecodeRuneInString(l.src[pos:]); identRune(r) {
			return l.word(pos)
		}
	case l.dialect == Greptime && (c == '#' || c == '@' && l.at(pos+1) != '@') && l.identPart(pos+1):
		return l.word(pos)
	}
	return l.punct(pos, c)
}

func identRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.Is(unicode.Other_Alphabetic, r) || unicode.Is(unicode.Nl, r))
}

// identPart reports whether a letter, digit or underscore stands at i.
func (l *lexer) identPart(i int) bool {
	c := l.at(i)
	if c < utf8.RuneSelf {
		return classes[c]&(cStart|cDigit) != 0
	}
	r, _ := utf8.DecodeRuneInString(l.src[i:])
	return identRune(r)
}

func (l *lexer) word(pos int) token {
	i := pos + 1
	if l.src[pos] >= utf8.RuneSelf {
		i = pos // the loop below takes the whole rune
	}
	plain := true
	for i < len(l.src) {
		c := l.src[i]
		if classes[c]&(cStart|cDigit) != 0 {
			i++
			continue
		}
		if c == '$' || l.dialect == Greptime && (c == '#' || c == '@' && l.at(i+1) != '@') {
			plain = false
			i++
			continue
		}
		if c < utf8.RuneSelf {
			break
		}
		r, n := utf8.DecodeRuneInString(l.src[i:])
		if !identRune(r) {
			break
		}
		plain = false
		i += n
	}
	l.pos = i
	t := token{kind: tWord, pos: pos, end: i}
	if plain {
		t.kw = lookupKeyword(l.src[pos:i])
	}
	return t
}

func (l *lexer) number(pos int) token {
	i := pos
	digits := func() {
		for classes[l.at(i)]&cDigit != 0 {
			i++
		}
	}
	if l.src[i] == '0' && (l.at(i+1) == 'x' || l.at(i+1) == 'X') && classes[l.at(i+2)]&cHex != 0 {
		i += 2
		for classes[l.at(i)]&cHex != 0 {
			i++
		}
		l.pos = i
		return token{kind: tBytes, pos: pos, end: i}
	}
	digits()
	if l.at(i) == '.' && l.at(i+1) != '.' {
		i++
		digits()
	}
	if c := l.at(i); c == 'e' || c == 'E' {
		j := i + 1
		if s := l.at(j); s == '+' || s == '-' {
			j++
		}
		if classes[l.at(j)]&cDigit != 0 {
			i = j
			digits()
		}
	}
	l.pos = i
	return token{kind: tNumber, pos: pos, end: i}
}

// quoted cuts off a token that starts at pos and whose opening quote stands at open. A doubled quote stands for
// itself; with escapes, so does a quote after a backslash.
func (l *lexer) quoted(pos, open int, q byte, k kind, escapes bool) token {
	for i := open + 1; i < len(l.src); i++ {
		switch c := l.src[i]; {
		case c == '\\' && escapes:
			i++
		case c != q:
		case l.at(i+1) == q:
			i++
		default:
			l.pos = i + 1
			return token{kind: k, pos: pos, end: i + 1}
		}
	}
	if k == tIdent {
		return l.fail(pos, "Expected close delimiter '"+string(rune(q))+"' before EOF.")
	}
	return l.fail(pos, "Unterminated string literal")
}

func (l *lexer) hexString(pos int) token {
	t := l.quoted(pos, pos+1, '\'', tBytes, false)
	if t.kind == tError {
		return t
	}
	digits := l.src[pos+2 : t.end-1]
	for i := 0; i < len(digits); i++ {
		if classes[digits[i]]&cHex == 0 {
			return l.fail(pos, "Invalid hex literal")
		}
	}
	if len(digits)%2 != 0 {
		return l.fail(pos, "Invalid hex literal: odd number of digits")
	}
	return t
}

// dollar cuts off $1, or in PostgreSQL's dialect $$text$$ and $tag$text$tag$.
func (l *lexer) dollar(pos int) token {
	i := pos + 1
	for classes[l.at(i)]&cDigit != 0 {
		i++
	}
	if i > pos+1 {
		l.pos = i
		return token{kind: tParam, pos: pos, end: i}
	}
	if l.dialect == Postgres {
		for classes[l.at(i)]&(cStart|cDigit) != 0 {
			i++
		}
		if l.at(i) == '$' {
			tag := l.src[pos : i+1]
			n := strings.Index(l.src[i+1:], tag)
			if n < 0 {
				return l.fail(pos, "Unterminated dollar-quoted string")
			}
			l.pos = i + 1 + n + len(tag)
			return token{kind: tString, pos: pos, end: l.pos}
		}
	}
	return l.fail(pos, "Unexpected character '$'")
}

// skipBlanks moves over white space and comments. It reports false, and the start of the comment, if one never ends.
func (l *lexer) skipBlanks() (bool, int) {
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case classes[c]&cSpace != 0:
			l.pos++
		case c == '-' && l.at(l.pos+1) == '-' && (l.dialect != MySQL || l.at(l.pos+2) <= ' '):
			l.skipLine()
		case c == '#' && l.dialect == MySQL:
			l.skipLine()
		case c == '/' && l.at(l.pos+1) == '*':
			start, depth := l.pos, 1
			for l.pos += 2; depth > 0; l.pos++ {
				switch {
				case l.pos >= len(l.src):
					return false, start
				case l.src[l.pos] == '*' && l.at(l.pos+1) == '/':
					depth--
					l.pos++
				case l.src[l.pos] == '/' && l.at(l.pos+1) == '*':
					depth++
					l.pos++
				}
			}
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(l.src[l.pos:])
			if !unicode.IsSpace(r) && r != '\ufeff' {
				return true, 0
			}
			l.pos += n
		default:
			return true, 0
		}
	}
	return true, 0
}

func (l *lexer) skipLine() {
	if n := strings.IndexByte(l.src[l.pos:], '\n'); n >= 0 {
		l.pos += n + 1
	} else {
		l.pos = len(l.src)
	}
}

func (l *lexer) punct(pos int, c byte) token {
	two := func(k kind) token { l.pos = pos + 2; return token{kind: k, pos: pos, end: pos + 2} }
	three := func(k kind) token { l.pos = pos + 3; return token{kind: k, pos: pos, end: pos + 3} }
	c1, c2 := l.at(pos+1), l.at(pos+2)
	k := tError
	switch c {
	case ',':
		k = tComma
	case ';':
		k = tSemi
	case '(':
		k = tLParen
	case ')':
		k = tRParen
	case '[':
		k = tLBracket
	case ']':
		k = tRBracket
	case '{':
		k = tLBrace
	case '}':
		k = tRBrace
	case '.':
		k = tDot
	case '?':
		k = tParam
	case '*':
		k = tStar
	case '+':
		k = tPlus
	case '/':
		k = tSlash
	case '%':
		k = tPercent
	case '&':
		k = tAmp
	case '^':
		k = tCaret
	case '#':
		k = tHash
	case '-':
		switch {
		case c1 == '>' && c2 == '>':
			return three(tLongArrow)
		case c1 == '>':
			return two(tArrow)
		}
		k = tMinus
	case ':':
		if c1 == ':' {
			return two(tDoubleColon)
		}
		k = tColon
	case '=':
		switch c1 {
		case '=':
			return two(tEq)
		case '>':
			return two(tFatArrow)
		}
		k = tEq
	case '<':
		switch {
		case c1 == '=' && c2 == '>':
			return three(tNullEq)
		case c1 == '=':
			return two(tLe)
		case c1 == '>':
			return two(tNe)
		case c1 == '<':
			return two(tShl)
		case c1 == '@':
			return two(tLtAt)
		}
		k = tLt
	case '>':
		switch c1 {
		case '=':
			return two(tGe)
		case '>':
			return two(tShr)
		}
		k = tGt
	case '|':
		if c1 == '|' {
			return two(tConcat)
		}
		k = tPipe
	case '~':
		if c1 == '*' {
			return two(tTildeStar)
		}
		k = tTilde
	case '!':
		switch {
		case c1 == '=':
			return two(tNe)
		case c1 == '~' && c2 == '*':
			return three(tNotTildeStar)
		case c1 == '~':
			return two(tNotTilde)
		}
		k = tBang
	case '@':
		switch c1 {
		case '@':
			return two(tAtAt)
		case '>':
			return two(tAtGt)
		}
		k = tAt
	}
	if k == tError {
		_, n := utf8.DecodeRuneInString(l.src[pos:])
		return l.fail(pos, "Unexpected character '"+l.src[pos:pos+n]+"'")
	}
	l.pos = pos + 1
	return token{kind: k, pos: pos, end: pos + 1}
}
