package operator

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/url"
	"strings"
)

const (
	// cookieName is the session's cookie; wordHeader carries the word that
	// only a reader of the page knows.
	cookieName = "stackctl"
	wordHeader = "X-Stackctl-Word"
)

// guard keeps others away: pages of other sites in the same browser, and,
// where the address can be reached from elsewhere, who does not have the
// token.
type guard struct {
	// token is "" on a loopback address, where who can connect may look.
	token string
	// word is new with each process.
	word string
	// hosts are the names under which a loopback address is reached: another
	// one means that a name of another site was pointed here.
	hosts map[string]bool
}

// IsLoopback says whether an address to listen on is reached from this host
// alone.
func IsLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func newGuard(listen, token, word string) *guard {
	g := &guard{token: token, word: word, hosts: map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}}
	if host, _, err := net.SplitHostPort(listen); err == nil && host != "" {
		g.hosts[strings.ToLower(host)] = true
	}
	return g
}

// protect puts the guard before a handler. open are paths that tell nothing
// and ask for nothing.
func (g *guard) protect(next http.Handler, open ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		harden(w.Header())
		if !g.knownHost(r) {
			http.Error(w, "this address is not known by that name", http.StatusMisdirectedRequest)
			return
		}
		for _, path := range open {
			if r.URL.Path == path {
				next.ServeHTTP(w, r)
				return
			}
		}
		switch {
		case !g.admitted(r):
			g.refuse(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead && !g.ownPage(r):
			http.Error(w, "only the page itself may do that", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// harden tells the browser what the page may do: nothing that comes from
// elsewhere, nothing inline, no frame around it.
func harden(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "+
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
}

// knownHost says whether the address was asked for by a name that is its own.
// With a token, whoever reads an answer has shown it.
func (g *guard) knownHost(r *http.Request) bool {
	if g.token != "" {
		return true
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return g.hosts[strings.ToLower(strings.Trim(host, "[]"))]
}

// admitted says whether a request shows the token, where there is one.
func (g *guard) admitted(r *http.Request) bool {
	if g.token == "" {
		return true
	}
	if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && same(given, g.token) {
		return true
	}
	cookie, err := r.Cookie(cookieName)
	return err == nil && same(cookie.Value, g.session())
}

// session is the value of the cookie: it shows the token without holding it,
// and ends with the process.
func (g *guard) session() string {
	mac := hmac.New(sha256.New, []byte(g.token))
	mac.Write([]byte("session " + g.word))
	return hex.EncodeToString(mac.Sum(nil))
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// ownPage says whether a request that changes something comes from our page:
// it knows the word, and its origin is ours. A program shows the token
// instead.
func (g *guard) ownPage(r *http.Request) bool {
	if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && g.token != "" && same(given, g.token) {
		return true
	}
	origin, err := url.Parse(r.Header.Get("Origin"))
	if err != nil || origin.Host == "" || !strings.EqualFold(origin.Host, r.Host) {
		return false
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	return same(r.Header.Get(wordHeader), g.word)
}

// refuse shows a browser where to give the token, and a program that it has
// to.
func (g *guard) refuse(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
		serveAsset(w, "login.html", http.StatusUnauthorized)
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="stackctl"`)
	http.Error(w, "show the token: Authorization: Bearer TOKEN", http.StatusUnauthorized)
}

// login takes the token from the form.
func (g *guard) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4096)
	if g.token == "" || !same(strings.TrimSpace(r.PostFormValue("token")), g.token) {
		serveAsset(w, "login.html", http.StatusUnauthorized)
		return
	}
	//nolint:gosec // G124: Secure is what the connection is
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: g.session(), Path: "/", HttpOnly: true,
		SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
