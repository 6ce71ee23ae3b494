package trade

import (
	"errors"
	"strings"
	"testing"
)

func good() Request {
	return Request{User: "demo", Ticker: "PAPER-COIN", Side: Yes, Contracts: 10}
}

func TestAGoodRequestIsAccepted(t *testing.T) {
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
}

func TestEveryWrongFieldIsNamed(t *testing.T) {
	cases := map[string]struct {
		change func(*Request)
		field  string
	}{
		"a user that leads out of its directory": {func(r *Request) { r.User = "../root" }, "user"},
		"no user":                                {func(r *Request) { r.User = "" }, "user"},
		"a ticker in lower case":                 {func(r *Request) { r.Ticker = "paper" }, "ticker"},
		"a third side":                           {func(r *Request) { r.Side = "maybe" }, "side"},
		"no contracts":                           {func(r *Request) { r.Contracts = 0 }, "contracts"},
		"a negative number of contracts":         {func(r *Request) { r.Contracts = -1 }, "contracts"},
		"too many contracts":                     {func(r *Request) { r.Contracts = MaxContracts + 1 }, "contracts"},
		"an unknown source":                      {func(r *Request) { r.Source = "magic" }, "source"},
		"a long reference":                       {func(r *Request) { r.Reference = strings.Repeat("x", 65) }, "reference"},
		"a reference with a line break":          {func(r *Request) { r.Reference = "a\nb" }, "reference"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := good()
			c.change(&r)
			var invalid *InvalidError
			if !errors.As(r.Validate(), &invalid) {
				t.Fatal("accepted")
			}
			if len(invalid.Problems) != 1 || invalid.Problems[0].Field != c.field {
				t.Errorf("problems are %+v, want one about %s", invalid.Problems, c.field)
			}
		})
	}
}

func TestAnEmptyRequestNamesAllItsProblemsAtOnce(t *testing.T) {
	var invalid *InvalidError
	if !errors.As(Request{}.Validate(), &invalid) || len(invalid.Problems) != 4 {
		t.Fatalf("got %+v, want four problems", invalid)
	}
}
