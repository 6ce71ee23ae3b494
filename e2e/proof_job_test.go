package e2e

import (
	"net/http"
	"testing"
)

func TestTheSuccessOfAJobEndsWithWhatItDependsOn(t *testing.T) {
	t.Parallel()
	s := newStack(t, `
services:
  db:
    image: IMAGE
    healthcheck: {test: [CMD, /testimage, check], interval: 1s}
  migrate:
    image: IMAGE
    command: [exit, "0"]
    depends_on: {db: {condition: service_healthy}}
    x-stackctl: {job: true}
`)
	s.expect(0, nil, "up")
	s.expect(0, nil, "status")
	// Somebody removes the database; up of it alone does not run the job.
	engine(t, http.MethodDelete, "/containers/"+s.name+"-db-1?force=1", "")
	s.expect(0, nil, "up", "db")
	s.expect(7, []string{"migrate", "no longer stands", "db-1, which the job depends on, is newer"}, "status")
	s.expect(0, nil, "up")
	s.expect(0, nil, "status")
}
