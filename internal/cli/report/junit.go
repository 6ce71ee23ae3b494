package report

import (
	"encoding/xml"
	"fmt"
	"time"

	"github.com/stackctl/stackctl/internal/cli/show"
	"github.com/stackctl/stackctl/internal/fault"
	"github.com/stackctl/stackctl/internal/sanitize"
	"github.com/stackctl/stackctl/orchestrator"
)

// The elements of JUnit's XML, as the schema of the Jenkins plugin has them;
// GitLab and others read a part of it. Times are seconds.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Hostname   string          `xml:"hostname,attr,omitempty"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name      string       `xml:"name,attr"`
		Classname string       `xml:"classname,attr"`
		Time      string       `xml:"time,attr"`
		Skipped   *junitResult `xml:"skipped"`
		Error     *junitResult `xml:"error"`
		Failure   *junitResult `xml:"failure"`
	}
	junitResult struct {
		Message string `xml:"message,attr,omitempty"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",cdata"`
	}
)

// maxMessage bounds a message that stands in an attribute, in bytes.
const maxMessage = 1 << 10

// JUnit is the report as JUnit's XML: a test case for the run and one for each
// condition of each service. What only waits for another service is skipped.
func (r Run) JUnit() ([]byte, error) {
	suite := junitSuite{
		Name: r.clean(r.name()), Time: junitTime(r.Took), Timestamp: r.Began.UTC().Format("2006-01-02T15:04:05"),
		Hostname: r.Host, Properties: r.properties(), Cases: []junitCase{r.runCase()},
	}
	for _, s := range r.Report.Services {
		suite.Cases = append(suite.Cases, r.serviceCases(s)...)
	}
	for _, c := range suite.Cases {
		suite.count(c)
	}
	text, err := xml.MarshalIndent(junitSuites{
		Name: "stackctl", Tests: suite.Tests, Failures: suite.Failures, Errors: suite.Errors, Time: suite.Time, Suites: []junitSuite{suite},
	}, "", "  ")
	return append([]byte(xml.Header), append(text, '\n')...), err
}

func (s *junitSuite) count(c junitCase) {
	s.Tests++
	switch {
	case c.Error != nil:
		s.Errors++
	case c.Failure != nil:
		s.Failures++
	case c.Skipped != nil:
		s.Skipped++
	}
}

// properties say what was run where.
func (r Run) properties() []junitProperty {
	engine := r.Report.Engine
	var out []junitProperty
	for _, p := range []junitProperty{
		{"project", r.name()}, {"directory", r.Report.Dir}, {"command", r.Command}, {"stackctl.version", r.Version},
		{"engine.endpoint", engine.Endpoint}, {"engine.name", engine.Name}, {"engine.version", engine.Version}, {"engine.api_version", engine.APIVersion},
		{"class", r.Exit.String()}, {"exit_code", fmt.Sprint(r.code())},
	} {
		if p.Value != "" {
			p.Value = r.clean(p.Value)
			out = append(out, p)
		}
	}
	return out
}

// runCase is the run as a whole. That services are not well is a failure;
// everything else that keeps a run from its end is an error.
func (r Run) runCase() junitCase {
	c := junitCase{Name: "run", Classname: r.clean(r.name()), Time: junitTime(r.Took)}
	if r.proven() || r.Err == nil && r.unchecked() {
		return c // the services say what is unchecked
	}
	if r.unchecked() {
		c.Skipped = &junitResult{Message: r.message(r.Err.Error())}
		return c
	}
	result := &junitResult{Message: "not proven", Type: r.Exit.String()}
	if r.Err != nil {
		result = r.result(show.Headline(r.Err, r.Report), r.Exit, r.explanation())
	}
	switch r.Exit {
	case fault.Service, fault.Timeout, fault.Verify, fault.Differs:
		c.Failure = result
	default:
		c.Error = result
	}
	return c
}

// serviceCases are the conditions of a service; the first that fails has the
// service's card.
func (r Run) serviceCases(s orchestrator.ServiceReport) []junitCase {
	card := r.cardOf(s.Name)
	cases := make([]junitCase, 0, len(s.Conditions))
	told := false
	for _, condition := range s.Conditions {
		c := junitCase{Name: r.clean(condition.Type), Classname: r.clean(r.name() + "." + s.Name), Time: junitTime(tookOf(condition))}
		switch {
		case condition.Status == orchestrator.True && s.Proof == "waived" && condition.Type == orchestrator.GateHealthy:
			c.Skipped = &junitResult{Message: r.message(condition.Message)}
		case condition.Status == orchestrator.True:
		case card == nil:
			c.Skipped = &junitResult{Message: r.message(waitsFor(s) + condition.Message)}
		default:
			text := ""
			if !told {
				text, told = show.Card(r.Show, *card), true
			}
			c.Failure = r.result(condition.Message, condition.Class, text)
		}
		cases = append(cases, c)
	}
	return cases
}

// waitsFor names whom a service waits for in vain.
func waitsFor(s orchestrator.ServiceReport) string {
	if len(s.BlockedBy) == 0 {
		return ""
	}
	text := "blocked by "
	for i, by := range s.BlockedBy {
		if i > 0 {
			text += ", "
		}
		text += by
	}
	return text + ": "
}

// cardOf is the card of a service, nil when it has none.
func (r Run) cardOf(service string) *orchestrator.Card {
	for i := range r.Report.Cards {
		if r.Report.Cards[i].Service == service {
			return &r.Report.Cards[i]
		}
	}
	return nil
}

func (r Run) result(message string, class fault.Class, text string) *junitResult {
	return &junitResult{Message: r.message(message), Type: class.String(), Text: r.text(text)}
}

// message is text for an attribute.
func (r Run) message(text string) string { return sanitize.Line(r.clean(text), maxMessage) }

// maxText bounds the text of one result or one block, in bytes.
const maxText = 64 << 10

// text is text of several lines, made safe: secrets are taken out before it is
// cut or escaped, while they can still be recognised.
func (r Run) text(text string) string {
	if text == "" {
		return ""
	}
	return "\n" + sanitize.Text(r.clean(text), maxText) + "\n"
}

// tookOf is how long the probes of a condition took.
func tookOf(c orchestrator.Condition) time.Duration {
	var sum time.Duration
	for _, e := range c.Evidence {
		sum += e.Took
	}
	return sum
}

func junitTime(d time.Duration) string { return fmt.Sprintf("%.3f", max(d, 0).Seconds()) }
