package web

import (
	"fmt"
	"html/template"
	"time"
)

// formats are the functions of the page: values as people read them.
func formats() template.FuncMap {
	return template.FuncMap{
		"seconds":  func(s float64) string { return age(time.Duration(s * float64(time.Second))) },
		"clock":    func(t time.Time) string { return t.UTC().Format("15:04:05") },
		"cents":    cents,
		"money":    money,
		"balance":  func(value int64) string { return money(&value) },
		"gigabyte": func(bytes int64) string { return fmt.Sprintf("%.1f GB", float64(bytes)/1e9) },
	}
}

// age is a duration in its one or two largest units.
func age(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	default:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
}

func cents(value *int) string {
	if value == nil {
		return "–"
	}
	return fmt.Sprintf("%d ¢", *value)
}

func money(value *int64) string {
	if value == nil {
		return "–"
	}
	sign, v := "", *value
	if v < 0 {
		sign, v = "−", -v
	}
	return fmt.Sprintf("%s$%d.%02d", sign, v/100, v%100)
}
