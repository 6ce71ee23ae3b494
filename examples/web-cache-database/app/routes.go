package main

import (
	"encoding/json"
	"io"
	"net/http"
)

// noteBytes is the longest note that is taken.
const noteBytes = 1000

// routes are what the service answers.
func routes(s *store, c *cache) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, r *http.Request) {
		if err := s.ping(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /notes", func(w http.ResponseWriter, r *http.Request) { list(w, r, s, c) })
	mux.HandleFunc("POST /notes", func(w http.ResponseWriter, r *http.Request) { add(w, r, s, c) })
	return mux
}

// list answers from the cache, and from the database where the cache knows
// nothing or cannot be reached.
func list(w http.ResponseWriter, r *http.Request, s *store, c *cache) {
	answer, found := c.get()
	w.Header().Set("X-Cache", map[bool]string{true: "hit", false: "miss"}[found])
	if !found {
		notes, err := s.list(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer, err = json.Marshal(notes)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		c.put(answer)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer) // whoever asked has gone
}

func add(w http.ResponseWriter, r *http.Request, s *store, c *cache) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, noteBytes))
	if err == nil {
		err = s.add(r.Context(), string(text))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.drop()
	w.WriteHeader(http.StatusCreated)
}
