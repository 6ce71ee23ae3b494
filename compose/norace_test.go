//go:build !race

package compose

// slowdown is 1 without the race detector.
const slowdown = 1
