package e2e

import (
	"context"
	"net/http"
)

// sourceScenarios: what the file, its files and its images leave wanting.
func sourceScenarios() []scenario {
	return append(imageScenarios(), []scenario{
		{
			name: "a variable that the file demands and nobody sets is no empty password", core: true, code: 3,
			file:  `services: {app: {image: IMAGE, environment: {DB_PASSWORD: "${DB_PASSWORD_OF_NOBODY:?}"}, @CHECK@}}`,
			facts: []fact{given("app", "DB_PASSWORD"), serves("app", "ok")}, cause: `db_password_of_nobody`,
		},
		{
			name: "a file that is mounted and not there is not made up", core: true, code: 3,
			file:  `services: {app: {image: IMAGE, volumes: ["./app.conf:/conf/app.conf"], @CHECK@}}`,
			facts: []fact{holds("the configuration is there", "app", "", "/testimage", "cat", "/conf/app.conf")}, cause: `app\.conf`,
		},
		{
			name: "a secret whose file is missing is named", core: true, code: 3,
			file:  `{services: {app: {image: IMAGE, secrets: [token], @CHECK@}}, secrets: {token: {file: ./token.txt}}}`,
			facts: []fact{holds("the secret is there", "app", "", "/testimage", "cat", "/run/secrets/token")}, cause: `token\.txt`,
		},
		{
			name: "a file of variables that is missing is named", code: 3,
			file:  `services: {app: {image: IMAGE, env_file: [./app.env], @CHECK@}}`,
			facts: []fact{given("app", "TOKEN")}, cause: `app\.env`,
		},
		{
			name: "a secret, a configuration and a file of variables arrive", works: true,
			file: `
services:
  app: {image: IMAGE, secrets: [token], configs: [{source: page, target: /conf/page}], env_file: [./app.env], @CHECK@}
secrets: {token: {file: ./token.txt}}
configs: {page: {content: "the page"}}
`,
			files: map[string]string{"token.txt": "a-token-of-its-own", "app.env": "TOKEN=set\n"},
			facts: []fact{
				given("app", "TOKEN"), serves("app", "ok"),
				holds("the secret is there", "app", "a-token-of-its-own", "/testimage", "cat", "/run/secrets/token"),
				holds("the configuration is there", "app", "the page", "/testimage", "cat", "/conf/page"),
			},
		},
		{
			name: "services that wait for each other are shown as the circle that they are", code: 3,
			file: `
services:
  app: {image: IMAGE, depends_on: [web], @CHECK@}
  web: {image: IMAGE, depends_on: [app], @CHECK@}
`,
			facts: []fact{serves("app", "ok")}, cause: `app.*web|web.*app`,
		},
		{
			name: "a service that waits for one that the file does not have is named", code: 3,
			file:  `services: {app: {image: IMAGE, depends_on: [ghost], @CHECK@}}`,
			facts: []fact{serves("app", "ok")}, cause: `app.*ghost`,
		},
		{
			name: "a service that waits for one whose profile is not active is named", code: 3,
			file: `
services:
  app: {image: IMAGE, depends_on: [ghost], @CHECK@}
  ghost: {image: IMAGE, profiles: [night], @CHECK@}
`,
			facts: []fact{serves("app", "ok"), serves("ghost", "ok")}, cause: `app.*ghost`,
		},
		{
			name: "a key with a typing error is not left out", core: true, code: 3,
			file:  `services: {app: {image: IMAGE, healthchek: {test: [CMD, /testimage, check]}, @CHECK@}}`,
			facts: []fact{serves("app", "ok")}, cause: `healthchek`,
		},
	}...)
}

// imageScenarios: images that are not to be had, or not what they seem.
func imageScenarios() []scenario {
	return []scenario{
		{
			name: "an image that is nowhere and may not be pulled is named", core: true, code: 5,
			file:  `services: {app: {image: "@NAME@-nowhere:1", pull_policy: never, @CHECK@}}`,
			facts: []fact{serves("app", "ok")}, cause: `@NAME@-nowhere`,
		},
		{
			name: "an image of a registry that cannot be reached is named", code: 5,
			file:  `services: {app: {image: "127.0.0.1:1/@NAME@/nowhere:1", @CHECK@}}`,
			facts: []fact{serves("app", "ok")}, cause: `@NAME@/nowhere|127\.0\.0\.1:1`,
		},
		{
			name: "a build that fails does not run what was built before", core: true, code: 5,
			file:  `services: {app: {image: "@NAME@-built", build: ., @CHECK@}}`,
			files: map[string]string{"Dockerfile": "FROM IMAGE\nRUN [\"/testimage\", \"exit\", \"1\", \"say=the build is broken\"]\n"},
			before: func(s *stack) {
				repo := s.fill("@NAME@-built")
				engine(s.t, http.MethodPost, "/images/"+image+"/tag?repo="+repo+"&tag=latest", "")
				s.t.Cleanup(func() { s.removeImage(repo) })
			},
			facts: []fact{serves("app", "of the new build")}, cause: `app.*build|build.*app`, says: []string{"the build is broken"},
		},
		{
			name: "a build whose program fails builds and is not up", code: 7,
			file:   `services: {app: {image: "@NAME@-built", build: ., @CHECK@}}`,
			files:  map[string]string{"Dockerfile": "FROM IMAGE\nCMD [\"exit\", \"6\"]\n"},
			before: func(s *stack) { s.t.Cleanup(func() { s.removeImage(s.name + "-built") }) },
			facts:  []fact{runs("app")}, cause: `app.*exited ?\(6\)`,
		},
		{
			name: "a build that works is up with what it built", works: true,
			file:   `services: {app: {image: "@NAME@-built", build: ., @CHECK@}}`,
			files:  map[string]string{"Dockerfile": "FROM IMAGE\nCMD [\"serve\", \"body=of the new build\"]\n"},
			before: func(s *stack) { s.t.Cleanup(func() { s.removeImage(s.name + "-built") }) },
			facts:  []fact{serves("app", "of the new build")},
		},
	}
}

// removeImage takes a name away, and the image if it has no other.
func (s *stack) removeImage(name string) {
	_ = call(context.Background(), http.MethodDelete, "/images/"+name+"?force=1", nil, nil)
}
