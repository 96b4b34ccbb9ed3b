package analyze

import (
	"bytes"
	"testing"
)

func BenchmarkTokenizer(b *testing.B) {
	for _, c := range []struct{ name, line string }{
		{"ascii", "2026-01-02T10:11:12.345Z INFO GET /api/v1/users status=200 connection reset by peer id=8f3a9c1e took 532 ms\n"},
		{"chinese", "2026-01-02T10:11:12.345Z 信息 用户请求已完成 状态=200 连接被对方重置 id=8f3a9c1e 耗时 532 毫秒\n"},
		{"cyrillic", "2026-01-02T10:11:12.345Z запрос пользователя выполнен соединение сброшено id=8f3a9c1e за 532 мс\n"},
	} {
		text := bytes.Repeat([]byte(c.line), 1000)
		for _, fold := range []bool{false, true} {
			name := c.name
			if fold {
				name += "/fold"
			}
			b.Run(name, func(b *testing.B) {
				t := Tokenizer{Analyzer: Chinese, Fold: fold}
				n := 0
				count := func([]byte) { n++ }
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					t.Each(text, count)
				}
			})
		}
	}
}

func BenchmarkMatchesTerm(b *testing.B) {
	text := []byte("2026-01-02T10:11:12.345Z INFO GET /api/v1/users status=200 connection reset by peer id=8f3a9c1e took 532 ms")
	t := CompileTerm("8f3a9c1e")
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if !t.Match(text) {
			b.Fatal("no match")
		}
	}
}
