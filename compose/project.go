// Package compose turns Compose files into one validated Project: the desired
// state of a stack. It knows no engine and talks to none.
package compose

import (
	"regexp"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
)

// Project is the desired state, complete and checked: every variable
// resolved, every reference found. It is written once, by Load, and only read
// afterwards.
type Project struct {
	// Name is the project's name: [a-z0-9][a-z0-9_-]*.
	Name string
	// Dir is the project's directory, absolute and with symbolic links
	// resolved: with the name it is the project's identity.
	Dir string
	// NamedDir is that directory as it was named, absolute: another path than
	// Dir where it leads through a symbolic link.
	NamedDir string
	// Host identifies the machine that Dir is on, "" when nobody asked.
	Host string
	// Files are the absolute paths of the files that were read, in order.
	Files []string
	// Given are those of them that were named or found, without what they
	// include or extend.
	Given []string
	// Services are the enabled services by name.
	Services map[string]*Service
	// Disabled are the names of services whose profile is not active, sorted.
	Disabled []string
	// Networks, Volumes, Secrets and Configs are those that an enabled
	// service uses, by the key of the file; Name inside is the engine's name.
	Networks types.Networks
	Volumes  types.Volumes
	Secrets  types.Secrets
	Configs  types.Configs
	// Environment is what variables were resolved from.
	Environment types.Mapping
	// Settings are the project's own under the top-level x-stackctl.
	Settings Settings
	// Labels are further labels of whatever is made for the project, those of
	// a private copy; nil for an ordinary project.
	Labels map[string]string
	// Blanks are the variables that were not set and are taken for empty.
	Blanks []Blank
	// Warnings are what the reader should know although the file is valid.
	Warnings []Warning
	// Source is compose-go's model, for `config`.
	Source *types.Project

	// hidden are values of secret-looking variables that the files use.
	hidden []string
	// identity is that under which the project was made in another place, ""
	// for its own; adopted are further ones that are its own too.
	identity string
	adopted  []string
	// whole is the project before services were selected; nil when all are.
	whole *Project
	// sources are the files, to say where something stands; nil for a project
	// that was not loaded.
	sources *sources
	// known is what has been worked out already; nil for a project that was
	// not loaded.
	known *known
	// clientLinks are the links of a client in a copy, see Client.
	clientLinks []string
}

// Service is the desired state of one service. The embedded configuration is
// compose-go's, after interpolation, merging and normalisation.
type Service struct {
	types.ServiceConfig
	// Settings are the service's own under x-stackctl.
	Settings ServiceSettings
	// ZeroSwappiness says that the file has mem_swappiness: 0, which
	// compose-go's model cannot tell from none.
	ZeroSwappiness bool
	// File and Line say where the service is declared, 1-based; Line is 0
	// when unknown.
	File string
	Line int

	// contents are the digests of the secrets and configs it mounts, by the
	// field they are shown as.
	contents map[string]string
	// hidden are values that must not be shown, salt goes into the digests
	// that stand for them.
	hidden []string
	salt   string
	// namedDir and dir are those of the project.
	namedDir, dir string
}

// Warning is something in a valid file that its author should know.
type Warning struct {
	// Service is the service it is about, "" for the whole project.
	Service string
	// Message is one sentence with its remedy.
	Message string
	// Advice says that the file does what it says, and could do it better: it
	// is said before the first start and by doctor, not every time.
	Advice bool
}

// Settings are the keys of the top-level x-stackctl.
type Settings struct {
	// Timeout bounds everything from the first container created; 0 when the
	// file does not say.
	Timeout time.Duration
	// StableFor is the stability window; nil when the file does not say.
	StableFor *time.Duration
	// AllowUnverified waives the proof of every service that has no check.
	AllowUnverified bool
	// Supervise holds the operator's budget.
	Supervise SuperviseSettings
}

// SuperviseSettings bound how often the operator restarts a service. Zero
// values mean that the file does not say.
type SuperviseSettings struct {
	// Budget is the number of starts allowed within Window.
	Budget int
	Window time.Duration
	// Backoff is the first delay between two starts.
	Backoff time.Duration
}

// ServiceSettings are the keys of a service's x-stackctl.
type ServiceSettings struct {
	// Verify are the declared proofs from outside the container.
	Verify []Verify
	// Job says that the service is meant to end.
	Job bool
	// AllowUnverified waives the proof of a service that has no check.
	AllowUnverified bool
	// CriticalLogs are regular expressions of log lines that matter; nil
	// when the file does not say.
	CriticalLogs []CriticalLog
}

// CriticalLog is a pattern of log lines and whether a match is a failure
// (otherwise it is a warning).
type CriticalLog struct {
	Pattern string
	Fail    bool
	// Regexp is Pattern, compiled; never nil in a loaded project.
	Regexp *regexp.Regexp
}

// Verify is one declared proof; exactly one of its fields is set.
type Verify struct {
	HTTP     *VerifyHTTP
	TCP      *VerifyTCP
	Postgres *VerifyPostgres
}

// VerifyHTTP asks for an HTTP exchange from the host.
type VerifyHTTP struct {
	// Port is the container's port; it must be published.
	Port uint16
	// Path starts with "/"; default "/".
	Path string
	// Status are the accepted codes; empty means 200-499.
	Status []int
	// Body must occur in the first 64 KiB of the body when set.
	Body string
	// Header holds header values that must be present.
	Header map[string]string
	// TLS is nil for plain HTTP.
	TLS *VerifyTLS
}

// VerifyTLS says how a TLS probe verifies its peer.
type VerifyTLS struct {
	// ServerName overrides the name that is verified.
	ServerName string
	// CAFile is a PEM file of accepted authorities, absolute.
	CAFile string
	// Insecure accepts any certificate; the evidence says so.
	Insecure bool
}

// VerifyTCP asks for a TCP exchange from the host.
type VerifyTCP struct {
	// Port is the container's port; it must be published.
	Port uint16
}

// VerifyPostgres asks for an authenticated query. Empty fields fall back to
// the service's POSTGRES_* environment.
type VerifyPostgres struct {
	User         string
	Database     string
	PasswordFile string
}
