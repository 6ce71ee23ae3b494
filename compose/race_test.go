//go:build race

package compose

// slowdown is how much longer the race detector lets everything take.
const slowdown = 10
