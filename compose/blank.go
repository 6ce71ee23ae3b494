package compose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Blank is a variable that was not set, where an empty string stands for it.
type Blank struct {
	// Variable is its name.
	Variable string
	// File and Line say where it is used, or for a value that comes from an
	// env file where that refers to it.
	File string
	Line int
	// Service is the service that it is about, or ""; Key the path in the
	// file, e.g. services.web.environment.SMTP_HOST.
	Service, Key string
}

// String says what was not set, and where: "SMTP_HOST was not set, compose.yaml:12".
func (b Blank) String() string {
	return oneLine(fmt.Sprintf("%s was not set, %s:%d", b.Variable, b.File, b.Line))
}

// BlanksOf are the blanks in what the containers of a service are given: their
// environment and their command.
func (p *Project) BlanksOf(service string) []Blank {
	var out []Blank
	for _, b := range p.Blanks {
		if b.Service != service {
			continue
		}
		key := strings.TrimPrefix(b.Key, "services."+service+".")
		switch key[:strings.IndexAny(key+".", ".[")] {
		case "environment", "command", "entrypoint":
			out = append(out, b)
		}
	}
	return out
}

// blank is a Blank and, for a variable of a container's environment, the name
// there and what it is with the blank.
type blank struct {
	Blank
	name, value string
}

// reportMissing reports every unset variable that something active needs and
// cannot do without, and returns the others. Who looks at what is there, or
// removes it, can do without most of them.
func (s *sources) reportMissing(sc *scope, o Options) (blanks []blank) {
	for i, src := range s.all {
		for _, m := range src.missing {
			if !sc.counts(src, m.at) {
				continue
			}
			heirs := s.heirs(sc, src, m.at)
			unused := len(heirs) == 0 || s.isReplaced(i, m.at) || s.isNamed && len(m.at) == 1 && m.at[0] == "name"
			if !m.required && unused {
				src.said[m.at.id()] = true // what is replaced may be anything
				continue
			}
			p := m.problem(src.file, o.StrictEnv)
			if p.Message != "" && (m.required || m.form != "" || !o.WithoutFiles) {
				s.ps.add(p)
				src.said[m.at.id()] = true
				continue
			}
			src.blank[m.at.id()] = m.name
			for _, service := range heirs {
				b := blank{Blank: Blank{Variable: m.name, File: s.ps.show(p.File), Line: p.Line, Service: service, Key: m.at.String()}}
				if service != "" {
					b.Key = append(path{"services", service}, m.at[2:]...).String()
					b.name = m.variable()
					b.value = strings.TrimPrefix(m.value, b.name+"=")
				}
				blanks = append(blanks, b)
			}
		}
	}
	return blanks
}

// problem is what is wrong with a value for want of a variable; without a
// message when it can be done without.
func (m miss) problem(file string, strict bool) Problem {
	p := Problem{File: file, Line: m.mark.line, Column: m.mark.column, Key: m.at.String(), Remedy: m.remedy()}
	if m.through != "" {
		p.File, p.Line, p.Column, p.Key = m.origin.file, m.origin.line, 0, m.through
	}
	what, holds := m.changed()
	switch {
	case m.required, strict:
		p.Message = m.message()
	case what != "" && holds == "":
		p.Message = fmt.Sprintf("%s is not set, so %s is empty", m.name, what)
	case what != "":
		p.Message = fmt.Sprintf("%s is not set, so %s is %+q", m.name, what, shorten(holds, 80))
	case m.form != "":
		p.Message = fmt.Sprintf("%s is not set, and %+q is not a %s", m.name, shorten(m.value, 40), m.form)
	}
	return p
}

// isReplaced says whether the files after the i-th set a plain value anew.
func (s *sources) isReplaced(i int, at path) bool {
	if i >= s.named || at.isListed() {
		return false
	}
	return slices.ContainsFunc(s.all[i+1:s.named], func(later *source) bool { return valueAt(later.tree, at) != nil })
}

// heirs are the active services that a value of a file is part of: the one
// that it is written for, and those that extend it and do not replace it.
// A value of no service has one heir, "".
func (s *sources) heirs(sc *scope, src *source, at path) []string {
	if len(at) < 3 || at[0] != "services" {
		return []string{""}
	}
	var heirs []string
	for _, from := range s.all {
		for _, name := range sc.active {
			if from.bases != nil || slices.Contains(heirs, name) {
				continue
			}
			if s.inherits(from, name, src, at) {
				heirs = append(heirs, name)
			}
		}
	}
	return heirs
}

// inherits says whether a service of one file has a value of another's.
func (s *sources) inherits(from *source, service string, src *source, at path) bool {
	for depth := 0; from != nil && depth < maxDepth; depth++ {
		if from == src && service == at[1] {
			return true
		}
		own := append(path{"services", service}, at[2:]...)
		if !at.isListed() && valueAt(from.tree, own) != nil {
			return false
		}
		from, service = s.base(from, service)
	}
	return false
}

