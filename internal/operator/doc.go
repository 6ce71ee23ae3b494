// Package operator is what a supervisor needs around its loop: a memory that
// outlives the process, the page and the figures for others to look at, hooks,
// and the word to systemd. It decides nothing.
package operator
