package wire

// Message is a decoded message, a pointer to one of the message types of this package.
type Message interface{ envelope() *Envelope }

// Envelope holds the fields that all messages have in common.
type Envelope struct {
	Category, Event           string
	MsgID, ServerID           string
	AppName, AppVersion, Node string
}

func (e *Envelope) envelope() *Envelope { return e }

// EnvelopeOf returns the envelope of a message, an empty one for nil.
func EnvelopeOf(m Message) *Envelope {
	if m == nil {
		return &Envelope{}
	}
	return m.envelope()
}

// isEnvelope reports whether a field belongs to the envelope.
func isEnvelope(field string) bool {
	switch field {
	case "Event-Category", "Event-Name", "Msg-ID", "Server-ID", "App-Name", "App-Version", "Node":
		return true
	}
	return false
}

// Decode reads a message and checks its required fields. Errors are an [*Error].
func Decode(body []byte) (Message, error) {
	s := takeSplitter()
	defer s.release()
	all, err := s.split(body)
	if err != nil {
		return nil, err
	}
	d := &decoder{fieldReader: fieldReader{all}, all: all}
	m := d.message(d.envelope())
	if d.err != nil {
		return nil, d.err
	}
	return m, nil
}

// decoder reads fields and keeps the first error.
type decoder struct {
	fieldReader
	all members
	err error
}

func (d *decoder) message(env Envelope) Message {
	switch env.Event {
	case "authn_req", "auth_req":
		return d.authnRequest(env)
	case "authn_resp", "auth_resp":
		return d.authnResponse(env)
	case "authn_err":
		return d.authnError(env)
	case "reg_success":
		return d.regSuccess(env)
	case "reg_query":
		return d.regQuery(env)
	case "reg_query_resp":
		return d.regQueryResponse(env)
	case "reg_query_error":
		return d.regQueryError(env)
	case "reg_flush":
		return d.regFlush(env)
	case "reg_sync":
		return &RegSync{Envelope: env}
	case string(NotifyRegister), string(NotifyDeregister), string(NotifyOverwrite):
		return d.notification(env)
	}
	d.fail(refuse(UnknownEvent, "Event-Name"))
	return nil
}

func (d *decoder) envelope() Envelope {
	return Envelope{
		Category: d.optional("Event-Category"), Event: d.optional("Event-Name"),
		MsgID: d.optional("Msg-ID"), ServerID: d.optional("Server-ID"),
		AppName: d.optional("App-Name"), AppVersion: d.optional("App-Version"), Node: d.optional("Node"),
	}
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

// limited reads a string of at most limit bytes.
func (d *decoder) limited(field string, limit int) string {
	s, err := d.text(field)
	if err != nil {
		d.fail(err)
		return ""
	}
	if len(s) > limit {
		d.fail(refuse(BadValue, field))
	}
	return s
}

// required reads a string of 1 to limit bytes.
func (d *decoder) required(field string, limit int) string {
	s := d.limited(field, limit)
	if s == "" {
		d.fail(refuse(MissingField, field))
	}
	return s
}

// optional reads a string. A value of another type counts as absent.
func (d *decoder) optional(field string) string {
	s, err := d.text(field)
	if err != nil {
		return ""
	}
	return s
}

// requiredNumber reads a number.
func (d *decoder) requiredNumber(field string) float64 {
	n, ok, err := d.number(field)
	switch {
	case err != nil:
		d.fail(err)
	case !ok:
		d.fail(refuse(MissingField, field))
	}
	return n
}
