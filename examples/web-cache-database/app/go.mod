module example.com/notes

go 1.26.0

require (
	github.com/gomodule/redigo v1.9.3
	github.com/lib/pq v1.12.3
)
