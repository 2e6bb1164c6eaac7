package wire

import (
	"encoding/json"
	"math"
	"time"
)

// gregorianEpoch is the number of seconds between year 0 and 1970, as Erlang's calendar counts.
const gregorianEpoch = 62_167_219_200

// EventTime reads an Event-Timestamp: Unix or gregorian seconds, or microseconds of either. It
// tells them apart by magnitude. A value outside 1970 to 2200 gives the zero time.
func EventTime(n float64) time.Time {
	const micro = 1e6
	if n >= 1e14 { // microseconds: about 6.4e16 gregorian, 1.7e15 Unix
		if n >= gregorianEpoch*micro {
			n -= gregorianEpoch * micro
		}
		return fromMicros(n)
	}
	if n >= gregorianEpoch {
		n -= gregorianEpoch
	}
	return fromMicros(n * micro)
}

func fromMicros(n float64) time.Time {
	const year2200 = 7.3e15
	if n <= 0 || n > year2200 {
		return time.Time{}
	}
	return time.UnixMicro(int64(math.Round(n))).UTC()
}

// Gregorian returns the seconds since year 0, the unit of Kazoo's timestamps.
func Gregorian(t time.Time) int64 { return t.Unix() + gregorianEpoch }

// toGregorian rewrites the Event-Timestamp of a document. An unusable timestamp stays.
func toGregorian(doc object) {
	n, ok, err := fieldReader{doc}.number("Event-Timestamp")
	if t := EventTime(n); ok && err == nil && !t.IsZero() {
		if raw, err := json.Marshal(Gregorian(t)); err == nil {
			doc["Event-Timestamp"] = raw
		}
	}
}
