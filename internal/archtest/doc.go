// Package archtest holds no code: its test keeps the packages of this module
// apart in the way that docs/architecture.md says.
package archtest
