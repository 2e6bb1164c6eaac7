package wire

// Limits of a message, in bytes except for MaxDepth, which counts nested arrays and objects.
const (
	MaxBody    = 64 << 10
	MaxDepth   = 16
	MaxContact = 2048
	MaxName    = 255
)

// Reason is the cause of a refusal, in snake case.
type Reason string

// Reasons for which [Decode] and [Inflate] refuse a message.
const (
	TooLarge     Reason = "too_large"
	BadEncoding  Reason = "bad_encoding"
	NotJSON      Reason = "not_json"
	TooDeep      Reason = "too_deep"
	NotAnObject  Reason = "not_an_object"
	UnknownEvent Reason = "unknown_event"
	MissingField Reason = "missing_field"
	BadType      Reason = "bad_type"
	BadValue     Reason = "bad_value"
)

// Error is a refusal. It names the field, never the field's value: that may be a password.
type Error struct {
	Reason Reason
	Field  string
}

// Error returns the reason and the field.
func (e *Error) Error() string {
	if e.Field == "" {
		return string(e.Reason)
	}
	return string(e.Reason) + ": " + e.Field
}

func refuse(r Reason, field string) error { return &Error{Reason: r, Field: field} }
