package cli

import (
	"slices"
	"testing"

	"github.com/stackctl/stackctl/orchestrator"
)

func reachable() orchestrator.Access {
	return orchestrator.Access{
		Project: "shop-1",
		Ports: []orchestrator.PublishedEndpoint{
			{Service: "main-app", Container: 3000, Proto: "tcp", Address: "127.0.0.1:49153", URL: "http://127.0.0.1:49153"},
			{Service: "main-app", Container: 3000, Proto: "tcp", Address: "[::1]:49153", URL: "http://[::1]:49153"},
			{Service: "main-app", Container: 3000, Proto: "tcp", Address: "127.0.0.1:49154", URL: "http://127.0.0.1:49154"},
			{Service: "dns", Container: 53, Proto: "udp", Address: "127.0.0.1:49155"},
			{Service: "six", Container: 80, Proto: "tcp", Address: "[::1]:49156"},
		},
		Inside:    []orchestrator.PublishedEndpoint{{Service: "main-app", Container: 3000, Proto: "tcp", Address: "main-app:3000", URL: "http://main-app:3000"}},
		Databases: []orchestrator.DatabaseAccess{{Service: "db", Address: "127.0.0.1:49160", Inside: "db:5432", User: "app", Password: "p@ss/w", Database: "shop"}},
	}
}

// named are the variables as NAME=value.
func named(vars []variable) []string {
	var out []string
	for _, v := range vars {
		out = append(out, v.name+"="+v.value)
	}
	return out
}

func TestAClientIsToldHowTheStackIsReached(t *testing.T) {
	want := []string{
		"STACKCTL_PROJECT=shop-1",
		"STACKCTL_MAIN_APP_3000=127.0.0.1:49153",
		"STACKCTL_MAIN_APP_3000_2=127.0.0.1:49154",
		"STACKCTL_DNS_53_UDP=127.0.0.1:49155",
		"STACKCTL_SIX_80=[::1]:49156",
		"STACKCTL_URL_MAIN_APP=http://127.0.0.1:49153",
		"STACKCTL_DATABASE_URL_DB=postgres://app:p%40ss%2Fw@127.0.0.1:49160/shop?sslmode=disable",
		"DATABASE_URL=postgres://app:p%40ss%2Fw@127.0.0.1:49160/shop?sslmode=disable",
	}
	if got := named(clientEnv(reachable(), false, true)); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	want = []string{
		"STACKCTL_PROJECT=shop-1", "STACKCTL_MAIN_APP_3000=main-app:3000", "STACKCTL_URL_MAIN_APP=http://main-app:3000",
		"STACKCTL_DATABASE_URL_DB=postgres://app@db:5432/shop?sslmode=disable", "DATABASE_URL=postgres://app@db:5432/shop?sslmode=disable",
	}
	if got := named(clientEnv(reachable(), true, false)); !slices.Equal(got, want) {
		t.Errorf("inside, without secrets: %q", got)
	}
}

func TestOfTwoDatabasesNoneIsTheOne(t *testing.T) {
	a := reachable()
	a.Databases = append(a.Databases, orchestrator.DatabaseAccess{Service: "other", Address: "127.0.0.1:1", User: "x", Database: "x"})
	for _, v := range clientEnv(a, false, true) {
		if v.name == "DATABASE_URL" {
			t.Errorf("it is %s", v.value)
		}
	}
}

func TestNoVariableOfAContainerWithTheNameOfASecretIsKept(t *testing.T) {
	got := veiled(map[string]any{"Env": []any{"API_TOKEN=abc", "PATH=/bin", "PASSWORD_FILE=/run/x"}, "Args": "a=b"})
	env, ok := got.(map[string]any)["Env"].([]any)
	if !ok || !slices.Equal(env, []any{"API_TOKEN=***", "PATH=/bin", "PASSWORD_FILE=/run/x"}) {
		t.Errorf("got %v", got)
	}
}
