// Package traceview shows recorded events ([trace.Event]) to people and to other tools.
//
// Each function writes a list of events to a writer and returns its error:
//
//   - [Text], [Mermaid] and [SVG] draw a sequence chart with a column for each process; time runs
//     downwards. A chart has at most 120 columns, otherwise they write nothing and return an error.
//   - [Perfetto] and [ShiViz] write the formats of these viewers, without a limit.
//   - [Line] writes one event, [WriteCrashReport] a crash report with its chart.
//   - [Diff] compares two runs of one scenario, process by process.
//
// Package otlp sends events to an OpenTelemetry collector. The JSON Lines format belongs to
// package trace. README.md in this directory explains the charts with examples.
//
// The functions have no state and start no goroutine. They show the texts of an event as recorded:
// package trace bounds them and keeps secrets out.
package traceview