// variable is the name of the environment variable that a value is of, or "".
func (m miss) variable() string {
	if len(m.at) != 4 || m.at[2] != "environment" {
		return ""
	}
	if !strings.HasPrefix(m.at[3], "\x01") {
		return m.at[3]
	}
	name, _, _ := strings.Cut(m.value, "=")
	return name
}

// changed says what a blank makes another entry of, and what that holds then;
// "" where the entry stays what it is.
func (m miss) changed() (what, holds string) {
	if len(m.at) == 3 && m.at[2] == "build" { // the short form
		return "the build context", m.value
	}
	for _, rule := range blankRules() {
		if len(m.at) < len(rule.parts) || !matches(rule.parts, m.at[:len(rule.parts)]) {
			continue
		}
		if rule.what == "mount" {
			return m.mountPart()
		}
		return rule.what, m.value
	}
	return "", ""
}

// mountPart is the part of a mount that the variable stands in.
func (m miss) mountPart() (what, holds string) {
	if len(m.at) > 4 { // the long form names its parts
		return fmt.Sprintf("%s of the mount", m.at[len(m.at)-1]), m.value
	}
	names := []string{"the source of the mount", "the target of the mount", "the options of the mount"}
	parts := colonParts(m.text)
	if len(parts) > len(names) || len(parts) < 2 {
		return "the mount", m.value
	}
	for i, part := range parts {
		if e := expand(part, func(name string) (string, bool) { return "", name != m.name && name != m.through }); len(e.missing) > 0 {
			return names[i], partOf(m.value, i, len(parts))
		}
	}
	return "the mount", m.value
}

// partOf is the i-th of n parts that colons divide a text into; all of it when
// there are others.
func partOf(text string, i, n int) string {
	if parts := strings.Split(text, ":"); len(parts) == n {
		return parts[i]
	}
	return text
}

// colonParts splits a text at the colons that are not part of a variable.
func colonParts(text string) []string {
	var parts []string
	depth, begin := 0, 0
	for i, c := range text {
		switch c {
		case '{':
			depth++
		case '}':
			depth--
		case ':':
			if depth == 0 {
				parts, begin = append(parts, text[begin:i]), i+1
			}
		}
	}
	return append(parts, text[begin:])
}

// blankRule is a key below which a blank makes another entry; an empty what
// excepts it from the rules that follow.
type blankRule struct {
	parts []string
	what  string
}

// blankRules are looked through in order: the first that fits decides.
func blankRules() []blankRule {
	var rules []blankRule
	for _, rule := range [][2]string{
		{"name", "the project's name"},
		{"include", "the path of the include"},
		{"networks.*.labels", ""}, {"volumes.*.labels", ""}, {"secrets.*.labels", ""}, {"configs.*.labels", ""},
		{"configs.*.content", ""},
		{"networks.*", "the network"}, {"volumes.*", "the volume"}, {"secrets.*", "the secret"}, {"configs.*", "the config"},
		{"services.*.image", "the image"},
		{"services.*.container_name", "the container's name"},
		{"services.*.ports", "the port"}, {"services.*.expose", "the port"},
		{"services.*.volumes", "mount"}, {"services.*.tmpfs", "the mount"}, {"services.*.volumes_from", "the name"},
		{"services.*.devices", "the device"},
		{"services.*.networks", "the network"}, {"services.*.network_mode", "the network"},
		{"services.*.depends_on", "the name"}, {"services.*.links", "the name"}, {"services.*.external_links", "the name"},
		{"services.*.extends", "the service to extend"},
		{"services.*.secrets", "the secret"}, {"services.*.configs", "the config"},
		{"services.*.env_file", "the path of the env file"}, {"services.*.label_file", "the path of the label file"},
		{"services.*.build.context", "the build context"},
		{"services.*.build.dockerfile", "the path of the Dockerfile"},
		{"services.*.build.additional_contexts", "the build context"},
		{"services.*.build.secrets", "the secret"},
		{"services.*.build.tags", "the image"},
	} {
		rules = append(rules, blankRule{strings.Split(rule[0], "."), rule[1]})
	}
	return rules
}

