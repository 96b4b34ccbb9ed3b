package function

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"

	"github.com/goptimedb/goptimedb/internal/model"
)

func ipv4(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return a, failure("Invalid IPv4 address: %s", s)
	}
	return a, nil
}

func ipv6(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return a, failure("Invalid IPv6 address: %s", s)
	}
	return netip.AddrFrom16(a.As16()), nil
}

// ipv6Text prints an address; an IPv4 address within is shown as one.
func ipv6Text(a netip.Addr) string { return a.String() }

func netColumns() []column {
	text := func(name, sig string, f func(c *cells) (string, error)) column {
		return column{name: name, sig: sig, row: func(c *cells, out *model.Vector) error {
			s, err := f(c)
			out.AppendString(s)
			return err
		}}
	}
	within := func(name string, addr func(string) (netip.Addr, error)) column {
		return column{name: name, sig: "ss:b", row: func(c *cells, out *model.Vector) error {
			a, err := addr(c.str(0))
			if err != nil {
				return err
			}
			p, err := made(c, 1, func(s string) (netip.Prefix, error) {
				at, bits, ok := strings.Cut(s, "/")
				from, err := addr(at)
				n, nerr := strconv.Atoi(bits)
				if !ok || err != nil || nerr != nil || n < 0 || n > from.BitLen() {
					return netip.Prefix{}, failure("Invalid CIDR format: %s", s)
				}
				return netip.PrefixFrom(from, n).Masked(), nil
			})
			out.AppendBool(p.Contains(a))
			return err
		}}
	}
	return []column{
		{name: "ipv4_string_to_num", sig: "s:k", row: func(c *cells, out *model.Vector) error {
			a, err := ipv4(c.str(0))
			if err != nil {
				return err
			}
			b := a.As4()
			out.AppendInt(int64(binary.BigEndian.Uint32(b[:])))
			return nil
		}},
		text("ipv4_num_to_string", "k:s", func(c *cells) (string, error) {
			var b [4]byte
			binary.BigEndian.PutUint32(b[:], uint32(c.int(0)))
			return netip.AddrFrom4(b).String(), nil
		}),
		text("ipv4_to_cidr", "s[i:s", ipv4ToCIDR),
		within("ipv4_in_range", ipv4), within("ipv6_in_range", ipv6),
		{name: "ipv6_string_to_num", sig: "s:y", row: func(c *cells, out *model.Vector) error {
			a, err := ipv6(c.str(0))
			if err != nil {
				return err
			}
			b := a.As16()
			out.AppendBytes(b[:])
			return nil
		}},
		text("ipv6_num_to_string", "s:s", func(c *cells) (string, error) {
			b, err := hex.DecodeString(c.str(0))
			if err != nil || len(b) != 16 {
				return "", failure("Invalid IPv6 hexadecimal representation: %s", c.str(0))
			}
			return ipv6Text(netip.AddrFrom16([16]byte(b))), nil
		}),
		text("ipv6_to_cidr", "s[i:s", ipv6ToCIDR),
	}
}

// ipv4ToCIDR is the network of an address. A short address is filled up with zeros; without a length, the network has as many octets as
// are given, or as there are up to the zeros at the end.
func ipv4ToCIDR(c *cells) (string, error) {
	s := c.str(0)
	parts := strings.Split(strings.TrimSuffix(s, "."), ".")
	if len(parts) > 4 {
		return "", failure("Invalid IPv4 address: %s", s)
	}
	var b [4]byte
	given := 0
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 8)
		if err != nil {
			return "", failure("Invalid IPv4 address: %s", s)
		}
		b[i] = byte(n)
		given = i + 1
	}
	n := int64(8 * given)
	if given == 4 {
		for n > 0 && b[n/8-1] == 0 {
			n -= 8
		}
	}
	if c.has(1) {
		n = c.int(1)
	}
	if n < 0 || n > 32 {
		return "", failure("Invalid subnet mask: %d, must be between 0 and 32", n)
	}
	return netip.PrefixFrom(netip.AddrFrom4(b), int(n)).Masked().String(), nil
}

func ipv6ToCIDR(c *cells) (string, error) {
	s := c.str(0)
	a, err := ipv6(s)
	if err != nil && strings.HasSuffix(s, ":") && !strings.HasSuffix(s, "::") {
		a, err = ipv6(s + ":")
	}
	if err != nil && !strings.Contains(s, "::") {
		a, err = ipv6(s + "::")
	}
	if err != nil {
		return "", err
	}
	n := int64(128)
	if b := a.As16(); b[15] == 0 && b[14] == 0 { // as many groups as are not zero
		for n > 0 && b[n/8-1] == 0 && b[n/8-2] == 0 {
			n -= 16
		}
	}
	if c.has(1) {
		n = c.int(1)
	}
	if n < 0 || n > 128 {
		return "", failure("Invalid subnet mask: %d, must be between 0 and 128", n)
	}
	return netip.PrefixFrom(a, int(n)).Masked().String(), nil
}
