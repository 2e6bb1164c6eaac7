package wire

import "strings"

// ReplyTo is the destination of a reply: a routing key on exchange targeted and, for some Kazoo
// processes, the header Deliver-To-PID. An empty key means that the sender expects no reply.
type ReplyTo struct {
	Key          string
	DeliverToPID []byte
}

// ParseServerID reads a Server-ID. The form pid://PID/KEY adds the header. The form consumer://
// never reaches another application and gives an empty key.
func ParseServerID(s string) ReplyTo {
	if rest, ok := strings.CutPrefix(s, "pid://"); ok {
		pid, key, ok := strings.Cut(rest, "/")
		if !ok {
			return ReplyTo{}
		}
		return ReplyTo{Key: key, DeliverToPID: []byte(pid)}
	}
	if strings.HasPrefix(s, "consumer://") {
		return ReplyTo{}
	}
	return ReplyTo{Key: s}
}

// Headers returns the AMQP headers of the reply, nil for none.
func (r ReplyTo) Headers() map[string]any {
	if r.DeliverToPID == nil {
		return nil
	}
	return map[string]any{"Deliver-To-PID": r.DeliverToPID}
}
