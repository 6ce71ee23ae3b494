//go:build race

package scripted

// pick chooses between a number and the one for the race detector, which makes
// everything about ten times slower.
func pick(_, race int) int { return race }
