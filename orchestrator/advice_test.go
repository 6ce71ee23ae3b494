package orchestrator

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAdviceIsGivenBeforeTheFirstContainerOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		yaml := strings.Replace(oneService, "environment: {", "privileged: true\n    restart: always\n    environment: {A: \"${NOT_SET}\", ", 1)
		e, p := newFake().has("web"), load(t, yaml)
		for _, advised := range []bool{true, false} {
			var h heard
			if _, err := Up(t.Context(), e, p, Options{Listen: h.listen}); err != nil {
				t.Fatal(err)
			}
			if h.says(PhaseWarning, "privileged") != advised || h.says(PhaseWarning, "grow without bound") != advised {
				t.Errorf("advice is given %v, want %v", !advised, advised)
			}
			if !h.says(PhaseWarning, "NOT_SET") {
				t.Error("what the file leaves open is not said")
			}
		}
		copied := p.Private("app-copy", map[string]string{"copy": "1"})
		var h heard
		if _, err := Up(t.Context(), newFake().has("web"), copied, Options{Listen: h.listen}); err != nil || h.says(PhaseWarning, "privileged") {
			t.Errorf("a copy: %v", err)
		}
	})
}

func TestACardNamesTheBlanksOfItsService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		yaml := oneService + "    labels: {l: \"${LABEL}\"}\n  other:\n    image: web\n    environment: {B: \"${ELSEWHERE}\"}\n    healthcheck: {test: [CMD, ok]}\n"
		p := load(t, strings.Replace(yaml, "environment: {", "environment: {A: \"${NOT_SET}\", ", 1))
		e := newFake().has("web")
		e.scripts["web"] = script{probe: func(time.Duration, int) int { return 1 }}
		r, err := Up(t.Context(), e, p, Options{WaitTimeout: 5 * time.Second})
		if err == nil || len(r.Cards) != 1 || len(r.Cards[0].Blanks) != 1 || r.Cards[0].Blanks[0].String() != "NOT_SET was not set, compose.yaml:5" {
			t.Errorf("%v: %+v", err, r.Cards)
		}
	})
}
