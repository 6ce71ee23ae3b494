package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gomodule/redigo/redis"
)

// key is where the answer is kept.
const key = "notes"

// cache is the list of notes as it was last sent. A cache that cannot be
// reached is an empty one.
type cache struct {
	pool    *redis.Pool
	seconds int
}

func newCache(address string, seconds int) *cache {
	dial := func() (redis.Conn, error) {
		return redis.Dial("tcp", address, redis.DialConnectTimeout(time.Second),
			redis.DialReadTimeout(time.Second), redis.DialWriteTimeout(time.Second))
	}
	return &cache{&redis.Pool{Dial: dial, MaxIdle: 4, IdleTimeout: time.Minute}, seconds}
}

func (c *cache) get() ([]byte, bool) {
	answer, err := redis.Bytes(c.do("GET", key))
	return answer, err == nil
}

func (c *cache) put(answer []byte) { _, _ = c.do("SET", key, answer, "EX", c.seconds) }

func (c *cache) drop() { _, _ = c.do("DEL", key) }

func (c *cache) do(command string, args ...any) (any, error) {
	conn := c.pool.Get()
	defer func() { _ = conn.Close() }() // the answer is here
	reply, err := conn.Do(command, args...)
	if err != nil && !errors.Is(err, redis.ErrNil) {
		fmt.Fprintln(os.Stderr, "cache:", err)
	}
	return reply, err
}
