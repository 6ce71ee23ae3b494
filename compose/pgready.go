package compose

import (
	"path/filepath"
	"strings"
)

// SocketOnlyCheck says whether a command of a healthcheck asks a Postgres server
// by its socket file alone: pg_isready or psql without a host. The official image
// runs a temporary server while it initialises, which listens on the socket only, so
// that such a check passes before the database is there. test is as in a healthcheck;
// env tells the variables of the service.
func SocketOnlyCheck(test []string, env func(name string) string) bool {
	if len(test) < 2 {
		return false
	}
	words := test[1:]
	if test[0] == "CMD-SHELL" {
		words = strings.Fields(strings.NewReplacer(";", " ; ", "|", " | ", "&", " & ", "(", " ", ")", " ", `"`, "", "'", "").Replace(test[1]))
	} else if len(words) > 2 && (filepath.Base(words[0]) == "sh" || filepath.Base(words[0]) == "bash") && strings.HasSuffix(words[1], "c") {
		return SocketOnlyCheck([]string{"CMD-SHELL", words[2]}, env)
	}
	found, host := false, env("PGHOST")
	for i, word := range words {
		switch {
		case filepath.Base(word) == "pg_isready" || filepath.Base(word) == "psql":
			found = true
		case strings.HasPrefix(word, "PGHOST="):
			host = strings.TrimPrefix(word, "PGHOST=")
		case !found:
		case word == "-h" || word == "--host":
			if i+1 < len(words) {
				host = words[i+1]
			}
		case strings.HasPrefix(word, "--host="):
			host = strings.TrimPrefix(word, "--host=")
		case strings.HasPrefix(word, "-h"):
			host = strings.TrimPrefix(word, "-h")
		case strings.HasPrefix(word, "host=") || strings.Contains(word, "://") || strings.HasPrefix(word, "hostaddr="):
			_, host, _ = strings.Cut(strings.TrimPrefix(word, "host"), "=")
			if strings.Contains(word, "://") {
				host = hostOfURL(word)
			}
		}
	}
	return found && (host == "" || strings.HasPrefix(host, "/"))
}

// hostOfURL is the host of a connection URL, "" for none.
func hostOfURL(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	rest, _, _ = strings.Cut(rest, "/")
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		rest = rest[at+1:]
	}
	return rest
}

// lintPostgresCheck warns of a check that passes while the database is made.
func lintPostgresCheck(s *Service) []string {
	_, ok := postgresVersion(s.Image)
	check, disabled := s.FileCheck()
	if !ok || !s.RunsServer() || disabled || check == nil || !SocketOnlyCheck(check.Test, s.variable) {
		return nil
	}
	return []string{"its healthcheck asks by the socket alone, which a temporary server answers while a new database is being made: " +
		"add -h 127.0.0.1 to it; until then what waits for its health waits for a query over TCP too"}
}

// variable is the value of a variable of the service, "" for none.
func (s *Service) variable(name string) string {
	if value := s.Environment[name]; value != nil {
		return *value
	}
	return ""
}
