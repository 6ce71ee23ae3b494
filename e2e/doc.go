// Package e2e holds the scenarios: the whole program against a real engine,
// judged by an oracle that shares no code with it.
package e2e
