package compose

import (
	"context"
	"fmt"
	"slices"

	"github.com/stackctl/stackctl/internal/fault"
)

// Load reads the files that o names and returns the project they describe,
// complete and checked. An error is of class Config and holds a
// *ProblemsError with everything that is wrong at once, unless ctx ended or
// the working directory cannot be found. Nothing is fetched, run or changed.
func Load(ctx context.Context, o Options) (*Project, error) {
	warmUp()
	ps := &problems{asWritten: o.AsWritten || o.WithoutFiles}
	l, err := locate(o, ps)
	if err != nil {
		return nil, err
	}
	if err := ps.err(); err != nil {
		return nil, err
	}
	s := readNamed(l, o.Stdin, ps)
	if err := ps.err(); err != nil {
		return nil, err
	}
	s.isNamed = o.Name != "" || l.env["COMPOSE_PROJECT_NAME"] != ""
	l.env["COMPOSE_PROJECT_NAME"] = projectName(o.Name, l, s.docs, ps)
	s.resolveAll()
	sc := scopeOf(s, l.profiles, o.Services)
	s.checkExtends(sc)
	blanks := s.reportMissing(sc, o)
	for _, src := range s.all {
		if err := guard(func() error { return s.checkSchema(src) }); err != nil {
			ps.add(Problem{File: src.file, Message: err.Error()})
		}
		s.checkValues(src, sc)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b := &builder{ctx: ctx, options: o, sources: s, scope: sc, ps: ps, blanks: blanks}
	project := b.build()
	if err := ps.err(); err != nil {
		return nil, err
	}
	return project, nil
}

// guard runs f and turns a panic of the libraries that it calls into an
// error: a file must never end the process.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the file makes the compose library fail: %v", r)
		}
	}()
	return f()
}

// ProblemsOf returns the problems that err holds, nil when it holds none.
func ProblemsOf(err error) []Problem {
	if e := asProblems(err); e != nil {
		return slices.Clone(e.Problems)
	}
	return nil
}

// configError is an error of class Config with one problem.
func configError(p Problem) error {
	return &fault.Error{Class: fault.Config, Err: &ProblemsError{Problems: []Problem{p}}}
}
