// Package otlp sends recorded events to an OpenTelemetry collector with the official SDK.
//
// Each message is a span of its process, named after its type, from the time it was taken from the
// mailbox until its handling ended. A request, whose sender waits for a reply, is a child of the
// message that caused it. A message without a reply starts a trace of its own, with a link to the
// message that caused it. All other events (crashes, commits, publishes) are events of the span of
// their cause, or a span without duration if the cause is unknown.
//
// IDs of spans and traces are computed from the ID of the message and the time of the first event.
// So sending the same events twice creates the same spans.
package otlp