// checkBlanks keeps those blanks that reach a service, refuses those that take
// away the password of a database, and says the others in one warning.
func (b *builder) checkBlanks(p *Project) {
	for _, at := range b.blanks {
		s := p.Services[at.Service]
		if s != nil && at.name != "" {
			if value := s.Environment[at.name]; value == nil || *value != at.value {
				continue // the file or another one sets it
			}
			if needsPassword(s, at.name) && !b.options.WithoutFiles {
				b.ps.add(b.passwordProblem(at))
				continue
			}
		}
		if !slices.Contains(p.Blanks, at.Blank) {
			p.Blanks = append(p.Blanks, at.Blank)
		}
	}
	slices.SortStableFunc(p.Blanks, byPlace)
	var secrets, others []string
	for _, at := range p.Blanks {
		switch {
		case slices.Contains(secrets, at.Variable) || slices.Contains(others, at.Variable):
		case isCredential(at.Variable):
			secrets = append(secrets, at.Variable)
		default:
			others = append(others, at.Variable)
		}
	}
	names := slices.Concat(secrets, others)
	if len(names) == 0 {
		return
	}
	is := "variables are not set and are taken for empty"
	if len(names) == 1 {
		is = "variable is not set and is taken for empty"
	}
	b.ps.warn(Warning{Message: fmt.Sprintf("%d %s: %s; set them in .env, or refuse such a file with --strict-env", len(names), is, strings.Join(names, ", "))})
}

// passwordProblem says that a database cannot do without a variable.
func (b *builder) passwordProblem(at blank) Problem {
	m := b.sources.find(path{"services", at.Service, "environment", at.name})
	p := Problem{File: at.File, Line: at.Line, Column: m.column, Service: at.Service, Key: at.Key,
		Message: fmt.Sprintf("%s is not set, so the database has no %s", at.Variable, at.name), Remedy: missingVar{name: at.Variable}.remedy()}
	if m.line != at.Line {
		p.Column = 0
	}
	return p
}

// isCredential says whether the last word of a variable's name is one of
// those that mean something secret.
func isCredential(name string) bool {
	words := strings.FieldsFunc(strings.ToUpper(name), func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	return len(words) > 0 && slices.Contains([]string{"PASSWORD", "SECRET", "TOKEN", "KEY"}, words[len(words)-1])
}

// needsPassword says whether the image of a service is that of a well-known
// database that does not begin without this variable.
func needsPassword(s *Service, name string) bool {
	for _, database := range databases() {
		if !slices.Contains(database.passwords, name) || !slices.Contains(database.images, imageBase(s.Image)) || !s.RunsServer() {
			continue
		}
		given := func(setting string) bool {
			other, wanted, _ := strings.Cut(setting, "=")
			value := s.Environment[other]
			return value != nil && *value != "" && (wanted == "" || strings.EqualFold(*value, wanted))
		}
		return (database.with == "" || given(database.with)) && !slices.ContainsFunc(slices.Concat(database.passwords, database.instead), given)
	}
	return false
}

// database is what the entrypoint of a well-known image demands: one of the
// passwords, or something instead of it.
type database struct {
	images, passwords, instead []string
	// with is the variable without which it demands nothing, "" for none.
	with string
}

func databases() []database {
	mysql := []string{"MYSQL_ROOT_PASSWORD_FILE", "MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD"}
	return []database{
		{images: []string{"postgres", "postgis", "pgvector", "timescaledb", "timescaledb-ha"}, passwords: []string{"POSTGRES_PASSWORD"},
			instead: []string{"POSTGRES_PASSWORD_FILE", "POSTGRES_HOST_AUTH_METHOD=trust"}},
		{images: []string{"mysql", "mysql-server", "percona", "percona-server"}, passwords: []string{"MYSQL_ROOT_PASSWORD"}, instead: mysql},
		{images: []string{"mariadb"}, passwords: []string{"MARIADB_ROOT_PASSWORD", "MYSQL_ROOT_PASSWORD"}, instead: slices.Concat(mysql, []string{
			"MARIADB_ROOT_PASSWORD_FILE", "MARIADB_ROOT_PASSWORD_HASH", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD", "MARIADB_RANDOM_ROOT_PASSWORD",
		})},
		{images: []string{"mongo"}, passwords: []string{"MONGO_INITDB_ROOT_PASSWORD"}, instead: []string{"MONGO_INITDB_ROOT_PASSWORD_FILE"},
			with: "MONGO_INITDB_ROOT_USERNAME"},
		{images: []string{"server"}, passwords: []string{"MSSQL_SA_PASSWORD", "SA_PASSWORD"}},
		{images: []string{"couchdb"}, passwords: []string{"COUCHDB_PASSWORD"}},
		{images: []string{"postgresql"}, passwords: []string{"POSTGRESQL_PASSWORD", "POSTGRES_PASSWORD"},
			instead: []string{"POSTGRESQL_PASSWORD_FILE", "POSTGRES_PASSWORD_FILE", "ALLOW_EMPTY_PASSWORD=yes"}},
	}
}

// imageBase is the last word of an image's name, without its tag.
func imageBase(image string) string {
	image, _, _ = strings.Cut(image, "@")
	name := image[strings.LastIndexByte(image, '/')+1:]
	name, _, _ = strings.Cut(name, ":")
	return name
}

// byPlace is the order of the files and their lines.
func byPlace(a, b Blank) int {
	return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line)
}
