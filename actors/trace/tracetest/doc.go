// Package tracetest has recordings for the tests of packages that show traces.
package tracetest
