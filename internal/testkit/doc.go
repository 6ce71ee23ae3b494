// Package testkit is what the tests of several packages need alike; no program
// contains it.
package testkit
