package docker

import (
	"net/netip"

	"github.com/docker/docker/api/types/system"
)

// pool is one range of addresses that networks are cut from, each of size bits.
type pool struct {
	base netip.Prefix
	size int
}

type pools []pool

// defaultPools are what an engine uses that was told nothing: the same from
// 20.10 to 28.5.
func defaultPools() pools {
	var out pools
	for second := 17; second <= 31; second++ {
		out = append(out, pool{netip.PrefixFrom(netip.AddrFrom4([4]byte{172, byte(second), 0, 0}), 16), 16})
	}
	return append(out, pool{netip.MustParsePrefix("192.168.0.0/16"), 20})
}

// poolsOf reads the engine's pools for IPv4; false when it has ones that are
// not understood.
func poolsOf(said []system.NetworkAddressPool) (pools, bool) {
	if len(said) == 0 {
		return defaultPools(), true
	}
	var out pools
	for _, s := range said {
		base, err := netip.ParsePrefix(s.Base)
		if err != nil {
			return nil, false
		}
		if !base.Addr().Is4() {
			continue
		}
		if s.Size < base.Bits() || s.Size > 32 {
			return nil, false
		}
		out = append(out, pool{base.Masked(), s.Size})
	}
	return out, len(out) > 0
}

// maxSlots bounds how many networks are counted: who has as many lacks none.
const maxSlots = 1 << 12

// free counts the networks that fit beside those that are used.
func (p pools) free(used []string) int {
	var taken []netip.Prefix
	for _, u := range used {
		if prefix, err := netip.ParsePrefix(u); err == nil {
			taken = append(taken, prefix.Masked())
		}
	}
	count := 0
	for _, one := range p {
		for i := range min(1<<(one.size-one.base.Bits()), maxSlots) {
			if !overlapsAny(one.slot(i), taken) {
				count++
			}
		}
	}
	return count
}

// slot is the i-th network of the pool.
func (p pool) slot(i int) netip.Prefix {
	b := p.base.Addr().As4()
	n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n += uint32(i) << (32 - p.size)
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), p.size)
}

func overlapsAny(slot netip.Prefix, taken []netip.Prefix) bool {
	for _, t := range taken {
		if slot.Overlaps(t) {
			return true
		}
	}
	return false
}
